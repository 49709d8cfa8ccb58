"""The language a person chose, kept with them: it counts wherever they sign in from then on.

The session holds it between, so that no page asks the database for it. Without a choice the browser's own
language counts (Django's ``LocaleMiddleware``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from backoffice.models import Preference

_KEY = "language"


def language_of(person: User) -> str:
    """The code they chose, empty for none or for one we no longer offer."""
    found = Preference.objects.filter(user=person).values_list("language", flat=True).first()
    return found if found in dict(settings.LANGUAGES) else ""


def keep_language(person: User, language: str) -> None:
    Preference.objects.update_or_create(user=person, defaults={"language": language})


def choose_language(request: HttpRequest, language: str) -> None:
    """Theirs from now on, in this browser at once."""
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        keep_language(request.user, language)
        request.session[_KEY] = language


def remember_language(*, request: HttpRequest, user: User, **_signal: Any) -> None:
    """Told by Django when somebody signed in."""
    request.session[_KEY] = language_of(user)


def chosen_language(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware after Django's own for languages: what a person chose comes before their browser's wish."""

    def middleware(request: HttpRequest) -> HttpResponse:
        language = _in_session(request)
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        return get_response(request)

    return middleware


def _in_session(request: HttpRequest) -> str:
    """Without a database the page itself says what is wrong."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return ""
    try:
        return str(request.session.get(_KEY, ""))
    except DatabaseError:
        return ""
