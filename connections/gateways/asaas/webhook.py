"""Our webhook as it is registered at Asaas (asaas.md 5.1)."""

from __future__ import annotations

from connections.gateways.asaas.notifications import EVENTS
from connections.gateways.base import Notice, WebhookRegistration
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, text

API_VERSION = 3
# The order of events means nothing to us, every one leads to a fetch; so one delivery that fails
# must not hold back all others behind it, as SEQUENTIALLY does (asaas.md 5.2).
SEND_TYPE = "NON_SEQUENTIALLY"

_DISABLED = Notice(
    code="webhook_disabled",
    text=_("The webhook is disabled in Asaas; what happens meanwhile is never sent. Register it again."),
)
_INTERRUPTED = Notice(
    code="webhook_interrupted",
    text=_("Asaas stopped the webhook queue after failed deliveries; it keeps 14 days. Register it again."),
)
_PENALIZED = Notice(
    code="webhook_penalized",
    text=_("Asaas slows the webhook down because of failed deliveries."),
)
_WRONG_VERSION = Notice(
    code="webhook_wrong_version",
    text=_("The webhook uses an old version that sends no token. Register it again."),
)
_MISSING_EVENTS = Notice(
    code="webhook_missing_events",
    text=_("The webhook does not receive every event we need. Register it again."),
)
_NO_TOKEN = Notice(
    code="webhook_no_token",
    text=_("The webhook has no token, so its notifications are refused. Register it again."),
)
_DUPLICATE = Notice(
    code="webhook_duplicate",
    text=_("Asaas has several webhooks with this address. Delete all but one in the Asaas panel."),
)


def registration_body(*, url: str, token: str, email: str, name: str) -> dict[str, object]:
    """The whole registration; the token goes along with every change, as it cannot be read back."""
    return {
        "name": name,
        "url": url,
        "email": email,
        "enabled": True,
        "interrupted": False,
        "apiVersion": API_VERSION,
        "authToken": token,
        "sendType": SEND_TYPE,
        "events": list(EVENTS),
    }


def to_registration(raw: Record, *, is_only: bool = True) -> WebhookRegistration:
    enabled = raw.get("enabled") is True
    interrupted = raw.get("interrupted") is True
    penalties = raw.get("penalizedRequestsCount")
    count = penalties if isinstance(penalties, int) else 0
    events = raw.get("events")
    checks = (
        (not enabled, _DISABLED),
        (interrupted, _INTERRUPTED),
        (count > 0, _PENALIZED),
        (text(raw.get("apiVersion")) != str(API_VERSION), _WRONG_VERSION),
        (not set(EVENTS) <= set(events if isinstance(events, list) else ()), _MISSING_EVENTS),
        (raw.get("hasAuthToken") is False, _NO_TOKEN),
        (not is_only, _DUPLICATE),
    )
    return WebhookRegistration(
        webhook_id=text(raw.get("id"), 100),
        url=text(raw.get("url")),
        enabled=enabled,
        interrupted=interrupted,
        penalties=count,
        problems=tuple(notice for is_wrong, notice in checks if is_wrong),
    )
