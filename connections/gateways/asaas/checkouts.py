"""The hosted page on which a card is paid in parcels, as the payer chooses (asaas.md 3.11).

It lives a day at most, cannot be read again, and its payments name it by ``checkoutSession`` alone.
"""

from __future__ import annotations

from datetime import datetime

from connections.gateways.answers import Answer
from connections.gateways.asaas import mapping
from connections.gateways.asaas.api import AsaasApi, quoted, required_id
from connections.gateways.base import ChargeOrder, GatewayCharge, GatewayPayment, PreparedCall, ResourceKind
from connections.gateways.errors import RequestRefused
from connections.gateways.money import encode, from_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import text

PATH = "/checkouts"
MINUTES = (10, 1440)
# No document tells how long they may be; these are short enough for every page we know of.
_LONGEST_NAME = 30
_LONGEST_DESCRIPTION = 150
_NO_TERMS = _("A card in parcels takes no discount, fine or interest on Asaas.")


def prepare(order: ChargeOrder, *, now: datetime) -> PreparedCall:
    """Once, or in up to so many parcels. No ``callback``: Asaas refuses a return address outside the
    registered site (section 8, row 29).
    """
    terms = order.terms
    if terms.discount_cents or terms.fine_cents or terms.interest_bp:
        raise RequestRefused(_NO_TERMS, field="terms")
    item = {
        "name": (order.description or order.reference)[:_LONGEST_NAME],
        "description": order.description[:_LONGEST_DESCRIPTION],
        "quantity": 1,
        "value": from_cents(order.amount_cents),
    }
    body = {
        "billingTypes": ["CREDIT_CARD"],
        "chargeTypes": ["DETACHED", "INSTALLMENT"],
        "minutesToExpire": _minutes(order, now=now),
        "externalReference": order.reference,
        "customer": order.customer_id,
        "items": [item],
        "installment": {"maxInstallmentCount": order.instalments},
    }
    return PreparedCall(
        kind=ResourceKind.CHECKOUT,
        method="POST",
        path=PATH,
        body=encode(body),
        idempotency_key=order.idempotency_key,
    )


def take_created(answer: Answer) -> GatewayCharge:
    link = text(answer.record().get("link"), 2000)
    if not link.startswith(("https://", "http://")):
        raise answer.unreadable()
    named = text(answer.record().get("externalReference"))
    return _to_charge(required_id(answer), (), link=link, reference=named)


def fetch(api: AsaasApi, checkout_id: str, *, account_id: str) -> GatewayCharge:
    """What was paid there. There is no call that reads the page itself: unpaid counts as open.

    The filter is not surely known everywhere: a list that leaves it aside shows no payment of ours first.
    """
    payments: list[GatewayPayment] = []
    for raw in api.items("/payments", {"checkoutSession": _known(checkout_id)}):
        payment = mapping.to_payment(raw, account_id=account_id)
        if payment.checkout_id != checkout_id:
            break
        payments.append(payment)
    return _to_charge(checkout_id, tuple(sorted(payments, key=lambda one: one.parcel or 0)))


def cancel(api: AsaasApi, checkout_id: str, *, account_id: str) -> None:
    """Refused where it is no longer active: then it is over, or was paid."""
    try:
        api.ask("POST", f"{PATH}/{quoted(checkout_id)}/cancel")
    except RequestRefused:
        if fetch(api, checkout_id, account_id=account_id).payments:
            raise


def _minutes(order: ChargeOrder, *, now: datetime) -> int:
    shortest, longest = MINUTES
    if order.expires_at is None:
        return longest
    return min(max(int((order.expires_at - now).total_seconds()) // 60, shortest), longest)


def _known(checkout_id: str) -> str:
    quoted(checkout_id)
    return checkout_id


def _to_charge(
    checkout_id: str, payments: tuple[GatewayPayment, ...], *, link: str = "", reference: str = ""
) -> GatewayCharge:
    return GatewayCharge(
        kind=ResourceKind.CHECKOUT,
        gateway_id=checkout_id,
        reference=reference,
        link=link,
        payments=payments,
        is_open=not payments,
    )
