"""Store a verified notification with one statement, or count a refused one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database

from config import clock
from connections.gateways.base import Delivery, Notification, Rejection, Verification
from connections.models import Connection
from webhooks.models import BY_PERSON, EventState, RejectedNotification, quarter

LARGEST_BODY = 1024 * 1024
_LARGEST_SUM = 10**15
# Longer than any period the panel offers by name; bounds what a stranger who knocks can fill.
_COUNTED_FOR = timedelta(days=90)
UNREADABLE = "unreadable"
UNNAMED_ALERT = "unnamed_alert"
KEPT_HEADERS = (
    "content-type",
    "user-agent",
    "x-request-id",
    "x-signature",
    "x-retry",
    "x-forwarded-for",
    "host",
)

# A repeat of an unfinished or dead event wakes it; of a finished one it is counted and causes one more
# look, because a gateway that repeats itself was not sure either. What the notification says decides
# whether there is anything to look at: ``excluded`` is what a first delivery would be stored as. It is only
# counted of what a person took out of the queue, and of what is to be asked for again at a planned time.
_WAKES = f"(excluded.state = 'received' AND webhooks_webhookevent.reason <> '{BY_PERSON}')"
_IS_PLANNED = """(webhooks_webhookevent.state = 'retry' AND webhooks_webhookevent.asked_again > 0
    AND webhooks_webhookevent.cause = '')"""
_STARTS = f"({_WAKES} AND webhooks_webhookevent.state NOT IN ('received', 'retry'))"
_INSERT = f"""
INSERT INTO webhooks_webhookevent (
  connection_id, topic, action, kind, gateway_id, dedupe_key, headers, query, body, is_truncated, is_live,
  is_test, is_simulated, secret_name, expected, expected_refunded_cents, is_step_back, expected_counter,
  expected_amount_cents, forbids_delivery,
  occurred_at, received_at, state, reason, attempts, asked_again, next_attempt_at, last_error, repeats,
  last_repeat_at, finished_at, resource_id
) VALUES (
  %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
  %s, %s, %s, %s, %s, %s, %s, %s, %s,
  %s, %s, %s, %s, 0, 0, %s, '', 0,
  NULL, %s, NULL
)
ON CONFLICT (connection_id, dedupe_key) DO UPDATE SET
  repeats = webhooks_webhookevent.repeats + 1,
  last_repeat_at = excluded.received_at,
  next_attempt_at = CASE WHEN {_WAKES} AND NOT {_IS_PLANNED} THEN excluded.next_attempt_at
    ELSE webhooks_webhookevent.next_attempt_at END,
  asked_again = CASE WHEN {_STARTS} THEN 0 ELSE webhooks_webhookevent.asked_again END,
  failures = CASE WHEN {_STARTS} THEN 0 ELSE webhooks_webhookevent.failures END,
  finished_at = CASE WHEN {_STARTS} THEN NULL ELSE webhooks_webhookevent.finished_at END,
  reason = CASE WHEN {_STARTS} THEN '' ELSE webhooks_webhookevent.reason END,
  state = CASE WHEN {_STARTS} THEN 'received' ELSE webhooks_webhookevent.state END
RETURNING id, repeats, state
"""

_COUNT = """
INSERT INTO webhooks_rejectednotification (connection_id, reason, since, times, first_at, last_at)
VALUES (%s, %s, %s, 1, %s, %s)
ON CONFLICT (connection_id, reason, since) DO UPDATE SET
  times = webhooks_rejectednotification.times + 1,
  last_at = excluded.last_at
"""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The stored event and whether a worker has something to do for it."""

    event_id: int
    repeats: int
    needs_work: bool


def record(
    connection: Connection,
    delivery: Delivery,
    notification: Notification,
    verification: Verification,
    *,
    is_simulated: bool = False,
) -> Recorded:
    """Insert the event, or count the repeat: one statement either way, committed on return."""
    now = clock.now()
    state, reason = _first_state(notification)
    body = delivery.body[:LARGEST_BODY]
    due = now if state == EventState.RECEIVED else None
    finished = None if state == EventState.RECEIVED else now
    values: list[Any] = [
        connection.pk,
        notification.topic[:80],
        notification.action[:80],
        notification.kind.value if notification.kind else "",
        notification.gateway_id[:100],
        notification.dedupe_key[:200],
        json.dumps(_kept(delivery)),
        delivery.query[:2000].replace("\0", ""),
        body,
        len(delivery.body) > LARGEST_BODY,
        notification.is_live,
        notification.is_test,
        is_simulated,
        verification.secret_name,
        _expected(notification),
        max(0, min(notification.expected_refunded_cents, _LARGEST_SUM)),
        notification.is_step_back,
        _whole(notification.expected_counter),
        _whole(notification.expected_amount_cents),
        notification.forbids_delivery,
        stored_time(notification.occurred_at),
        stored_time(now),
        state.value,
        reason,
        stored_time(due),
        stored_time(finished),
    ]
    with database.cursor() as cursor:
        cursor.execute(_INSERT, values)
        event_id, repeats, stored_state = cursor.fetchone()
    return Recorded(event_id=event_id, repeats=repeats, needs_work=stored_state in ("received", "retry"))


def _first_state(notification: Notification) -> tuple[EventState, str]:
    if notification.idle:
        return EventState.IGNORED, notification.idle[:40]
    if notification.forbids_delivery and not notification.gateway_id:  # never sent again: for a person
        return EventState.DEAD, UNNAMED_ALERT
    if notification.kind is None or not notification.gateway_id:
        # Mercado Pago's signed query names the payment even where the body is broken.
        return EventState.IGNORED, "nothing_to_fetch" if notification.is_readable else UNREADABLE
    if not notification.can_change:
        return EventState.IGNORED, "changes_nothing"
    return EventState.RECEIVED, ""


def _expected(notification: Notification) -> str:
    expected = notification.expected or notification.expected_subscription
    return expected.value if expected else ""


def _whole(number: int | None) -> int | None:
    return number if number is not None and 0 <= number <= _LARGEST_SUM else None


def _kept(delivery: Delivery) -> dict[str, str]:
    return {name: delivery.headers[name][:500] for name in KEPT_HEADERS if name in delivery.headers}


def stored_time(moment: datetime | None) -> Any:
    """As the database keeps times: SQLite has text without a zone, PostgreSQL takes them as they are."""
    return database.ops.adapt_datetimefield_value(moment)


def forget() -> int:
    """Drop what was counted too long ago for anybody to ask; returns how many rows."""
    over = RejectedNotification.objects.filter(since__lt=clock.now() - _COUNTED_FOR)
    return over.delete()[0]


def reject(connection: Connection, reason: Rejection) -> None:
    """Count a refusal; nothing of the notification is kept (design rule 11)."""
    count(connection, reason.value)


def count(connection: Connection, reason: str) -> None:
    """One more of these in this quarter of an hour, by one statement."""
    now = clock.now()
    values = [connection.pk, reason, *(stored_time(moment) for moment in (quarter(now), now, now))]
    with database.cursor() as cursor:
        cursor.execute(_COUNT, values)
