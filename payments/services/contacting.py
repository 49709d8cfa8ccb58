"""Change how a customer is reached, and tell the gateways that keep customers of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from config import clock
from connections import waiting
from connections.gateways.base import CustomerDetails
from connections.gateways.errors import CredentialsRefused, GatewayError
from connections.gateways.registry import gateway_class
from connections.models import Connection, reachable_by
from connections.services import WEB_DEADLINE_SECONDS, gateway_for, note_refusal
from connections.services.accounts import patience
from payments.models import Customer, CustomerAct, CustomerActKind, CustomerAtGateway
from payments.services.customers import details_of

COLUMNS = (
    "name",
    "email",
    "phone",
    "zip_code",
    "street",
    "street_number",
    "district",
    "city",
    "state",
    "language",
)
_COMPARED = ("name", "email", "phone")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of telling one account. ``problem`` is why it does not know; ``differs`` what it kept."""

    connection: Connection
    problem: str = ""
    differs: tuple[str, ...] = ()


def change(customer: Customer, wanted: Mapping[str, str], *, actor: User) -> list[Told] | None:
    """Store ``wanted`` (of ``COLUMNS``) and tell the gateways; None where nothing is different.

    Only accounts the actor works with are told. One that could not be told keeps the old details until the
    next change is saved.
    """
    with transaction.atomic():
        own = Customer.objects.select_for_update().get(pk=customer.pk)
        different = [name for name in COLUMNS if name in wanted and getattr(own, name) != wanted[name]]
        if not different or own.anonymised_at:
            return None
        for name in different:
            setattr(own, name, wanted[name])
        own.save(update_fields=different)
        note(own, CustomerActKind.CHANGED, actor=actor, fields=different)
    return _tell_all(own, actor)


def note(customer: Customer, kind: CustomerActKind, *, actor: User | None, **data: object) -> None:
    CustomerAct.objects.create(customer=customer, at=clock.now(), actor=actor, kind=kind, data=data)


def told_there(customer: Customer, actor: User) -> list[CustomerAtGateway]:
    """The customer's rows at gateways that keep customers, on accounts the actor works with."""
    rows = customer.at_gateways.filter(reachable_by(actor), connection__is_active=True)
    known = rows.select_related("connection").order_by("pk")
    return [row for row in known if gateway_class(row.connection.gateway).keeps_customers]


def _tell_all(customer: Customer, actor: User) -> list[Told]:
    """All calls share the patience of one request."""
    rows = told_there(customer, actor)
    left = patience(WEB_DEADLINE_SECONDS)
    with waiting.room.seat() as is_seated:
        if not is_seated:
            said = _("Many calls are waiting for gateways right now. Try again in a moment.")
            return [Told(connection=row.connection, problem=said) for row in rows]
        details = details_of(customer)
        told = []
        for row in rows:
            gateway = gateway_for(row.connection, seconds_left=left, is_background=False)
            try:
                there = gateway.update_customer(row.gateway_id, details)
            except GatewayError as err:
                told.append(_not_told(row.connection, err))
            else:
                told.append(Told(connection=row.connection, differs=_differences(details, there)))
        return told


def _not_told(connection: Connection, error: GatewayError) -> Told:
    if isinstance(error, CredentialsRefused):
        note_refusal(connection, error)
    said = _(error.text) if error.text else _("The gateway did not answer. Try again in a moment.")
    return Told(connection=connection, problem=said)


def _differences(wanted: CustomerDetails, there: CustomerDetails) -> tuple[str, ...]:
    return tuple(name for name in _COMPARED if getattr(wanted, name) != getattr(there, name))
