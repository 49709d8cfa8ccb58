"""Unsigned hints (Mercado Pago's legacy IPN): anybody can send one, so what they bring about is bounded.

A hint names a payment or an order by digits and nothing else of it is kept. It has us ask, when its turn
comes and nothing signed is due; what is believed is the answer (design rules 1 and 11).
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import connection as database
from django.db.models import F, ProtectedError, Q, QuerySet

from config import clock
from connections.gateways.base import Notification, Rejection, ResourceKind
from connections.gateways.errors import CredentialsRefused, GatewayError, NotFound
from connections.models import Connection
from connections.services import gateway_for, pausing
from payments.models import GatewayResource
from payments.services import refreshing, resources
from payments.services.refreshing import Outcome
from webhooks.models import OPEN_STATES, EventState, HintTurn, WebhookEvent
from webhooks.services import attempts, backing_off, recording, targets
from webhooks.services.recording import stored_time

logger = logging.getLogger(__name__)

SOURCE = "hint"
MOST_WAITING = 100
# At most 30 calls a minute for a connection.
EVERY = timedelta(seconds=2)
# An id that was not ours a moment ago costs no second call.
QUIET = timedelta(minutes=10)
# Under this name the surplus is counted with what was refused.
SURPLUS = "hint_surplus"
# Counted like refusals, but answered 200.
COUNTED = (SURPLUS, Rejection.UNSIGNED_IPN.value)
ORDER = "order"
_MOST_TRIES = 3
_CLAIM = timedelta(minutes=1)
_OUTAGE = timedelta(minutes=1)
_KEPT_FOR = timedelta(days=1)
_FORGET_AT_ONCE = 500
_NOT_OURS = {Outcome.MISSING: "not_found", Outcome.NOT_OURS: "not_ours"}

# One statement, and so many rows at most: those that arrive in the same moment may each see one place left.
# A hint that waits already goes on waiting; one that was nothing of ours a moment ago stays what it is.
_KEEP = """
INSERT INTO webhooks_webhookevent (
  connection_id, topic, action, kind, gateway_id, dedupe_key, headers, query, body, is_truncated, is_test,
  secret_name, expected, is_step_back, is_hint, received_at, state, reason, attempts, asked_again,
  next_attempt_at, last_error, repeats
)
SELECT %(connection)s, %(topic)s, '', %(kind)s, %(gateway_id)s, %(key)s, '{}', '', %(body)s, FALSE, FALSE,
  '', '', FALSE, TRUE, %(now)s, 'received', '', 0, 0, %(now)s, '', 0
WHERE %(most)s > (
    SELECT count(*) FROM webhooks_webhookevent
    WHERE connection_id = %(connection)s AND is_hint AND state IN ('received', 'retry')
  ) OR EXISTS (
    SELECT 1 FROM webhooks_webhookevent
    WHERE connection_id = %(connection)s AND dedupe_key = %(key)s AND state IN ('received', 'retry')
  )
ON CONFLICT (connection_id, dedupe_key) DO UPDATE SET
  repeats = webhooks_webhookevent.repeats + 1,
  last_repeat_at = excluded.received_at,
  state = CASE
    WHEN webhooks_webhookevent.state = 'retry' THEN 'retry'
    WHEN webhooks_webhookevent.state = 'ignored' AND webhooks_webhookevent.finished_at > %(quiet_since)s
      THEN 'ignored'
    ELSE 'received' END,
  next_attempt_at = CASE
    WHEN webhooks_webhookevent.state IN ('received', 'retry') THEN webhooks_webhookevent.next_attempt_at
    WHEN webhooks_webhookevent.state = 'ignored' AND webhooks_webhookevent.finished_at > %(quiet_since)s
      THEN NULL
    ELSE excluded.next_attempt_at END,
  attempts = CASE WHEN webhooks_webhookevent.state IN ('received', 'retry')
    THEN webhooks_webhookevent.attempts ELSE 0 END
RETURNING id
"""


def keep(connection: Connection, notification: Notification) -> bool:
    """Let a hint wait for its turn, as the one row of its connection, kind and id.

    False when it was only counted: nothing we follow, or too many are waiting.
    """
    kind = ORDER if notification.is_order else notification.kind
    named = notification.gateway_id
    if not kind or not (named.isascii() and named.isdigit()):
        recording.count(connection, Rejection.UNSIGNED_IPN.value)
        return False
    if not _insert(connection.pk, topic=notification.topic, kind=str(kind), gateway_id=named):
        recording.count(connection, SURPLUS)
        return False
    return True


def _insert(connection_id: int, *, topic: str, kind: str, gateway_id: str) -> bool:
    now = clock.now()
    values = {
        "connection": connection_id,
        "topic": topic[:80].replace("\0", ""),
        "kind": kind,
        "gateway_id": gateway_id[:100],
        "key": f"hint:{kind}:{gateway_id}"[:200],
        "body": b"",
        "now": stored_time(now),
        "most": MOST_WAITING,
        "quiet_since": stored_time(now - QUIET),
    }
    with database.cursor() as cursor:
        cursor.execute(_KEEP, values)
        return cursor.fetchone() is not None


def work() -> int:
    """Ask about hints whose turn it is, while nothing signed is due; returns how many."""
    asked = 0
    had_turn: set[int] = set()
    for hint in _due():
        if hint.connection_id in had_turn:
            continue
        if targets.is_anything_due():
            break
        if _is_known_as_not_ours(hint):
            _close(hint, EventState.IGNORED, "not_ours", was_asked=False)
            continue
        had_turn.add(hint.connection_id)
        if _take_turn(hint.connection_id):
            asked += _ask_safely(hint)
    return asked


def forget() -> int:
    """Drop hints that led nowhere, a day later, and what we remember of their ids; returns how many."""
    over = WebhookEvent.objects.filter(
        is_hint=True, state=EventState.IGNORED, finished_at__lt=clock.now() - _KEPT_FOR
    )
    rows = list(over.values_list("pk", "connection_id", "gateway_id")[:_FORGET_AT_ONCE])
    if not rows:
        return 0
    WebhookEvent.objects.filter(pk__in=[pk for pk, _connection, _id in rows]).delete()
    nobodys = GatewayResource.objects.filter(
        charge=None, payment=None, events=None, kind=ResourceKind.PAYMENT
    )
    for connection_id in {connection for _pk, connection, _id in rows}:
        named = [gateway_id for _pk, connection, gateway_id in rows if connection == connection_id]
        with suppress(ProtectedError):
            nobodys.filter(connection=connection_id, gateway_id__in=named).delete()
    return len(rows)


def _waiting() -> QuerySet[WebhookEvent]:
    return WebhookEvent.objects.filter(is_hint=True, state__in=OPEN_STATES)


def _due() -> list[WebhookEvent]:
    due = _waiting().filter(next_attempt_at__lte=clock.now()).defer("body", "headers")
    due = due.exclude(connection__in=pausing.away())
    return list(due.order_by("next_attempt_at", "pk"))


def _is_known_as_not_ours(hint: WebhookEvent) -> bool:
    known = GatewayResource.objects.filter(
        connection=hint.connection_id, kind=hint.kind, gateway_id=hint.gateway_id, charge=None
    )
    return known.filter(fetched_at__gt=clock.now() - QUIET).exists()


def _take_turn(connection_id: int) -> bool:
    """One call of a connection every two seconds, whatever the number of workers: the row decides."""
    now = clock.now()
    HintTurn.objects.get_or_create(connection_id=connection_id, defaults={"next_at": now})
    return bool(
        HintTurn.objects.filter(connection=connection_id, next_at__lte=now).update(next_at=now + EVERY)
    )


def _ask_safely(hint: WebhookEvent) -> bool:
    now = clock.now()
    mine = _waiting().filter(pk=hint.pk, next_attempt_at__lte=now)
    if not mine.update(next_attempt_at=now + _CLAIM, attempts=F("attempts") + 1):
        return False
    try:
        _ask(hint, started=now)
    except GatewayError as err:
        _note_failure(hint, err)
    except Exception:
        logger.exception("the hint about %s %s could not be followed", hint.kind, hint.gateway_id)
        _close(hint, EventState.IGNORED, "failed")
    return True


def _ask(hint: WebhookEvent, *, started: datetime) -> None:
    connection = Connection.objects.get(pk=hint.connection_id)
    if hint.kind == ORDER:
        for payment_id in gateway_for(connection).fetch_order_payments(hint.gateway_id):
            keep(connection, _about_payment(payment_id))
        _close(hint, EventState.DONE, "", started=started)
        return
    resource = resources.find_or_add(connection, kind=ResourceKind(hint.kind), gateway_id=hint.gateway_id)
    held = resources.lease(resource.pk)
    if held is None:  # somebody else is asking; this one is asked again after its claim
        return
    try:
        refreshed = refreshing.refresh(connection, resource, held, source=SOURCE, cause=hint.topic)
    finally:
        resources.release(held)
    if refreshed.outcome in _NOT_OURS:
        _close(hint, EventState.IGNORED, _NOT_OURS[refreshed.outcome])
    elif refreshed.outcome != Outcome.LEASE_LOST:
        _close(hint, EventState.DONE, "", started=started, resource=resource)


def _about_payment(payment_id: str) -> Notification:
    """What an order names is no better known than the order was: it waits for its own turn."""
    return Notification(topic=ORDER, dedupe_key="", kind=ResourceKind.PAYMENT, gateway_id=payment_id)


def _note_failure(hint: WebhookEvent, error: GatewayError) -> None:
    is_foreign = isinstance(error, CredentialsRefused) and error.http_status == HTTPStatus.FORBIDDEN
    if is_foreign or isinstance(error, NotFound):
        _close(hint, EventState.IGNORED, "not_found")
        return
    if hint.attempts + 1 >= _MOST_TRIES:
        _close(hint, EventState.IGNORED, "no_answer")
        return
    asked = getattr(error, "retry_after", None)
    wait = timedelta(seconds=asked) if asked else _OUTAGE
    says = backing_off.words_of(error)
    _waiting().filter(pk=hint.pk).update(
        state=EventState.RETRY,
        next_attempt_at=clock.now() + wait,
        history=attempts.and_one(hint, EventState.RETRY, cause=backing_off.cause_of(error), says=says),
        last_error=says[:500],
    )


def _close(
    hint: WebhookEvent,
    state: EventState,
    reason: str,
    *,
    started: datetime | None = None,
    resource: GatewayResource | None = None,
    was_asked: bool = True,
) -> None:
    """Finish a hint, unless it was repeated after ``started``: then the answer may be older than it."""
    own = _waiting().filter(pk=hint.pk)
    if started:
        own = own.filter(Q(last_repeat_at=None) | Q(last_repeat_at__lte=started))
    own.update(
        state=state,
        reason=reason,
        resource=resource,
        history=attempts.and_one(hint, state, reason=reason) if was_asked else hint.history,
        next_attempt_at=None,
        last_error="",
        finished_at=clock.now(),
    )
