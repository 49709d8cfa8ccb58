"""What a read answers while a fault hides the newest state of a thing."""

from collections.abc import Callable
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
