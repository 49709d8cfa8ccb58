"""Plans of parcels paid by boleto, each a payment of its own (asaas.md 4.1)."""

from __future__ import annotations

from dataclasses import replace

from connections.gateways.answers import Answer
from connections.gateways.asaas import mapping, terms
from connections.gateways.asaas.api import AsaasApi, quoted, required_id
from connections.gateways.base import (
    ChargeOrder,
    GatewayCharge,
    GatewayPayment,
    Method,
    PreparedCall,
    ResourceKind,
)
from connections.gateways.errors import GatewayError, NotFound, RequestRefused
from connections.gateways.instalments import InstalmentRule, split
from connections.gateways.money import encode, from_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import text

PATH = "/installments"
_NO_PARCELS = _("Asaas takes no parcels for this way of paying.")
_TOO_MANY = _("Asaas takes fewer parcels of this amount: each needs R$ 5.00 at least.")


def check(order: ChargeOrder, rule: InstalmentRule | None) -> None:
    """Raises ``RequestRefused`` for parcels this gateway could never make."""
    if rule is None:
        raise RequestRefused(_NO_PARCELS, field="instalments")
    if order.instalments > rule.most_of(order.amount_cents):
        raise RequestRefused(_TOO_MANY, field="instalments")


def prepare(order: ChargeOrder, *, minimum_cents: int) -> PreparedCall:
    """The terms are of each parcel: the discount ends so many days before each one's due date."""
    each = replace(order, amount_cents=split(order.amount_cents, order.instalments)[0])
    body = {
        "customer": order.customer_id,
        "billingType": mapping.BILLING_TYPE[order.method],
        "installmentCount": order.instalments,
        "totalValue": from_cents(order.amount_cents),
        "dueDate": order.due_date.isoformat(),
        "description": order.description[:500],
        "paymentExternalReference": order.reference,
        **terms.body(each, minimum_cents=minimum_cents),
        **late_days(order),
    }
    return PreparedCall(
        kind=ResourceKind.PLAN,
        method="POST",
        path=PATH,
        body=encode({key: value for key, value in body.items() if value != ""}),
        idempotency_key=order.idempotency_key,
    )


def late_days(order: ChargeOrder) -> dict[str, object]:
    """Of a boleto only: nothing else is registered at a bank."""
    if order.late_days is None or order.method not in (Method.BOLETO, Method.ANY):
        return {}
    return {"daysAfterDueDateToRegistrationCancellation": order.late_days}


def take_created(api: AsaasApi, answer: Answer, *, account_id: str) -> GatewayCharge:
    """The plan exists now, so nothing of what follows may look like a failure: without its parcels they
    are asked for later.
    """
    plan_id = required_id(answer)
    try:
        parcels = _parcels(api, plan_id, account_id=account_id)
    except GatewayError:
        parcels = ()
    return to_plan(plan_id, parcels, count=_count(answer))


def fetch(api: AsaasApi, plan_id: str, *, account_id: str) -> GatewayCharge:
    """The plan with the parcels that were not deleted, as lists show none of those (3.5)."""
    answer = api.ask("GET", f"{PATH}/{quoted(plan_id)}")
    if required_id(answer) != plan_id:
        raise answer.unreadable()
    return to_plan(plan_id, _parcels(api, plan_id, account_id=account_id), count=_count(answer))


def cancel(api: AsaasApi, plan_id: str, *, account_id: str) -> None:
    """Deletes every parcel that is not paid, all at once; deleted before is as good as deleted now."""
    try:
        api.ask("DELETE", f"{PATH}/{quoted(plan_id)}/payments")
    except RequestRefused:
        if fetch(api, plan_id, account_id=account_id).is_open:
            raise


def found(payments: list[GatewayPayment]) -> list[GatewayCharge]:
    """Payments, oldest first, as what they were created as: parcels stand together under their plan."""
    charges: list[GatewayCharge] = []
    seen: set[str] = set()
    for payment in payments:
        if not payment.plan_id:
            charges.append(mapping.to_charge(payment))
        elif payment.plan_id not in seen:
            seen.add(payment.plan_id)
            own = tuple(one for one in payments if one.plan_id == payment.plan_id)
            charges.append(to_plan(payment.plan_id, own, count=len(own)))
    return charges


def to_plan(plan_id: str, parcels: tuple[GatewayPayment, ...], *, count: int) -> GatewayCharge:
    """Its link is that of the first parcel somebody can still pay."""
    ordered = tuple(sorted(parcels, key=lambda one: (one.parcel or 0, one.gateway_id)))
    payable = [one for one in ordered if one.status in mapping.PAYABLE]
    first = next(iter([*payable, *ordered]), None)
    return GatewayCharge(
        kind=ResourceKind.PLAN,
        gateway_id=plan_id,
        reference=first.reference if first else "",
        link=first.link if first else "",
        payments=ordered,
        is_open=bool(payable),
        instalments=max(count, len(ordered)),
    )


def _parcels(api: AsaasApi, plan_id: str, *, account_id: str) -> tuple[GatewayPayment, ...]:
    listed = api.items(f"{PATH}/{quoted(plan_id)}/payments", {})
    parcels = [mapping.to_payment(raw, account_id=account_id) for raw in listed if text(raw.get("id"))]
    if any(parcel.plan_id != plan_id for parcel in parcels):
        raise NotFound(_("Asaas does not know this id."))
    return tuple(parcels)


def _count(answer: Answer) -> int:
    count = answer.record().get("installmentCount")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 1
