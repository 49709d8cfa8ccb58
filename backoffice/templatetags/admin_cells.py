"""The cells of the admin's lists, each with the name of its column: on a phone a row is a card."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()


@register.filter
def under(cells: Iterable[str], headers: list[dict[str, Any]]) -> list[SafeString]:
    return [_named(cell, header) for cell, header in zip(cells, headers, strict=True)]


def _named(cell: str, header: dict[str, Any]) -> SafeString:
    """``cell`` is what the stock admin has drawn: ``<td …>`` or, where it leads to the row, ``<th …>``."""
    start, rest = cell[:3], cell[3:]
    role = "rowheader" if start == "<th" else "cell"
    name = "" if 'class="action-checkbox' in rest else capfirst(str(header["text"]))
    given = format_html(' role="{}" data-label="{}"', role, name)
    return mark_safe(f"{start}{given}{rest}")
