"""Changing what is paid in parcels, and an amount that is lowered: what the pages fill in and ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils.translation import override

from connections.gateways.instalments import split
from connections.models import Connection
from payments.models import ChangeKind, Charge
from payments.services import changeable
from payments.services.changeable import Obstacle, Typed
from payments.staff import change_words
from payments.staff.changing import ChangeForm
from tests.factories import make_charge, make_connection, make_payment
from tests.payments.simulated import World
from tests.payments.test_change_page import address, form
from tests.payments.test_refund_page import browser, read

pytestmark = pytest.mark.django_db
CASH, UNDO = ChangeKind.CASH, ChangeKind.UNDO_CASH


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


def plan(*parcels: tuple[str, bool]) -> Charge:
    """A boleto plan over 300 with these parcels, by status and whether it was received in cash."""
    charge = make_charge(method="boleto", instalments=len(parcels), amount_cents=30_000)
    for number, (status, is_cash) in enumerate(parcels, 1):
        values = {"parcel": number, "plan_id": "plan", "gateway_id": f"pay_{number}", "is_cash": is_cash}
        cents = split(30_000, len(parcels))[number - 1]
        make_payment(charge, status, amount_cents=cents, **values)
    return charge


def test_cash_of_the_last_parcel_is_what_that_parcel_asks_for() -> None:
    charge = plan(("paid", False), ("paid", False), ("pending", False))
    assert changeable.obstacle(charge, CASH) is None
    assert ChangeForm(charge=charge, kind=CASH).fields["amount"].initial == "100.00"
    said = change_words.effects(charge, CASH)
    assert said[0].startswith("This parcel counts as received")
    assert not any("becomes paid, and" in one for one in said)
    assert "becomes paid, and" in change_words.effects(make_charge(), CASH)[0]


def test_of_two_receipts_in_cash_nobody_can_tell_which_is_undone() -> None:
    charge = plan(("paid", True), ("paid", True), ("pending", False))
    assert changeable.target(charge, UNDO) is None and changeable.concerns(charge, UNDO)
    assert changeable.obstacle(charge, UNDO) == Obstacle.PARCELS
    assert "panel of Asaas" in change_words.obstacle(charge, UNDO, Obstacle.PARCELS)


def test_one_receipt_in_cash_is_the_one_that_is_undone() -> None:
    charge = plan(("paid", False), ("paid", True), ("pending", False))
    meant = changeable.target(charge, UNDO)
    assert meant is not None and meant.parcel == 2 and changeable.obstacle(charge, UNDO) is None


def test_without_cash_there_is_nothing_to_undo() -> None:
    charge = plan(("paid", False), ("pending", False))
    assert not changeable.concerns(charge, UNDO)
    assert changeable.obstacle(charge, UNDO) == Obstacle.NO_CASH


@pytest.mark.parametrize(
    ("is_demanded", "cents", "reason", "obstacle"),
    [
        (True, 9_000, "", Obstacle.NO_REASON),
        (True, 9_000, "Cliente antigo", None),
        (True, 11_000, "", None),
        (False, 9_000, "", None),
    ],
)
def test_less_than_before_needs_a_reason_where_discounts_do(
    is_demanded: bool, cents: int, reason: str, obstacle: Obstacle | None
) -> None:
    charge = make_charge(make_connection(require_discount_reason=is_demanded))
    typed = Typed(amount_cents=cents, text=reason)
    assert changeable.typed_obstacle(charge, ChangeKind.AMOUNT, typed) == obstacle


@pytest.mark.django_db(transaction=True)
def test_the_reason_is_asked_for_and_told(world: World) -> None:
    charge = world.charge("asaas")
    Connection.objects.update(require_discount_reason=True)
    olga = browser("Operator", "olga")
    assert "Why the discount is given" in read(olga.get(address(charge, "amount")))
    refused = olga.post(address(charge, "amount"), form(amount="90.00"))
    assert refused.status_code == 422 and "every discount needs a reason" in read(refused)
    sent = form(amount="90.00", text="Cliente antigo")
    told = read(olga.post(address(charge, "amount"), sent, follow=True))
    assert "Cliente antigo" in told and charge.changes.get().text == "Cliente antigo"
