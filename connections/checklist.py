"""What is left to do until a connection works, step by step; each says how it stands and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from connections.gateways.registry import gateway_class
from connections.models import Connection, ConnectionState, WebhookState
from connections.problem_kinds import kind_of


class StepState(StrEnum):
    DONE = "done"
    WAITING = "waiting"
    TODO = "todo"
    WRONG = "wrong"


_LOOKS = {
    StepState.DONE: ("✓", "ready"),
    StepState.WAITING: ("…", "new"),
    StepState.TODO: ("!", "unhealthy"),
    StepState.WRONG: ("✕", "refused"),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    code: str
    state: StepState
    title: str
    detail: str = ""

    @property
    def icon(self) -> str:
        return _LOOKS[self.state][0]

    @property
    def tone(self) -> str:
        return _LOOKS[self.state][1]

    @property
    def state_in_words(self) -> str:
        return {
            StepState.DONE: _("done"),
            StepState.WAITING: _("waiting"),
            StepState.TODO: _("to do"),
            StepState.WRONG: _("wrong"),
        }[self.state]


def checklist(connection: Connection) -> list[Step]:
    """In the order in which they are done. Asks nobody."""
    steps = [_key(connection), _account(connection)]
    if connection.state == ConnectionState.READY:
        steps += [_rights(connection), *_registration(connection), *_pix_key(connection)]
    return [*steps, _webhook(connection), _first(connection)]


def is_waiting(connection: Connection) -> bool:
    """Whether the page has a first notification to wait for."""
    is_set = connection.webhook_state in (WebhookState.SHOWN, WebhookState.REGISTERED)
    return connection.is_active and is_set and connection.last_event_at is None


def mark(connection: Connection) -> str:
    """Changes when a step may have."""
    return f"{connection.state}-{connection.webhook_state}-{int(connection.last_event_at is not None)}"


def _key(connection: Connection) -> Step:
    say = {
        ConnectionState.READY: (StepState.DONE, _("The gateway accepts the key"), ""),
        ConnectionState.REFUSED: (StepState.WRONG, _("The gateway refuses the key"), _reason(connection)),
        ConnectionState.UNREACHABLE: (
            StepState.WAITING,
            _("The gateway could not be asked about the key"),
            _("It is asked again by itself. Press “Check now” to ask at once."),
        ),
        ConnectionState.NEW: (StepState.TODO, _("The key was not checked yet"), _("Press “Check now”.")),
        ConnectionState.DISABLED: (
            StepState.WAITING,
            _("The connection is disabled"),
            _("Nobody charges on it; notifications are still taken."),
        ),
    }
    state, title, detail = say[ConnectionState(connection.state)]
    return Step(code="key", state=state, title=title, detail=detail)


def _reason(connection: Connection) -> str:
    return _(connection.state_reason) if connection.state_reason else ""


def _account(connection: Connection) -> Step:
    if connection.account_id or connection.account_name:
        title = _("The account is that of %(name)s") % {
            "name": connection.account_name or connection.account_id
        }
        return Step(code="account", state=StepState.DONE, title=title)
    if connection.state == ConnectionState.READY:
        title, detail = _advice("identity_unknown")
        return Step(code="account", state=StepState.TODO, title=title, detail=detail)
    return Step(code="account", state=StepState.WAITING, title=_("Whose account it is, is not known yet"))


def _codes(connection: Connection) -> set[str]:
    return {notice["code"] for notice in (*connection.notices, *connection.webhook_notices)}


def _advice(code: str) -> tuple[str, str]:
    kind = kind_of(code)
    return str(kind.title), kind.advise({})


def _rights(connection: Connection) -> Step:
    for code in ("webhook_not_allowed", "identity_unknown"):
        if code in _codes(connection):
            title, detail = _advice(code)
            return Step(code="rights", state=StepState.TODO, title=title, detail=detail)
    return Step(code="rights", state=StepState.DONE, title=_("The key has the rights that are needed"))


def _registration(connection: Connection) -> Iterator[Step]:
    for code in ("account_not_approved", "site_unknown"):
        if code in _codes(connection):
            title, detail = _advice(code)
            yield Step(code=code, state=StepState.WRONG, title=title, detail=detail)


def _pix_key(connection: Connection) -> Iterator[Step]:
    """Only where codes hang on a key that the account registers by itself."""
    place = gateway_class(connection.gateway).panel_places.get("pix_keys")
    if not place:
        return
    if "no_pix_key" not in _codes(connection):
        yield Step(code="pix_key", state=StepState.DONE, title=_("The account has a PIX key"))
        return
    title, detail = _advice("no_pix_key")
    yield Step(code="pix_key", state=StepState.TODO, title=title, detail=f"{detail} {place}")


def _webhook(connection: Connection) -> Step:
    state = connection.webhook_state
    if not connection.capabilities.registers_webhook:
        return _shown_webhook(connection)
    if connection.webhook_untold:
        title, detail = _("The gateway is still to be told of the webhook"), _("That is done by itself.")
        return Step(code="webhook", state=StepState.WAITING, title=title, detail=detail)
    if state in (WebhookState.REGISTERED, WebhookState.TESTED):
        title = _("The webhook is registered at the gateway")
        return Step(code="webhook", state=StepState.DONE, title=title)
    code = next((notice["code"] for notice in connection.webhook_notices), "webhook_missing")
    title, detail = _advice(code)
    return Step(code="webhook", state=StepState.WRONG, title=title, detail=detail)


def _shown_webhook(connection: Connection) -> Step:
    if connection.webhook_state == WebhookState.MISSING:
        return Step(
            code="webhook",
            state=StepState.TODO,
            title=_("Set up the webhook in the gateway's panel"),
            detail=_("Paste the address there and its secret here: the steps stand under “Webhook”."),
        )
    return Step(code="webhook", state=StepState.DONE, title=_("The webhook's secret is stored"))


def _first(connection: Connection) -> Step:
    if connection.last_event_at:
        when = formats.date_format(timezone.localtime(connection.last_event_at), "SHORT_DATETIME_FORMAT")
        title = _("Notifications arrive; the last one %(when)s") % {"when": when}
        return Step(code="first", state=StepState.DONE, title=title)
    detail = _("It comes with the first charge. Nothing is to be done.")
    if not connection.capabilities.registers_webhook:
        detail = _("Press “Simulate” in the gateway's panel: this page says by itself when it has arrived.")
    title = _("Waiting for the first notification")
    return Step(code="first", state=StepState.WAITING, title=title, detail=detail)
