from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mercadopago.webhook.validator import InvalidWebhookSignatureError, WebhookSignatureValidator

from connections.gateways.base import (
    Delivery,
    Notification,
    PaymentStatus,
    Rejection,
    ResourceKind,
    Secrets,
    Verification,
)
from connections.gateways.mercadopago.client import MercadoPagoGateway
from tests.gateways import sample

SECRET = "dev-only-secret-42"
REQUEST_ID = "0c1f6d5e-2a77-4a0e-9b7c-5d2f7a1e9c33"
TS = "1785600000"
AT = datetime.fromtimestamp(int(TS), tz=UTC)
PAYMENT = "98000123456"
V1 = "a29f7704f82f7a4ec809cc78ef236923ad448db1d78db9589bcaf27e66024f5a"


def sign(manifest: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()


def verify(
    signature: str | None = f"ts={TS},v1={V1}",
    *,
    query: str = f"data.id={PAYMENT}&type=payment",
    request_id: str | None = REQUEST_ID,
    secrets: dict[str, str] | None = None,
    **options: Any,
) -> Verification:
    named = {"x-signature": signature, "x-request-id": request_id}
    headers = {name: value for name, value in named.items() if value is not None}
    delivery = Delivery(headers=headers, query=query, body=b'{"data":{"id":"1"}}')
    known = Secrets({"production": SECRET} if secrets is None else secrets)
    return MercadoPagoGateway.verify(delivery, known, **{"now": AT, **options})


def parse(name: str, query: str = "") -> Notification:
    return MercadoPagoGateway.parse(sample.delivery(sample.raw("mercadopago", name), query=query))


def parse_bytes(content: bytes, query: str = "") -> Notification:
    return MercadoPagoGateway.parse(sample.delivery(content, query=query))


# The vectors of mercadopago.md 6.4.
@pytest.mark.parametrize(
    ("query", "request_id", "v1"),
    [
        (f"data.id={PAYMENT}&type=payment", REQUEST_ID, V1),
        ("type=payment", REQUEST_ID, "4163c647a2f68c48fd8d998f2d0b8c60dbb8bfd28c852a9c7587d55adc42702d"),
        (
            f"data.id={PAYMENT}",
            None,
            "50498fd0e6d0d9d334412b28295e665984808c482b79f97ed5463e942ef0914f",
        ),
        (
            "data.id=ORD01K5EXAMPLE",
            REQUEST_ID,
            "d9efc5f5e67f6a57ce746a1a69006f03cbb8a111a70c8dd2fa97b56599bb12f3",
        ),
        (
            "data.id=ORD01K5EXAMPLE",
            REQUEST_ID,
            "386d6297029fbcdb9157cb09b1aa78c83042c2034a9084bbb1ac633665418d78",
        ),
    ],
)
def test_accepts_the_published_vectors(query: str, request_id: str | None, v1: str) -> None:
    found = verify(f"ts={TS},v1={v1}", query=query, request_id=request_id)
    assert found == Verification(secret_name="production")


@pytest.mark.parametrize(
    "query",
    [
        f"data_id={PAYMENT}&type=payment",
        f"source_news=webhooks&type=payment&data.id={PAYMENT}",
        f"ours=1&data.id={PAYMENT}&source_news=webhooks&type=payment",
        f"data%2Eid={PAYMENT}",
        f"data.id={PAYMENT}&data_id=7",
    ],
)
def test_finds_the_signed_id_in_every_form_of_query(query: str) -> None:
    assert verify(query=query).is_accepted


@pytest.mark.parametrize("query", ["data.id=98000123457", f"id={PAYMENT}", "", f"Data.Id={PAYMENT}"])
def test_refuses_an_id_nobody_signed(query: str) -> None:
    assert verify(query=query) == Verification(rejection=Rejection.SIGNATURE_MISMATCH)


@pytest.mark.parametrize(
    "signature",
    [
        f"v1={V1},ts={TS}",
        f" ts = {TS} , v1 = {V1} ",
        f"TS={TS},V1={V1}",
        f"ts={TS},v1={V1.upper()}",
        f"ts=1,v1=00,ts={TS},v1={V1}",
        f"ts={TS},v1={V1},v2=abc,other=1,=x,novalue",
    ],
)
def test_reads_the_header_however_it_is_written(signature: str) -> None:
    assert verify(signature).is_accepted


@pytest.mark.parametrize(
    ("signature", "rejection"),
    [
        (None, Rejection.MISSING_SIGNATURE),
        ("", Rejection.MISSING_SIGNATURE),
        ("  ", Rejection.MISSING_SIGNATURE),
        ("nonsense", Rejection.MALFORMED_SIGNATURE),
        ("ts=,v1=", Rejection.MALFORMED_SIGNATURE),
        (f"v1={V1}", Rejection.MISSING_TIMESTAMP),
        (f"v2={V1}", Rejection.MISSING_TIMESTAMP),
        (f"ts=abc,v1={V1}", Rejection.MALFORMED_SIGNATURE),
        (f"ts=-5,v1={V1}", Rejection.MALFORMED_SIGNATURE),
        (f"ts=²,v1={V1}", Rejection.MALFORMED_SIGNATURE),
        (f"ts={'9' * 5000},v1={V1}", Rejection.MALFORMED_SIGNATURE),
        (f"ts={TS}", Rejection.MISSING_HASH),
        (f"ts={TS},v2={V1}", Rejection.MISSING_HASH),
        (f"ts={TS},v1={V1[:-1]}", Rejection.SIGNATURE_MISMATCH),
        (f"ts={TS},v1={V1[:-1]}0", Rejection.SIGNATURE_MISMATCH),
        (f"ts={TS}0,v1={V1}", Rejection.SIGNATURE_MISMATCH),
        (f"ts={TS},v1=é{V1}", Rejection.SIGNATURE_MISMATCH),
        (f"ts={TS},v1=\ud800", Rejection.SIGNATURE_MISMATCH),
    ],
)
def test_says_why_a_signature_is_refused(signature: str | None, rejection: Rejection) -> None:
    assert verify(signature) == Verification(rejection=rejection)


def test_refuses_another_request_id() -> None:
    assert verify(request_id=REQUEST_ID[:-1] + "4").rejection is Rejection.SIGNATURE_MISMATCH
    assert verify(request_id=None).rejection is Rejection.SIGNATURE_MISMATCH


@pytest.mark.parametrize("secrets", [{}, {"production": "", "test": ""}])
def test_refuses_everything_without_a_secret(secrets: dict[str, str]) -> None:
    empty = sign(f"id:{PAYMENT};request-id:{REQUEST_ID};ts:{TS};", "")
    assert verify(f"ts={TS},v1={empty}", secrets=secrets).rejection is Rejection.NO_SECRET


def test_tries_every_secret_and_says_which_fitted() -> None:
    secrets = {"production": "other", "test": SECRET, "test_old": "older", "empty": ""}
    assert verify(secrets=secrets) == Verification(secret_name="test")


def test_an_empty_second_secret_signs_nothing() -> None:
    empty = sign(f"id:{PAYMENT};request-id:{REQUEST_ID};ts:{TS};", "")
    found = verify(f"ts={TS},v1={empty}", secrets={"production": SECRET, "test": ""})
    assert found.rejection is Rejection.SIGNATURE_MISMATCH


def _stamped(ts: str) -> str:
    return f"ts={ts},v1={sign(f'id:{PAYMENT};request-id:{REQUEST_ID};ts:{ts};')}"


@pytest.mark.parametrize("tolerance", [None, 0])
def test_takes_a_signature_of_any_age_by_default(tolerance: int | None) -> None:
    assert verify(now=AT + timedelta(days=900), tolerance_seconds=tolerance).is_accepted


@pytest.mark.parametrize("ts", [TS, TS + "000"])
@pytest.mark.parametrize(
    ("seconds", "is_accepted"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)]
)
def test_checks_the_age_in_seconds_and_milliseconds(ts: str, seconds: int, is_accepted: bool) -> None:
    found = verify(_stamped(ts), now=AT + timedelta(seconds=seconds), tolerance_seconds=300)
    assert found.is_accepted is is_accepted
    assert found.rejection in (None, Rejection.TIMESTAMP_OUT_OF_TOLERANCE)


def test_a_wrong_signature_is_a_mismatch_whatever_its_age() -> None:
    found = verify(f"ts=1,v1={V1}", tolerance_seconds=300)
    assert found.rejection is Rejection.SIGNATURE_MISMATCH


_PARTS = st.sampled_from(
    [
        f"ts={TS}",
        "ts=1",
        "ts=",
        "ts=x",
        " TS = 17 ",
        f"v1={V1}",
        f" V1={V1}",
        "v1=",
        "v1=00",
        "v2=ab",
        "junk",
        "",
        "=1",
    ]
)
_IDS = st.sampled_from([PAYMENT, "", "  ", "0", "6d5c4b3a29181716151413121110ffee", "ord01k5example"])


@settings(max_examples=300, deadline=None)
@example(parts=[f"ts={TS}", f"v1={V1}"], data_id=PAYMENT, request_id=REQUEST_ID, is_signed=False)
@given(
    parts=st.lists(_PARTS, max_size=4),
    data_id=_IDS,
    request_id=st.sampled_from([REQUEST_ID, "", " "]),
    is_signed=st.booleans(),
)
def test_agrees_with_the_official_validator(
    parts: list[str], data_id: str, request_id: str, is_signed: bool
) -> None:
    """Listed differences (mercadopago.md 6.5) lie outside this set: upper-case hashes and ids, which we
    accept in both cases, milliseconds in the age check, and non-ASCII hashes, where the SDK crashes."""
    if is_signed:
        labels = (("id", data_id.strip()), ("request-id", request_id.strip()), ("ts", TS))
        manifest = "".join(f"{label}:{value};" for label, value in labels if value)
        parts = [*parts, f"ts={TS}", f"v1={sign(manifest)}"]
    header = ",".join(parts)
    theirs = ""
    try:
        WebhookSignatureValidator.validate(header, request_id, data_id, SECRET)
    except InvalidWebhookSignatureError as error:
        theirs = error.reason.value.lower().replace("header", "")
    ours = verify(header, query=f"data.id={data_id.strip()}", request_id=request_id).rejection
    assert (ours.value.replace("_", "") if ours else "") == theirs
    assert not (is_signed and ours)


def test_differs_from_the_official_validator_where_it_crashes() -> None:
    with pytest.raises(TypeError):
        WebhookSignatureValidator.validate(f"ts={TS},v1=é", REQUEST_ID, PAYMENT, SECRET)
    assert verify(f"ts={TS},v1=é").rejection is Rejection.SIGNATURE_MISMATCH


def test_differs_from_the_official_validator_on_lower_cased_ids() -> None:
    lowered = sign(f"id:ord01k5example;request-id:{REQUEST_ID};ts:{TS};")
    with pytest.raises(InvalidWebhookSignatureError):
        WebhookSignatureValidator.validate(f"ts={TS},v1={lowered}", REQUEST_ID, "ORD01K5EXAMPLE", SECRET)
    assert verify(f"ts={TS},v1={lowered}", query="data.id=ORD01K5EXAMPLE").is_accepted


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=40))
def test_verifying_never_raises(signature: str, query: str, request_id: str) -> None:
    assert not verify(signature, query=query, request_id=request_id).is_accepted


def test_reads_a_payment_notification() -> None:
    assert parse("event_payment_updated", "data.id=98000123460&type=payment") == Notification(
        topic="payment",
        dedupe_key="payment:98000123460:n139000111222",
        kind=ResourceKind.PAYMENT,
        gateway_id="98000123460",
        action="payment.updated",
        occurred_at=datetime(2026, 8, 1, 14, 20, 2, tzinfo=UTC),
        is_live=True,
    )


@pytest.mark.parametrize(
    ("name", "query", "topic", "kind", "gateway_id", "mark"),
    [
        (
            "event_subscription_preapproval",
            "data.id=6d5c4b3a29181716151413121110ffee&type=subscription_preapproval",
            "subscription_preapproval",
            ResourceKind.SUBSCRIPTION,
            "6d5c4b3a29181716151413121110ffee",
            "v4",
        ),
        (
            "event_subscription_authorized_payment",
            "data.id=7011223344&type=subscription_authorized_payment",
            "subscription_authorized_payment",
            ResourceKind.TURN,
            "7011223344",
            "v1",
        ),
        (
            "event_chargeback",
            "data.id=233000061680860001&type=topic_chargebacks_wh",
            "topic_chargebacks_wh",
            ResourceKind.CHARGEBACK,
            "233000061680860001",
            "v1789041605",
        ),
        ("event_claim", "data.id=5040112233", "claim", ResourceKind.CLAIM, "5040112233", "n139000222334"),
        ("event_connect", "", "mp-connect", None, "1402558877", "n139000222335"),
    ],
)
def test_points_at_what_each_family_names(
    name: str, query: str, topic: str, kind: ResourceKind | None, gateway_id: str, mark: str
) -> None:
    found = parse(name, query)
    assert (found.topic, found.kind, found.gateway_id) == (topic, kind, gateway_id)
    assert found.dedupe_key == f"{topic}:{gateway_id}:{mark}"
    assert (found.expected, found.is_test, found.is_readable) == (None, False, True)


def test_a_fraud_alert_leads_to_its_payment() -> None:
    found = parse_bytes(b'{"id":"1","type":"stop_delivery_op_wh","data":{"payment_id":98000123460}}')
    assert (found.kind, found.gateway_id) == (ResourceKind.PAYMENT, "98000123460")


def test_the_signed_id_of_the_query_wins_over_the_body() -> None:
    assert parse("event_payment_updated", "data.id=555&type=payment").gateway_id == "555"


def test_reads_numeric_ids_of_the_body() -> None:
    found = parse_bytes(b'{"type":"payment","data":{"id":98000123460},"id":5}')
    assert (found.gateway_id, found.dedupe_key) == ("98000123460", "payment:98000123460:n5")


def test_two_versions_are_two_events_and_two_deliveries_of_one_are_one() -> None:
    body = json.loads(sample.raw("mercadopago", "event_subscription_preapproval"))
    keys = [
        parse_bytes(json.dumps({**body, **changes}).encode()).dedupe_key
        for changes in ({}, {"id": "999"}, {"version": 5})
    ]
    assert keys[0] == keys[1] != keys[2]


def test_the_panel_test_event_is_marked() -> None:
    found = parse_bytes(
        b'{"id":"123456","live_mode":false,"type":"payment","data":{"id":"123456"}}', "data.id=123456"
    )
    assert (found.is_test, found.is_live, found.kind) == (True, False, ResourceKind.PAYMENT)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"<html>", b"\xff", b"[" * 5000, b'{"data":'])
def test_an_unreadable_body_still_follows_the_signed_query(content: bytes) -> None:
    query = "data.id=98000123460&type=payment"
    found, again, other = parse_bytes(content, query), parse_bytes(content, query), parse_bytes(content)
    assert (found.is_readable, found.gateway_id) == (False, "98000123460")
    assert found.dedupe_key == again.dedupe_key != other.dedupe_key
    assert found.dedupe_key.startswith("sha256:")


def test_text_no_database_takes_is_cleaned() -> None:
    found = parse_bytes(b"{}", "data.id=5%005&type=payment%00")
    assert (found.gateway_id, found.topic) == ("55", "payment")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=60))
def test_reading_never_raises_whatever_the_bytes(content: bytes, query: str) -> None:
    found = parse_bytes(content, query)
    assert 0 < len(found.dedupe_key) <= 200
    assert found.expected is None or found.expected in PaymentStatus
