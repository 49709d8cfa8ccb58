"""Keep the webhook of a connection: tell the gateway its address and token, note what it delivers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from http import HTTPStatus

from django.conf import settings
from django.db.models import Exists, Q

from config import clock
from connections import waiting
from connections.gateways.base import Gateway, Notice, WebhookRegistration
from connections.gateways.errors import CredentialsRefused, GatewayError, GatewayUnavailable
from connections.gateways.texts import gettext_noop
from connections.models import OLD, Connection, WebhookState, secret_mark
from connections.sealed import CannotOpen
from connections.services import problems
from connections.services.accounts import WEB_DEADLINE_SECONDS, gateway_for, patience
from connections.services.secrets_of_webhook import Held, change, generated_token

TOKEN = "token"  # the name of the one secret a gateway with an API for webhooks is told
# Asaas gives a delivery up after 10 s (asaas.md 5.2): what was on its way with the old token is in by then.
ON_THE_WAY = timedelta(seconds=30)
REGISTERED = "registered"  # what was done about a problem
REASSERT_EVERY = timedelta(minutes=1)
_TELL_AGAIN = 3


def webhook_url(connection: Connection) -> str:
    """The address the gateway notifies: ours, with the connection's own token in it."""
    return settings.PUBLIC_URL + connection.webhook_path


def old_webhook_url(connection: Connection) -> str:
    """The address before, while it is accepted; else empty."""
    path = connection.old_webhook_path
    return settings.PUBLIC_URL + path if path else ""


def keep_webhook(
    connection: Connection,
    *,
    seconds_left: Callable[[], float] | None = None,
    is_background: bool = False,
) -> Connection:
    """Register or mend the webhook where the gateway has an API for it, and write its state to the row.

    The token is stored before the gateway hears of it, so that its first delivery already verifies
    (design rule 12). When too many web threads wait for gateways already, a worker tells it in a moment:
    then ``webhook_untold`` is set without a notice. Raises ``CannotOpen``.
    """
    if not connection.capabilities.registers_webhook:
        return _keep_shown_webhook(connection)
    seconds_left = seconds_left or patience(WEB_DEADLINE_SECONDS)
    if is_background:
        return register(connection, seconds_left, is_background=True)
    with waiting.room.seat() as is_seated:
        if is_seated:
            return register(connection, seconds_left, is_background=False)
    return _leave_to_worker(connection)


def register(connection: Connection, seconds_left: Callable[[], float], *, is_background: bool) -> Connection:
    """Tell the gateway, for who may wait for it (in the web: who has a seat)."""
    for _time in range(_TELL_AGAIN):
        token = _stored_token(connection)
        told = (connection.path_token, token)
        try:
            gateway = gateway_for(connection, seconds_left=seconds_left, is_background=is_background)
            registration = _tell(connection, token, gateway)
        except GatewayError as err:
            return _note_failure(connection, err)
        if _note_told(connection, told):
            break
    return take_registration(connection, registration, repair=REGISTERED)


def _leave_to_worker(connection: Connection) -> Connection:
    connection.webhook_untold = True
    connection.webhook_told_at = None  # due at the next sweep
    connection.webhook_notices = []
    connection.save(update_fields=["webhook_untold", "webhook_told_at", "webhook_notices"])
    return connection


def _tell(connection: Connection, token: str, gateway: Gateway) -> WebhookRegistration:
    return gateway.register_webhook(
        url=webhook_url(connection),
        token=token,
        email=settings.CONTACT_EMAIL,
        name=f"{connection.name} {connection.public_id.hex[:8]}",
        old_url=old_webhook_url(connection),
        webhook_id=connection.webhook_id,
    )


def _note_told(connection: Connection, told: tuple[str, str]) -> bool:
    """False when somebody changed token or address meanwhile: then the gateway has to be told again."""
    fresh = Connection.objects.get(pk=connection.pk)
    if (fresh.path_token, fresh.open_webhook_secrets().get(TOKEN)) != told:
        connection.refresh_from_db()
        return False
    unchanged = Connection.objects.filter(
        pk=fresh.pk, path_token=fresh.path_token, webhook_secrets=fresh.webhook_secrets
    )
    connection.webhook_told_at = clock.now()
    connection.webhook_untold = False
    return bool(unchanged.update(webhook_untold=False, webhook_told_at=connection.webhook_told_at))


def _note_failure(connection: Connection, error: GatewayError) -> Connection:
    """What may be mended by telling again is told again by a worker."""
    if isinstance(error, GatewayUnavailable):
        Connection.objects.filter(pk=connection.pk).update(webhook_untold=True)
        connection.webhook_untold = True
    state = WebhookState.UNHEALTHY if connection.webhook_id else WebhookState.MISSING
    return _save_webhook(connection, state, [_refusal(error)])


def take_refusal(connection: Connection, error: GatewayError) -> Connection:
    """Write to the row that the gateway will not speak about the webhook."""
    return _save_webhook(connection, WebhookState.UNHEALTHY, [_refusal(error)])


def _refusal(error: GatewayError) -> Notice:
    """A 403 is about what this key may do."""
    is_forbidden = isinstance(error, CredentialsRefused) and error.http_status == HTTPStatus.FORBIDDEN
    code = "webhook_not_allowed" if is_forbidden else "webhook_refused"
    return Notice(code=code, text=error.text or gettext_noop("The gateway did not answer."))


def _stored_token(connection: Connection) -> str:
    def add(held: Held) -> bool:
        if held.values.get(TOKEN):
            return False
        now = clock.now()
        return held.put(TOKEN, generated_token(), at=now, by="", old_until=now)

    change(connection, add)
    return connection.open_webhook_secrets()[TOKEN]


def take_registration(
    connection: Connection, registration: WebhookRegistration, *, repair: str = ""
) -> Connection:
    """Write to the row how the gateway says the webhook is; ``repair`` is what was just done about it."""
    connection.webhook_id = registration.webhook_id
    if not registration.is_healthy:
        notices = list(registration.problems)
        return _save_webhook(connection, WebhookState.UNHEALTHY, notices, repair=repair)
    was_tested = connection.webhook_state == WebhookState.TESTED
    state = WebhookState.TESTED if was_tested else WebhookState.REGISTERED
    return _save_webhook(connection, state, [], repair=repair)


def take_missing(connection: Connection) -> Connection:
    """Write to the row that the gateway knows no webhook with our address."""
    connection.webhook_id = ""
    text = gettext_noop("The webhook is not registered at the gateway.")
    return _save_webhook(connection, WebhookState.MISSING, [Notice(code="webhook_missing", text=text)])


def _keep_shown_webhook(connection: Connection) -> Connection:
    """Without an API for webhooks a person ticks the topics in the gateway's panel and pastes its secret."""
    has_secret = any(connection.open_webhook_secrets().values())
    if connection.webhook_state == WebhookState.TESTED and has_secret:
        return connection
    return _save_webhook(connection, WebhookState.SHOWN if has_secret else WebhookState.MISSING, [])


def _save_webhook(
    connection: Connection, state: WebhookState, notices: list[Notice], *, repair: str = ""
) -> Connection:
    connection.webhook_state = state
    connection.webhook_notices = [asdict(notice) for notice in notices]
    connection.save(update_fields=["webhook_id", "webhook_state", "webhook_notices"])
    problems.follow_webhook(connection, repair=repair)
    return connection


def note_delivery(connection: Connection, *, at: datetime, secret_marks: Collection[str] = ()) -> None:
    """A verified notification arrived: the webhook works, and perhaps the gateway uses the new token.

    An old one that is worked on again says nothing of when the last one came. A delivery that verifies with
    the new token ends the old one (design rule 12).
    """
    own = Connection.objects.filter(pk=connection.pk)
    own.filter(Q(last_event_at=None) | Q(last_event_at__lt=at)).update(last_event_at=at)
    if connection.webhook_state not in (WebhookState.TESTED, WebhookState.UNHEALTHY):
        own.exclude(webhook_state=WebhookState.UNHEALTHY).update(webhook_state=WebhookState.TESTED)
    hints = connection.webhook_secret_hints
    if not connection.capabilities.registers_webhook or not any(OLD in name for name in hints):
        return
    ends = at + ON_THE_WAY

    def end_old_ones(held: Held) -> bool:
        if secret_mark(TOKEN, held.values.get(TOKEN, "")) not in secret_marks:
            return False
        return any([held.end(name, at=ends) for name in held.old_names(TOKEN)])

    if f"{TOKEN}:{hints.get(TOKEN, {}).get('fingerprint')}" in secret_marks:
        # A worker without the key must not blame the notification; the old one ends by its time.
        with suppress(CannotOpen):
            change(connection, end_old_ones)


def claim_telling(refused: Exists) -> list[Connection]:
    """The connections whose gateway should be told again now, each claimed for a minute.

    ``refused`` says which had a notification refused since they were told; the others are those whose
    gateway did not hear of a change.
    """
    now = clock.now()
    is_due = Q(webhook_told_at=None) | Q(webhook_told_at__lte=now - REASSERT_EVERY)
    waiting = Connection.objects.filter(is_due).filter(Q(webhook_untold=True) | Q(refused))
    return [
        connection
        for connection in waiting
        if connection.capabilities.registers_webhook
        and Connection.objects.filter(is_due, pk=connection.pk).update(webhook_told_at=now)
    ]


def may_tell(connection: Connection) -> bool:
    """Claim to tell the gateway now what it has forgotten; false while somebody told it within a minute."""
    now = clock.now()
    is_due = Q(webhook_told_at=None) | Q(webhook_told_at__lte=now - REASSERT_EVERY)
    return bool(Connection.objects.filter(is_due, pk=connection.pk).update(webhook_told_at=now))
