"""Mercado Pago deliveries: a signature over the query, and bodies in several families (mercadopago.md 6)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from connections.gateways.base import (
    Delivery,
    Notification,
    Rejection,
    ResourceKind,
    Secrets,
    Verification,
)
from connections.gateways.values import Record, count, decode_json, flag, instant, record, text

PANEL_TEST_ID = "123456"  # the panel's "simulate" button: signed for real, exists nowhere (6.5)
_LONGEST_KEY = 200
_MILLISECONDS_FROM = 10**12

# What the id of a topic is the id of (6.1).
KINDS = {
    "payment": ResourceKind.PAYMENT,
    "stop_delivery_op_wh": ResourceKind.PAYMENT,
    "subscription_preapproval": ResourceKind.SUBSCRIPTION,
    "subscription_authorized_payment": ResourceKind.TURN,
    "subscription_preapproval_plan": ResourceKind.RECURRING_PLAN,
    "topic_chargebacks_wh": ResourceKind.CHARGEBACK,
    "topic_claims_integration_wh": ResourceKind.CLAIM,
    "claim": ResourceKind.CLAIM,
}

# Do not hand over what was sold: the alert's id is its own, the body names the payment (6.1).
_FRAUD_ALERT = "stop_delivery_op_wh"

# It counts its changes, the same in every delivery of one change (6.2), and so does what is fetched (4.3).
_COUNTED = "subscription_preapproval"

# Orders at the gateway, which lead to payments (6.1); the id is a number, as in the IPN.
_ORDERS = {"merchant_order", "topic_merchant_order_wh"}

# Our application was linked to an account or unlinked from it (6.1).
_ABOUT_THE_KEY = {"mp-connect"}

# Why these need nothing, as ``topics.IDLE_REASONS`` tells. Payments of an order have a topic of their own.
_IDLE = {
    "mp-connect": "key_checked",
    "merchant_order": "order_by_payments",
    "topic_merchant_order_wh": "order_by_payments",
    "order": "orders_api",
    "wallet_connect": "wallet",
    "topic_card_id_wh": "card_renewed",
    "automatic-payments": "card_renewed",
    "point_integration_wh": "card_machine",
    "delivery": "delivery",
}

_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)
_VERSION_KEY = re.compile(r"v[0-9]+", re.ASCII)


@dataclass(frozen=True)
class _Signature:
    """The parts of ``x-signature``: of a part given twice the last counts, as in the SDKs."""

    ts: str
    v1: str
    has_other_version: bool


def verify(
    delivery: Delivery, secrets: Secrets, *, now: datetime, tolerance_seconds: int | None = None
) -> Verification:
    """Accept what any of the secrets signed. Nothing can verify an IPN, so it is never more than a hint."""
    usable = {name: secret for name, secret in secrets.items() if secret}
    if not usable:
        return Verification(rejection=Rejection.NO_SECRET)
    signature = read_signature(delivery.headers.get("x-signature", ""))
    rejection = _fault(delivery, signature)
    name = "" if rejection else _signer(delivery, signature, usable)
    if not name and _is_ipn(_query(delivery)):
        return Verification(rejection=Rejection.UNSIGNED_IPN, is_unsigned_hint=True)
    if not name:
        return Verification(rejection=rejection or Rejection.SIGNATURE_MISMATCH)
    if tolerance_seconds and abs(now.timestamp() - signed_seconds(signature.ts)) > tolerance_seconds:
        return Verification(rejection=Rejection.TIMESTAMP_OUT_OF_TOLERANCE)
    return Verification(secret_name=name)


def parse(delivery: Delivery) -> Notification:
    """Read a delivery; the id of the query wins over the body's, as only that one is signed."""
    body, query = _body(delivery), _query(delivery)
    if _is_ipn(query):
        return _parse_ipn(query)
    data = record(body.get("data"))
    topic = text(query.get("type") or body.get("type") or query.get("topic") or body.get("topic"), 100)
    named = text(_resource_id(query) or data.get("id"), 100)
    target = text(data.get("payment_id"), 100) if topic == _FRAUD_ALERT else named
    return Notification(
        topic=topic,
        dedupe_key=_dedupe_key(delivery, body, topic=topic, named=named),
        kind=KINDS.get(topic) if target else None,
        gateway_id=target,
        action=text(body.get("action"), 100),
        occurred_at=instant(body.get("date_created") or body.get("date"), UTC),
        is_live=flag(body.get("live_mode")),
        is_readable=bool(body),
        is_test=topic == "payment" and named == PANEL_TEST_ID,
        is_order=topic in _ORDERS and bool(_DIGITS.fullmatch(named)),
        is_about_key=topic in _ABOUT_THE_KEY,
        expected_counter=count(body.get("version")) if topic == _COUNTED else None,
        forbids_delivery=topic == _FRAUD_ALERT,
        idle=_IDLE.get(topic, ""),
    )


def _parse_ipn(query: dict[str, str]) -> Notification:
    """A legacy notification, which anybody can send: nothing is taken but topic and digits of its query.

    One key for each topic and id, so that any number of them is one hint.
    """
    topic, named = text(query["topic"], 100), query["id"]
    is_payment = topic == "payment"
    return Notification(
        topic=topic,
        dedupe_key=f"ipn:{topic}:{named}",
        kind=ResourceKind.PAYMENT if is_payment else None,
        gateway_id=named,
        is_test=is_payment and named == PANEL_TEST_ID,
        is_order=topic in _ORDERS,
    )


def _fault(delivery: Delivery, signature: _Signature) -> Rejection | None:
    """What is missing before anything can be compared, in the SDKs' order (6.6)."""
    checks = (
        (not delivery.headers.get("x-signature", "").strip(), Rejection.MISSING_SIGNATURE),
        (
            not (signature.ts or signature.v1 or signature.has_other_version),
            Rejection.MALFORMED_SIGNATURE,
        ),
        (not signature.ts, Rejection.MISSING_TIMESTAMP),
        (not _DIGITS.fullmatch(signature.ts), Rejection.MALFORMED_SIGNATURE),
        (not signature.v1, Rejection.MISSING_HASH),
    )
    return next((rejection for is_wrong, rejection in checks if is_wrong), None)


def read_signature(header: str) -> _Signature:
    parts: dict[str, str] = {}
    for part in header.split(","):
        key, _equals, value = part.partition("=")
        if value.strip():
            parts[key.strip().lower()] = value.strip()
    others = any(_VERSION_KEY.fullmatch(key) for key in parts if key != "v1")
    return _Signature(ts=parts.get("ts", ""), v1=parts.get("v1", ""), has_other_version=others)


def _signer(delivery: Delivery, signature: _Signature, secrets: dict[str, str]) -> str:
    """The name of the secret that signed, compared in constant time; all of them are tried."""
    given = _bytes(signature.v1.lower())
    matching = [
        name
        for name, secret in secrets.items()
        for manifest in _manifests(delivery, signature.ts)
        if hmac.compare_digest(_hash(secret, manifest), given)
    ]
    return next(iter(matching), "")


def _manifests(delivery: Delivery, ts: str) -> Iterator[bytes]:
    """What may have been signed: an absent value vanishes with its label (6.4).

    For ids with letters the documents say lower case, the SDKs and one real delivery as received (6.5).
    """
    data_id = _resource_id(_query(delivery))
    request_id = delivery.headers.get("x-request-id", "").strip()
    for written in dict.fromkeys((data_id, data_id.lower())):
        values = (("id", written), ("request-id", request_id), ("ts", ts))
        yield _bytes("".join(f"{label}:{value};" for label, value in values if value))


def _hash(secret: str, manifest: bytes) -> bytes:
    return hmac.new(_bytes(secret), manifest, hashlib.sha256).hexdigest().encode()


def signed_seconds(ts: str) -> float:
    """Documents say milliseconds, real deliveries carry seconds (6.5)."""
    moment = int(ts)
    return moment / 1000 if moment >= _MILLISECONDS_FROM else float(moment)


def _query(delivery: Delivery) -> dict[str, str]:
    """The decoded query; of a name given twice the last counts, here as in the signature check."""
    return {key: value.strip() for key, value in parse_qsl(delivery.query, keep_blank_values=True)}


def _resource_id(query: dict[str, str]) -> str:
    """``data.id``, which some old deliveries wrote ``data_id`` (6.2)."""
    return query.get("data.id") or query.get("data_id") or ""


def _is_ipn(query: dict[str, str]) -> bool:
    return bool(query.get("topic") and _DIGITS.fullmatch(query.get("id", ""))) and not _resource_id(query)


def _body(delivery: Delivery) -> Record:
    try:
        return record(decode_json(delivery.body))
    except ValueError:
        return {}


def _dedupe_key(delivery: Delivery, body: Record, *, topic: str, named: str) -> str:
    """Topic, id and version; without a version the notification's own id, else the bytes themselves.

    The notification's id differs between two deliveries of one event (6.5), so it catches only what a
    proxy repeats; the rest is absorbed by fetching once for many.
    """
    version, number = text(body.get("version")), text(body.get("id"))
    mark = f"v{version}" if version and named else f"n{number}" if number else ""
    key = f"{topic}:{named}:{mark}"
    if mark and len(key) <= _LONGEST_KEY:
        return key
    return "sha256:" + hashlib.sha256(_bytes(delivery.query) + b"\0" + delivery.body).hexdigest()


def _bytes(written: str) -> bytes:
    """Bytes of any text, lone surrogates included: a strange header is a mismatch, never an exception."""
    return written.encode("utf-8", "backslashreplace")
