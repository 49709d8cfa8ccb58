"""System checks: what would weaken production is said at start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from connections.sealed import KeyRing


@register()
def credentials_keys(**kwargs: Any) -> list[CheckMessage]:
    try:
        KeyRing(settings.CREDENTIALS_KEYS)
    except ImproperlyConfigured as err:
        return [Error(str(err), id="connections.E001")]
    return []


@register(deploy=True)
def public_url_is_https(**kwargs: Any) -> list[CheckMessage]:
    if settings.PUBLIC_URL.startswith("https://"):
        return []
    hint = "Gateways notify https addresses only: set PUBLIC_URL to the address customers see."
    return [Warning("PUBLIC_URL is not https.", hint=hint, id="connections.W001")]
