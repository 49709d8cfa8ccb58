"""What every gateway's refunds have in common."""

from __future__ import annotations

from connections.gateways.base import RefundItem, RefundOrder, RefundState
from connections.gateways.errors import RequestRefused
from connections.gateways.texts import gettext_noop as _

_UNDO_RECEIPT = _("It was received in cash: undo the receipt, and give the cash back yourself.")
_NO_AMOUNT = _("The amount to give back must be more than zero.")
_ENDED = (RefundState.DONE, RefundState.DENIED)


def check(order: RefundOrder) -> None:
    """Raises ``RequestRefused`` for what no gateway gives back."""
    if order.is_cash:
        raise RequestRefused(_UNDO_RECEIPT, field="method")
    if order.amount_cents <= 0:
        raise RequestRefused(_NO_AMOUNT, field="amount")


def is_any_under_way(refunds: tuple[RefundItem, ...]) -> bool:
    """A word we do not know counts: the money may be on its way."""
    return any(refund.state not in _ENDED for refund in refunds)


def explained(error: RequestRefused, *, advice: str, field: str = "") -> RequestRefused:
    """A plain refusal with the gateway's sentence and ours."""
    return RequestRefused(
        error.text,
        field=field,
        advice=advice,
        code=error.code,
        http_status=error.http_status,
        request_id=error.request_id,
    )
