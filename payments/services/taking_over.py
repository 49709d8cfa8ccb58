"""Take over one payment that an account collected without us, as a charge with its customer and its money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction

from config import clock
from connections.gateways.base import (
    CustomerDetails,
    Gateway,
    GatewayCharge,
    GatewayPayment,
    Method,
    ResourceKind,
    Terms,
)
from connections.gateways.errors import NotFound
from connections.models import Connection
from payments import transitions
from payments.deriving import WAITING
from payments.models import (
    Charge,
    Customer,
    GatewayResource,
    LeftBehind,
)
from payments.services import answers, customers, findings, mirroring, plans, refreshing, resources, terms
from payments.services.resources import Lease
from payments.services.timeline import note_person

SOURCE = "import"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a payment: its charge, or why there is none. ``is_ours``: it was before."""

    charge: Charge | None = None
    reason: str = LeftBehind.NONE
    is_ours: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that was fetched for one payment; ``plan`` where it is the first we meet of several parcels."""

    payment: GatewayPayment
    payer: CustomerDetails | None
    plan: GatewayCharge | None

    @property
    def parts(self) -> tuple[GatewayPayment, ...]:
        return self.plan.payments if self.plan and self.plan.payments else (self.payment,)


def take_over(
    connection: Connection, gateway: Gateway, gateway_id: str, *, actor: User | None = None
) -> Taken:
    """Fetch a payment under its lease and make it ours. Raises a ``GatewayError``; may be repeated."""
    resource = resources.find_or_add(connection, kind=ResourceKind.PAYMENT, gateway_id=gateway_id)
    held = resources.lease(resource.pk)
    if held is None:
        return Taken(reason=LeftBehind.BUSY)
    try:
        try:
            fetched = gateway.fetch_payment(gateway_id)
        except NotFound:
            return Taken(reason=LeftBehind.GONE)
        if reason := why_not(connection, fetched):
            return Taken(reason=reason)
        if mirroring.is_awaited(connection.pk, fetched):
            return _join(gateway, resource, held, fetched)
        found = Found(
            payment=fetched,
            payer=customers.payer_of(connection, gateway, fetched.customer_id, fetched.payer),
            plan=_plan(connection, gateway, fetched),
        )
        return _adopt(connection, resource, held, found, actor=actor)
    finally:
        resources.release(held)


def _join(gateway: Gateway, resource: GatewayResource, held: Lease, fetched: GatewayPayment) -> Taken:
    """A turn of a subscription of ours joins it; one the gateway does not show yet is asked for again."""
    turn = mirroring.turn_of(gateway, resource, fetched)
    done = refreshing.store(resource, fetched, held, source=SOURCE, cause="", turn=turn)
    return Taken(is_ours=True) if done.charge_id else Taken(reason=LeftBehind.BUSY)


def why_not(connection: Connection, payment: GatewayPayment) -> str:
    """The reason for which a payment, as listed or fetched, cannot become a charge here; else nothing."""
    if payment.account_id and payment.account_id != connection.account_id:
        return LeftBehind.ACCOUNT
    if payment.currency and payment.currency != connection.currency:
        return LeftBehind.CURRENCY
    return LeftBehind.NONE if payment.amount_cents > 0 else LeftBehind.NO_AMOUNT


def _plan(connection: Connection, gateway: Gateway, fetched: GatewayPayment) -> GatewayCharge | None:
    """All parcels of the plan this one belongs to, unless it has a charge here, or was erased there."""
    if not fetched.plan_id or plans.charge_of(connection.pk, fetched):
        return None
    try:
        return gateway.fetch_charge(ResourceKind.PLAN, fetched.plan_id)
    except NotFound:
        return None


def _adopt(
    connection: Connection, resource: GatewayResource, held: Lease, found: Found, *, actor: User | None
) -> Taken:
    """All of it in one short transaction, while the lease is still ours."""
    fetched = found.payment
    with transaction.atomic():
        own = GatewayResource.objects.select_for_update(no_key=True).filter(
            pk=resource.pk, lease_token=held.token
        )
        known = own.first()
        if known is None:
            return Taken(reason=LeftBehind.BUSY)
        if known.charge_id or _is_our_reference(connection, fetched):
            refreshing.store(known, fetched, held, source=SOURCE, cause="")
            return Taken(is_ours=True)
        if mirroring.is_awaited(connection.pk, fetched):
            return Taken(reason=LeftBehind.BUSY)  # its subscription became ours a moment ago
        if refreshing.is_older(known, fetched, ticket=held.ticket):
            return Taken(reason=LeftBehind.BUSY)  # a notification had shown something newer
        charge = plans.charge_of(connection.pk, fetched) or _charge_of_order(connection, fetched)
        if charge is None:
            customer = customers.customer_of(connection, fetched.customer_id, found.payer)
            charge = _make(connection, customer, found, actor=actor)
        own.update(charge=charge)
        resources.tell_matched(resource.pk, fetched, held)
        known.refresh_from_db()
        refreshing.store(known, fetched, held, source=SOURCE, cause="")
        _take_codes(charge, fetched)
        findings.settle_not_ours(connection.pk, fetched.gateway_id)
    return Taken(charge=charge, is_ours=charge.imported_at is None)


def _is_our_reference(connection: Connection, fetched: GatewayPayment) -> bool:
    own = Charge.objects.filter(connection=connection, reference=fetched.reference)
    return bool(fetched.reference) and own.exists()


def _charge_of_order(connection: Connection, fetched: GatewayPayment) -> Charge | None:
    """Attempts to pay one order of the gateway belong to one charge."""
    if not fetched.order_id:
        return None
    same = Charge.objects.filter(connection=connection, foreign_order=fetched.order_id)
    return same.exclude(imported_at=None).first()


def _make(connection: Connection, customer: Customer, found: Found, *, actor: User | None) -> Charge:
    """With what all its parcels ask for together, and the due date of the first."""
    now, fetched = clock.now(), found.payment
    cents = sum(part.amount_cents for part in found.parts)
    days = [part.due_date for part in found.parts if part.due_date]
    charge = Charge.objects.create(
        connection=connection,
        customer=customer,
        method=fetched.method or Method.ANY,
        currency=fetched.currency or connection.currency,
        subtotal_cents=cents,
        amount_cents=cents,
        instalments=max(1, found.plan.instalments) if found.plan else 1,
        description=(fetched.description or f"{connection.gateway_label} {fetched.gateway_id}")[:200],
        due_date=min(days, default=_day_made(connection, fetched)),
        expires_at=fetched.expires_at,
        link=fetched.link[:500],
        imported_at=now,
        foreign_reference=fetched.reference[:200],
        foreign_order=fetched.order_id,
        created_by=actor,
        created_at=fetched.created_at or now,
    )
    terms.keep_first(charge, fetched.terms or Terms())
    note_person(charge, "imported", actor=actor, reference=fetched.reference[:64])
    transitions.open_for_payment(charge.pk, source=SOURCE)
    if found.plan:
        plans.note_size(charge, found.plan)
    return charge


def _day_made(connection: Connection, fetched: GatewayPayment) -> date:
    return (fetched.created_at or clock.now()).astimezone(ZoneInfo(connection.time_zone)).date()


def _take_codes(charge: Charge, fetched: GatewayPayment) -> None:
    """What somebody can still pay with; where the gateway gives it by itself only, a worker asks for it."""
    if fetched.status not in WAITING:
        return
    if fetched.pix:
        answers.take_code(charge, fetched.pix.text, fetched.pix.expires_at)
    if fetched.boleto:
        answers.take_boleto(charge, fetched.boleto)
    terms.have_code_fetched(charge)
