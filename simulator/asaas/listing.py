"""The list envelope of Asaas (asaas.md 1.7): newest first, ten at a time, a hundred at most."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

DEFAULT_LIMIT, LARGEST_LIMIT = 10, 100


def page(
    request: HttpRequest, rows: QuerySet, present: Callable[[Any], dict], order: tuple[str, ...] = ("-id",)
) -> dict[str, Any]:
    offset = max(0, _number(request, "offset", 0))
    limit = min(LARGEST_LIMIT, max(1, _number(request, "limit", DEFAULT_LIMIT)))
    total = rows.count()
    shown = list(rows.order_by(*order)[offset : offset + limit])
    return {
        "object": "list",
        "hasMore": offset + len(shown) < total,
        "totalCount": total,
        "limit": limit,
        "offset": offset,
        "data": [present(row) for row in shown],
    }


def _number(request: HttpRequest, name: str, default: int) -> int:
    try:
        return int(request.GET.get(name, default))
    except ValueError:
        return default
