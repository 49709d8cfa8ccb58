"""Subscriptions: made, looked up, read (asaas.md 4.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from responses import matchers

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.asaas.subscriptions import to_subscription
from connections.gateways.base import (
    Cycle,
    GatewaySubscription,
    Method,
    PlanOrder,
    PreparedCall,
    ResourceKind,
    SubscriptionStatus,
)
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused, UnreadableAnswer
from tests.gateways import sample
from tests.gateways.asaas.desk import add, error, gateway, listed, sent

SUBSCRIPTION = "sub_h4t7p0a9s2e6w1qz"
PATH = f"/subscriptions/{SUBSCRIPTION}"
SEEN = {"reference": "sub-7", "payer": sample.customer(), "since": sample.NOW}


def raw(**changes: object) -> dict[str, Any]:
    return sample.body("asaas", "subscription", **changes)


def read(**changes: object) -> GatewaySubscription:
    return to_subscription(raw(**changes), account_id="acc-1")


def prepared() -> PreparedCall:
    return gateway().prepare_subscription(sample.agreement(method=Method.ANY))


def test_declares_what_the_document_says() -> None:
    rule = AsaasGateway.capabilities.subscriptions
    assert rule is not None
    assert (rule.cycles, rule.methods) == (set(Cycle), set(Method) - {Method.TICKET})
    assert (rule.is_hosted, rule.has_plans, rule.recovers) == (False, False, False)
    assert (rule.moves_open, rule.takes_turns, rule.issues_ahead) == (True, True, 40)


def test_never_says_that_a_repeat_is_harmless() -> None:
    can = AsaasGateway.capabilities
    assert ResourceKind.SUBSCRIPTION not in can.replays | can.resends


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({}, '"CREDIT_CARD","value":89.90,"nextDueDate":"2026-09-10","cycle":"MONTHLY",'),
        ({"method": Method.PIX}, '"PIX","value":89.90,"nextDueDate":"2026-09-10","cycle":"MONTHLY",'),
        (
            {"method": Method.BOLETO, "amount_cents": 500, "cycle": Cycle.WEEKLY},
            '"BOLETO","value":5.00,"nextDueDate":"2026-09-10","cycle":"WEEKLY",',
        ),
        (
            {"method": Method.ANY, "cycle": Cycle.HALF_YEARLY, "starts_on": date(2027, 1, 31)},
            '"UNDEFINED","value":89.90,"nextDueDate":"2027-01-31","cycle":"SEMIANNUALLY",',
        ),
    ],
)
def test_prepares_the_bytes(changes: dict[str, Any], written: str) -> None:
    call = gateway().prepare_subscription(sample.agreement(**changes))
    assert call.body == (
        '{"customer":"cus_000007410933","billingType":'
        + written
        + '"description":"Plano mensal","externalReference":"sub-7"}'
    )
    assert (call.kind, call.method, call.path) == (ResourceKind.SUBSCRIPTION, "POST", "/subscriptions")
    assert call == gateway().prepare_subscription(sample.agreement(**changes))


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"ends_on": date(2027, 8, 10)}, '"endDate":"2027-08-10",'),
        ({"turns": 12}, '"maxPayments":12,'),
        ({"return_url": "https://shop.example.com/thanks"}, ""),
    ],
)
def test_says_when_it_ends_and_sends_nothing_empty(changes: dict[str, Any], end: str) -> None:
    body = gateway().prepare_subscription(sample.agreement(description="", **changes)).body
    assert body.endswith(f'"cycle":"MONTHLY",{end}"externalReference":"sub-7"}}')


@pytest.mark.parametrize(
    ("changes", "field"), [({"customer_id": ""}, "customer"), ({"method": Method.TICKET}, "method")]
)
def test_refuses_what_could_never_be_made(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        gateway().prepare_subscription(sample.agreement(**changes))
    assert caught.value.field == field and caught.value.text


def test_creates_it_with_the_prepared_bytes(asaas: Any) -> None:
    add(asaas, "POST", "/subscriptions", "subscription")
    call = prepared()
    assert gateway().submit_subscription(call) == read()
    assert asaas.calls[0].request.body == call.body.encode()
    assert not [name for name in asaas.calls[0].request.headers if "idempotency" in name.lower()]


@pytest.mark.parametrize("failure", [requests.ReadTimeout("x"), requests.ConnectionError("reset")])
def test_a_lost_answer_leaves_it_in_doubt(asaas: Any, failure: Exception) -> None:
    add(asaas, "POST", "/subscriptions", {}).body = failure
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().submit_subscription(prepared())
    assert (caught.value.maybe_sent, len(asaas.calls)) == (True, 1)


@pytest.mark.parametrize("content", [{}, [], {"id": ""}, None])
def test_an_answer_without_an_id_leaves_it_in_doubt(asaas: Any, content: Any) -> None:
    add(asaas, "POST", "/subscriptions", content)
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().submit_subscription(prepared())
    assert caught.value.maybe_sent is True


@pytest.mark.parametrize(
    ("code", "description", "field"),
    [
        ("invalid_nextDueDate", "Não é permitido data de vencimento inferior a hoje.", "due_date"),
        ("invalid_customer", "Customer inválido ou não informado.", "customer"),
        ("invalid_object", "O valor da cobrança (R$ 3,00) não pode ser menor que R$ 5,00.", "amount"),
        ("invalid_billingType", "Cartão não habilitado", "method"),
    ],
)
def test_says_which_field_was_refused(asaas: Any, code: str, description: str, field: str) -> None:
    add(asaas, "POST", "/subscriptions", error(code, description), status=400)
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_subscription(prepared())
    assert (caught.value.field, caught.value.code, caught.value.text) == (field, code, description)


def test_reads_what_was_created() -> None:
    assert read() == GatewaySubscription(
        gateway_id=SUBSCRIPTION,
        reference="sub-7",
        status=SubscriptionStatus.ACTIVE,
        gateway_status="ACTIVE",
        method=Method.ANY,
        amount_cents=8990,
        currency="BRL",
        account_id="acc-1",
        cycle=Cycle.MONTHLY,
        description="Plano mensal",
        next_due_on=date(2026, 10, 10),
        customer_id="cus_000007410933",
        created_at=datetime(2026, 9, 2, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("word", "is_deleted", "expected"),
    [
        ("ACTIVE", False, SubscriptionStatus.ACTIVE),
        ("INACTIVE", False, SubscriptionStatus.PAUSED),
        ("EXPIRED", False, SubscriptionStatus.ENDED),
        ("INACTIVE", True, SubscriptionStatus.CANCELLED),
        ("ACTIVE", True, SubscriptionStatus.CANCELLED),
        ("INVENTED_YESTERDAY", True, SubscriptionStatus.CANCELLED),
        ("INVENTED_YESTERDAY", False, None),
        ("", False, None),
    ],
)
def test_a_removed_one_is_not_paused(
    word: str, is_deleted: bool, expected: SubscriptionStatus | None
) -> None:
    found = read(status=word, deleted=is_deleted)
    assert (found.status, found.gateway_status, found.is_deleted) == (expected, word, is_deleted)


@pytest.mark.parametrize("cycle", list(Cycle))
def test_reads_the_cycle_it_writes(cycle: Cycle) -> None:
    written = sent_cycle(cycle)
    assert read(cycle=written).cycle is cycle
    assert (read(cycle=written + "X").cycle, read(cycle=None).cycle) == (None, None)


def sent_cycle(cycle: Cycle) -> str:
    body = gateway().prepare_subscription(sample.agreement(cycle=cycle)).body
    return body.partition('"cycle":"')[2].partition('"')[0]


@pytest.mark.parametrize("written", ["2026-10-10", "10/10/2026", "10/10/2026 00:00:00"])
def test_reads_dates_as_they_were_written_before_2026_too(written: str) -> None:
    found = read(nextDueDate=written, endDate=written, dateCreated="02/09/2026")
    assert found.next_due_on == found.ends_on == date(2026, 10, 10)
    assert found.created_at == datetime(2026, 9, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("most", "expected"), [(12, 12), (0, None), (None, None), ("12", None), (True, None)]
)
def test_reads_after_how_many_it_ends(most: object, expected: int | None) -> None:
    assert read(maxPayments=most).turns == expected


def test_reads_the_page_it_was_born_on() -> None:
    assert read(checkoutSession="c-1", externalReference=None).checkout_id == "c-1"


@given(st.dictionaries(st.sampled_from(sorted(raw())), st.none() | st.integers() | st.text() | st.booleans()))
def test_never_raises_whatever_the_body(changes: dict[str, Any]) -> None:
    assert to_subscription({**raw(), **changes}, account_id="").amount_cents is not None


def test_looks_up_removed_ones_too_and_the_oldest_first(asaas: Any) -> None:
    asked = {"externalReference": "sub-7", "includeDeleted": "true", "limit": "100", "offset": "0"}
    content = listed(
        raw(id="sub_3", dateCreated="2026-09-03"),
        raw(id="sub_2", deleted=True, status="INACTIVE"),
        raw(id="sub_1"),
        raw(id="sub_0", externalReference="sub-70"),
    )
    add(asaas, "GET", "/subscriptions", content, match=[matchers.query_param_matcher(asked)])
    found = gateway().find_subscriptions(**SEEN)
    assert [one.gateway_id for one in found] == ["sub_1", "sub_2", "sub_3"]
    assert [one.status for one in found][1] is SubscriptionStatus.CANCELLED


def test_an_empty_reference_finds_nothing_and_asks_nothing() -> None:
    assert gateway().find_subscriptions(**{**SEEN, "reference": ""}) == ()


@pytest.mark.parametrize("content", [{}, [], {"data": "x"}, {"data": [{"object": "subscription"}]}])
def test_a_list_it_cannot_read_is_no_empty_one(asaas: Any, content: Any) -> None:
    add(asaas, "GET", "/subscriptions", content)
    with pytest.raises(UnreadableAnswer):
        gateway().find_subscriptions(**SEEN)


def test_fetches_one(asaas: Any) -> None:
    add(asaas, "GET", PATH, raw(value=Decimal("99.9")))
    assert gateway().fetch_subscription(SUBSCRIPTION) == replace(read(), amount_cents=9990)


@pytest.mark.parametrize("other", [None, "", "sub_0"])
def test_believes_no_other(asaas: Any, other: Any) -> None:
    add(asaas, "GET", PATH, raw(id=other))
    with pytest.raises(UnreadableAnswer):
        gateway().fetch_subscription(SUBSCRIPTION)


def test_does_not_know_a_strange_id(asaas: Any) -> None:
    add(asaas, "GET", PATH, status=404)
    with pytest.raises(NotFound):
        gateway().fetch_subscription(SUBSCRIPTION)
    with pytest.raises(NotFound):
        gateway().fetch_subscription("")


def test_keeps_no_plans_and_asks_for_none() -> None:
    order = PlanOrder(
        reference="plan-1", amount_cents=8990, currency="BRL", description="x", cycle=Cycle.MONTHLY
    )
    for refused in (lambda: gateway().create_plan(order), lambda: gateway().close_plan("x")):
        with pytest.raises(RequestRefused) as caught:
            refused()
        assert caught.value.text
    with pytest.raises(NotFound):
        gateway().fetch_plan("x")
    assert (gateway().find_plans("plan-1"), gateway().find_plan_subscriptions("x")) == ((), ())


def test_the_sent_amount_is_written_digit_by_digit(asaas: Any) -> None:
    add(asaas, "POST", "/subscriptions", "subscription")
    gateway().submit_subscription(gateway().prepare_subscription(sample.agreement(amount_cents=30)))
    assert sent(asaas)["value"] == 0.3 and b'"value":0.30,' in asaas.calls[0].request.body


@pytest.mark.parametrize("value", [None, "", "free"])
def test_one_without_an_amount_is_not_believed_to_cost_nothing(asaas: Any, value: object) -> None:
    add(asaas, "GET", PATH, raw(value=value))
    add(asaas, "POST", "/subscriptions", raw(value=value))
    add(asaas, "GET", "/subscriptions", listed(raw(value=value)))
    with pytest.raises(UnreadableAnswer):
        gateway().fetch_subscription(SUBSCRIPTION)
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().submit_subscription(prepared())
    assert caught.value.maybe_sent
    with pytest.raises(UnreadableAnswer):
        gateway().find_subscriptions(**{**SEEN, "reference": raw()["externalReference"]})


def test_a_short_row_of_the_list_is_read_by_its_id(asaas: Any) -> None:
    add(asaas, "GET", "/subscriptions", listed({"id": SUBSCRIPTION, "externalReference": "sub-7"}))
    add(asaas, "GET", PATH, raw(externalReference="sub-7"))
    (found,) = gateway().find_subscriptions(**SEEN)
    assert found.amount_cents == 8990
