"""Changing a subscription at Mercado Pago: one thing a call, nothing believed (mercadopago.md 4.4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.base import SubscriptionChange, SubscriptionStatus
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from tests.gateways import sample
from tests.gateways.mercadopago.desk import add, gateway, sent

SUBSCRIPTION = "6d5c4b3a29181716151413121110ffee"
PATH = f"/preapproval/{SUBSCRIPTION}"
PAUSED_SENTENCE = {"message": "You can not modify a paused preapproval.", "status": 400}


def raw(**changes: Any) -> dict[str, Any]:
    return sample.body("mercadopago", "subscription", **changes)


def change(**changes: Any) -> None:
    gateway().change_subscription(SUBSCRIPTION, SubscriptionChange(**changes))


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (SubscriptionStatus.ACTIVE, "authorized"),
        (SubscriptionStatus.PAUSED, "paused"),
        (SubscriptionStatus.CANCELLED, "cancelled"),
    ],
)
def test_asks_for_a_state_in_the_gateways_word(mercado: Any, status: SubscriptionStatus, word: str) -> None:
    add(mercado, "PUT", PATH, raw(status="whatever"))
    change(status=status)
    assert sent(mercado, "PUT") == [{"status": word}]


@pytest.mark.parametrize(
    ("currency", "cents", "amount"), [("BRL", 4990, Decimal("49.90")), ("CLP", 990_000, 9900)]
)
def test_writes_a_new_amount_as_its_currency_does(
    mercado: Any, currency: str, cents: int, amount: Decimal | int
) -> None:
    terms = {**raw()["auto_recurring"], "currency_id": currency}
    add(mercado, "GET", PATH, raw(auto_recurring=terms))
    add(mercado, "PUT", PATH, raw())
    change(amount_cents=cents, with_open=True)
    wanted = {"auto_recurring": {"transaction_amount": amount, "currency_id": currency}}
    assert sent(mercado, "PUT") == [wanted]
    assert type(sent(mercado, "PUT")[0]["auto_recurring"]["transaction_amount"]) is type(amount)


def test_several_wishes_are_several_calls_and_a_pause_comes_last(mercado: Any) -> None:
    add(mercado, "PUT", PATH, raw())
    change(description="Plano novo", reference="sub_new", status=SubscriptionStatus.PAUSED)
    wanted = [{"reason": "Plano novo"}, {"external_reference": "sub_new"}, {"status": "paused"}]
    assert sent(mercado, "PUT") == wanted


def test_a_paused_one_is_resumed_before_it_is_changed(mercado: Any) -> None:
    add(mercado, "PUT", PATH, raw())
    change(description="Plano novo", status=SubscriptionStatus.ACTIVE)
    assert sent(mercado, "PUT") == [{"status": "authorized"}, {"reason": "Plano novo"}]


def test_no_wish_is_no_call(mercado: Any) -> None:
    change()
    assert not mercado.calls


@pytest.mark.parametrize(
    "changes",
    [
        {"next_due_on": date(2026, 10, 1)},
        {"status": SubscriptionStatus.PENDING},
        {"status": SubscriptionStatus.ENDED},
    ],
)
def test_what_it_cannot_do_is_refused_without_a_call(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused) as caught:
        change(**changes)
    assert caught.value.text.endswith(".")


@pytest.mark.parametrize("word", ["cancelled", "canceled"])
def test_cancelling_what_is_cancelled_is_done(mercado: Any, word: str) -> None:
    refusal = {"message": "Invalid transition from cancelled to cancelled", "status": 400}
    add(mercado, "PUT", PATH, refusal, status=400)
    add(mercado, "GET", PATH, raw(status=word))
    change(status=SubscriptionStatus.CANCELLED)


def test_what_is_cancelled_does_not_come_back(mercado: Any) -> None:
    refusal = {"message": "Invalid transition from cancelled to authorized", "status": 400}
    add(mercado, "PUT", PATH, refusal, status=400)
    add(mercado, "GET", PATH, raw(status="cancelled"))
    with pytest.raises(RequestRefused) as caught:
        change(status=SubscriptionStatus.ACTIVE)
    assert caught.value.text == refusal["message"]
    assert "another subscription" in caught.value.advice


def test_a_paused_one_cannot_be_changed(mercado: Any) -> None:
    add(mercado, "PUT", PATH, PAUSED_SENTENCE, status=400)
    with pytest.raises(RequestRefused) as caught:
        change(description="Plano novo")
    assert (caught.value.text, "resume" in caught.value.advice) == (PAUSED_SENTENCE["message"], True)


def test_one_that_is_not_there_is_not_found(mercado: Any) -> None:
    add(mercado, "PUT", PATH, {"message": "not valid for callerId 1", "status": 400}, status=400)
    with pytest.raises(NotFound):
        change(status=SubscriptionStatus.PAUSED)


def test_a_lost_answer_may_have_changed_it(mercado: Any) -> None:
    add(mercado, "PUT", PATH, status=502)
    with pytest.raises(GatewayUnavailable) as caught:
        change(status=SubscriptionStatus.PAUSED)
    assert caught.value.maybe_sent
