"""What a subscription issued, and how it is changed (asaas.md 4.2)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from responses import matchers

from connections.gateways.base import PaymentStatus, SubscriptionChange, SubscriptionStatus, TurnState
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused, UnreadableAnswer
from tests.gateways import sample
from tests.gateways.asaas.desk import add, error, gateway, listed, sent

SUBSCRIPTION = "sub_h4t7p0a9s2e6w1qz"
PATH = f"/subscriptions/{SUBSCRIPTION}"
PAYMENT_ID = "pay_k3v9x0q2m7d1r5tz"
FORBIDDEN = error("invalid_action", "A assinatura não pode ser alterada.")
REMOVED = {"deleted": True, "id": SUBSCRIPTION}


def payment(**changes: object) -> dict[str, Any]:
    values = {"subscription": SUBSCRIPTION, "externalReference": "sub-7", **changes}
    return sample.body("asaas", "payment_pix", **values)


def removed() -> dict[str, Any]:
    return sample.body("asaas", "subscription", deleted=True, status="INACTIVE")


def change(**values: Any) -> None:
    gateway().change_subscription(SUBSCRIPTION, SubscriptionChange(**values))


def paging(offset: int) -> list[Any]:
    return [matchers.query_param_matcher({"limit": "100", "offset": str(offset)})]


def test_reads_what_was_issued_the_oldest_first(asaas: Any) -> None:
    second = payment(id="pay_2", dueDate="2026-10-05", externalReference=None)
    add(asaas, "GET", f"{PATH}/payments", listed(second, payment(status="RECEIVED")), match=paging(0))
    first, later = gateway().fetch_turns(SUBSCRIPTION)
    assert (first.gateway_id, first.state, first.due_on) == (PAYMENT_ID, TurnState.DONE, date(2026, 9, 5))
    assert (later.gateway_id, later.state, later.due_on) == ("pay_2", TurnState.SCHEDULED, date(2026, 10, 5))
    assert (first.subscription_id, first.amount_cents, first.reference) == (SUBSCRIPTION, 15000, "sub-7")
    assert first.payment is not None and first.payment.status is PaymentStatus.PAID
    assert first.payment_ids == (PAYMENT_ID,) and first.payment.subscription_id == SUBSCRIPTION


def test_reads_every_page(asaas: Any) -> None:
    """Each page begins with the end of the one before, as rows move while they are read."""
    rows = [payment(id=f"pay_{number}", dueDate=f"20{99 - number // 12}-01-01") for number in range(150)]
    for offset, items in ((0, rows[:100]), (90, rows[90:])):
        page = {"object": "list", "hasMore": offset == 0, "totalCount": 150, "data": items}
        add(asaas, "GET", f"{PATH}/payments", page, match=paging(offset))
    turns = gateway().fetch_turns(SUBSCRIPTION)
    assert [turn.gateway_id for turn in turns] == [f"pay_{number}" for number in reversed(range(150))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "PENDING"}, TurnState.SCHEDULED),
        ({"status": "OVERDUE"}, TurnState.DONE),
        ({"status": "CONFIRMED"}, TurnState.DONE),
        ({"status": "CHARGEBACK_REQUESTED"}, TurnState.DONE),
        ({"status": "PENDING", "deleted": True}, TurnState.CANCELLED),
        ({"status": "INVENTED_YESTERDAY"}, None),
    ],
)
def test_tells_what_asaas_still_does_about_a_turn(
    asaas: Any, changes: dict[str, Any], expected: TurnState | None
) -> None:
    add(asaas, "GET", f"/payments/{PAYMENT_ID}", payment(**changes))
    turn = gateway().fetch_turn(PAYMENT_ID)
    assert (turn.state, turn.gateway_status) == (expected, changes["status"])
    assert gateway().find_turn(PAYMENT_ID) == turn


def test_a_payment_of_no_subscription_is_no_turn(asaas: Any) -> None:
    add(asaas, "GET", f"/payments/{PAYMENT_ID}", "payment_pix")
    with pytest.raises(NotFound):
        gateway().fetch_turn(PAYMENT_ID)
    assert gateway().find_turn(PAYMENT_ID) is None


def test_a_payment_nobody_knows_is_no_turn(asaas: Any) -> None:
    add(asaas, "GET", f"/payments/{PAYMENT_ID}", status=404)
    assert gateway().find_turn(PAYMENT_ID) is None


@pytest.mark.parametrize("other", [None, "sub_0"])
def test_takes_no_payment_of_another_subscription(asaas: Any, other: str | None) -> None:
    add(asaas, "GET", f"{PATH}/payments", listed(payment(), payment(id="pay_2", subscription=other)))
    with pytest.raises(NotFound):
        gateway().fetch_turns(SUBSCRIPTION)


@pytest.mark.parametrize("content", [{}, [], {"data": {}}, {"data": [{}]}])
def test_turns_it_cannot_read_are_not_none(asaas: Any, content: Any) -> None:
    add(asaas, "GET", f"{PATH}/payments", content)
    with pytest.raises(UnreadableAnswer):
        gateway().fetch_turns(SUBSCRIPTION)


@pytest.mark.parametrize("gateway_id", ["", SUBSCRIPTION])
def test_turns_of_what_nobody_knows(asaas: Any, gateway_id: str) -> None:
    if gateway_id:
        add(asaas, "GET", f"{PATH}/payments", status=404)
    with pytest.raises(NotFound):
        gateway().fetch_turns(gateway_id)


@pytest.mark.parametrize(
    ("values", "body"),
    [
        ({"status": SubscriptionStatus.PAUSED}, {"status": "INACTIVE"}),
        ({"status": SubscriptionStatus.ACTIVE}, {"status": "ACTIVE"}),
        ({"amount_cents": 9990}, {"value": 99.9}),
        ({"amount_cents": 9990, "with_open": True}, {"value": 99.9, "updatePendingPayments": True}),
        ({"description": ""}, {"description": ""}),
        ({"next_due_on": date(2026, 12, 24)}, {"nextDueDate": "2026-12-24"}),
        ({"reference": "sub-8"}, {"externalReference": "sub-8"}),
    ],
)
def test_sends_only_what_shall_be_otherwise(asaas: Any, values: dict[str, Any], body: object) -> None:
    add(asaas, "PUT", PATH, "subscription")
    change(**values)
    assert (sent(asaas), len(asaas.calls)) == (body, 1)


@pytest.mark.parametrize("values", [{}, {"with_open": True}])
def test_asks_nothing_where_nothing_shall_change(values: dict[str, Any]) -> None:
    change(**values)


@pytest.mark.parametrize("status", [SubscriptionStatus.PENDING, SubscriptionStatus.ENDED])
def test_refuses_a_state_nobody_can_ask_for(status: SubscriptionStatus) -> None:
    with pytest.raises(RequestRefused):
        change(status=status)


def test_removes_it_and_may_be_asked_again(asaas: Any) -> None:
    add(asaas, "DELETE", PATH, REMOVED)
    change(status=SubscriptionStatus.CANCELLED)
    assert [call.request.method for call in asaas.calls] == ["DELETE"]


@pytest.mark.parametrize("answer", [{"status": 404}, {"content": FORBIDDEN, "status": 400}])
def test_removed_before_is_as_good_as_removed_now(asaas: Any, answer: dict[str, Any]) -> None:
    add(asaas, "DELETE", PATH, **answer)
    add(asaas, "GET", PATH, removed())
    change(status=SubscriptionStatus.CANCELLED)


def test_a_refused_removal_says_why(asaas: Any) -> None:
    add(asaas, "DELETE", PATH, FORBIDDEN, status=400)
    add(asaas, "GET", PATH, "subscription")
    with pytest.raises(RequestRefused) as caught:
        change(status=SubscriptionStatus.CANCELLED)
    assert caught.value.text == "A assinatura não pode ser alterada."


def test_removing_what_nobody_knows(asaas: Any) -> None:
    add(asaas, "DELETE", PATH, status=404)
    add(asaas, "GET", PATH, status=404)
    with pytest.raises(NotFound):
        change(status=SubscriptionStatus.CANCELLED)


@pytest.mark.parametrize("content", [{}, {"deleted": False}, []])
def test_an_unclear_removal_is_in_doubt(asaas: Any, content: Any) -> None:
    add(asaas, "DELETE", PATH, content)
    with pytest.raises(GatewayUnavailable) as caught:
        change(status=SubscriptionStatus.CANCELLED)
    assert caught.value.maybe_sent is True


def test_says_that_a_removed_one_cannot_change(asaas: Any) -> None:
    add(asaas, "PUT", PATH, status=404)
    add(asaas, "GET", PATH, removed())
    with pytest.raises(RequestRefused) as caught:
        change(amount_cents=9990)
    assert caught.value.text


def test_changing_what_nobody_knows(asaas: Any) -> None:
    add(asaas, "PUT", PATH, status=404)
    add(asaas, "GET", PATH, status=404)
    with pytest.raises(NotFound):
        change(amount_cents=9990)


def test_a_refused_change_says_why(asaas: Any) -> None:
    refused = error("invalid_nextDueDate", "Não é permitido data de vencimento inferior a hoje.")
    add(asaas, "PUT", PATH, refused, status=400)
    with pytest.raises(RequestRefused) as caught:
        change(next_due_on=date(2026, 1, 1))
    assert (caught.value.field, bool(caught.value.text)) == ("due_date", True)
