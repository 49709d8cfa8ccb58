"""In which language the customer's page is read, and the links that change it. No cookie keeps the choice."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from payments.languages import language_for
from payments.models import Charge

_PARAMETER = "lang"


@dataclass(frozen=True, kw_only=True)
class LanguageLink:
    code: str
    name: str
    query: str
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class Reader:
    """``asked`` is the language the address names, empty where it names none that we have."""

    language: str
    asked: str

    @property
    def query(self) -> str:
        """For addresses of the same page: the choice goes along."""
        return _query(self.asked) if self.asked else ""

    @property
    def links(self) -> tuple[LanguageLink, ...]:
        return tuple(
            LanguageLink(code=code, name=str(name), query=_query(code), is_current=code == self.language)
            for code, name in settings.LANGUAGES
        )


def reader_of(request: HttpRequest, charge: Charge) -> Reader:
    asked = _asked(request)
    return Reader(language=asked or language_for(charge.connection, charge.customer), asked=asked)


def _asked(request: HttpRequest) -> str:
    try:
        return translation.get_supported_language_variant(request.GET.get(_PARAMETER, "")[:16])
    except LookupError:
        return ""


def _query(code: str) -> str:
    return f"?{_PARAMETER}={code}"
