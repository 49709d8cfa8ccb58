"""What a link to pay gives away, and that it can be ended."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from config import clock
from payments.models import Charge
from payments.services import links
from tests.pages import sample_pay

ENGLISH = {"accept-language": "en"}


def read(charge: Charge) -> str:
    answer = Client().get(f"/pay/{charge.pay_token}/", {"lang": "en"})
    assert answer.status_code == 200 and not answer.cookies
    return unescape(answer.content.decode())


def set_to(charge: Charge, **values: object) -> Charge:
    Charge.objects.filter(pk=charge.pk).update(**values)
    charge.refresh_from_db()
    return charge


@pytest.mark.parametrize("name", ["pending", "paid", "cancelled"])
def test_a_preview_tells_who_asks_and_nothing_of_the_customer(charges: dict[str, Charge], name: str) -> None:
    """Messengers show title and description of a link to everybody in the conversation."""
    charge = charges[name]
    head = read(charge).split("</head>")[0]
    told = re.findall(r'<title>(.*?)</title>|<meta [^>]*content="(.*?)"', head)
    shown = " ".join(one or other for one, other in told)
    assert "Padaria Aurora Ltda" in shown and "Open this page to see the charge" in shown
    private = (charge.customer.name, charge.customer.email, charge.description, "150", charge.reference)
    assert not [text for text in private if text in shown]
    assert 'property="og:title"' in head and "og:image" not in head


def test_operator_ends_a_link(operator: Client, charges: dict[str, Charge]) -> None:
    charge = charges["pending"]
    old = f"/pay/{charge.pay_token}/"
    page = operator.get(charge.get_absolute_url(), headers=ENGLISH).content.decode()
    assert f'action="{charge.get_absolute_url()}new-link/"' in page
    answer = operator.post(f"{charge.get_absolute_url()}new-link/", follow=True, headers=ENGLISH)
    shown = unescape(answer.content.decode())
    charge.refresh_from_db()
    assert Client().get(old).status_code == 404 and Client().get(f"{old}state/").status_code == 404
    assert old not in shown and charge.pay_url in shown
    assert "carla made a new link to pay" in shown and "The old link leads nowhere now." in shown
    assert "data-pix-text" in read(charge)


def test_a_receipts_link_can_be_ended_too(operator: Client, charges: dict[str, Charge]) -> None:
    page = operator.get(charges["paid"].get_absolute_url()).content.decode()
    assert f'action="{charges["paid"].get_absolute_url()}new-link/"' in page


def test_pressed_twice_makes_one_link(charges: dict[str, Charge]) -> None:
    first, second = (Charge.objects.get(pk=charges["pending"].pk) for _press in range(2))
    actor = charges["pending"].created_by
    assert actor
    links.new_link(first, actor=actor)
    made = Charge.objects.get(pk=first.pk).pay_token
    links.new_link(second, actor=actor)
    assert Charge.objects.get(pk=first.pk).pay_token == made
    assert first.timeline.filter(code="new_link").count() == 1


@pytest.mark.parametrize(
    ("left", "is_said", "is_counted"),
    [
        (timedelta(minutes=29), True, True),
        (timedelta(hours=25), True, False),
        (timedelta(days=300), False, False),
    ],
)
def test_tells_how_long_a_code_lives_when_that_is_near(
    charges: dict[str, Charge], left: timedelta, is_said: bool, is_counted: bool
) -> None:
    page = read(set_to(charges["pending"], pix_expires_at=clock.now() + left))
    assert ("Valid until" in page) == is_said
    assert bool(re.search(r'role="timer"[^>]*data-seconds="17\d\d"', page)) == is_counted


def test_the_page_of_a_gateway_is_counted_down_too(charges: dict[str, Charge]) -> None:
    end = clock.now() + timedelta(minutes=10)
    assert "data-seconds=" in read(set_to(charges["card"], link_expires_at=end))


def test_each_way_is_there_once(people: object) -> None:
    states = sample_pay.make_states()
    page = read(states["ways"])
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert [name for name in ids if name.startswith("way-")] == [
        *("way-pix", "way-pix-title", "way-boleto", "way-boleto-title", "way-page", "way-page-title")
    ]
    assert "Pay by card at Asaas" in page and "Open the boleto to print (PDF)" in page
    assert 'id="ways"' not in read(states["pix"])


def test_disputed_is_said_kindly(people: object) -> None:
    page = read(sample_pay.make_states()["disputed"])
    assert "This payment was contested and is being looked into. You do not have to pay again." in page
