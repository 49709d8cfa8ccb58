"""How a connection stands, in a few words: what the list shows at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.models import Connection, ConnectionState, WebhookState

SILENT_AFTER = timedelta(days=3)
_STOPPED = ("webhook_interrupted", "webhook_penalized")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One remark: ``code`` is stable, ``tone`` names the colours, ``icon`` says it without them."""

    code: str
    tone: str
    icon: str
    words: str


def standing(connection: Connection, *, now: datetime) -> list[Standing]:
    """What is to be said, the gravest first; *ready* stands where nothing is in the way. Asks nobody."""
    if not connection.is_active:
        return [Standing(code="disabled", tone="disabled", icon="–", words=_("disabled"))]
    found = [*_of_key(connection), *_of_webhook(connection)]
    if not found:
        found.append(Standing(code="ready", tone="ready", icon="✓", words=_("ready")))
    return [*found, *_of_silence(connection, now)]


def _of_key(connection: Connection) -> list[Standing]:
    remarks = {
        ConnectionState.REFUSED: ("key_refused", "refused", "✕", _("key refused")),
        ConnectionState.UNREACHABLE: ("unreachable", "unhealthy", "!", _("gateway not reached")),
        ConnectionState.NEW: ("unchecked", "new", "…", _("not checked yet")),
    }
    return _remark(remarks.get(ConnectionState(connection.state)))


def _of_webhook(connection: Connection) -> list[Standing]:
    codes = {notice["code"] for notice in connection.webhook_notices}
    if connection.webhook_state == WebhookState.UNHEALTHY:
        if codes.intersection(_STOPPED):
            return _remark(("queue_paused", "unhealthy", "!", _("queue paused")))
        if "webhook_disabled" in codes:
            return _remark(("webhook_off", "refused", "✕", _("webhook switched off")))
        return _remark(("webhook_unhealthy", "unhealthy", "!", _("webhook needs attention")))
    remarks = {
        WebhookState.MISSING: ("webhook_missing", "refused", "✕", _("webhook missing")),
        WebhookState.SHOWN: ("untested", "new", "…", _("waiting for the first notification")),
    }
    return _remark(remarks.get(WebhookState(connection.webhook_state)))


def _of_silence(connection: Connection, now: datetime) -> list[Standing]:
    last = connection.last_event_at
    if last is None or now - last < SILENT_AFTER:
        return []
    days = (now - last).days
    words = ngettext("no notification for %(days)d day", "no notification for %(days)d days", days)
    return _remark(("silent", "new", "…", words % {"days": days}))


def _remark(said: tuple[str, str, str, str] | None) -> list[Standing]:
    if said is None:
        return []
    code, tone, icon, words = said
    return [Standing(code=code, tone=tone, icon=icon, words=words)]
