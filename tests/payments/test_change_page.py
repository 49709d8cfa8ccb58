"""The pages on which a charge is changed: what they say, what they offer, what they refuse."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.models import ConnectionAccess
from payments.models import ChangeKind, Charge, ChargeChange
from payments.services.changeable import Obstacle
from payments.staff import change_words
from tests.factories import make_charge, make_connection, make_payment
from tests.payments import changes
from tests.payments.simulated import World
from tests.payments.test_refund_page import browser, read

pytestmark = pytest.mark.django_db(transaction=True)
CANCEL = "cancel"
ASKS = ["due_date", "amount", "description"]


def address(charge: Charge, page: str) -> str:
    return f"/charges/{charge.reference}/{page}/"


def form(**values: str) -> dict[str, str]:
    return {"submission": str(uuid.uuid4()), **values}


def offered(client: Client, charge: Charge) -> tuple[list[str], list[str]]:
    """What the charge's page offers, and what it says cannot be done."""
    page = read(client.get(charge.get_absolute_url()))
    return re.findall(r'data-action="(\w+)"', page), re.findall(r'data-cannot="(\w+)"', page)


@pytest.fixture
def charge() -> Charge:
    made = make_charge()
    make_payment(made, "pending")
    return made


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("Operator", ["cancel", *ASKS]),
        ("Finance", ["cancel", *ASKS, "cash"]),
        ("Administrator", ["cancel", *ASKS, "cash"]),
        ("Auditor", []),
    ],
)
def test_offers_what_this_person_may_do(charge: Charge, group: str, expected: list[str]) -> None:
    assert offered(browser(group), charge) == (expected, [])


def test_what_the_gateway_cannot_do_is_named_with_the_reason() -> None:
    charge = make_charge(make_connection(gateway="mercadopago"))
    make_payment(charge, "pending")
    client = browser()
    assert offered(client, charge) == (["cancel", *ASKS], ["cash"])
    page = read(client.get(charge.get_absolute_url()))
    assert "Mercado Pago has no way of saying that a charge was paid in cash" in page
    shown = client.get(address(charge, "cash"))
    assert "paid in cash: cancel it" in read(shown) and "<form" not in read(shown).split("<main")[1]
    assert client.post(address(charge, "cash"), form(day="2026-01-01", amount="1")).status_code == 422


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("due-date", "Mercado Pago cannot change it: what is there now is cancelled"),
        ("amount", "Mercado Pago cannot change it: what is there now is cancelled"),
        ("description", "At Mercado Pago the old one stays."),
    ],
)
def test_says_how_it_is_done_where_the_gateway_cannot_change_it(page: str, said: str) -> None:
    charge = make_charge(make_connection(gateway="mercadopago"))
    make_payment(charge, "pending")
    assert said in read(browser().get(address(charge, page)))


@pytest.mark.parametrize(
    ("status", "payment", "offers"),
    [
        ("confirming", "", ([], ["cancel"])),
        ("paid", "paid", ([], [])),
        ("cancelled", "cancelled", (["restore"], [])),
        ("failed", "", ([], [])),
    ],
)
def test_offers_only_what_fits_the_charge(
    status: str, payment: str, offers: tuple[list[str], list[str]]
) -> None:
    charge = make_charge(status=status)
    if payment:
        make_payment(charge, payment)
    assert offered(browser("Operator", "olga"), charge) == offers


def test_a_charge_in_doubt_says_why_it_cannot_be_cancelled_yet() -> None:
    charge = make_charge(status="confirming")
    client = browser("Operator", "olga")
    assert "It is not certain yet whether Asaas has this charge." in read(client.get(address(charge, CANCEL)))
    answer = client.post(address(charge, CANCEL), form())
    assert answer.status_code == 422 and not ChargeChange.objects.exists()


def test_says_what_cancelling_means_and_cancels_when_pressed(world: World) -> None:
    charge, client = world.charge("asaas"), browser("Operator", "olga")
    page = read(client.get(address(charge, CANCEL)))
    assert "The customer can no longer pay it" in page and charge.customer.name in page
    assert not changes.calls(world, "DELETE", "payments"), "looking changes nothing"
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    shown = read(client.post(address(charge, CANCEL), sent, follow=True))
    assert 'data-status="cancelled"' in shown and "it is cancelled" in shown
    assert "olga asked to cancel the charge" in shown and "data-pay-link" not in shown
    again = read(client.post(address(charge, CANCEL), sent, follow=True))
    assert "was not done a second time" in again
    assert len(changes.calls(world, "DELETE", "payments")) == 1


def test_while_it_is_cancelled_nobody_is_asked_to_pay(world: World, client: Client) -> None:
    charge, staff = world.charge("asaas"), browser("Operator", "olga")
    world.fault("error_500", when="before", method="DELETE", times=1)
    page = read(staff.post(address(charge, CANCEL), form(), follow=True))
    assert 'data-changing="cancel"' in page and "data-live-url" in page and "data-pay-link" not in page
    assert "Something is being changed already" in page
    shown = read(client.get(f"{charge.pay_url}?lang=en"))
    assert "is being cancelled" in shown and "data-pix-text" not in shown
    world.move(seconds=20)
    changes.work(ChargeChange.objects.get())
    assert "This charge was cancelled" in read(client.get(f"{charge.pay_url}?lang=en"))


def test_money_that_came_first_is_said(world: World) -> None:
    charge, client = world.charge("mercadopago"), browser("Operator", "olga")
    world.control("pay", reference=charge.reference)
    page = read(client.post(address(charge, CANCEL), form(), follow=True))
    assert 'data-status="paid"' in page and 'data-not-changed="cancel"' in page
    assert "Money came in for this charge, and it stays received." in page


def test_a_new_day_is_shown_with_its_story(world: World) -> None:
    charge, client = world.charge("asaas"), browser("Operator", "olga")
    day = world.today() + timedelta(days=20)
    page = read(client.get(address(charge, "due-date")))
    assert f'value="{charge.due_date.isoformat()}"' in page and "Code and boleto are made anew" in page
    shown = read(client.post(address(charge, "due-date"), form(day=day.isoformat()), follow=True))
    assert f"The due date was moved to {day:%m/%d/%Y}" in shown
    assert f"olga asked for {day:%m/%d/%Y} as the due date" in shown


@pytest.mark.parametrize(
    ("page", "values", "said"),
    [
        ("due-date", {"day": "2020-01-01"}, "This day has passed"),
        ("due-date", {"day": ""}, "This field is required"),
        ("due-date", {"day": "2026-12-01"}, "It is due on this day already"),
        ("cash", {"day": "2099-01-01", "amount": "1,00"}, "This day has not come yet"),
        ("cash", {"day": "2026-01-01", "amount": "0"}, "Type an amount above zero."),
        ("cash", {"day": "2026-01-01", "amount": "9" * 20}, "below one hundred million"),
        ("cash", {"day": "2026-01-01", "amount": "much"}, "Type an amount such as 150,00."),
        ("amount", {"amount": "100.00"}, "It asks for this amount already"),
        ("amount", {"amount": "4.99"}, "this is under what Asaas takes"),
        ("amount", {"amount": "9" * 20}, "below one hundred million"),
        ("amount", {"amount": "1,2,3"}, "Type an amount such as 150,00."),
        ("description", {"text": "Pedido 77"}, "It says this already"),
        ("description", {"text": " "}, "This field is required"),
        ("cancel", {"submission": "damaged"}, "This form is damaged"),
    ],
)
def test_wrong_input_gets_a_sentence(charge: Charge, page: str, values: dict[str, str], said: str) -> None:
    answer = browser().post(address(charge, page), form(**values))
    assert answer.status_code == 422 and said in read(answer) and not ChargeChange.objects.exists()


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_a_new_amount_is_shown_with_its_story(world: World, key: str, client: Client) -> None:
    charge, staff = world.charge(key), browser("Operator", "olga")
    assert 'value="100.00"' in read(staff.get(address(charge, "amount")))
    shown = read(staff.post(address(charge, "amount"), form(amount="120.50"), follow=True))
    assert "The amount was changed to R$ 120.50" in shown and 'data-status="pending"' in shown
    assert "olga asked for R$ 120.50 as the amount" in shown
    charge = world.work(charge)
    page = read(client.get(f"{charge.pay_url}?lang=en"))
    assert "R$ 120.50" in page and "120.50" in charge.pix_text and "data-pix-text" in page


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_while_it_is_changed_the_old_amount_is_not_asked_for(world: World, key: str, client: Client) -> None:
    charge, staff = world.charge(key), browser("Operator", "olga")
    world.fault("error_500", when="before", method="PUT", times=1)
    page = read(staff.post(address(charge, "amount"), form(amount="120.50"), follow=True))
    assert 'data-changing="amount"' in page and "data-pay-link" not in page
    shown = read(client.get(f"{charge.pay_url}?lang=en"))
    assert "This charge is being changed." in shown and "data-pix-text" not in shown
    world.move(seconds=20)
    assert changes.work(ChargeChange.objects.get()).state == "done"
    assert world.work(charge).amount_cents == 12_050


def test_another_description_is_read_by_the_customer(world: World, client: Client) -> None:
    staff = browser("Operator", "olga")
    for key in ("asaas", "mercadopago"):
        charge = world.charge(key)
        shown = read(staff.post(address(charge, "description"), form(text="Pedido 9 <b>"), follow=True))
        assert "The description was changed to “Pedido 9 <b>”" in shown
        assert "Pedido 9 <b>" in read(client.get(f"/pay/{charge.pay_token}/"))


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_what_could_not_be_made_again_is_said(status: str) -> None:
    charge = make_charge(
        make_connection(gateway="mercadopago"), status=status, method="card", failure="Hoje não."
    )
    page = read(browser().get(charge.get_absolute_url()))
    assert "data-not-made" in page and "Hoje não." in page
    Charge.objects.update(failure="")
    assert "data-not-made" not in read(browser("Operator", "olga").get(charge.get_absolute_url()))


def test_cash_is_received_and_undone_by_finance(world: World) -> None:
    charge, client = world.charge("asaas"), browser()
    page = read(client.get(address(charge, "cash")))
    assert 'value="100.00"' in page and "it takes no fee" in page
    day = world.today().isoformat()
    paid = read(client.post(address(charge, "cash"), form(day=day, amount="100.00"), follow=True))
    assert 'data-status="paid"' in paid and "said that R$ 100.00 was received in cash" in paid
    assert offered(client, charge) == (["undo_cash"], [])
    undone = read(client.post(address(charge, "undo-cash"), form(), follow=True))
    assert 'data-status="pending"' in undone and "The receipt in cash was undone" in undone


def test_a_cancelled_charge_is_restored(world: World) -> None:
    charge, client = world.charge("asaas"), browser("Operator", "olga")
    client.post(address(charge, CANCEL), form())
    page = read(client.post(address(charge, "restore"), form(), follow=True))
    assert 'data-status="pending"' in page and "The charge was restored" in page and "data-pay-link" in page


def test_operators_cannot_speak_of_cash(charge: Charge) -> None:
    client = browser("Operator", "olga")
    for page in ("cash", "undo-cash"):
        assert client.get(address(charge, page)).status_code == 403
        assert client.post(address(charge, page), form(day="2026-11-01", amount="1")).status_code == 403
    assert not ChargeChange.objects.exists()


@pytest.mark.parametrize(
    "page", ["cancel", "due-date", "amount", "description", "cash", "undo-cash", "restore"]
)
def test_who_is_limited_to_other_accounts_sees_no_such_charge(charge: Charge, page: str) -> None:
    client = browser()
    ConnectionAccess.objects.create(user=User.objects.get(username="fina"), connection=make_connection())
    assert client.get(address(charge, page)).status_code == 404
    assert client.post(address(charge, page), form()).status_code == 404


def test_a_forged_form_changes_nothing(charge: Charge) -> None:
    client = browser()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(address(charge, CANCEL), form()).status_code == 403
    assert not ChargeChange.objects.exists()


def test_every_kind_of_change_has_its_page_and_words() -> None:
    assert set(change_words.WORDS) == set(change_words.PERMISSIONS) == set(ChangeKind)
    charge = make_charge()
    for kind in ChangeKind:
        for found in Obstacle:
            if found == Obstacle.CANNOT and kind == ChangeKind.CANCEL:
                continue
            assert "%(" not in change_words.obstacle(charge, kind, found)
        for step in ("asked", "done", "refused"):
            assert (kind.value, step) in change_words._STEPS
