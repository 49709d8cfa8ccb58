"""Look at key and webhook of each connection by the clock, mend what is safe to mend, tell of the rest.

Whatever brings a look forward (a refused call, an event about a key) sets no state: the look does. A
webhook that somebody switched off, or gave another address, in the gateway's panel stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from config import clock
from connections.gateways.base import Gateway, Notification, WebhookRegistration
from connections.gateways.errors import CredentialsRefused, GatewayError, GatewayUnavailable, NotFound
from connections.models import Connection, ConnectionState, Problem
from connections.problem_kinds import Area
from connections.sealed import CannotOpen
from connections.services import keeping, problems, turns
from connections.services.accounts import (
    WEB_DEADLINE_SECONDS,
    check,
    gateway_for,
    note_refusal,
    patience,
)
from connections.services.turns import bring_forward as bring_forward

logger = logging.getLogger(__name__)

RESUMED = "resumed"
WRONG_URL = "webhook_wrong_url"
# While something is wrong that may end by itself.
SOON = timedelta(minutes=5)
# After a queue was started again: did it stay so?
_AFTER_A_REPAIR = timedelta(minutes=2)
_LEAST_PAUSE = timedelta(seconds=30)
_PASS_SECONDS = 60.0
_FORGOTTEN = {"webhook_missing", "webhook_wrong_version", "webhook_missing_events", "webhook_no_token"}
_STOPPED = ("webhook_interrupted", "webhook_penalized")
_UNSTEADY_WITHIN = timedelta(hours=24)
_UNSTEADY_FROM = 3
_EXPIRY_FORGOTTEN = timedelta(days=30)


def sweep() -> int:
    """Look at every connection whose turn it is; returns how many."""
    turns.plan_new()
    left = patience(_PASS_SECONDS)
    looked = 0
    for connection_id in turns.due():
        if left() <= 0:
            break
        claimed = turns.claim(connection_id)
        if claimed is None:
            continue
        looked += 1
        after = _examine_safely(connection_id)
        if after is not None:
            turns.come_back(connection_id, claimed, after=after)
    return looked


def _examine_safely(connection_id: int) -> timedelta | None:
    """One connection that fails must not keep the others waiting."""
    try:
        return examine(Connection.objects.get(pk=connection_id))
    except Exception:
        logger.exception("connection %s could not be looked at", connection_id)
        return SOON


def examine(connection: Connection, *, seconds_left: Callable[[], float] | None = None) -> timedelta | None:
    """Look at one connection now; when to come back, or None for the usual time.

    ``seconds_left`` is the patience of a person who waits for it.
    """
    seconds_left = seconds_left or patience(WEB_DEADLINE_SECONDS)
    try:
        connection.open_credentials()
        return _look(connection, seconds_left, with_webhook=_opens_webhook_secrets(connection))
    except CannotOpen:
        # Another process may have the key: what the row says of the connection stays.
        problems.raise_(connection, "key_sealed")
        return SOON
    except GatewayUnavailable as err:
        asked = getattr(err, "retry_after", None)
        return max(timedelta(seconds=asked), _LEAST_PAUSE) if asked else SOON


def _opens_webhook_secrets(connection: Connection) -> bool:
    """Without them every notification is answered 503, however well the key of the account opens."""
    try:
        connection.open_webhook_secrets()
    except CannotOpen:
        problems.raise_(connection, "webhook_secret_sealed")
        return False
    if connection.problems.open().filter(code="webhook_secret_sealed").exists():
        problems.clear(connection, "webhook_secret_sealed")
    return True


def _look(
    connection: Connection, seconds_left: Callable[[], float], *, with_webhook: bool
) -> timedelta | None:
    """Raises ``CannotOpen`` and ``GatewayUnavailable``."""
    check(connection, seconds_left=seconds_left, is_background=True)
    if connection.state != ConnectionState.READY:
        return SOON
    _review_expiry(connection)
    _review_delivery(connection)
    return look_at_webhook(connection, seconds_left=seconds_left) if with_webhook else SOON


def look_at_webhook(
    connection: Connection,
    *,
    seconds_left: Callable[[], float] | None = None,
    is_background: bool = True,
) -> timedelta | None:
    """Ask how the webhook is, mend it where that is safe, and write down what was found.

    Raises ``CannotOpen`` and ``GatewayUnavailable``.
    """
    if not connection.capabilities.registers_webhook:
        keeping.keep_webhook(connection)
        return None
    seconds_left = seconds_left or patience(WEB_DEADLINE_SECONDS)
    gateway = gateway_for(connection, seconds_left=seconds_left, is_background=is_background)
    url = keeping.webhook_url(connection)
    try:
        registration = gateway.read_webhook(url=url, webhook_id=connection.webhook_id)
        if registration is None:
            keeping.take_missing(connection)
        else:
            keeping.take_registration(connection, registration)
        return _mend(connection, gateway, registration, seconds_left, is_background=is_background)
    except GatewayUnavailable:
        raise
    except CredentialsRefused as err:
        note_refusal(connection, err)
        keeping.take_refusal(connection, err)
    except GatewayError as err:
        keeping.take_refusal(connection, err)
    return SOON


def _mend(
    connection: Connection,
    gateway: Gateway,
    registration: WebhookRegistration | None,
    seconds_left: Callable[[], float],
    *,
    is_background: bool,
) -> timedelta | None:
    codes = {notice["code"] for notice in connection.webhook_notices}
    if not codes:
        return None
    if registration is not None and not registration.enabled:
        return SOON
    if WRONG_URL in codes and not _is_our_old_one(connection, registration):
        return SOON  # of another copy of this installation, or meant by somebody: a person decides
    if codes & (_FORGOTTEN | {WRONG_URL}):
        if keeping.may_tell(connection):
            keeping.register(connection, seconds_left, is_background=is_background)
            logger.info("connection %s: the webhook was registered again", connection.pk)
    elif codes & set(_STOPPED):
        try:
            resumed = gateway.resume_webhook(url=keeping.webhook_url(connection))
        except NotFound:  # deleted since we read it
            return timedelta()
        keeping.take_registration(connection, resumed, repair=RESUMED)
        logger.info("connection %s: the webhook's queue was started again", connection.pk)
        return None if _is_unsteady(connection) else _AFTER_A_REPAIR
    return SOON if connection.webhook_notices else None


def _is_our_old_one(connection: Connection, registration: WebhookRegistration | None) -> bool:
    """Its address was changed here, and the gateway has not been told yet."""
    return registration is not None and registration.url == keeping.old_webhook_url(connection)


def _is_unsteady(connection: Connection) -> bool:
    """A queue that has to be started again and again is not mended: our address fails. People are told."""
    since = clock.now() - _UNSTEADY_WITHIN
    resumed = connection.problems.filter(code__in=_STOPPED, repair=RESUMED, cleared_at__gt=since).count()
    if resumed < _UNSTEADY_FROM:
        return False
    problems.raise_(connection, "webhook_unsteady", times=resumed)
    return True


def _review_delivery(connection: Connection) -> None:
    """End what only time or a notification ends."""
    now = clock.now()
    for problem in connection.problems.open().filter(area=Area.DELIVERY):
        arrived = connection.last_event_at
        is_over = {
            "webhook_unsteady": problem.last_seen_at <= now - _UNSTEADY_WITHIN,
            "notifications_missing": bool(arrived and arrived > problem.last_seen_at),
        }
        if is_over.get(problem.code):
            problems.clear(connection, problem.code)


def note_key_event(connection_id: int, notification: Notification) -> None:
    """The gateway told something about a key of the account: look at ours, and say when one is to expire.

    The event names no key we could know by its id, and sets no state.
    """
    bring_forward(connection_id)
    if not notification.is_key_expiring:
        return
    connection = Connection.objects.without_secrets().get(pk=connection_id)
    _review_expiry(connection)
    day = notification.key_expires_on.isoformat() if notification.key_expires_on else None
    if connection.is_active and not _was_answered(connection, day):
        problems.raise_(connection, "key_expiring", day=day, key=_fingerprints(connection))


def _was_answered(connection: Connection, day: str | None) -> bool:
    """The key that was replaced goes on being announced until its day."""
    over = connection.problems.filter(code="key_expiring").exclude(cleared_at=None)
    if day is None:
        over = over.filter(cleared_at__gt=clock.now() - _EXPIRY_FORGOTTEN)
    return any(problem.data.get("day") == day for problem in over)


def _review_expiry(connection: Connection) -> None:
    """Over when another key is stored, or when the day has passed and ours still works."""
    problem = connection.problems.open().filter(code="key_expiring").first()
    if problem is None:
        return
    if problem.data.get("key") != _fingerprints(connection) or _has_passed(problem):
        problems.clear(connection, "key_expiring")


def _has_passed(problem: Problem) -> bool:
    day = problem.data.get("day")
    if day is None:
        return problem.last_seen_at <= clock.now() - _EXPIRY_FORGOTTEN
    ends = datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=UTC)
    return clock.now() >= ends + timedelta(days=2)


def _fingerprints(connection: Connection) -> list[str]:
    return sorted(hint.get("fingerprint", "") for hint in connection.credential_hints.values())
