"""Icons as inline SVG: no font, no request, the colour of the text around them."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_CIRCLE = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z"
_FLAG = "M5 21V4h13l-2.5 4L18 12H5"
_RETURN = "M9 14 4 9l5-5M4 9h10a5.5 5.5 0 0 1 0 11h-3"

_PATHS = {
    "draft": f"{_CIRCLE}M12 12h.01",
    "confirming": "M4 12h1.5M11.25 12h1.5M18.5 12H20",
    "pending": f"{_CIRCLE}M12 7v5l3 2",
    "authorized": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
    "paid": "M5 13l4.5 4.5L19 7",
    "overdue": f"{_CIRCLE}M12 7.5v5M12 16h.01",
    "expired": "M7 4h10M7 20h10M8 4v3l8 10v3M16 4v3L8 17v3",
    "cancelled": f"{_CIRCLE}M8 12h8",
    "failed": "M6 6l12 12M18 6 6 18",
    "partially_refunded": _RETURN,
    "refunded": _RETURN,
    "disputed": _FLAG,
    "charged_back": _FLAG,
    "review": "M12 4 3 20h18zM12 10v4M12 17h.01",
    "copy": "M9 9h11v11H9zM5 15H4V4h11v1",
    "plus": "M12 5v14M5 12h14",
    "people": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
    "gateway": "M4 8h15l-4-4M20 16H5l4 4",
    "notification": "M3 6h18v12H3zM3 7l9 7 9-7",
    "change": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
    "print": "M7 9V3h10v6M7 17H4v-7h16v7h-3M7 14h10v7H7z",
    "chat": "M21 12a8.5 8.5 0 0 1-12.6 7.4L4 20.5l1.2-4.2A8.5 8.5 0 1 1 21 12z",
    "leave": "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
    "back": "M14 6l-6 6 6 6",
    "plug": "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
    "list": "M5 6h14M5 12h14M5 18h9",
    "repeat": "M17 2l4 4-4 4M3 11V9a3 3 0 0 1 3-3h15M7 22l-4-4 4-4M21 13v2a3 3 0 0 1-3 3H3",
    "paused": f"{_CIRCLE}M10 9v6M14 9v6",
    "pix": "M12 3l9 9-9 9-9-9zM8 12l4-4 4 4-4 4z",
    "boleto": "M4 6v12M7.5 6v12M11 6v12M13.5 6v12M17 6v12M20 6v12",
    "card": "M3 6h18v12H3zM3 10h18M7 15h3",
    "any": "M5 7h14M5 12h14M5 17h14",
    "ticket": "M3 8h18v8H3zM12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
    "info": f"{_CIRCLE}M12 11v5M12 8h.01",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """The drawing of this name, hidden from screen readers; a dot for a name nobody drew."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
        ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        _PATHS.get(name, _PATHS["change"]),
    )
