"""Take over one payment that an account collected without us, as a charge with its customer and its money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

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
    CustomerAtGateway,
    Finding,
    FindingKind,
    GatewayResource,
    LeftBehind,
)
from payments.services import answers, plans, refreshing, resources, terms
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
        try:
            found = Found(
                payment=fetched,
                payer=_payer(connection, gateway, fetched),
                plan=_plan(connection, gateway, fetched),
            )
        except NotFound:
            return Taken(reason=LeftBehind.GONE)
        return _adopt(connection, resource, held, found, actor=actor)
    finally:
        resources.release(held)


def why_not(connection: Connection, payment: GatewayPayment) -> str:
    """The reason for which a payment, as listed or fetched, cannot become a charge here; else nothing."""
    if payment.account_id and payment.account_id != connection.account_id:
        return LeftBehind.ACCOUNT
    if payment.currency and payment.currency != connection.currency:
        return LeftBehind.CURRENCY
    return LeftBehind.NONE if payment.amount_cents > 0 else LeftBehind.NO_AMOUNT


def _payer(connection: Connection, gateway: Gateway, fetched: GatewayPayment) -> CustomerDetails | None:
    """None where the customer is known already, or the gateway knows nothing of one."""
    if not fetched.customer_id:
        return fetched.payer
    if CustomerAtGateway.objects.filter(connection=connection, gateway_id=fetched.customer_id).exists():
        return None
    try:
        return gateway.fetch_customer(fetched.customer_id)
    except NotFound:
        return None


def _plan(connection: Connection, gateway: Gateway, fetched: GatewayPayment) -> GatewayCharge | None:
    """All parcels of the plan this one belongs to, unless the plan has a charge here. Raises ``NotFound``."""
    if not fetched.plan_id or plans.charge_of(connection.pk, fetched):
        return None
    return gateway.fetch_charge(ResourceKind.PLAN, fetched.plan_id)


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
        charge = plans.charge_of(connection.pk, fetched) or _charge_of_order(connection, fetched)
        if charge is None:
            customer = _customer(connection, fetched, found.payer)
            charge = _make(connection, customer, found, actor=actor)
        own.update(charge=charge)
        resources.tell_matched(resource.pk, fetched, held)
        known.refresh_from_db()
        refreshing.store(known, fetched, held, source=SOURCE, cause="")
        _take_codes(charge, fetched)
        Finding.objects.filter(
            connection=connection, kind=FindingKind.NOT_OURS, gateway_id=fetched.gateway_id, settled_at=None
        ).update(settled_at=clock.now())
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


def _customer(connection: Connection, fetched: GatewayPayment, details: CustomerDetails | None) -> Customer:
    """The one with this gateway's id or this document, else a new one; one we know is not changed."""
    name_there = fetched.customer_id or (details.reference if details else "")
    same = CustomerAtGateway.objects.filter(connection=connection, gateway_id=name_there)
    known = same.select_related("customer").first() if name_there else None
    if known:
        return known.customer
    nobody = CustomerDetails(reference="", name="", document="", document_type="")
    customer = _by_details(connection, details or nobody)
    if name_there:
        CustomerAtGateway.objects.get_or_create(
            connection=connection, customer=customer, defaults={"gateway_id": name_there}
        )
    return customer


def _by_details(connection: Connection, details: CustomerDetails) -> Customer:
    """By document; without one by e-mail, among those that have no document either."""
    country = connection.country
    given = {
        "name": (details.name or details.email or _("Payer without a name"))[:120],
        "email": details.email,
        "phone": country.phone(details.phone),
    }
    if details.document and details.document_type in {kind.code for kind in country.documents}:
        return Customer.objects.get_or_create(
            country=country.code,
            document_type=details.document_type,
            document=details.document,
            defaults=given,
        )[0]
    nameless = Customer.objects.filter(country=country.code, document="", email=details.email)
    return (details.email and nameless.first()) or Customer.objects.create(country=country.code, **given)
