from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.asaas.notifications import EVENTS
from connections.gateways.base import (
    Delivery,
    Notification,
    PaymentStatus,
    Rejection,
    ResourceKind,
    Secrets,
    Verification,
)
from tests.gateways import sample

TOKEN = "whsec_Xk29fQm1v7Lr0Zt8Wc5Yb3Nd6Hs4Pj2Ga"


def verify(given_token: str | None, **secrets: str) -> Verification:
    headers = {} if given_token is None else {"asaas-access-token": given_token}
    return AsaasGateway.verify(
        Delivery(headers=headers, query="", body=b"{}"),
        Secrets(secrets or {"current": TOKEN}),
        now=sample.NOW,
    )


def parse(name: str) -> Notification:
    return AsaasGateway.parse(sample.delivery(sample.raw("asaas", name)))


def parse_bytes(content: bytes, query: str = "") -> Notification:
    return AsaasGateway.parse(sample.delivery(content, query=query))


def test_accepts_the_token_and_says_which() -> None:
    assert verify(TOKEN) == Verification(secret_name="current")


def test_accepts_the_old_token_during_a_rotation() -> None:
    assert verify("old-" + TOKEN, current=TOKEN, old="old-" + TOKEN).secret_name == "old"


@pytest.mark.parametrize(
    "given_token",
    [TOKEN[:-1], TOKEN + "x", TOKEN.lower(), "x", "tokên", "\ud800", "\x00", f"Bearer {TOKEN}"],
)
def test_refuses_any_other_token(given_token: str) -> None:
    assert verify(given_token) == Verification(rejection=Rejection.WRONG_TOKEN)


@pytest.mark.parametrize("given_token", [None, "", "   "])
def test_refuses_a_missing_token(given_token: str | None) -> None:
    assert verify(given_token) == Verification(rejection=Rejection.MISSING_TOKEN)


@pytest.mark.parametrize("given_token", [None, "", TOKEN])
def test_refuses_everything_without_a_secret(given_token: str | None) -> None:
    assert verify(given_token, current="", old="").rejection is Rejection.NO_SECRET


def test_an_empty_second_secret_accepts_nothing() -> None:
    assert verify("", current=TOKEN, old="").rejection is Rejection.MISSING_TOKEN


@pytest.mark.parametrize(
    ("name", "topic", "expected"),
    [
        ("event_payment_created", "PAYMENT_CREATED", PaymentStatus.PENDING),
        ("event_payment_updated", "PAYMENT_UPDATED", PaymentStatus.PENDING),
        ("event_payment_restored", "PAYMENT_RESTORED", PaymentStatus.PENDING),
        ("event_payment_authorized", "PAYMENT_AUTHORIZED", PaymentStatus.AUTHORIZED),
        ("event_payment_awaiting_risk_analysis", "PAYMENT_AWAITING_RISK_ANALYSIS", PaymentStatus.AUTHORIZED),
        ("event_payment_approved_by_risk_analysis", "PAYMENT_APPROVED_BY_RISK_ANALYSIS", None),
        ("event_payment_reproved_by_risk_analysis", "PAYMENT_REPROVED_BY_RISK_ANALYSIS", None),
        ("event_payment_confirmed", "PAYMENT_CONFIRMED", PaymentStatus.PAID),
        ("event_payment_received", "PAYMENT_RECEIVED", PaymentStatus.PAID),
        ("event_payment_received_boleto", "PAYMENT_RECEIVED", PaymentStatus.PAID),
        ("event_payment_received_card", "PAYMENT_RECEIVED", PaymentStatus.PAID),
        ("event_payment_received_in_cash", "PAYMENT_RECEIVED", PaymentStatus.PAID),
        ("event_payment_credit_card_capture_refused", "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED", None),
        ("event_payment_overdue", "PAYMENT_OVERDUE", PaymentStatus.OVERDUE),
        ("event_payment_deleted", "PAYMENT_DELETED", PaymentStatus.CANCELLED),
        ("event_payment_refunded", "PAYMENT_REFUNDED", PaymentStatus.REFUNDED),
        ("event_payment_refunded_card", "PAYMENT_REFUNDED", PaymentStatus.REFUNDED),
        ("event_payment_partially_refunded", "PAYMENT_PARTIALLY_REFUNDED", None),
        ("event_payment_refund_in_progress", "PAYMENT_REFUND_IN_PROGRESS", None),
        ("event_payment_refund_denied", "PAYMENT_REFUND_DENIED", None),
        ("event_payment_received_in_cash_undone", "PAYMENT_RECEIVED_IN_CASH_UNDONE", PaymentStatus.PENDING),
        ("event_payment_chargeback_requested", "PAYMENT_CHARGEBACK_REQUESTED", PaymentStatus.DISPUTED),
        ("event_payment_chargeback_dispute", "PAYMENT_CHARGEBACK_DISPUTE", PaymentStatus.DISPUTED),
        (
            "event_payment_awaiting_chargeback_reversal",
            "PAYMENT_AWAITING_CHARGEBACK_REVERSAL",
            PaymentStatus.DISPUTED,
        ),
        ("event_payment_bank_slip_cancelled", "PAYMENT_BANK_SLIP_CANCELLED", None),
        ("event_payment_checkout_viewed", "PAYMENT_CHECKOUT_VIEWED", None),
        ("event_unknown", "PAYMENT_INVENTED_YESTERDAY", None),
    ],
)
def test_reads_what_a_payment_event_announces(name: str, topic: str, expected: PaymentStatus | None) -> None:
    found = parse(name)
    body = json.loads(sample.raw("asaas", name))
    assert (found.topic, found.expected) == (topic, expected)
    assert (found.kind, found.gateway_id) == (ResourceKind.PAYMENT, body["payment"]["id"])
    assert (found.reference, found.dedupe_key) == (body["payment"]["externalReference"], body["id"])
    assert (found.is_readable, found.is_test) == (True, False)


@pytest.mark.parametrize("name", [n for n in sample.event_names("asaas") if "subscription" in n])
def test_leads_to_the_subscription_and_believes_nothing_of_it(name: str) -> None:
    found, body = parse(name), json.loads(sample.raw("asaas", name))
    assert (found.kind, found.gateway_id) == (ResourceKind.SUBSCRIPTION, body["subscription"]["id"])
    assert (found.topic, found.reference, found.expected) == (body["event"], "sub-7", None)
    assert found.can_change and found.is_readable


def test_an_early_snapshot_may_announce_more_than_its_name() -> None:
    body = json.loads(sample.raw("asaas", "event_payment_created"))
    body["payment"]["status"] = "CONFIRMED"
    assert parse_bytes(json.dumps(body).encode()).expected is PaymentStatus.PAID


def test_keeps_the_event_id_whole_with_its_ampersand() -> None:
    assert parse("event_payment_received").dedupe_key == "evt_d26e303b238e509335ac9ba210e51b0f&18200068"


def test_two_events_of_one_name_are_not_one() -> None:
    assert parse("event_payment_received").dedupe_key != parse("event_payment_received_boleto").dedupe_key


def test_reads_the_time_as_sao_paulo() -> None:
    assert parse("event_payment_received").occurred_at == datetime(2026, 9, 3, 14, 2, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    "topic", ["PAYMENT_BANK_SLIP_VIEWED", "PAYMENT_CHECKOUT_VIEWED", "PAYMENT_SPLIT_CANCELLED"]
)
def test_views_and_splits_change_no_charge(topic: str) -> None:
    body = {**json.loads(sample.raw("asaas", "event_payment_created")), "event": topic}
    assert parse_bytes(json.dumps(body).encode()).can_change is False


def test_other_events_may_change_a_charge() -> None:
    assert parse("event_payment_received").can_change is True


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b'"x"', b"data=%7B%7D", b"\xff\xfe", b"{" * 5000, b"{}"]
)
def test_an_unreadable_body_is_known_by_its_bytes(content: bytes) -> None:
    first, again, other = parse_bytes(content), parse_bytes(content), parse_bytes(content, query="a=1")
    assert (first.is_readable, first.kind) == (False, None)
    assert first.dedupe_key == again.dedupe_key != other.dedupe_key


@pytest.mark.parametrize("event_id", [None, "", "x" * 5000, {}, True])
def test_an_event_without_a_usable_id_is_known_by_its_bytes(event_id: object) -> None:
    body = {**json.loads(sample.raw("asaas", "event_payment_created")), "id": event_id}
    found = parse_bytes(json.dumps(body).encode())
    assert found.dedupe_key.startswith("sha256:")
    assert (found.is_readable, found.kind) == (True, ResourceKind.PAYMENT)


def test_text_no_database_takes_is_cleaned() -> None:
    payment = b'{"id":"pay_\\u0000\\ud8001","externalReference":5}'
    found = parse_bytes(b'{"id":"evt_1","event":"PAYMENT_CREATED","payment":%s}' % payment)
    assert (found.gateway_id, found.reference) == ("pay_1", "5")


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(max_size=30))
def test_never_raises_whatever_the_bytes(content: bytes, query: str) -> None:
    found = parse_bytes(content, query)
    assert 0 < len(found.dedupe_key) <= 200


def test_subscribes_to_every_event_the_tests_know() -> None:
    unfollowed = {"PAYMENT_CHECKOUT_VIEWED", "PAYMENT_INVENTED_YESTERDAY"}
    known = {json.loads(sample.raw("asaas", name))["event"] for name in sample.event_names("asaas")}
    assert known - unfollowed <= set(EVENTS)
    moving = {
        topic
        for topic in AsaasGateway.topic_words
        if parse_bytes(b'{"event":"%s"}' % topic.encode()).expected
    }
    assert len(moving) > 5 and moving | {"PAYMENT_ANTICIPATED"} <= set(EVENTS), (
        "what moves a charge, or a date"
    )
    assert len(EVENTS) == len(set(EVENTS))
