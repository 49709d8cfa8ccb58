"""Our webhook as it is registered at Asaas (asaas.md 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connections.gateways.asaas.api import AsaasApi, quoted
from connections.gateways.asaas.notifications import EVENTS
from connections.gateways.base import Notice, WebhookRegistration
from connections.gateways.errors import NotFound
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, text

API_VERSION = 3
# The order of events means nothing to us, every one leads to a fetch; so one delivery that fails
# must not hold back all others behind it, as SEQUENTIALLY does (asaas.md 5.2).
SEND_TYPE = "NON_SEQUENTIALLY"

_WRONG_URL = Notice(
    code="webhook_wrong_url",
    text=_("The webhook has another address in Asaas, so nothing arrives here. Register it again."),
)
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


def read(api: AsaasApi, url: str, webhook_id: str = "") -> WebhookRegistration | None:
    found = _at(api, url)
    if found:
        return to_registration(found[0], is_only=len(found) == 1)
    moved = _with_id(api, webhook_id)
    if not moved:
        return None
    registration = to_registration(moved[0])
    return replace(registration, problems=(_WRONG_URL, *registration.problems))


def register(
    api: AsaasApi, body: Mapping[str, object], *, url: str, old_url: str = "", webhook_id: str = ""
) -> WebhookRegistration:
    """Create it, or overwrite the one that has either address, else the one that was ours by its id."""
    found = _at(api, url) or (_at(api, old_url) if old_url else []) or _with_id(api, webhook_id)
    if not found:
        return to_registration(api.ask("POST", "/webhooks", body=encode(body)).record())
    raw = api.ask("PUT", _path(found[0]), body=encode(body)).record()
    return _without_penalty(api, _path(found[0]), raw, is_only=len(found) == 1)


def resume(api: AsaasApi, url: str) -> WebhookRegistration:
    """Only what is wrong is asked for: a queue that flows costs one call and is not written to.

    The body names nothing but the queue: whether the token of a change that leaves it out is kept is
    documented nowhere, but a partial change is (asaas.md 5.1).
    """
    found = _at(api, url)
    if not found:
        raise NotFound(_("Asaas has no webhook with this address. Register it again."))
    raw = found[0]
    if raw.get("interrupted") is True:
        raw = api.ask("PUT", _path(raw), body=encode({"interrupted": False})).record()
    return _without_penalty(api, _path(found[0]), raw, is_only=len(found) == 1)


def _without_penalty(api: AsaasApi, path: str, raw: Record, *, is_only: bool) -> WebhookRegistration:
    if to_registration(raw).penalties:
        api.ask("POST", f"{path}/removeBackoff")
        raw = api.ask("GET", path).record()
    return to_registration(raw, is_only=is_only)


def _at(api: AsaasApi, url: str) -> list[Record]:
    """Compared here too: whether ``?url=`` filters is documented nowhere."""
    return [item for item in api.items("/webhooks", {"url": url}) if text(item.get("url")) == url]


def _with_id(api: AsaasApi, webhook_id: str) -> list[Record]:
    """The one with this id, whatever its address; none when it was deleted."""
    try:
        return [api.ask("GET", f"/webhooks/{quoted(webhook_id)}").record()] if webhook_id else []
    except NotFound:
        return []


def _path(raw: Record) -> str:
    return f"/webhooks/{quoted(text(raw.get('id'), 100))}"


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
