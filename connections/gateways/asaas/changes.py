"""Changing a payment that exists: what it asks for, paid in cash or not, restored (asaas.md 3.1 and 3.7)."""

from __future__ import annotations

from datetime import date

from connections.gateways.asaas.api import AsaasApi, quoted, required_id
from connections.gateways.money import encode, from_cents, to_cents
from connections.gateways.values import Record, civil_date, text


def change_due_date(api: AsaasApi, raw: Record, due_date: date) -> None:
    _put(api, raw, {"dueDate": due_date.isoformat()}, today=due_date)


def change_amount(api: AsaasApi, raw: Record, amount_cents: int, *, today: date) -> None:
    """Asaas makes another QR code and another line for it (3.4)."""
    _put(api, raw, {"value": from_cents(amount_cents)}, today=today)


def change_description(api: AsaasApi, raw: Record, description: str, *, today: date) -> None:
    _put(api, raw, {"description": description}, today=today)


def _put(api: AsaasApi, raw: Record, changed: dict[str, object], *, today: date) -> None:
    """Way of paying, value and day are sent along as they are: no document says that they may be left out.

    Only a day that has passed is: Asaas refuses it (section 8).
    """
    cents, due = to_cents(raw.get("value")), civil_date(raw.get("dueDate"))
    body: dict[str, object] = {"billingType": text(raw.get("billingType"), 60)}
    if cents is not None:
        body["value"] = from_cents(cents)
    if due and due >= today:
        body["dueDate"] = due.isoformat()
    path = f"/payments/{quoted(text(raw.get('id'), 100))}"
    _send(api, "PUT", path, encode({**body, **changed}))


def receive_in_cash(api: AsaasApi, gateway_id: str, *, amount_cents: int, paid_on: date) -> None:
    """Asaas is told not to write to the customer by itself."""
    body = {"paymentDate": paid_on.isoformat(), "value": from_cents(amount_cents), "notifyCustomer": False}
    _send(api, "POST", f"/payments/{quoted(gateway_id)}/receiveInCash", encode(body))


def undo_cash(api: AsaasApi, gateway_id: str) -> None:
    _send(api, "POST", f"/payments/{quoted(gateway_id)}/undoReceivedInCash")


def restore(api: AsaasApi, gateway_id: str) -> None:
    _send(api, "POST", f"/payments/{quoted(gateway_id)}/restore")


def _send(api: AsaasApi, method: str, path: str, body: str = "") -> None:
    """All of them answer with the payment; what it says is believed from a fetch only."""
    required_id(api.ask(method, path, body=body))
