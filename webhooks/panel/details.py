"""What the page of a notification tells beside its state: its own id, what changed, how to send it again."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from django.conf import settings

from config import clock
from connections.gateways.redaction import redact_text
from connections.gateways.registry import gateway_class
from payments.models import Charge, TimelineKind
from payments.staff.sentences import Line, line
from webhooks.models import WebhookEvent
from webhooks.panel.presentation import body_text, query_text
from webhooks.services import asking, hints

_MOST_CHANGES = 10
# Of what was received: the rest describes the way it came, not the notification.
_SENT_AGAIN = ("content-type", "user-agent", "x-request-id")


def notification_id(event: WebhookEvent) -> str:
    """The id that the gateway gave the notification itself, where it names one."""
    return "" if event.is_hint else gateway_class(event.connection.gateway).notification_id(bytes(event.body))


def changes(event: WebhookEvent, charge: Charge) -> list[Line]:
    """What notifications changed on the charge from the arrival of this one until it was done, oldest first.

    One fetch answers all that arrived before it, so that the change may be named for another of them.
    """
    sources = [hints.SOURCE] if event.is_hint else [asking.SOURCE]
    if event.is_simulated:
        sources.append(asking.OWN_LOOK)
    until = event.finished_at or clock.now()
    lines = charge.timeline.filter(
        kind=TimelineKind.CHANGE, source__in=sources, at__gte=event.received_at, at__lte=until
    )
    return [line(entry) for entry in lines.select_related("actor").order_by("at", "pk")[:_MOST_CHANGES]]


def curl(event: WebhookEvent) -> str:
    """A command that sends it again, with ``<...>`` in the place of everything secret. Empty for a hint."""
    if event.is_hint:
        return ""
    adapter = gateway_class(event.connection.gateway)
    address = urlsplit(settings.PUBLIC_URL)
    path = event.connection.webhook_path.replace(event.connection.path_token, "<address>")
    query = f"?{query_text(event)}" if event.query else ""
    headers = {name: redact_text(str(event.headers[name])) for name in _SENT_AGAIN if name in event.headers}
    headers |= {name: f"<{name}>" for name in adapter.signing_headers}
    parts = [f"curl -X POST {shlex.quote(f'{address.scheme}://{address.netloc}{address.path}{path}{query}')}"]
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    parts += [f"--data-binary {shlex.quote(body_text(bytes(event.body)))}"]
    return " \\\n  ".join(parts)
