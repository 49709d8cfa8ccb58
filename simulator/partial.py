"""The partial_put fault: a change that answers 200 and is made only in part (mercadopago.md 4.4)."""

from typing import Any

from django.http import HttpRequest

from simulator import faults
from simulator.models import Account


def thinned(request: HttpRequest, account: Account, body: dict[str, Any]) -> dict[str, Any]:
    """The fields of the request that are really applied."""
    occasion = faults.Occasion(account.gateway, account.pk, request.method or "", request.path)
    fault = faults.take("partial_put", occasion) if body else None
    if fault is None:
        return body
    left_out = fault.get("fields") or list(body)[-1:]
    return {key: value for key, value in body.items() if key not in left_out}
