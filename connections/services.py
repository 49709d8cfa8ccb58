"""What can be done with a connection: verify its key, keep its webhook, speak to its gateway."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.utils.translation import gettext as _

from config import clock
from connections.budget import ConnectionBudget
from connections.gateways.base import (
    Access,
    Account,
    Environment,
    Exchange,
    Gateway,
    Notice,
    Secrets,
    WebhookRegistration,
)
from connections.gateways.errors import CredentialsRefused, GatewayError
from connections.gateways.registry import gateway_class
from connections.models import Connection, ConnectionState, WebhookState
from connections.sealed import CannotOpen

WEB_DEADLINE_SECONDS = 8.0
WORKER_DEADLINE_SECONDS = 20.0


class CredentialsUnfit(Exception):
    """The key may be good, but not for this connection; ``notices`` say why in our words."""

    def __init__(self, notices: list[Notice]) -> None:
        super().__init__("; ".join(notice.code for notice in notices))
        self.notices = notices


def gateway_for(
    connection: Connection,
    *,
    seconds_left: Callable[[], float] | None = None,
    is_background: bool = True,
    on_exchange: Callable[[Exchange], None] | None = None,
) -> Gateway:
    """The adapter that speaks for this connection.

    ``seconds_left`` bounds each call by what is left of the caller's patience. Raises
    ``CredentialsRefused`` when the stored key does not open: then nobody can speak for it.
    """
    adapter = gateway_class(connection.gateway)
    try:
        credentials = connection.open_credentials()
    except CannotOpen as err:
        text = _("The stored secrets do not open: add the key they were sealed with to CREDENTIALS_KEYS.")
        raise CredentialsRefused(text, code="sealed") from err
    access = Access(
        credentials=credentials,
        environment=Environment(connection.environment),
        account_id=connection.account_id,
        now=clock.now,
        budget=ConnectionBudget(connection.pk, adapter.capabilities, is_background=is_background),
        simulator_url=settings.SIMULATOR_URL,
        on_exchange=on_exchange,
        deadline_seconds=WORKER_DEADLINE_SECONDS,
        seconds_left=seconds_left,
    )
    return adapter(access)


def _web_patience() -> float:
    return WEB_DEADLINE_SECONDS


def webhook_url(connection: Connection) -> str:
    """The address the gateway notifies: ours, with the connection's own token in it."""
    return settings.PUBLIC_URL + connection.webhook_path


def verify_credentials(
    *, gateway: str, environment: str, credentials: Mapping[str, str], account_id: str = ""
) -> Account:
    """Ask the gateway whose account these open, for a connection of this environment (and account).

    Raises ``CredentialsUnfit`` with our reasons, or the gateway's ``GatewayError``.
    """
    adapter = gateway_class(gateway)
    sealed = Secrets(credentials)
    refusals = list(adapter.review_credentials(sealed, Environment(environment)))
    if refusals:
        raise CredentialsUnfit(refusals)
    account = adapter(
        Access(
            credentials=sealed,
            environment=Environment(environment),
            now=clock.now,
            simulator_url=settings.SIMULATOR_URL,
            deadline_seconds=WEB_DEADLINE_SECONDS,
        )
    ).check_credentials()
    refuse_misfit(account, environment=environment, account_id=account_id)
    return account


def refuse_misfit(account: Account, *, environment: str, account_id: str) -> None:
    """Raises ``CredentialsUnfit`` when the account is of the other environment or not the one we know."""
    if account.environment != environment:
        text = _("This key belongs to a %(kind)s account. Choose that environment or paste another key.")
        raise CredentialsUnfit(
            [Notice(code="environment", text=text % {"kind": _(account.environment.value)})]
        )
    if account_id and account.account_id != account_id:
        text = _("This key opens another account (%(name)s). Make a new connection for it.")
        raise CredentialsUnfit([Notice(code="another_account", text=text % {"name": account.name})])


def take_account(connection: Connection, account: Account) -> None:
    """Keep what the gateway said about the account; the caller saves the row."""
    connection.account_id = account.account_id
    connection.account_name = account.name
    connection.site = account.site
    connection.currency = account.currency
    connection.time_zone = account.time_zone
    connection.notices = [asdict(notice) for notice in account.notices]
    connection.state = ConnectionState.READY
    connection.state_reason = ""
    connection.checked_at = clock.now()


_CHECKED = (
    "account_id",
    "account_name",
    "site",
    "currency",
    "time_zone",
    "notices",
    "state",
    "state_reason",
    "checked_at",
)


def check(connection: Connection) -> Connection:
    """Ask the gateway about the stored key and write what it said to the row."""
    try:
        gateway = gateway_for(connection, seconds_left=_web_patience, is_background=False)
        account = gateway.check_credentials()
        refuse_misfit(account, environment=connection.environment, account_id=connection.account_id)
        take_account(connection, account)
    except CredentialsRefused as err:
        _take_failure(connection, ConnectionState.REFUSED, err.text)
    except CredentialsUnfit as err:
        _take_failure(connection, ConnectionState.REFUSED, " ".join(notice.text for notice in err.notices))
    except GatewayError as err:
        _take_failure(connection, ConnectionState.UNREACHABLE, err.text)
    connection.save(update_fields=_CHECKED)
    return connection


def _take_failure(connection: Connection, state: ConnectionState, reason: str) -> None:
    connection.state = state
    connection.state_reason = reason
    connection.checked_at = clock.now()


def keep_webhook(connection: Connection) -> Connection:
    """Register or mend the webhook where the gateway has an API for it, and write its state to the row.

    The token is stored before the gateway hears of it, so that its first delivery already verifies
    (design rule 12). Raises ``CannotOpen``.
    """
    if not connection.capabilities.registers_webhook:
        return _keep_shown_webhook(connection)
    token = _stored_token(connection)
    try:
        gateway = gateway_for(connection, seconds_left=_web_patience, is_background=False)
        registration = gateway.register_webhook(
            url=webhook_url(connection),
            token=token,
            email=settings.CONTACT_EMAIL,
            name=f"{connection.name} {connection.public_id.hex[:8]}",
        )
    except GatewayError as err:
        return _save_webhook(connection, WebhookState.MISSING, [Notice(code="refused", text=err.text)])
    return _take_registration(connection, registration)


def _stored_token(connection: Connection) -> str:
    known = connection.open_webhook_secrets()
    if known.get("token"):
        return known["token"]
    token = secrets.token_urlsafe(36).replace("-", "a").replace("_", "b")
    connection.seal_webhook_secrets({**known, "token": token})
    connection.save(update_fields=["webhook_secrets"])
    return token


def _take_registration(connection: Connection, registration: WebhookRegistration) -> Connection:
    connection.webhook_id = registration.webhook_id
    if not registration.is_healthy:
        return _save_webhook(connection, WebhookState.UNHEALTHY, list(registration.problems))
    was_tested = connection.webhook_state == WebhookState.TESTED
    return _save_webhook(connection, WebhookState.TESTED if was_tested else WebhookState.REGISTERED, [])


def _keep_shown_webhook(connection: Connection) -> Connection:
    """Without an API for webhooks a person ticks the topics in the gateway's panel and pastes its secret."""
    has_secret = any(connection.open_webhook_secrets().values())
    if connection.webhook_state == WebhookState.TESTED and has_secret:
        return connection
    return _save_webhook(connection, WebhookState.SHOWN if has_secret else WebhookState.MISSING, [])


def _save_webhook(connection: Connection, state: WebhookState, notices: list[Notice]) -> Connection:
    connection.webhook_state = state
    connection.webhook_notices = [asdict(notice) for notice in notices]
    connection.save(update_fields=["webhook_id", "webhook_state", "webhook_notices"])
    return connection


def note_delivery(connection_id: int, *, at: datetime) -> None:
    """A verified notification arrived: the webhook works."""
    Connection.objects.filter(pk=connection_id).update(last_event_at=at, webhook_state=WebhookState.TESTED)


def note_refusal(connection: Connection, error: CredentialsRefused) -> None:
    """The gateway refused the key while working: show it to the administrators.

    A 403 is about one call (an address not allowed, a right missing), not about the key.
    """
    if error.http_status == HTTPStatus.FORBIDDEN:
        return
    _take_failure(connection, ConnectionState.REFUSED, error.text)
    connection.save(update_fields=["state", "state_reason", "checked_at"])


def set_active(connection: Connection, *, is_active: bool) -> None:
    """Switch a connection off or on. Its notifications are still taken while it is off (design rule 12)."""
    connection.is_active = is_active
    connection.state = ConnectionState.NEW if is_active else ConnectionState.DISABLED
    connection.save(update_fields=["is_active", "state"])
