"""A busy shop: as many charges as somebody wants, a year of them, most of them paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.contrib.auth.models import User
from django.db import connection

from connections.models import Connection
from payments.models import Charge, Customer, GatewayResource, Payment
from tests.factories import NOW, make_connection

_PORTION = 2_000
# Of a hundred.
_STATUSES = ("paid",) * 80 + ("pending",) * 8 + ("overdue",) * 4 + ("cancelled",) * 4 + ("refunded",) * 4
_FIRST = ("Ana", "Bruno", "Carla", "Davi", "Elisa", "Fábio", "Gabriela", "Heitor", "Iara", "João")
_LAST = (
    "Lima",
    "Souza",
    "Carvalho",
    "Pereira",
    "Acácias",
    "Moraes",
    "Teixeira",
    "Queiroz",
    "Prado",
    "Xavier",
)


def make_crowd(number: int) -> list[Connection]:
    """On two accounts of real money and one of the sandbox; every fourth charge has its payment."""
    accounts = [
        make_connection(name="Loja Centro", environment="production"),
        make_connection(name="Loja Online", environment="production"),
        make_connection(name="Testes", environment="sandbox"),
    ]
    carla = User.objects.create_user("carla of the crowd")
    people = _stored(Customer, _customers(max(10, number // 4)), number)
    charges = _stored(Charge, _charges(number, accounts, people, carla), number)
    known = [charge for charge in charges if charge.description.endswith("0")]
    resources = _stored(GatewayResource, (_resource(charge) for charge in known), number)
    _stored(Payment, (_payment(charge, own) for charge, own in zip(known, resources, strict=True)), number)
    _let_the_planner_know()
    return accounts


def _let_the_planner_know() -> None:
    """PostgreSQL finds out about many new rows by itself, but not while they are not committed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _stored(model: type, rows: Iterator, number: int) -> list:  # type: ignore[type-arg]
    stored = []
    while portion := list(islice(rows, _PORTION)):
        stored += model.objects.bulk_create(portion)  # type: ignore[attr-defined]
    return stored


def _customers(number: int) -> Iterator[Customer]:
    for count in range(number):
        name = f"{_FIRST[count % 10]} {_LAST[count // 10 % 10]} {count}"
        yield Customer(name=name, document_type="CPF", document=f"9{count:010d}", email="a@example.com")


def _charges(
    number: int, accounts: list[Connection], people: list[Customer], operator: User
) -> Iterator[Charge]:
    for count in range(number):
        created = NOW - timedelta(minutes=count * 525_600 // number)
        status = _STATUSES[count * 37 % 100]
        amount = 1_000 + count * 7919 % 90_000
        has_money = status in ("paid", "refunded")
        yield Charge(
            reference=f"chg_crowd{count:011d}",
            connection=accounts[0 if count % 10 < 6 else 1 if count % 10 < 9 else 2],
            customer=people[count * 31 % len(people)],
            method=("pix", "boleto", "card")[count % 3],
            currency="BRL",
            amount_cents=amount,
            description=f"Pedido {count * 3 % 40}",
            due_date=(created + timedelta(days=3)).date(),
            status=status,
            review_reason="amount" if count % 1_000 == 0 else "",
            received_cents=amount if has_money else 0,
            refunded_cents=amount if status == "refunded" else 0,
            paid_at=created + timedelta(hours=5) if has_money else None,
            created_at=created,
            created_by=operator if count % 2 else None,
        )


def _resource(charge: Charge) -> GatewayResource:
    gateway_id = f"pay_{charge.reference}"
    return GatewayResource(connection=charge.connection, kind="payment", gateway_id=gateway_id, charge=charge)


def _payment(charge: Charge, resource: GatewayResource) -> Payment:
    return Payment(
        charge=charge,
        connection=charge.connection,
        resource=resource,
        gateway_id=resource.gateway_id,
        reference=charge.reference,
        status="paid" if charge.received_cents else "pending",
        gateway_status="RECEIVED",
        currency=charge.currency,
        amount_cents=charge.amount_cents,
        received_cents=charge.received_cents,
        settles_at=NOW + timedelta(days=5) if charge.received_cents else None,
    )
