"""The life of a hosted checkout: opened, cancelled, expired, paid (asaas.md 3.11, 5.3)."""

from datetime import timedelta
from typing import Any

from simulator import clock, known, numbering
from simulator.asaas import effects
from simulator.asaas.errors import forbidden_action
from simulator.asaas.notify import emit_checkout
from simulator.models import AsaasCheckout, AsaasPayment, write

ACTIVE, CANCELED, EXPIRED, PAID = "ACTIVE", "CANCELED", "EXPIRED", "PAID"


def open_session(fields: dict[str, Any], data: dict[str, Any]) -> AsaasCheckout:
    """`fields` are columns, `data` the rest in the API's words."""
    now = clock.now()
    with write():
        row = AsaasCheckout.objects.create(
            gid=numbering.fresh_uuid(),
            data=data,
            due_at=now + timedelta(minutes=data["minutesToExpire"]),
            created_at=now,
            **fields,
        )
        emit_checkout(row, "CHECKOUT_CREATED")
    return row


def fresh(session: AsaasCheckout) -> AsaasCheckout:
    row = AsaasCheckout.objects.select_related("customer").get(pk=session.pk)
    row.account = known.by_id(row.account_id)
    return row


def payments(session: AsaasCheckout) -> list[AsaasPayment]:
    """Every payment born from it, in the order of their making."""
    rows = AsaasPayment.objects.filter(account_id=session.account_id, data__checkoutSession=session.gid)
    return list(rows.select_related("account", "customer").order_by("id"))


def cancel(session: AsaasCheckout) -> AsaasCheckout:
    return _end(session, CANCELED)


def expire(session: AsaasCheckout) -> AsaasCheckout:
    return _end(session, EXPIRED)


def _end(session: AsaasCheckout, status: str) -> AsaasCheckout:
    """An unpaid PIX code of it goes too (our decision)."""
    with write():
        row = fresh(session)
        if row.status != ACTIVE:
            raise forbidden_action("Somente checkouts ativos podem ser cancelados ou expirar.")
        _become(row, status)
    return row


def paid(payment: AsaasPayment) -> None:
    """Money for one of its payments; told after the payment itself. Another PIX code of it goes."""
    gid = payment.data.get("checkoutSession")
    found = AsaasCheckout.objects.filter(account_id=payment.account_id, gid=gid).first() if gid else None
    if found is not None and found.status != PAID:
        with write():
            _become(fresh(found), PAID)


def _become(row: AsaasCheckout, status: str) -> None:
    row.status, row.due_at = status, None
    row.save(update_fields=["status", "due_at"])
    for one in payments(row):
        if one.status in effects.OPEN and not one.deleted:
            effects.delete(one)
    emit_checkout(row, f"CHECKOUT_{status}")
