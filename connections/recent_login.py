"""Who wants to replace or see a secret types the password again; it counts for a quarter of an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.http import HttpRequest

from config import clock

COUNTS_FOR = timedelta(minutes=15)
_SESSION_KEY = "password_typed_at"


def is_recent(request: HttpRequest) -> bool:
    """Whether the password was typed in this session within the last 15 minutes."""
    typed_at = request.session.get(_SESSION_KEY)
    if not typed_at:
        return False
    return timedelta() <= clock.now() - datetime.fromisoformat(typed_at) < COUNTS_FOR


def confirm(request: HttpRequest, password: str) -> bool:
    """Check the password the way the login does, its limits on guessing included, and remember the time."""
    name = request.user.get_username()
    user = authenticate(request, username=name, password=password) if password else None
    if user is None or user.pk != request.user.pk:
        return False
    request.session[_SESSION_KEY] = clock.now().isoformat()
    return True
