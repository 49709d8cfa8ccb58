"""The charges of a subscription at Mercado Pago, and their payments (mercadopago.md 3.3 and 4.5)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connections.gateways.base import GatewayTurn, TurnState
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    NotFound,
    RequestRefused,
    UnreadableAnswer,
)
from connections.gateways.mercadopago.mapping import to_payment
from connections.gateways.mercadopago.turns import to_turn
from tests.gateways import sample
from tests.gateways.mercadopago.desk import add, gateway, page, refusal

SUBSCRIPTION = "6d5c4b3a29181716151413121110ffee"
TURN = "7011223344"
SEARCH = "/authorized_payments/search"
PAYMENT = "98000129999"


def raw(**changes: Any) -> dict[str, Any]:
    return sample.body("mercadopago", "turn", **changes)


def recurring_payment(**changes: Any) -> dict[str, Any]:
    data = {
        "subscription_id": SUBSCRIPTION,
        "first_time_use": False,
        "subscription_sequence": {"number": 1, "total": None},
        "billing_date": "2026-08-01",
    }
    place = {"type": "SUBSCRIPTIONS", "transaction_data": {**data, **changes}}
    return sample.body(
        "mercadopago", "payment_card", operation_type="recurring_payment", point_of_interaction=place
    )


def test_reads_a_turn() -> None:
    assert to_turn(raw()) == GatewayTurn(
        gateway_id=TURN,
        subscription_id=SUBSCRIPTION,
        reference="sub_01J4ZA7P",
        state=TurnState.DONE,
        gateway_status="processed",
        amount_cents=3990,
        currency="BRL",
        due_on=date(2026, 8, 1),
        payment_ids=(PAYMENT,),
        version=datetime(2026, 8, 1, 15, 41, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("scheduled", TurnState.SCHEDULED),
        ("processed", TurnState.DONE),
        ("recycling", TurnState.RETRYING),
        ("cancelled", TurnState.CANCELLED),
        ("canceled", TurnState.CANCELLED),
        ("invented_yesterday", None),
    ],
)
def test_reads_what_the_gateway_will_do(word: str, state: TurnState | None) -> None:
    found = to_turn(raw(status=word))
    assert (found.state, found.gateway_status) == (state, word)


def test_reads_a_turn_that_is_tried_again() -> None:
    changes = {"status": "recycling", "retry_attempt": 2, "next_retry_date": "2026-08-04T11:40:00.000-04:00"}
    found = to_turn(raw(**changes, external_reference=4711))
    assert (found.tries, found.next_try_at) == (2, datetime(2026, 8, 4, 15, 40, tzinfo=UTC))
    assert found.reference == "4711"


@pytest.mark.parametrize("payment", [None, {}, {"id": None}, {"id": 0}, "x", []])
def test_a_turn_nobody_tried_has_no_payment(payment: Any) -> None:
    assert to_turn(raw(status="scheduled", payment=payment)).payment_ids == ()


def test_the_day_is_that_of_the_account() -> None:
    assert to_turn(raw(debit_date="2026-07-31T23:30:00.000-04:00")).due_on == date(2026, 8, 1)


def test_lists_every_turn_oldest_first(mercado: Any) -> None:
    rows = [
        raw(id=3, debit_date="2026-10-01T11:40:00.000-04:00"),
        raw(id=1),
        raw(id=9, preapproval_id="another"),
        raw(id=2, debit_date="2026-09-01T11:40:00.000-04:00"),
    ]
    add(mercado, "GET", SEARCH, page(*rows))
    assert [turn.gateway_id for turn in gateway().fetch_turns(SUBSCRIPTION)] == ["1", "2", "3"]
    assert mercado.calls[0].request.params["preapproval_id"] == SUBSCRIPTION


@pytest.mark.parametrize(
    "lack",
    [
        {"payment": None},
        {"payment": {}, "status": "recycling"},
        {"transaction_amount": None},
        {"preapproval_id": ""},
        {"debit_date": None},
    ],
)
def test_what_the_list_lacks_is_read_by_its_id(mercado: Any, lack: dict[str, Any]) -> None:
    add(mercado, "GET", SEARCH, page(raw(**lack)))
    add(mercado, "GET", f"/authorized_payments/{TURN}", "turn")
    (found,) = gateway().fetch_turns(SUBSCRIPTION)
    assert found == to_turn(raw())


UNREADABLE = [
    (200, "<html>", UnreadableAnswer),
    (503, "", GatewayUnavailable),
    (403, "{}", CredentialsRefused),
]


@pytest.mark.parametrize(("status", "said", "error"), [*UNREADABLE, (400, "{}", RequestRefused)])
@pytest.mark.parametrize("lack", [{"payment": None}, {"preapproval_id": ""}])
def test_a_row_that_cannot_be_read_hides_no_other(
    mercado: Any, status: int, said: str, error: type[GatewayError], lack: dict[str, Any]
) -> None:
    rows = [raw(**lack), raw(id=8, status="scheduled", payment=None), raw(id=9, preapproval_id="another")]
    add(mercado, "GET", SEARCH, page(*rows))
    mercado.get(f"https://api.mercadopago.com/authorized_payments/{TURN}", body=said, status=status)
    first, second = gateway().fetch_turns(SUBSCRIPTION)
    assert (first.gateway_id, type(first.unread)) == (TURN, error)
    assert (second.gateway_id, second.unread) == ("8", None)


@pytest.mark.parametrize(
    ("statuses", "error"), [((503, 503), GatewayUnavailable), ((401,), CredentialsRefused)]
)
def test_a_gateway_that_is_away_is_not_asked_for_every_row(
    mercado: Any, statuses: tuple[int, ...], error: type[GatewayError]
) -> None:
    add(mercado, "GET", SEARCH, page(*(raw(id=number, payment=None) for number in (1, 2, 3))))
    for number, status in enumerate(statuses, start=1):
        mercado.get(f"https://api.mercadopago.com/authorized_payments/{number}", body="{}", status=status)
    with pytest.raises(error):
        gateway().fetch_turns(SUBSCRIPTION)
    assert len(mercado.calls) == 1 + len(statuses)


def test_the_day_names_no_turn_while_one_cannot_be_read(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, page())
    add(mercado, "GET", "/v1/payments/98000123460", recurring_payment())
    add(mercado, "GET", SEARCH, page(raw(), raw(id=8, debit_date=None)))
    mercado.get("https://api.mercadopago.com/authorized_payments/8", body="<html>")
    with pytest.raises(UnreadableAnswer):
        gateway().find_turn("98000123460")


def test_a_row_that_is_whole_costs_no_second_call(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, page(raw(), raw(id=8, status="scheduled", payment=None)))
    assert len(gateway().fetch_turns(SUBSCRIPTION)) == 2
    assert len(mercado.calls) == 1


def test_a_subscription_without_turns_must_exist(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, page())
    subscription = add(mercado, "GET", f"/preapproval/{SUBSCRIPTION}", "subscription")
    assert gateway().fetch_turns(SUBSCRIPTION) == []
    assert subscription.call_count == 1
    mercado.replace(
        "GET", f"https://api.mercadopago.com/preapproval/{SUBSCRIPTION}", json=refusal(404), status=404
    )
    with pytest.raises(NotFound):
        gateway().fetch_turns(SUBSCRIPTION)


def test_reads_one_turn_by_its_id(mercado: Any) -> None:
    add(mercado, "GET", f"/authorized_payments/{TURN}", "turn")
    assert gateway().fetch_turn(TURN) == to_turn(raw())


def test_finds_the_turn_of_a_payment(mercado: Any) -> None:
    other = raw(id=5, payment={"id": 1})
    add(mercado, "GET", SEARCH, page(other, raw()))
    found = gateway().find_turn(PAYMENT)
    assert found is not None and found.gateway_id == TURN
    assert mercado.calls[0].request.params["payment_id"] == PAYMENT


def test_an_earlier_attempt_is_found_by_the_day_it_was_billed_for(mercado: Any) -> None:
    """The turn names its latest attempt only (4.5); the payment names subscription and day (3.3)."""
    add(mercado, "GET", SEARCH, page())
    add(mercado, "GET", "/v1/payments/98000123460", recurring_payment())
    rows = [raw(), raw(id=8, debit_date="2026-09-01T11:40:00.000-04:00")]
    add(mercado, "GET", SEARCH, page(*rows))
    found = gateway().find_turn("98000123460")
    assert found is not None and found.gateway_id == TURN


@pytest.mark.parametrize(
    ("payment", "rows"),
    [
        (recurring_payment(), [raw(), raw(id=8)]),
        (recurring_payment(), []),
        (recurring_payment(billing_date=None), None),
        (recurring_payment(subscription_id=None), None),
        (sample.body("mercadopago", "payment_card"), None),
    ],
)
def test_in_doubt_no_turn_is_named(mercado: Any, payment: Any, rows: Any) -> None:
    add(mercado, "GET", SEARCH, page())
    add(mercado, "GET", "/v1/payments/98000123460", payment)
    if rows is not None:
        add(mercado, "GET", SEARCH, page(*rows))
    assert gateway().find_turn("98000123460") is None


def test_a_payment_that_is_not_there_has_no_turn(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, page())
    add(mercado, "GET", "/v1/payments/98000123460", refusal(404, 2000), status=404)
    assert gateway().find_turn("98000123460") is None


def test_a_payment_names_the_subscription_it_collects_for() -> None:
    found = to_payment(recurring_payment())
    assert (found.subscription_id, found.is_card_check) == (SUBSCRIPTION, False)


@pytest.mark.parametrize("place", [None, {}, [], {"transaction_data": None}, {"transaction_data": "x"}])
def test_any_other_payment_names_none(place: Any) -> None:
    found = to_payment(sample.body("mercadopago", "payment_card", point_of_interaction=place))
    assert (found.subscription_id, found.is_card_check) == ("", False)


def test_the_proof_of_a_card_is_no_money() -> None:
    """Agreeing makes a payment of nothing (4.5)."""
    checked = to_payment(
        {**recurring_payment(), "operation_type": "card_validation", "transaction_amount": 0}
    )
    assert (checked.is_card_check, checked.amount_cents) == (True, 0)
