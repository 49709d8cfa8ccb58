"""The controls about subscriptions of Asaas: the card kept, and what the books say."""

from typing import Any

from simulator.asaas import kept_cards, subscriptions
from simulator.control.effects import attempt, told
from simulator.control.errors import ControlError
from simulator.models import AsaasPayment, AsaasSubscription
from simulator.money import plain_number


def kept_card(body: dict[str, Any]) -> dict[str, Any]:
    """Whether the card kept is good from now on."""
    if not isinstance(body.get("declines"), bool):
        raise ControlError("declines must be true or false")
    row = attempt(lambda: kept_cards.decline(_found(body), declines=body["declines"]))
    return {"id": row.gid, "status": row.status, "declines": body["declines"]}


def retry_card(body: dict[str, Any]) -> dict[str, Any]:
    """The card kept is charged now for the oldest open charge. A refusal is an outcome, not an error."""
    charge = subscriptions.open_charges(_found(body)).first()
    if charge is None:
        raise ControlError("no open charge of that subscription", 404)
    row = attempt(lambda: kept_cards.retry(charge))
    return told(row) | {"refused": row.status != "CONFIRMED"}


def _found(body: dict[str, Any]) -> AsaasSubscription:
    """By id, or the newest one with the reference."""
    rows = AsaasSubscription.objects.order_by("-id")
    if body.get("account") is not None:
        rows = rows.filter(account_id=body["account"])
    own = {"gid": body.get("id")} if body.get("id") else {"external_reference": body.get("reference")}
    row = rows.filter(**own).first()
    if row is None:
        raise ControlError("no subscription of Asaas by that id or reference", 404)
    return row


def lines(rows: list[AsaasSubscription]) -> list[dict[str, Any]]:
    born: dict[str, list[str]] = {row.gid: [] for row in rows}
    if rows:
        charges = AsaasPayment.objects.filter(data__has_key="subscription").order_by("due_date", "id")
        for gid, charge in charges.values_list("data__subscription", "gid"):
            born.get(gid, []).append(charge)
    return [_line(row) | {"payments": born[row.gid]} for row in rows]


def _line(row: AsaasSubscription) -> dict[str, Any]:
    return {
        "id": row.gid,
        "reference": row.external_reference,
        "status": row.status,
        "deleted": row.deleted,
        "value": plain_number(row.value_cents),
        "currency": "BRL",
        "cycle": row.cycle,
        "next_due_date": row.next_due_date.isoformat(),
        "end_date": row.end_date.isoformat() if row.end_date else None,
        "method": row.billing_type,
        "customer": row.customer_gid,
        "checkout": row.data.get("checkoutSession"),
        "declines": row.data["card"]["declines"] if row.data.get("card") else None,
        "gateway": row.account.gateway,
        "account": row.account_id,
        "created_at": row.created_at.isoformat(),
    }
