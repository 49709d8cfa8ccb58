"""The controls that give money back, as a person does in the gateway's own panel."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from simulator.asaas import refunding as asaas
from simulator.control.effects import attempt, find, told
from simulator.control.errors import ControlError
from simulator.control.inputs import amount_of
from simulator.mercadopago import refunding as mercadopago
from simulator.models import AsaasCheckout, AsaasPayment, MpPayment, MpPreference
from simulator.money import plain_number

Paid = AsaasPayment | MpPayment


def refund(body: dict[str, Any]) -> dict[str, Any]:
    """All that is left, or `amount`; a boleto of Asaas gets the link its payer has to fill in."""
    target, amount, is_forced = paid(body), amount_of(body), bool(body.get("force", False))
    if isinstance(target, MpPayment):
        return _told(attempt(lambda: mercadopago.refund(target, amount, is_forced=is_forced))[0])
    if target.paid_cents and asaas.way_paid(target) == "slip":
        return _told(attempt(lambda: asaas.refund_by_link(target, amount, is_forced=is_forced)))
    words = body.get("description")
    return _told(attempt(lambda: asaas.refund(target, amount, words, is_forced=is_forced)))


def refund_step(body: dict[str, Any]) -> dict[str, Any]:
    """What happens next to a refund that waits."""
    target = paid(body)
    steps: dict[str, Callable[[Any], Any]] = {"done": mercadopago.finish, "deny": mercadopago.deny}
    if isinstance(target, AsaasPayment):
        steps = {"allow": asaas.allow, "done": asaas.finish, "deny": asaas.deny}
    step = steps.get(str(body.get("outcome")))
    if step is None:
        raise ControlError(f"outcome must be one of {', '.join(steps)}")
    return _told(attempt(lambda: step(target)))


def paid(body: dict[str, Any]) -> Paid:
    """By id (of a preference or checkout its newest paid one), or the newest one paid with the reference."""
    if body.get("id") is not None:
        target = find(body)
        if isinstance(target, AsaasCheckout):
            return _newest_of([target.gid], body)
        return _newest({"order__preference": target}) if isinstance(target, MpPreference) else target
    if body.get("reference") is None:
        raise ControlError("give id or reference")
    where: dict[str, Any] = {"external_reference": str(body["reference"])}
    if body.get("account") is not None:
        where["account_id"] = body["account"]
    sessions = list(AsaasCheckout.objects.filter(**where).values_list("gid", flat=True))
    if sessions:
        return _newest_of(sessions, body)
    return _charges(body).filter(**where).first() or _newest(where)


def _charges(body: dict[str, Any]) -> QuerySet[AsaasPayment]:
    rows = AsaasPayment.objects.filter(paid_cents__gt=0).order_by("-id")
    return rows if body.get("parcel") is None else rows.filter(data__installmentNumber=int(body["parcel"]))


def _newest_of(sessions: list[str], body: dict[str, Any]) -> AsaasPayment:
    """The newest paid payment of a checkout."""
    charge = _charges(body).filter(data__checkoutSession__in=sessions).first()
    if charge is None:
        raise ControlError("nothing paid by that id or reference", 404)
    return charge


def _newest(where: dict[str, Any]) -> MpPayment:
    payment = MpPayment.objects.filter(paid_cents__gt=0, **where).order_by("-id").first()
    if payment is None:
        raise ControlError("nothing paid by that id or reference", 404)
    return payment


def _told(target: Paid) -> dict[str, Any]:
    more = {"status_detail": target.status_detail} if isinstance(target, MpPayment) else {}
    return told(target) | more | {"refunds": lines(target)}


def lines(target: Paid) -> list[dict[str, Any]]:
    """Every refund of a payment: amount (major units), status in the gateway's word, moment asked."""
    return [
        {
            "id": item.get("id"),
            "amount": plain_number(item["cents"]),
            "status": item["status"],
            "at": item["at"],
        }
        for item in target.data.get("refunds") or []
    ]
