"""What stands above on a charge's page: what it waits for, the gateway asked, and notes for colleagues."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import responses
from django.contrib.auth.models import User
from django.test import Client

from backoffice.groups import AUDITOR, keep_groups
from config import clock
from payments.models import Charge, TimelineEntry
from payments.services import noting
from tests import factories
from tests.backoffice.people import make_person
from tests.pages.test_actions import API, at_asaas, press

ENGLISH = {"accept-language": "en"}


def read(client: Client, charge: Charge) -> str:
    return unescape(client.get(charge.get_absolute_url(), headers=ENGLISH).content.decode())


def test_asking_shows_what_was_new(operator: Client, charges: dict[str, Charge]) -> None:
    payment = charges["pending"].payments.get()
    with responses.RequestsMock() as gateway:
        gateway.get(f"{API}/payments/{payment.gateway_id}", json=at_asaas(payment, "RECEIVED"))
        page = press(operator, charges["pending"], "ask")
    assert 'data-status="paid"' in page and "something was new" in page
    assert "The gateway was last asked just now." in page and "carla had the gateway asked" in page


def test_a_gateway_that_is_away_is_said(operator: Client, charges: dict[str, Charge]) -> None:
    payment = charges["pending"].payments.get()
    with responses.RequestsMock() as gateway:
        gateway.get(f"{API}/payments/{payment.gateway_id}", status=500)
        page = press(operator, charges["pending"], "ask")
    assert 'class="notice warning"' in page and 'data-status="pending"' in page


def test_who_only_reads_is_offered_neither(people: Any, charges: dict[str, Charge]) -> None:
    keep_groups()
    client = Client()
    client.force_login(make_person("aline", AUDITOR))
    page = read(client, charges["pending"])
    assert 'id="ask-now"' not in page and 'id="note"' not in page and "data-asked" in page
    for action in ("ask", "note"):
        assert client.post(f"{charges['pending'].get_absolute_url()}{action}/").status_code == 403


def test_says_what_it_waits_for_and_until_when(operator: Client, charges: dict[str, Charge]) -> None:
    charge = charges["pending"]
    ends, looks = clock.now() + timedelta(hours=5), clock.now() + timedelta(hours=2)
    Charge.objects.filter(pk=charge.pk).update(pix_expires_at=ends, check_due_at=looks)
    page = read(operator, charge)
    assert "until the customer pays with the PIX code" in page and "It can be paid until" in page
    assert "it is asked by itself at" in page
    Charge.objects.filter(pk=charge.pk).update(pix_expires_at=None, check_due_at=None)
    page = read(operator, charge)
    assert "it counts as overdue" in page and "it is asked by itself" not in page
    for name in ("paid", "cancelled", "review", "failed"):
        assert "data-waits" not in read(operator, charges[name]), name


def test_a_note_stands_in_the_story_and_nowhere_else(operator: Client, charges: dict[str, Charge]) -> None:
    charge, text = charges["pending"], "Wants to pay <on> Friday\nCall first"
    for _press in range(2):
        answer = operator.post(f"{charge.get_absolute_url()}note/", {"text": text})
        assert answer.url == f"{charge.get_absolute_url()}#story-title"
    entry = TimelineEntry.objects.get(code="note")
    assert (entry.actor.get_username() if entry.actor else "", entry.charge) == ("carla", charge)
    page = operator.get(charge.get_absolute_url(), headers=ENGLISH).content.decode()
    assert "Wants to pay &lt;on&gt; Friday" in page and "note of carla" in page
    assert (
        "Friday" in read(operator, charge) and "Friday" not in operator.get(charge.pay_url).content.decode()
    )
    assert "Friday" not in operator.get(f"/api/v1/charges/{charge.reference}/").content.decode()


@pytest.mark.parametrize("text", ["", "   ", "a" * (noting.MOST_LETTERS + 1)])
def test_what_is_no_note_is_said_and_nothing_typed_is_lost(
    operator: Client, charges: dict[str, Charge], text: str
) -> None:
    answer = operator.post(f"{charges['pending'].get_absolute_url()}note/", {"text": text})
    page = answer.content.decode()
    assert answer.status_code == 422 and 'id="error-text"' in page and text in page
    assert not TimelineEntry.objects.filter(code="note").exists()


def test_anonymised_customers_are_written_about_no_more(
    operator: Client, people: tuple[User, User], charges: dict[str, Charge]
) -> None:
    charge = charges["paid"]
    noting.add_note(charge, "Lives at the corner", actor=people[1])
    charge.customer.anonymised_at = clock.now()
    charge.customer.save()
    assert 'id="note"' not in read(operator, charge)
    operator.post(f"{charge.get_absolute_url()}note/", {"text": "It was Ana"})
    assert TimelineEntry.objects.filter(code="note").count() == 1


def test_main_actions_stand_above_and_rare_ones_apart(admin: Client, charges: dict[str, Charge]) -> None:
    page = read(admin, charges["pending"])
    above, below = page.index('id="main-actions"'), page.index('id="actions-title"')
    assert above < page.index('id="ask-now"') < page.index('data-action="cancel"') < below
    assert page.index('data-action="due_date"') > below
    assert charges["pending"].customer.get_absolute_url() in page
    factories.make_payment(charges["paid"], "paid", paid_at=clock.now())
    assert read(admin, charges["paid"]).index("data-give-back") > 0


def test_a_note_that_is_refused_stands_where_it_was_typed(
    operator: Client, charges: dict[str, Charge]
) -> None:
    """With the cursor in it; what is open there meanwhile leads back to the charge, whoever asks for it."""
    charge = charges["pending"]
    address = f"{charge.get_absolute_url()}note/"
    answer = operator.post(address, {"text": "x" * (noting.MOST_LETTERS + 1)}, headers=ENGLISH)
    page = answer.content.decode()
    assert answer.status_code == 422 and f'action="{address}"' in page and " autofocus" in page
    assert f'href="{charge.get_absolute_url()}?story=' in page
    assert operator.get(address).url == charge.get_absolute_url()  # type: ignore[attr-defined]


def test_line_breaks_of_a_note_count_as_in_the_box(operator: Client, charges: dict[str, Charge]) -> None:
    text = "line\r\n" * (noting.MOST_LETTERS // 5 - 1) + "last"
    operator.post(f"{charges['pending'].get_absolute_url()}note/", {"text": text})
    noted = TimelineEntry.objects.get(code="note")
    assert noted.data["text"] == text.replace("\r\n", "\n")
