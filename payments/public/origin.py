"""Whether a form was sent from our own page. The customer's page sets no cookie, so no token can tell."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def is_from_our_page(request: HttpRequest) -> bool:
    """By what the browser itself says of where the form was; who says nothing is refused.

    Browsers that send ``Sec-Fetch-Site`` have the last word with it: they may hide origin and referrer.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "null")
    if origin == "null":
        origin = _origin_of(request.headers.get("Referer", ""))
    return origin in (_origin_of(settings.PUBLIC_URL), f"{request.scheme}://{request.get_host()}")


def _origin_of(url: str) -> str:
    """Scheme and host of a URL; something no page has for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
