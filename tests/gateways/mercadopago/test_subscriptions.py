"""Subscriptions at Mercado Pago over a mocked transport (mercadopago.md 4.2 to 4.4 and 4.6)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from connections.gateways.base import (
    CustomerDetails,
    Cycle,
    GatewaySubscription,
    Method,
    ResourceKind,
    SubscriptionStatus,
)
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused, UnreadableAnswer
from connections.gateways.mercadopago.client import MercadoPagoGateway
from connections.gateways.mercadopago.subscriptions import to_subscription
from tests.gateways import sample
from tests.gateways.mercadopago.desk import add, gateway, page, refusal, subscription_order

SUBSCRIPTION = "6d5c4b3a29181716151413121110ffee"
PATH = f"/preapproval/{SUBSCRIPTION}"
SEARCH = "/preapproval/search"
REFERENCE = "sub_01J4ZA7P"
SINCE = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)


def raw(**changes: Any) -> dict[str, Any]:
    return sample.body("mercadopago", "subscription", **changes)


def recurring(**changes: Any) -> dict[str, Any]:
    return {**raw()["auto_recurring"], **changes}


def body(**changes: Any) -> dict[str, Any]:
    prepared = gateway().prepare_subscription(subscription_order(**changes))
    found: dict[str, Any] = json.loads(prepared.body, parse_float=Decimal)
    return found


def refused(**changes: Any) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        body(**changes)
    return caught.value


def test_asks_for_a_pending_one_that_its_payer_agrees_to_on_the_page() -> None:
    prepared = gateway().prepare_subscription(subscription_order(ends_on=date(2027, 9, 9)))
    assert (prepared.kind, prepared.method, prepared.path) == (
        ResourceKind.SUBSCRIPTION,
        "POST",
        "/preapproval",
    )
    assert json.loads(prepared.body, parse_float=Decimal) == {
        "reason": "Plano mensal",
        "external_reference": REFERENCE,
        "payer_email": "ana@example.com",
        "back_url": "https://pay.example.com/sub/back",
        "auto_recurring": {
            "frequency": 1,
            "frequency_type": "months",
            "transaction_amount": Decimal("39.90"),
            "currency_id": "BRL",
            "start_date": "2026-09-10T12:00:00.000-03:00",
            "end_date": "2027-09-09T23:59:59.000-03:00",
        },
        "status": "pending",
    }


def test_the_same_order_gives_the_same_bytes() -> None:
    later = gateway(now=lambda: sample.NOW + timedelta(days=3))
    order = subscription_order()
    assert gateway().prepare_subscription(order) == later.prepare_subscription(order)


@pytest.mark.parametrize("starts_on", [date(2026, 9, 2), date(2026, 9, 1)])
def test_one_that_begins_today_begins_when_it_is_agreed_to(starts_on: date) -> None:
    assert "start_date" not in body(starts_on=starts_on)["auto_recurring"]


def test_today_is_that_of_the_account() -> None:
    """At 02:00 UTC it is still yesterday in São Paulo."""
    now = datetime(2026, 9, 10, 2, 0, tzinfo=UTC)
    prepared = gateway(now=lambda: now).prepare_subscription(subscription_order())
    assert "2026-09-10T12:00:00.000-03:00" in prepared.body


@pytest.mark.parametrize(
    ("cycle", "frequency", "unit"),
    [
        (Cycle.WEEKLY, 7, "days"),
        (Cycle.BIWEEKLY, 14, "days"),
        (Cycle.MONTHLY, 1, "months"),
        (Cycle.BIMONTHLY, 2, "months"),
        (Cycle.QUARTERLY, 3, "months"),
        (Cycle.HALF_YEARLY, 6, "months"),
        (Cycle.YEARLY, 12, "months"),
    ],
)
def test_every_cycle_is_said_in_days_or_months_and_read_back(cycle: Cycle, frequency: int, unit: str) -> None:
    terms = body(cycle=cycle)["auto_recurring"]
    assert (terms["frequency"], terms["frequency_type"]) == (frequency, unit)
    assert to_subscription(raw(auto_recurring=terms), now=sample.NOW).cycle is cycle


@pytest.mark.parametrize(
    ("currency", "cents", "amount", "home"),
    [
        ("BRL", 3990, "39.90", "https://www.mercadopago.com.br"),
        ("ARS", 150_000, "1500.00", "https://www.mercadopago.com.ar"),
        ("MXN", 19_900, "199.00", "https://www.mercadopago.com.mx"),
        ("CLP", 990_000, "9900", "https://www.mercadopago.cl"),
        ("COP", 2_500_000, "25000", "https://www.mercadopago.com.co"),
        ("PEN", 3990, "39.90", "https://www.mercadopago.com.pe"),
        ("UYU", 99_000, "990.00", "https://www.mercadopago.com.uy"),
    ],
)
@pytest.mark.parametrize("return_url", ["", "http://127.0.0.1:8000/pay/x/"])
def test_every_country_writes_its_amounts_and_has_a_page_to_return_to(
    currency: str, cents: int, amount: str, home: str, return_url: str
) -> None:
    order = subscription_order(currency=currency, amount_cents=cents, return_url=return_url)
    written = gateway().prepare_subscription(order).body
    assert f'"transaction_amount":{amount},"currency_id":"{currency}"' in written
    assert f'"back_url":"{home}"' in written


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"customer": sample.customer(email="")}, "email"),
        ({"method": Method.PIX}, "method"),
        ({"method": Method.ANY}, "method"),
        ({"turns": 12}, "turns"),
        ({"ends_on": date(2026, 9, 9)}, "ends_on"),
        ({"starts_on": date(2026, 8, 1), "ends_on": date(2026, 9, 1)}, "ends_on"),
        ({"amount_cents": 0}, "amount"),
        ({"currency": "ARS", "amount_cents": 14_99}, "amount"),
        ({"currency": "ARS", "amount_cents": 2_000_000_01}, "amount"),
        ({"currency": "CLP", "amount_cents": 990_050}, "amount"),
    ],
)
def test_what_it_can_never_take_is_refused_in_words(changes: dict[str, Any], field: str) -> None:
    error = refused(**changes)
    assert (error.field, error.text[-1:]) == (field, ".")


@pytest.mark.parametrize("cents", [15_00, 2_000_000_00])
def test_takes_the_limits_themselves(cents: int) -> None:
    assert body(currency="ARS", amount_cents=cents)["auto_recurring"]["currency_id"] == "ARS"


def test_sends_the_stored_bytes_and_brings_the_link(mercado: Any) -> None:
    add(mercado, "POST", "/preapproval", "subscription", status=201)
    order = subscription_order()
    prepared = gateway().prepare_subscription(order)
    made = gateway().submit_subscription(prepared)
    request = mercado.calls[0].request
    assert request.body.decode() == prepared.body
    assert request.headers["X-Idempotency-Key"] == order.idempotency_key
    assert made == GatewaySubscription(
        gateway_id=SUBSCRIPTION,
        reference=REFERENCE,
        status=SubscriptionStatus.PENDING,
        gateway_status="pending",
        method=None,
        amount_cents=3990,
        currency="BRL",
        account_id="1402558877",
        cycle=Cycle.MONTHLY,
        description="Plano mensal",
        next_due_on=date(2026, 8, 1),
        link=f"https://www.mercadopago.com.br/subscriptions/checkout?preapproval_id={SUBSCRIPTION}",
        payer=CustomerDetails(reference="1505551234", name="", document="", document_type=""),
        created_at=datetime(2026, 8, 1, 15, 5, tzinfo=UTC),
        version=0,
    )


@pytest.mark.parametrize(
    ("said", "field", "advice"),
    [
        ("Cannot pay an amount lower than $ 15.00", "amount", "another"),
        ("The transaction_amount must be the same as preapproval_plan", "amount", "another"),
        ("Invalid field -> auto_recurring.currency_id", "", "connection"),
        ("payer_email does not match the collector's site", "email", "e-mail"),
        ("You can not modify a paused preapproval.", "", "resume"),
        ("Invalid transition from cancelled to authorized", "", "another subscription"),
        ("something nobody listed", "", ""),
    ],
)
def test_a_refusal_keeps_its_sentence_and_says_what_to_do(
    mercado: Any, said: str, field: str, advice: str
) -> None:
    add(mercado, "POST", "/preapproval", {"message": said, "status": 400}, status=400)
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_subscription(gateway().prepare_subscription(subscription_order()))
    assert (caught.value.text, caught.value.field) == (said, field)
    assert advice in caught.value.advice and bool(advice) is bool(caught.value.advice)


def test_a_lost_answer_counts_as_sent(mercado: Any) -> None:
    add(mercado, "POST", "/preapproval", status=500)
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().submit_subscription(gateway().prepare_subscription(subscription_order()))
    assert caught.value.maybe_sent
    mercado.reset()
    mercado.add("POST", "https://api.mercadopago.com/preapproval", body=requests.ReadTimeout())
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().submit_subscription(gateway().prepare_subscription(subscription_order()))
    assert caught.value.maybe_sent


@pytest.mark.parametrize("content", [{}, {"status": "pending"}, {**raw(), "auto_recurring": None}])
def test_an_answer_without_id_or_amount_is_not_believed(mercado: Any, content: Any) -> None:
    add(mercado, "POST", "/preapproval", content, status=201)
    with pytest.raises(UnreadableAnswer):
        gateway().submit_subscription(gateway().prepare_subscription(subscription_order()))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", SubscriptionStatus.PENDING),
        ("authorized", SubscriptionStatus.ACTIVE),
        ("paused", SubscriptionStatus.PAUSED),
        ("cancelled", SubscriptionStatus.CANCELLED),
        ("canceled", SubscriptionStatus.CANCELLED),
        ("finished_yesterday", None),
        ("", None),
    ],
)
def test_reads_the_state(mercado: Any, word: str, status: SubscriptionStatus | None) -> None:
    add(mercado, "GET", PATH, raw(status=word))
    found = gateway().fetch_subscription(SUBSCRIPTION)
    assert (found.status, found.gateway_status) == (status, word)
    assert (found.next_due_on is None) is (status is SubscriptionStatus.CANCELLED)


@pytest.mark.parametrize(
    ("word", "end_date", "status"),
    [
        ("authorized", "2026-09-01T23:59:59.000-03:00", SubscriptionStatus.ENDED),
        ("paused", "2026-09-01T23:59:59.000-03:00", SubscriptionStatus.ENDED),
        ("authorized", "2026-09-02T23:59:59.000-03:00", SubscriptionStatus.ACTIVE),
        ("cancelled", "2026-09-01T23:59:59.000-03:00", SubscriptionStatus.CANCELLED),
        ("pending", "2026-09-01T23:59:59.000-03:00", SubscriptionStatus.PENDING),
    ],
)
def test_an_active_one_has_ended_once_its_last_day_is_over(
    word: str, end_date: str, status: SubscriptionStatus
) -> None:
    found = to_subscription(raw(status=word, auto_recurring=recurring(end_date=end_date)), now=sample.NOW)
    assert (found.status, found.ends_on) == (status, date.fromisoformat(end_date[:10]))


def test_reads_an_active_one_with_its_card_and_counters() -> None:
    changes: dict[str, Any] = {
        "status": "authorized",
        "version": 4,
        "card_id": 9_123_456_789,
        "payment_method_id": "master",
        "payer_first_name": "Ana",
        "payer_last_name": "Lima",
        "preapproval_plan_id": "2c93808490aa11bb0190bb22cc33dd44",
        "next_payment_date": "2026-10-01T00:30:00.000-04:00",
        "summarized": {"charged_quantity": 3, "charged_amount": Decimal("119.7")},
        "auto_recurring": recurring(start_date="2026-07-31T23:30:00.000-04:00", repetitions=12),
    }
    found = to_subscription(raw(**changes), now=sample.NOW)
    assert (found.method, found.version, found.collected, found.turns) == (Method.CARD, 4, 3, 12)
    assert (found.starts_on, found.next_due_on) == (date(2026, 8, 1), date(2026, 10, 1))
    assert found.plan_id == "2c93808490aa11bb0190bb22cc33dd44"
    assert found.payer is not None and found.payer.name == "Ana Lima"


@pytest.mark.parametrize(("frequency", "unit"), [(5, "days"), (1, "years"), (None, None), ("x", "months")])
def test_a_cycle_we_do_not_offer_is_none(frequency: Any, unit: Any) -> None:
    terms = recurring(frequency=frequency, frequency_type=unit)
    assert to_subscription(raw(auto_recurring=terms), now=sample.NOW).cycle is None


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (404, {"message": "Preapproval not found", "status": 404}),
        (400, {"message": "The preapproval is not valid for callerId 14025", "status": 400}),
        (403, refusal(403, 4, "caller is not the owner")),
    ],
)
def test_what_is_not_ours_is_not_there(mercado: Any, status: int, content: Any) -> None:
    add(mercado, "GET", PATH, content, status=status)
    with pytest.raises(NotFound):
        gateway().fetch_subscription(SUBSCRIPTION)


def test_an_empty_id_asks_for_nothing() -> None:
    for ask in (
        gateway().fetch_subscription,
        gateway().fetch_turns,
        gateway().fetch_turn,
        gateway().fetch_plan,
    ):
        with pytest.raises(NotFound):
            ask("")
    assert gateway().find_subscriptions("", payer=sample.customer(), since=SINCE) == []
    assert (gateway().find_plans(""), gateway().find_plan_subscriptions("")) == ([], [])
    assert (gateway().find_turn(""), gateway().find_disputes("")) == (None, [])


def find(**changes: Any) -> list[str]:
    payer = changes.pop("payer", sample.customer())
    found = gateway().find_subscriptions(REFERENCE, payer=payer, since=changes.pop("since", SINCE))
    return [one.gateway_id for one in found]


def test_finds_ours_though_the_search_ignores_the_reference(mercado: Any) -> None:
    """It shows every one of the payer's with an old state; each is read by its id (4.6)."""
    rows = [
        raw(id="a" * 32, external_reference="sub_other"),
        raw(id="b" * 32, external_reference=None, status="pending"),
        raw(next_payment_date=None, summarized={}),
        raw(id="c" * 32, external_reference=""),
    ]
    search = add(mercado, "GET", SEARCH, page(*rows, total=9))
    add(mercado, "GET", SEARCH, page(total=9, offset=4))
    add(mercado, "GET", "/preapproval/" + "b" * 32, raw(id="b" * 32, external_reference=REFERENCE, version=7))
    add(mercado, "GET", PATH, raw(status="cancelled", date_created="2026-08-01T11:00:00.000-04:00"))
    add(mercado, "GET", "/preapproval/" + "c" * 32, raw(id="c" * 32, external_reference="sub_other"))
    assert find() == [SUBSCRIPTION, "b" * 32]
    assert search.call_count == 1
    asked = mercado.calls[0].request.params
    assert (asked["payer_email"], asked["offset"], asked["limit"]) == ("ana@example.com", "0", "100")


def test_what_was_made_long_before_is_not_read(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, page(raw(date_created="2026-07-31T11:05:00.000-04:00")))
    assert find() == []


def test_without_an_address_it_looks_through_all_of_them(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, page(raw()))
    add(mercado, "GET", PATH, raw())
    assert find(payer=sample.customer(email="")) == [SUBSCRIPTION]
    assert "payer_email" not in mercado.calls[0].request.params


def test_one_that_is_gone_by_now_is_left_out(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, page(raw()))
    add(mercado, "GET", PATH, refusal(404, 2000), status=404)
    assert find() == []


@pytest.mark.parametrize("content", [{"paging": {}}, {"results": "none"}, {"results": {}}])
def test_an_answer_that_is_no_list_is_no_empty_list(mercado: Any, content: Any) -> None:
    add(mercado, "GET", SEARCH, content)
    with pytest.raises(UnreadableAnswer):
        find()


def test_a_null_list_is_empty(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, {"paging": {"total": 0}, "results": None})
    assert find() == []


def test_pages_are_read_to_their_end_however_small(mercado: Any) -> None:
    """Asked for 100 the gateway gives two at a time, and says so."""
    names = [letter * 32 for letter in "abcde"]
    for start in (0, 2, 4):
        rows = [raw(id=name, external_reference="sub_other") for name in names[start : start + 2]]
        add(mercado, "GET", SEARCH, {"paging": {"limit": 2, "total": 5}, "results": rows})
    assert find() == []
    assert [call.request.params["offset"] for call in mercado.calls] == ["0", "2", "4"]


def test_a_search_that_ignores_the_offset_comes_to_an_end(mercado: Any) -> None:
    add(mercado, "GET", SEARCH, page(raw(external_reference="sub_other"), total=500))
    assert find() == []
    assert len(mercado.calls) == 2


def test_declares_what_it_can_collect_again_and_again() -> None:
    found = MercadoPagoGateway.capabilities
    rule = found.subscriptions
    assert rule is not None
    assert (rule.methods, rule.cycles) == ({Method.CARD}, set(Cycle))
    assert (rule.is_hosted, rule.has_plans) == (True, True)
    assert (rule.moves_open, rule.recovers, rule.takes_turns, rule.issues_ahead) == (False, False, False, 0)
    assert {ResourceKind.SUBSCRIPTION, ResourceKind.RECURRING_PLAN} <= found.resends
