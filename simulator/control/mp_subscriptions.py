"""The controls about subscriptions of Mercado Pago, and what the books say of them."""

from collections.abc import Iterable
from typing import Any

from simulator.cards import Card
from simulator.control import asaas_subscriptions
from simulator.control.effects import attempt
from simulator.control.errors import ControlError
from simulator.control.inputs import card_of
from simulator.mercadopago import cards, subscribing
from simulator.mercadopago import subscription_bodies as bodies
from simulator.mercadopago.errors import MpError
from simulator.mercadopago.serialise import currency
from simulator.models import MpInvoice, MpPayment, MpPlan, MpSubscription
from simulator.money import plain_number
from simulator.numbering import scattered

GOOD, BAD = "APRO", "FUND"


def subscribe(body: dict[str, Any]) -> dict[str, Any]:
    """On the hosted page, without the page. A refusal is an outcome, not an error."""
    row, card, email = _agreement(body), card_of(body), str(body.get("email") or "")
    try:
        made = _subscribed(row, card, email)
    except MpError as err:
        if row.status not in ("pending", subscribing.ACTIVE):
            raise ControlError(err.body["message"], 409) from err
        return {"id": row.gid, "status": row.status, "refused": True, "message": err.body["message"]}
    return _told(made) | {"refused": False}


def _subscribed(row: MpPlan | MpSubscription, card: Card, email: str) -> MpSubscription:
    if isinstance(row, MpSubscription):
        return subscribing.authorize(row, card, email)
    return subscribing.join(row, card, email or f"comprador{scattered('mp-buyers', 1000)}@example.com")


def _told(row: MpSubscription) -> dict[str, Any]:
    return {"id": row.gid, "status": row.status}


def kept_card(body: dict[str, Any]) -> dict[str, Any]:
    """What the card answers from now on: `declines`, or at Mercado Pago as the table of holders says."""
    row = _by_name(MpSubscription, body)
    if row is None:
        return asaas_subscriptions.kept_card(body)
    holder = body.get("holder") or (BAD if body.get("declines") else GOOD)
    if cards.outcome(str(holder), is_binary=False) == cards.WAITS:
        raise ControlError("a card of a subscription is accepted or refused, never reviewed")
    decided = attempt(lambda: subscribing.decide_card(row, str(holder)))
    return _told(decided) | {"declines": cards.outcome(str(holder), is_binary=True) != cards.APPROVED}


def subscription_status(body: dict[str, Any]) -> dict[str, Any]:
    """As its owner or its payer does it at Mercado Pago, with what it tells."""
    return _told(attempt(lambda: subscribing.change_status(found(body), str(body.get("status")))))


def _agreement(body: dict[str, Any]) -> MpPlan | MpSubscription:
    row = _by_name(MpSubscription, body) or _by_name(MpPlan, body)
    if row is None:
        raise ControlError("no subscription or plan of Mercado Pago by that id or reference", 404)
    return row


def found(body: dict[str, Any]) -> MpSubscription:
    row = _by_name(MpSubscription, body)
    if row is None:
        raise ControlError("no subscription of Mercado Pago by that id or reference", 404)
    return row


def _by_name(model: Any, body: dict[str, Any]) -> Any:
    """By id, or the newest one with the reference."""
    if body.get("id") is None and body.get("reference") is None:
        raise ControlError("give id or reference")
    rows = model.objects.select_related("account").order_by("-id")
    if body.get("account") is not None:
        rows = rows.filter(account_id=body["account"])
    if body.get("id") is not None:
        return rows.filter(gid=str(body["id"])).first()
    return rows.filter(external_reference=str(body["reference"])).first()


def lines(rows: Iterable[MpSubscription]) -> list[dict[str, Any]]:
    return [_line(row) for row in rows]


def _line(row: MpSubscription) -> dict[str, Any]:
    terms, coming = row.data["auto_recurring"], bodies.next_payment(row)
    invoices = MpInvoice.objects.select_related("payment").filter(subscription=row).order_by("id")
    card = row.data.get("card")
    holder = row.data["decides"] or (card["cardholder"]["name"] if card else None)
    return {
        "id": row.gid,
        "reference": row.external_reference,
        "status": row.status,
        "amount": plain_number(row.amount_cents),
        "currency": currency(row.account),
        "frequency": terms["frequency"],
        "frequency_type": terms["frequency_type"],
        "plan": row.plan.gid if row.plan else None,
        "next_payment": coming.isoformat() if coming else None,
        "payer_email": row.data["payer_email"],
        "holder": holder,
        "version": row.version,
        "charges": [_charge(one) for one in invoices],
        "payments": _payments(row),
        "gateway": row.account.gateway,
        "account": row.account_id,
        "created_at": row.created_at.isoformat(),
    }


def _payments(row: MpSubscription) -> list[str]:
    """All of them, the refused ones and the check of the card too."""
    numbers = MpPayment.objects.filter(data__subscription=row.gid).order_by("id")
    return [str(number) for number in numbers.values_list("number", flat=True)]


def _charge(row: MpInvoice) -> dict[str, Any]:
    payment = row.payment
    return {
        "id": str(row.number),
        "status": row.status,
        "amount": plain_number(row.amount_cents),
        "debit_date": row.debit_at.isoformat(),
        "retries": row.retries,
        "payment": str(payment.number) if payment else None,
        "payment_status": payment.status if payment else None,
    }


def plan_lines(rows: Iterable[MpPlan]) -> list[dict[str, Any]]:
    return [_plan_line(row) for row in rows]


def _plan_line(row: MpPlan) -> dict[str, Any]:
    terms = row.data["auto_recurring"]
    joined = MpSubscription.objects.filter(plan=row).order_by("id").values_list("gid", flat=True)
    return {
        "id": row.gid,
        "reference": row.external_reference,
        "status": row.status,
        "amount": plain_number(row.amount_cents),
        "currency": currency(row.account),
        "frequency": terms["frequency"],
        "frequency_type": terms["frequency_type"],
        "subscriptions": list(joined),
        "gateway": row.account.gateway,
        "account": row.account_id,
        "created_at": row.created_at.isoformat(),
    }
