"""What a read answers while a fault hides the newest state of a thing."""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest

from simulator import faults, veil
from simulator.mercadopago.errors import MpError


def body(
    request: HttpRequest, row: Any, identifier: str, show: Callable[[Any], dict[str, Any]], missing: MpError
) -> dict[str, Any]:
    """Raises `missing` for what is not to be seen yet; `row` remembers its previous answer."""
    if veil.covers(identifier):
        if row.previous is None:
            raise missing
        return row.previous
    occasion = faults.Occasion("mercadopago", row.account_id, "GET", request.path)
    if row.previous and faults.take("stale_read", occasion) is not None:
        return row.previous
    return show(row)


def many(rows: Iterable[Any], name: str, show: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """A list as the early_notify fault lets it be seen; `name` is that of the identifying column."""
    shown = []
    for row in rows:
        if not veil.covers(str(getattr(row, name))):
            shown.append(show(row))
        elif row.previous is not None:
            shown.append(row.previous)
    return shown
