"""Items and discounts: the sums are exact, and what the gateway is asked for is always the net."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections.gateways.base import Method, OrderLine
from connections.gateways.mercadopago import orders
from connections.models import Connection
from payments import amounts
from payments.amounts import Line, Reduction
from payments.models import Charge, ChargeLine
from payments.money import LARGEST_CENTS, as_typed
from payments.services.creation import create_charge
from payments.services.intents import find_look_alike
from payments.services.ordering import order_of
from tests.factories import make_charge, make_connection
from tests.gateways import sample
from tests.payments import itemised
from tests.payments.creating import ASAAS, PAYMENT, at_asaas, new, posts, qr

pytestmark = pytest.mark.django_db
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
SHIRTS = Line(description="Camiseta", quantity=3, unit_cents=4_990, discount_cents=970)
MUG = Line(description="Caneca", quantity=1, unit_cents=2_500)
BOTH = 3 * 4_990 - 970 + 2_500


@st.composite
def _lines(draw: st.DrawFn) -> Line:
    quantity, unit = draw(st.integers(1, 99_999)), draw(st.integers(1, 10**6))
    off = draw(st.one_of(st.just(0), st.integers(0, quantity * unit)))
    return Line(description="Item", quantity=quantity, unit_cents=unit, discount_cents=off)


LINES = st.lists(_lines(), min_size=1, max_size=6)


@given(cents=st.integers(0, 10**12), hundredths=st.integers(0, amounts.WHOLE), unit=st.sampled_from([1, 100]))
def test_a_percentage_is_rounded_half_up_to_what_can_be_paid(cents: int, hundredths: int, unit: int) -> None:
    cents = cents // unit * unit
    exact = Decimal(cents) * hundredths / amounts.WHOLE / unit
    off = amounts.share(cents, hundredths, unit=unit)
    assert off == int(exact.quantize(Decimal(1), ROUND_HALF_UP)) * unit
    assert 0 <= off <= cents


@pytest.mark.parametrize(
    ("cents", "hundredths", "off"),
    [(1_005, 1_000, 101), (1_004, 1_000, 100), (333, 5_000, 167), (1, 10_000, 1), (150, 3_333, 50)],
)
def test_half_a_cent_counts_as_one(cents: int, hundredths: int, off: int) -> None:
    assert Reduction(hundredths=hundredths).of(cents) == off


@given(lines=LINES, data=st.data())
@QUICK
def test_whatever_is_typed_the_net_is_the_items_less_the_discounts(lines: list[Line], data: Any) -> None:
    connection = Connection.objects.first() or make_connection(gateway="mercadopago")
    before = sum(line.quantity * line.unit_cents for line in lines) - sum(
        line.discount_cents for line in lines
    )
    off = data.draw(st.integers(0, before))
    form = itemised.read(
        connection,
        itemised.typed(connection, lines, total_discount=as_typed(off, "BRL"), seen_total=str(before - off)),
    )
    is_right = before - off >= connection.capabilities.minimum_cents and before <= LARGEST_CENTS
    assert form.is_valid() is is_right, form.errors
    if is_right:
        assert form.cleaned_data["amount"] == before - off > 0
        assert form.lines == tuple(lines)


@given(lines=LINES, off=st.integers(0, 1_000))
def test_a_page_at_mercado_pago_asks_for_exactly_the_net(lines: list[Line], off: int) -> None:
    net = max(1, amounts.subtotal(lines) - off)
    items = orders.preference_body(
        sample.order(method=Method.CARD, amount_cents=net, lines=tuple(_ordered(line) for line in lines)),
        now=sample.NOW,
    )["items"]
    assert sum(item["quantity"] * item["unit_price"] for item in items) == Decimal(net) / 100  # type: ignore[attr-defined]
    assert all(item["unit_price"] > 0 for item in items)  # type: ignore[attr-defined]


def _ordered(line: Line) -> OrderLine:
    return OrderLine(
        description=line.description,
        quantity=line.quantity,
        unit_cents=line.unit_cents,
        discount_cents=line.discount_cents,
    )


def _items(amount_cents: int, *lines: Line, currency: str = "BRL") -> list[tuple[str, int, str]]:
    order = sample.order(
        method=Method.CARD, currency=currency, amount_cents=amount_cents, lines=tuple(map(_ordered, lines))
    )
    body: Any = orders.preference_body(order, now=sample.NOW)
    return [(item["title"], item["quantity"], str(item["unit_price"])) for item in body["items"]]


def test_items_keep_their_names_where_they_come_to_the_net() -> None:
    cheaper = replace(SHIRTS, discount_cents=990)
    assert _items(BOTH, SHIRTS, MUG) == [("3 × Camiseta", 1, "140.00"), ("Caneca", 1, "25.00")]
    assert _items(16_480, cheaper, MUG) == [("Camiseta", 3, "46.60"), ("Caneca", 1, "25.00")]
    assert _items(BOTH - 1, SHIRTS, MUG) == [("Pedido 1007", 1, "164.99")]
    free = replace(MUG, discount_cents=2_500)
    assert _items(14_000, SHIRTS, free) == [("Pedido 1007", 1, "140.00")], "a price must be above zero"
    odd = Line(description="Pan", quantity=2, unit_cents=150_50)
    assert _items(301_00, odd, currency="CLP") == [("Pedido 1007", 1, "301")], "half a peso does not exist"


def test_a_charge_keeps_its_items_and_asks_for_the_net(gateway: Any) -> None:
    gateway.post(f"{ASAAS}/payments", json=at_asaas("x", value=150.0))
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr("150.00"))
    charge = create_charge(
        new(
            make_connection(),
            amount_cents=15_000,
            lines=(SHIRTS, MUG),
            discount_cents=1_500,
            discount_reason="Amiga",
        )
    )
    (sent,) = posts(gateway, "/payments")
    assert json.loads(sent.body)["value"] == 150
    assert (charge.subtotal_cents, charge.discount_cents, charge.amount_cents) == (BOTH, 1_500, 15_000)
    assert [row.line for row in charge.lines.all()] == [SHIRTS, MUG] and charge.discount_reason == "Amiga"


def test_items_that_come_to_something_else_are_never_stored() -> None:
    with pytest.raises(ValueError):
        new(make_connection(), amount_cents=BOTH - 1, lines=(SHIRTS, MUG))
    with pytest.raises(ValueError):
        new(make_connection(), amount_cents=BOTH, discount_cents=-1)


def test_items_go_along_only_while_they_come_to_what_is_asked_for() -> None:
    charge = make_charge(amount_cents=BOTH, subtotal_cents=BOTH)
    for position, line in enumerate((SHIRTS, MUG)):
        _keep(charge, position, line)
    assert order_of(charge, customer_id="").lines == (_ordered(SHIRTS), _ordered(MUG))
    charge.amount_cents = BOTH - 500
    assert order_of(charge, customer_id="").lines == ()


def _keep(charge: Charge, position: int, line: Line) -> ChargeLine:
    return ChargeLine.objects.create(charge=charge, position=position, **vars(line))


@pytest.mark.parametrize(
    "wrong", [{"discount_cents": 14_971}, {"quantity": 0}, {"unit_cents": 0}, {"discount_cents": -1}]
)
def test_the_database_keeps_no_item_that_does_not_add_up(wrong: dict[str, int]) -> None:
    charge = make_charge()
    with pytest.raises(IntegrityError), transaction.atomic():
        _keep(charge, 1, replace(SHIRTS, **wrong))  # type: ignore[arg-type]


def test_look_alike_knows_the_items(gateway: Any) -> None:
    gateway.post(f"{ASAAS}/payments", json=at_asaas("x", value=164.0))
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr("165.00"))
    first = new(make_connection(), amount_cents=BOTH, lines=(SHIRTS, MUG))
    made = create_charge(first)
    again = replace(first, submission=uuid.uuid4())
    assert find_look_alike(again) == made
    assert find_look_alike(replace(again, lines=())) == made, "over the same sum, whatever it is for"
    other = Line(description="Bota", quantity=1, unit_cents=BOTH)
    assert find_look_alike(replace(again, lines=(other,))) is None
