"""Asaas deliveries: a static token in a header, an event with a snapshot (asaas.md 5.2 to 5.4, 6.2).

What every event leads to, and why, stands in ``docs/topics.md``.
"""

from __future__ import annotations

import hashlib
import hmac

from connections.gateways.asaas.mapping import ZONE, to_payment
from connections.gateways.asaas.subscriptions import to_subscription
from connections.gateways.asaas.topics import idle_reason
from connections.gateways.base import (
    Delivery,
    Notification,
    PaymentStatus,
    Rejection,
    ResourceKind,
    Secrets,
    SubscriptionStatus,
    Verification,
)
from connections.gateways.money import to_cents
from connections.gateways.values import Record, civil_date, decode_json, instant, record, text

TOKEN_HEADER = "asaas-access-token"
_LONGEST_KEY = 200

_BODY_DECIDES = {"PAYMENT_CREATED", "PAYMENT_UPDATED", "PAYMENT_RESTORED", "PAYMENT_RECEIVED_IN_CASH_UNDONE"}

_STEPS_BACK = {"PAYMENT_RESTORED", "PAYMENT_RECEIVED_IN_CASH_UNDONE"}

_EXPECTED = {
    "PAYMENT_AUTHORIZED": PaymentStatus.AUTHORIZED,
    "PAYMENT_AWAITING_RISK_ANALYSIS": PaymentStatus.AUTHORIZED,
    "PAYMENT_CONFIRMED": PaymentStatus.PAID,
    "PAYMENT_RECEIVED": PaymentStatus.PAID,
    "PAYMENT_DUNNING_RECEIVED": PaymentStatus.PAID,
    "PAYMENT_OVERDUE": PaymentStatus.OVERDUE,
    "PAYMENT_DELETED": PaymentStatus.CANCELLED,
    "PAYMENT_REFUNDED": PaymentStatus.REFUNDED,
    "PAYMENT_CHARGEBACK_REQUESTED": PaymentStatus.DISPUTED,
    "PAYMENT_CHARGEBACK_DISPUTE": PaymentStatus.DISPUTED,
    "PAYMENT_AWAITING_CHARGEBACK_REVERSAL": PaymentStatus.DISPUTED,
}

_BECAME = {
    "SUBSCRIPTION_DELETED": SubscriptionStatus.CANCELLED,
    "SUBSCRIPTION_INACTIVATED": SubscriptionStatus.PAUSED,
}

# "No status change" in asaas.md 6.2, so not worth a call. ANTICIPATED stays: it moves the settlement date.
_CANNOT_CHANGE = {
    "PAYMENT_BANK_SLIP_VIEWED",
    "PAYMENT_CHECKOUT_VIEWED",
    "PAYMENT_SPLIT_CANCELLED",
    "PAYMENT_SPLIT_DIVERGENCE_BLOCK",
    "PAYMENT_SPLIT_DIVERGENCE_BLOCK_FINISHED",
    "SUBSCRIPTION_SPLIT_DISABLED",
    "SUBSCRIPTION_SPLIT_DIVERGENCE_BLOCK",
    "SUBSCRIPTION_SPLIT_DIVERGENCE_BLOCK_FINISHED",
}

# The key of the object an event carries, by the beginning of its name.
_FOLLOWED = {
    "PAYMENT_": (ResourceKind.PAYMENT, "payment"),
    "SUBSCRIPTION_": (ResourceKind.SUBSCRIPTION, "subscription"),
}

# Made, switched off, about to run out ... of any key of the account: the event names none we know (1.2).
# Whether the account may charge is read when its key is checked (1.3).
_ABOUT_THE_ACCESS = ("ACCESS_TOKEN_", "ACCOUNT_STATUS_")

EVENTS: tuple[str, ...] = (
    "PAYMENT_CREATED",
    "PAYMENT_UPDATED",
    "PAYMENT_AUTHORIZED",
    "PAYMENT_AWAITING_RISK_ANALYSIS",
    "PAYMENT_APPROVED_BY_RISK_ANALYSIS",
    "PAYMENT_REPROVED_BY_RISK_ANALYSIS",
    "PAYMENT_CONFIRMED",
    "PAYMENT_RECEIVED",
    "PAYMENT_DUNNING_RECEIVED",
    "PAYMENT_ANTICIPATED",
    "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED",
    "PAYMENT_OVERDUE",
    "PAYMENT_DELETED",
    "PAYMENT_RESTORED",
    "PAYMENT_REFUNDED",
    "PAYMENT_PARTIALLY_REFUNDED",
    "PAYMENT_REFUND_IN_PROGRESS",
    "PAYMENT_REFUND_DENIED",
    "PAYMENT_RECEIVED_IN_CASH_UNDONE",
    "PAYMENT_CHARGEBACK_REQUESTED",
    "PAYMENT_CHARGEBACK_DISPUTE",
    "PAYMENT_AWAITING_CHARGEBACK_REVERSAL",
    "PAYMENT_BANK_SLIP_CANCELLED",
    "SUBSCRIPTION_CREATED",
    "SUBSCRIPTION_UPDATED",
    "SUBSCRIPTION_INACTIVATED",
    "SUBSCRIPTION_DELETED",
    "ACCESS_TOKEN_CREATED",
    "ACCESS_TOKEN_DISABLED",
    "ACCESS_TOKEN_ENABLED",
    "ACCESS_TOKEN_EXPIRING_SOON",
    "ACCESS_TOKEN_EXPIRED",
    "ACCESS_TOKEN_DELETED",
)


def verify(delivery: Delivery, secrets: Secrets) -> Verification:
    """Compare the header with every token we accept, in constant time and as bytes."""
    usable = {name: secret for name, secret in secrets.items() if secret}
    if not usable:
        return Verification(rejection=Rejection.NO_SECRET)
    given = delivery.headers.get(TOKEN_HEADER, "").strip()
    if not given:
        return Verification(rejection=Rejection.MISSING_TOKEN)
    matching = [name for name, secret in usable.items() if hmac.compare_digest(_bytes(secret), _bytes(given))]
    if not matching:
        return Verification(rejection=Rejection.WRONG_TOKEN)
    return Verification(secret_name=matching[0])


def parse(delivery: Delivery) -> Notification:
    """Read an event. Its id is taken whole: the part before ``&`` is only the hash of the event's name."""
    try:
        body = record(decode_json(delivery.body))
    except ValueError:
        body = {}
    if not body:
        return Notification(topic="", dedupe_key=_fingerprint(delivery), is_readable=False)
    topic = text(body.get("event"), 100)
    event_id = text(body.get("id"), _LONGEST_KEY + 1)
    kind, entity = _followed(topic, body)
    payment = entity if kind is ResourceKind.PAYMENT else {}
    status, cents = _expected_subscription(topic, entity)
    gateway_id = text(entity.get("id"), 100)
    return Notification(
        topic=topic,
        dedupe_key=event_id if 0 < len(event_id) <= _LONGEST_KEY else _fingerprint(delivery),
        kind=kind if gateway_id else None,
        gateway_id=gateway_id,
        reference=text(entity.get("externalReference")),
        expected=_expected(topic, payment),
        expected_refunded_cents=_expected_refunded(topic, payment),
        expected_subscription=status,
        expected_amount_cents=cents,
        occurred_at=instant(body.get("dateCreated"), ZONE),
        can_change=topic not in _CANNOT_CHANGE,
        is_step_back=topic in _STEPS_BACK,
        is_about_key=topic.startswith(_ABOUT_THE_ACCESS),
        is_key_expiring=_is_key_expiring(topic, body),
        key_expires_on=civil_date(_key(body).get("expirationDate")),
        idle=idle_reason(topic),
    )


def _followed(topic: str, body: Record) -> tuple[ResourceKind | None, Record]:
    """What the event is about, where we follow such things, and its snapshot."""
    for beginning, (kind, key) in _FOLLOWED.items():
        if topic.startswith(beginning):
            return kind, record(body.get(key))
    return None, {}


def _key(body: Record) -> Record:
    return record(body.get("accessToken"))


def _is_key_expiring(topic: str, body: Record) -> bool:
    """Not a key that would only end for want of use: ours is used every few minutes (asaas.md 1.2)."""
    idle = _key(body).get("projectedExpirationDateByLackOfUse")
    ends = _key(body).get("expirationDate")
    return topic == "ACCESS_TOKEN_EXPIRING_SOON" and bool(ends or not idle)


def _expected(topic: str, payment: Record) -> PaymentStatus | None:
    if topic in _BODY_DECIDES:
        return to_payment(payment, account_id="").status
    return _EXPECTED.get(topic)


def _expected_subscription(topic: str, entity: Record) -> tuple[SubscriptionStatus | None, int | None]:
    """What a subscription became: no count of its changes tells an older answer from a newer one (4.2)."""
    if topic in _BECAME:
        return _BECAME[topic], None
    if topic != "SUBSCRIPTION_UPDATED":
        return None, None
    cents = to_cents(entity.get("value"))
    return to_subscription(entity, account_id="").status, cents if cents and cents > 0 else None


def _expected_refunded(topic: str, payment: Record) -> int:
    """A part given back changes no status: only the sum tells an older answer from a newer one (3.8)."""
    return to_payment(payment, account_id="").refunded_cents if "REFUND" in topic else 0


def _bytes(written: str) -> bytes:
    """Bytes of any text, lone surrogates included: a strange header is a mismatch, never an exception."""
    return written.encode("utf-8", "backslashreplace")


def _fingerprint(delivery: Delivery) -> str:
    query = _bytes(delivery.query)
    return "sha256:" + hashlib.sha256(query + b"\0" + delivery.body).hexdigest()
