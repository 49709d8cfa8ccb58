"""Speak for a connection at its gateway, and learn from the gateway whose account it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from http import HTTPStatus

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config import clock
from connections import waiting
from connections.budget import ConnectionBudget
from connections.gateways.base import (
    Access,
    Account,
    Environment,
    Exchange,
    Gateway,
    Notice,
    Secrets,
)
from connections.gateways.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GatewayError,
    KeyOfOtherEnvironment,
    RateLimited,
)
from connections.gateways.registry import gateway_class
from connections.models import Connection, ConnectionState
from connections.sealed import CannotOpen
from connections.services import clock_skew, pausing, problems, turns

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
    before_call: Callable[[], None] | None = None,
    on_date: Callable[[str], None] | None = None,
) -> Gateway:
    """The adapter that speaks for this connection.

    ``seconds_left`` bounds each call by what is left of the caller's patience; ``before_call`` may refuse it
    by a ``BudgetExhausted``. Raises ``CredentialsRefused`` when the stored key does not open: then nobody
    can speak for it.
    """
    adapter = gateway_class(connection.gateway)
    try:
        credentials = connection.open_credentials()
    except CannotOpen as err:
        text = _("The stored secrets do not open: add the key they were sealed with to CREDENTIALS_KEYS.")
        raise CredentialsRefused(text, code="sealed") from err
    limits = adapter.capabilities
    access = Access(
        credentials=credentials,
        environment=Environment(connection.environment),
        account_id=connection.account_id,
        now=clock.now,
        budget=ConnectionBudget(connection.pk, limits, is_background=is_background, before_call=before_call),
        simulator_url=settings.SIMULATOR_URL,
        on_exchange=on_exchange,
        on_date=on_date,
        deadline_seconds=WORKER_DEADLINE_SECONDS,
        seconds_left=seconds_left,
    )
    return adapter(access)


def patience(seconds: float) -> Callable[[], float]:
    """What is left of so many seconds, for all calls of one errand together."""
    ends = time.monotonic() + seconds
    return lambda: ends - time.monotonic()


def verify_credentials(
    *,
    gateway: str,
    environment: str,
    credentials: Mapping[str, str],
    account_id: str = "",
    seconds_left: Callable[[], float] | None = None,
) -> Account:
    """Ask the gateway whose account these open, for a connection of this environment (and account).

    Raises ``CredentialsUnfit`` with our reasons, ``AllSeatsTaken``, or the gateway's ``GatewayError``.
    """
    adapter = gateway_class(gateway)
    sealed = Secrets(credentials)
    refusals = list(adapter.review_credentials(sealed, Environment(environment)))
    if refusals:
        raise CredentialsUnfit(refusals)
    access = Access(
        credentials=sealed,
        environment=Environment(environment),
        now=clock.now,
        simulator_url=settings.SIMULATOR_URL,
        deadline_seconds=WEB_DEADLINE_SECONDS,
        seconds_left=seconds_left or patience(WEB_DEADLINE_SECONDS),
    )
    with waiting.room.insist():
        account = adapter(access).check_credentials()
    refuse_misfit(account, environment=environment, account_id=account_id)
    if account_id and not account.account_id:
        text = _("This key may not say whose account it opens. Give it the right to read the account's data.")
        raise CredentialsUnfit([Notice(code="unknown_account", text=text)])
    return account


def refuse_misfit(account: Account, *, environment: str, account_id: str) -> None:
    """Raises ``CredentialsUnfit`` when the account is of the other environment or not the one we know.

    A key that may not say whose account it opens does not contradict what we know.
    """
    if account.environment != environment:
        text = _("This key belongs to a %(kind)s account. Choose that environment or paste another key.")
        raise CredentialsUnfit(
            [Notice(code="environment", text=text % {"kind": _(account.environment.value)})]
        )
    if account_id and account.account_id not in ("", account_id):
        text = _("This key opens another account (%(name)s). Make a new connection for it.")
        raise CredentialsUnfit([Notice(code="another_account", text=text % {"name": account.name})])


def refuse_twin(connection: Connection, account: Account) -> None:
    """Raises ``CredentialsUnfit`` when another active connection has this account."""
    if twin := active_twin(connection, account_id=account.account_id):
        text = _("The account “%(account)s” is already connected as “%(name)s”.")
        text %= {"account": account.name, "name": twin.name}
        raise CredentialsUnfit([Notice(code="account", text=text)])


def active_twin(connection: Connection, *, account_id: str) -> Connection | None:
    """Another active connection with this account in this environment."""
    same = Connection.objects.filter(
        gateway=connection.gateway,
        environment=connection.environment,
        account_id=account_id,
        is_active=True,
    )
    return same.exclude(pk=connection.pk).first() if account_id and connection.is_active else None


def note_success(connection: Connection) -> None:
    """A call worked: a connection that was thought away or refused is ready again."""
    pausing.note_answer(connection.pk)
    thought_away = (ConnectionState.UNREACHABLE, ConnectionState.REFUSED)
    if connection.state in thought_away and connection.account_id:
        away = Connection.objects.filter(pk=connection.pk, state__in=thought_away, is_active=True)
        is_news = away.update(
            state=ConnectionState.READY, state_reason="", state_code="", unreachable_since=None
        )
        if is_news:
            turns.bring_forward(connection.pk)


def take_account(connection: Connection, account: Account) -> None:
    """Keep what the gateway said about the account; the caller saves the row."""
    connection.account_id = account.account_id or connection.account_id
    connection.account_name = account.name or connection.account_name
    connection.site = account.site
    connection.currency = account.currency
    connection.time_zone = account.time_zone
    connection.notices = [asdict(notice) for notice in account.notices]
    if account.ways is not None:
        connection.ways = [asdict(way) for way in account.ways]
    if account.documents is not None:
        connection.document_rules = [asdict(rule) for rule in account.documents]
    connection.state = ConnectionState.READY
    connection.state_reason = connection.state_code = ""
    connection.unreachable_since = None
    connection.checked_at = clock.now()


CHECKED = (
    "account_id",
    "account_name",
    "site",
    "currency",
    "time_zone",
    "ways",
    "document_rules",
    "notices",
    "state",
    "state_reason",
    "state_code",
    "unreachable_since",
    "checked_at",
)


def check(
    connection: Connection,
    *,
    seconds_left: Callable[[], float] | None = None,
    is_background: bool = False,
) -> Connection:
    """Ask the gateway about the stored key and write what it said to the row.

    What it said of a key that was replaced meanwhile is dropped. Raises ``AllSeatsTaken``, except for
    workers (``is_background``); those get ``BudgetExhausted`` and ``RateLimited``, which say nothing of it.
    """
    with nullcontext() if is_background else waiting.room.insist():
        _ask(connection, seconds_left or patience(WEB_DEADLINE_SECONDS), is_background=is_background)
    if not connection.is_active:
        connection.state = ConnectionState.DISABLED
    said = {name: getattr(connection, name) for name in CHECKED}
    if _of_this_key(connection).update(**said):
        problems.follow_key(connection)
    else:
        connection.refresh_from_db()
    return connection


def _of_this_key(connection: Connection) -> QuerySet[Connection]:
    """The row, while it still holds the key that was used."""
    return Connection.objects.filter(pk=connection.pk, credentials=connection.credentials)


def _ask(connection: Connection, seconds_left: Callable[[], float], *, is_background: bool) -> None:
    try:
        gateway = gateway_for(
            connection,
            seconds_left=seconds_left,
            is_background=is_background,
            on_date=clock_skew.compare,
        )
        account = gateway.check_credentials()
        refuse_misfit(account, environment=connection.environment, account_id=connection.account_id)
        refuse_twin(connection, account)
        take_account(connection, account)
    except CredentialsRefused as err:
        _take_failure(connection, ConnectionState.REFUSED, err.text, _why(err))
    except CredentialsUnfit as err:
        reason = " ".join(notice.text for notice in err.notices)
        _take_failure(connection, ConnectionState.REFUSED, reason, err.notices[0].code)
    except GatewayError as err:
        if is_background and isinstance(err, BudgetExhausted | RateLimited):
            raise
        _take_failure(connection, ConnectionState.UNREACHABLE, err.text)


def _why(error: CredentialsRefused) -> str:
    """The code of ``CredentialsUnfit`` for what the refusal tells by itself; else empty."""
    if isinstance(error, KeyOfOtherEnvironment):
        return "environment"
    return "sealed" if error.code == "sealed" else ""


def _take_failure(connection: Connection, state: ConnectionState, reason: str, code: str = "") -> None:
    connection.checked_at = clock.now()
    since = connection.unreachable_since or connection.checked_at
    connection.unreachable_since = since if state == ConnectionState.UNREACHABLE else None
    connection.state = state
    connection.state_reason = reason
    connection.state_code = code


def note_refusal(connection: Connection, error: CredentialsRefused) -> None:
    """The gateway refused the key while working: show it to the administrators.

    A 403 is about one call (an address not allowed, a right missing), not about the key. A refusal of a
    key that was replaced while the call was under way says nothing about the new one.
    """
    if error.http_status == HTTPStatus.FORBIDDEN:
        return
    said = {
        "state": ConnectionState.REFUSED,
        "state_reason": error.text,
        "state_code": _why(error),
        "checked_at": clock.now(),
    }
    if _of_this_key(connection).update(**said):
        for name, value in said.items():
            setattr(connection, name, value)
        turns.bring_forward(connection.pk)


def set_active(connection: Connection, *, is_active: bool) -> None:
    """Switch a connection off or on. Its notifications are still taken while it is off (design rule 12)."""
    connection.is_active = is_active
    connection.state = ConnectionState.NEW if is_active else ConnectionState.DISABLED
    connection.save(update_fields=["is_active", "state"])
    problems.follow_key(connection)
