"""The pages on which a subscription is paused, changed, cancelled and reviewed."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client

from connections.gateways.errors import RequestRefused
from payments.models import AgreementChange, Subscription, SubscriptionAmount
from payments.services.subscribing import create_subscription
from tests.factories import NOW, make_subscription
from tests.payments.recurring import Books, at, new
from tests.payments.test_subscription_pages import ENGLISH, browser_of, page

pytestmark = [pytest.mark.django_db, pytest.mark.small]


@pytest.fixture
def operator(clock: Any, books: dict[str, Books]) -> Client:
    return browser_of("Operator")


@pytest.fixture
def own(operator: Client) -> Subscription:
    return create_subscription(new(at("bills")))


def send(client: Client, own: Subscription, kind: str, **values: str) -> str:
    """The page that the form leads to."""
    form = {"submission": str(uuid.uuid4()), **values}
    answer = client.post(f"{own.get_absolute_url()}{kind}/", form, follow=True, headers=ENGLISH)
    return unescape(answer.content.decode())


def test_what_can_be_done_follows_the_state(operator: Client, own: Subscription) -> None:
    shown = page(operator, own.get_absolute_url())
    for kind in ("pause", "amount", "description", "cancel"):
        assert f'data-action="{kind}"' in shown
    assert 'data-action="resume"' not in shown
    paused = send(operator, own, "pause")
    assert 'data-state="paused"' in paused and "data-paused" in paused
    assert 'data-action="resume"' in paused and 'data-cannot="amount"' in paused
    assert 'data-state="active"' in send(operator, own, "resume")
    over = send(operator, own, "cancel")
    assert 'data-state="cancelled"' in over and "data-action" not in over and "data-live-url" not in over


def test_a_new_amount_may_be_for_what_is_open(operator: Client, own: Subscription, books: Any) -> None:
    form = page(operator, f"{own.get_absolute_url()}amount/")
    assert 'name="with_open"' in form and 'value="49.90"' in form
    send(operator, own, "amount", amount="59,90", with_open="on")
    own.refresh_from_db()
    assert own.amount_cents == 5_990 and books["bills"].changes[-1].with_open


def test_no_box_for_what_is_open_where_the_gateway_cannot(operator: Client) -> None:
    hosted = make_subscription(at("cards"))
    form = page(operator, f"{hosted.get_absolute_url()}amount/")
    assert 'name="with_open"' not in form and 'name="amount"' in form


@pytest.mark.parametrize("amount", ["49,90", "1,00", "dez"])
def test_a_wrong_amount_is_named_and_kept(operator: Client, own: Subscription, amount: str) -> None:
    form = {"submission": str(uuid.uuid4()), "amount": amount}
    answer = operator.post(f"{own.get_absolute_url()}amount/", form)
    shown = answer.content.decode()
    assert answer.status_code == 422 and 'id="error-amount"' in shown and f'value="{amount}"' in shown
    assert not AgreementChange.objects.exists()


def test_a_form_sent_twice_is_one_change(operator: Client, own: Subscription) -> None:
    form = {"submission": str(uuid.uuid4()), "text": "Plano ouro"}
    for _time in range(2):
        operator.post(f"{own.get_absolute_url()}description/", form)
    assert AgreementChange.objects.get().state == "done"


def test_a_refusal_is_told_in_the_gateways_words(operator: Client, own: Subscription, books: Any) -> None:
    def refuse() -> None:
        raise RequestRefused("Assinatura bloqueada.")

    books["bills"].before["change"] = refuse
    shown = send(operator, own, "pause")
    assert 'data-not-changed="pause"' in shown and "Assinatura bloqueada." in shown


def test_what_is_over_says_why_nothing_can_be_changed(operator: Client) -> None:
    own = make_subscription(state="cancelled")
    shown = page(operator, f"{own.get_absolute_url()}pause/")
    assert (
        'data-why-not="over"' in shown and "<form" not in shown.split("data-why-not")[1].split("</main>")[0]
    )


def test_a_pause_is_explained_as_the_gateway_has_it(operator: Client, own: Subscription) -> None:
    ahead = page(operator, f"{own.get_absolute_url()}pause/")
    assert "up to 40 days ahead" in ahead and "is charged afterwards." in ahead
    hosted = page(operator, f"{make_subscription(at('cards')).get_absolute_url()}pause/")
    assert "days ahead" not in hosted and "is not charged afterwards either." in hosted


def decide(client: Client, own: Subscription, note: str = "Combinado por telefone.") -> Any:
    address = f"{own.get_absolute_url()}review/"
    shown = page(client, address)
    hidden = {
        name: re.findall(rf'name="{name}"(?: value="([^"]*)")?', shown)[0] for name in ("mark", "cents")
    }
    return lambda **other: client.post(address, {**hidden, "note": note, **other})


def test_finance_agrees_with_the_gateways_amount(operator: Client) -> None:
    own, finance = make_subscription(review_reason="amount"), browser_of("Finance")
    SubscriptionAmount.objects.create(subscription=own, since=NOW, amount_cents=5_990, is_agreed=False)
    assert 'data-review="amount"' in page(operator, own.get_absolute_url())
    assert operator.get(f"{own.get_absolute_url()}review/").status_code == 403
    decide(finance, own)()
    own.refresh_from_db()
    assert (own.amount_cents, own.review_reason) == (5_990, "")
    assert "Combinado por telefone." in page(finance, own.get_absolute_url())


def test_a_decision_on_what_changed_meanwhile_is_not_taken(operator: Client) -> None:
    own, finance = make_subscription(review_reason="amount"), browser_of("Finance")
    SubscriptionAmount.objects.create(subscription=own, since=NOW, amount_cents=5_990, is_agreed=False)
    press = decide(finance, own)
    SubscriptionAmount.objects.create(subscription=own, since=NOW, amount_cents=99_900, is_agreed=False)
    answer = press()
    assert answer.status_code == 422 and b"data-changed" in answer.content
    own.refresh_from_db()
    assert own.amount_cents == 4_990 and "Combinado" in answer.content.decode()


def test_only_the_amount_that_was_shown_is_agreed_to(operator: Client) -> None:
    own, finance = make_subscription(review_reason="amount"), browser_of("Finance")
    SubscriptionAmount.objects.create(subscription=own, since=NOW, amount_cents=5_990, is_agreed=False)
    press = decide(finance, own)
    answer = press(cents="99900")
    assert answer.status_code == 422 and b"data-changed" in answer.content
    assert press(cents="much").status_code == 422
    assert not own.amounts.filter(is_agreed=True, amount_cents__gt=own.amount_cents).exists()
    press()
    assert own.amounts.last().is_agreed  # type: ignore[union-attr]


def test_other_reviews_are_closed_with_a_note(operator: Client) -> None:
    own, finance = make_subscription(review_reason="twin"), browser_of("Finance")
    assert decide(finance, own, note="")().status_code == 422
    decide(finance, own)()
    own.refresh_from_db()
    assert own.review_reason == ""
