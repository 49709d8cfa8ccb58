"""The pages on which money is given back: what they say, what they ask twice, what they refuse."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client

from connections.models import ConnectionAccess
from payments import transitions
from payments.models import Charge, Payment, Refund
from payments.services import reviewing
from tests.factories import make_charge, make_connection, make_payment
from tests.payments import refunds
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db(transaction=True)
ENGLISH = {"accept-language": "en"}


def browser(group: str = "Finance", name: str = "fina") -> Client:
    user = User.objects.create_user(name)
    user.groups.add(Group.objects.get(name=group))
    client = Client(headers=ENGLISH)
    client.force_login(user)
    return client


def address(charge: Charge) -> str:
    return f"/charges/{charge.reference}/refund/"


def form(charge: Charge, **values: str) -> dict[str, str]:
    payment = charge.payments.order_by("pk").first()
    assert payment
    return {
        "submission": str(uuid.uuid4()),
        "payment": payment.gateway_id,
        "amount": "60,00",
        "reason": "customer",
        "note": "",
        **values,
    }


def read(answer: HttpResponse) -> str:
    return unescape(answer.content.decode()).replace("\xa0", " ")


@pytest.fixture
def charge() -> Charge:
    made = make_charge(make_connection(currency="BRL"), status="paid", received_cents=10_000)
    make_payment(made, "paid")
    transitions.apply(made.pk, source="webhook")
    return made


def test_says_what_is_left_and_offers_it(charge: Charge) -> None:
    Payment.objects.filter(charge=charge).update(refunded_cents=2_500, reserved_cents=500)
    page = read(browser().get(address(charge)))
    for amount in ("R$ 100.00", "R$ 25.00", "R$ 5.00", "R$ 70.00"):
        assert amount in page
    assert 'value="70.00"' in page and "Asaas keeps the fee" in page


def test_the_amount_is_offered_as_the_reader_types_it(charge: Charge) -> None:
    client = browser()
    client.cookies.clear()
    client.force_login(User.objects.get())
    assert 'value="100,00"' in read(client.get(address(charge), headers={"accept-language": "pt-br"}))


def test_asks_once_more_before_anything_is_asked_for(world: World) -> None:
    charge, client = refunds.paid(world, "asaas"), browser()
    first = client.post(address(charge), form(charge))
    page = read(first)
    assert first.status_code == 200 and "data-confirming" in page and "R$ 60.00" in page
    assert charge.customer.name in page and not Refund.objects.exists() and refunds.calls(world) == []
    changed = client.post(address(charge), form(charge, change="1"))
    assert changed.status_code == 200 and "data-confirming" not in read(changed)


def test_pressed_the_second_time_it_goes_back(world: World) -> None:
    """Exactly what the page that asked once more sends."""
    charge, client = refunds.paid(world, "mercadopago"), browser()
    shown = read(client.post(address(charge), form(charge, reason="other", note="Came back broken")))
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown))
    sent["note"] = "Came back broken"
    answer = client.post(address(charge), {**sent, "confirmed": "1"}, follow=True)
    refund = Refund.objects.get()
    assert (refund.state, refund.amount_cents, refund.reason) == ("done", 6_000, "other")
    assert (refund.note, refund.requested_by) == ("Came back broken", User.objects.get(username="fina"))
    page = read(answer)
    assert "R$ 60.00 was given back." in page and 'data-refund="done"' in page
    assert "fina asked to give back R$ 60.00" in page and "Came back broken" in page


def test_a_form_sent_again_gives_nothing_more(world: World) -> None:
    charge, client = refunds.paid(world, "asaas"), browser()
    sent = form(charge, confirmed="1")
    for _time in range(2):
        answer = client.post(address(charge), sent, follow=True)
    assert "nothing more was given back" in read(answer)
    assert refunds.given(world, charge) == [60.0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"amount": "100,01"}, "Only R$ 100.00 is left of this payment"),
        ({"amount": "0"}, "Type an amount above zero."),
        ({"amount": "-5"}, "Type an amount such as 150,00."),
        ({"amount": "much"}, "Type an amount such as 150,00."),
        ({"reason": ""}, "Choose why"),
        ({"reason": "whim"}, "Select a valid choice"),
        ({"reason": "other", "note": "  "}, "Write a few words"),
        ({"payment": "pay_of_somebody_else"}, "Select a valid choice"),
        ({"submission": "damaged"}, "This form is damaged"),
    ],
)
def test_wrong_input_gets_a_sentence(charge: Charge, values: dict[str, str], said: str) -> None:
    answer = browser().post(address(charge), form(charge, **{**values, "confirmed": "1"}))
    assert answer.status_code == 422 and said in read(answer) and not Refund.objects.exists()


def test_a_currency_without_cents_takes_whole_amounts() -> None:
    charge = make_charge(make_connection(currency="CLP"), status="paid")
    make_payment(charge, "paid")
    client = browser()
    assert 'value="100"' in read(client.get(address(charge)))
    answer = client.post(address(charge), form(charge, amount="60,50"))
    assert answer.status_code == 422 and "has no cents" in read(answer)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"is_cash": True}, "received in cash"),
        ({"status": "disputed"}, "contests this payment"),
        ({"refunded_cents": 10_000}, "Nothing is left"),
        ({"method": "any"}, "does not give back payments made in this way"),
    ],
)
def test_says_why_nothing_can_be_given_back(charge: Charge, values: dict[str, Any], said: str) -> None:
    Payment.objects.filter(charge=charge).update(**values)
    client = browser()
    page = read(client.get(address(charge)))
    assert said in page and 'name="amount"' not in page
    assert "data-give-back" not in read(client.get(charge.get_absolute_url()))


def test_a_refusal_is_told_with_what_to_do(world: World) -> None:
    charge, client = refunds.paid(world, "asaas"), browser()
    world.control(f"accounts/{world.accounts['asaas']['id']}", opening_balance=-refunds.BALANCE)
    page = read(client.post(address(charge), form(charge, confirmed="1"), follow=True))
    assert "was not given back. The reason is below." in page and 'data-refund="denied"' in page
    assert "balance at Asaas does not cover it" in page


def test_a_double_payment_leads_to_the_second() -> None:
    charge = make_charge(make_connection(currency="BRL"), status="paid")
    first, second = (make_payment(charge, "paid") for _time in range(2))
    transitions.apply(charge.pk, source="webhook")
    client = browser()
    page = read(client.get(f"/charges/{charge.reference}/review/"))
    link = f"{address(charge)}?payment={second.gateway_id}"
    assert link in page
    chosen = re.search(r'<input type="radio"[^>]*value="(\w+)" checked', read(client.get(link)))
    assert chosen and chosen[1] == second.gateway_id != first.gateway_id


def in_doubt(world: World) -> Refund:
    charge = refunds.paid(world, "asaas")
    world.fault("error_500", when="before", method="POST", path="refund", times=1)
    refund = refunds.give_back(charge, 6_000)
    for minutes in (1, 2, 6, 11):
        world.move(minutes=minutes)
        refunds.work(refund)
    return refund


def test_a_refund_in_doubt_leads_to_its_page_and_is_decided_there(world: World) -> None:
    refund, client = in_doubt(world), browser()
    charge = refund.charge
    assert "Say what became of it" in read(client.get(charge.get_absolute_url()))
    review = client.get(f"/charges/{charge.reference}/review/")
    assert review["Location"] == refund.get_absolute_url()
    assert "So far the gateway shows no refund" in read(client.get(refund.get_absolute_url()))
    assert client.post(refund.get_absolute_url(), {}).status_code == 422
    kept = read(client.post(refund.get_absolute_url(), {"was_made": "yes"}, follow=True))
    assert "shows no refund of this amount" in kept
    freed = read(client.post(refund.get_absolute_url(), {"was_made": "no"}, follow=True))
    assert "Your decision is kept" in freed and 'data-refund="withdrawn"' in freed
    assert client.get(refund.get_absolute_url())["Location"] == charge.get_absolute_url()


def test_a_review_is_no_way_around_that_page(world: World) -> None:
    refund = in_doubt(world)
    shown = reviewing.review(refund.charge)
    assert shown and shown.reason == "refund"
    actor = refunds.person()
    outcome = reviewing.accept(refund.charge, mark=shown.mark, actor=actor, note="Whatever.")
    assert outcome == reviewing.Outcome.CHANGED and not refund.charge.decisions.exists()


def test_the_page_of_a_charge_changes_with_its_refunds(charge: Charge) -> None:
    client = browser(group="Auditor", name="audra")
    marks = set()
    for state in ("none", "reserved", "pending", "done"):
        if state == "reserved":
            refunds.refunding._reserve(refunds.asking(charge, 6_000))
        Refund.objects.update(state=state)
        page = client.get(charge.get_absolute_url()).content.decode()
        marks.update(re.findall(r'data-mark="([^"]+)"', page))
        assert ("data-live-url" in page) is (state in ("reserved", "pending"))
        assert "data-give-back" not in page, "auditors look only"
    assert len(marks) == 4


def test_who_is_limited_to_other_accounts_sees_no_such_charge(charge: Charge) -> None:
    client = browser()
    ConnectionAccess.objects.create(user=User.objects.get(username="fina"), connection=make_connection())
    assert client.get(address(charge)).status_code == 404
    assert client.post(address(charge), form(charge, confirmed="1")).status_code == 404
    assert not Refund.objects.exists()
