"""Send a notification to our own address as the gateway would: composed, signed, over HTTP, the whole way.

It shows whether the address can be reached, the secret fits and a worker follows. It is told apart on
arrival by a mark that only we know, so that it never counts as a sign of life from the gateway, ends no old
token, raises no alarm and stops no delivery.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import QuerySet

from config import clock
from connections import waiting
from connections.gateways.base import Access, Delivery, Environment, Exchange, Rejection, Sample, Secrets
from connections.gateways.errors import GatewayError
from connections.gateways.http import GatewaySession
from connections.gateways.redaction import HIDDEN
from connections.gateways.registry import gateway_class
from connections.models import OLD, Connection
from connections.services import WEB_DEADLINE_SECONDS
from connections.services.secrets_of_webhook import generated_token
from webhooks.models import Simulation, WebhookEvent

HEADER = "x-cobranca-simulation"
# Instead of the name of a secret: one that nobody knows.
WRONG = "wrong"
_LONGEST_ANSWER = 2_000
# One that nobody answered in time may still wait at the door, or be on its way.
_VALID_FOR = timedelta(hours=1)
_KEPT_FOR = timedelta(days=90)
_FORGET_AT_ONCE = 500
# How much of a signature is kept: enough to recognise it, too little to use it.
_SIGNATURE_SHOWN = 8
STORED = "stored"
# With which code our own address says what (``webhooks.views``).
_OUR_WORDS = {200: frozenset({STORED}), 401: frozenset(reason.value for reason in Rejection)}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be sent: ``signed_with`` is one of ``secret_names``, or ``WRONG``.

    ``path``: of the connection's address, or of the one it replaced.
    """

    topic: str
    gateway_id: str
    signed_with: str
    path: str


def is_ours(connection: Connection, mark: str) -> bool:
    """Whether it is a simulation that we have not answered yet. Costs a query only with a mark.

    That something else answered, or nobody in time, does not end it: it may still come in.
    """
    if not mark:
        return False
    try:
        known = uuid.UUID(mark)
    except ValueError:
        return False
    fresh = Simulation.objects.filter(connection=connection, sent_at__gt=clock.now() - _VALID_FOR)
    simulation = fresh.filter(mark=known).only("http_status", "answer").first()
    return simulation is not None and not said(simulation)


def said(simulation: Simulation) -> str:
    """``STORED`` or the reason of a refusal; empty as long as our own address did not answer."""
    try:
        word = str(json.loads(simulation.answer).get("status", ""))
    except (ValueError, AttributeError, RecursionError):
        return ""
    return word if word in _OUR_WORDS.get(simulation.http_status or 0, ()) else ""


def events_of(simulation: Simulation) -> QuerySet[WebhookEvent]:
    """What it became; also where it came in after nobody waited for the answer any more."""
    if simulation.event_id:
        return WebhookEvent.objects.filter(pk=simulation.event_id)
    delivery = Delivery(headers={}, query=simulation.query, body=simulation.body.encode())
    key = gateway_class(simulation.connection.gateway).parse(delivery).dedupe_key
    return WebhookEvent.objects.filter(connection=simulation.connection_id, dedupe_key=key, is_simulated=True)


def forget() -> int:
    """Drop what was sent too long ago for anybody to ask; returns how many. What they became stays."""
    over = Simulation.objects.filter(sent_at__lt=clock.now() - _KEPT_FOR)
    rows = list(over.values_list("pk", flat=True)[:_FORGET_AT_ONCE])
    return Simulation.objects.filter(pk__in=rows).delete()[0] if rows else 0


def secret_names(connection: Connection) -> list[str]:
    """The names of the secrets a notification can be signed with, replaced ones last.

    Raises ``CannotOpen``.
    """
    accepted = connection.accepted_webhook_secrets(now=clock.now())
    return sorted((name for name, secret in accepted.items() if secret), key=lambda name: OLD in name)


def send(connection: Connection, wanted: Wanted, *, actor: User, public_id: uuid.UUID) -> Simulation:
    """Compose it, keep what is sent, send it. The same ``public_id`` again is the same one.

    Raises ``AllSeatsTaken`` and ``CannotOpen``.
    """
    if known := Simulation.objects.filter(public_id=public_id).first():
        return known
    accepted = connection.accepted_webhook_secrets(now=clock.now())
    mark = uuid.uuid4()
    sample = gateway_class(connection.gateway).compose(
        wanted.topic,
        wanted.gateway_id,
        secret=accepted.get(wanted.signed_with, "") or generated_token(),
        now=clock.now(),
        mark=public_id.hex,
    )
    with waiting.room.insist():
        try:
            simulation = _keep(
                sample,
                public_id=public_id,
                mark=mark,
                connection=connection,
                sent_by=actor,
                topic=wanted.topic,
                gateway_id=wanted.gateway_id,
                signed_with=wanted.signed_with,
                is_to_old_address=wanted.path != connection.webhook_path,
            )
        except IntegrityError:
            return Simulation.objects.get(public_id=public_id)
        _deliver(simulation, sample, wanted.path)
    return simulation


def _keep(sample: Sample, **values: object) -> Simulation:
    """Committed before it is sent: its mark must be known on arrival."""
    signed = {name: without_secret(name, value) for name, value in sample.signed.items()}
    return Simulation.objects.create(
        sent_at=clock.now(),
        query=urlencode(sample.query),
        headers={"content-type": "application/json", **sample.headers, **signed},
        body=sample.body,
        **values,
    )


def without_secret(name: str, value: str) -> str:
    """What may be shown of a header that proves who sent it: the beginning of a hash, nothing of a token."""
    before, found, hash_ = value.partition("v1=")
    if name.lower() == "x-signature" and found:
        return f"{before}v1={hash_[:_SIGNATURE_SHOWN]}…" if hash_ else value
    return HIDDEN


def _deliver(simulation: Simulation, sample: Sample, path: str) -> None:
    """Through the one HTTP door; our own server is asked like a gateway, with its time limit."""
    exchanges: list[Exchange] = []
    address = urlsplit(settings.PUBLIC_URL)
    path = address.path + path
    access = Access(
        credentials=Secrets(),
        environment=Environment(simulation.connection.environment),
        now=clock.now,
        on_exchange=exchanges.append,
        deadline_seconds=WEB_DEADLINE_SECONDS,
    )
    session = GatewaySession(
        access,
        base_url=f"{address.scheme}://{address.netloc}",
        auth={**sample.signed, HEADER: str(simulation.mark)},
    )
    with suppress(GatewayError):  # what was answered, if anything, stands in the exchange
        session.call(
            "POST", address.path + path, query=sample.query, body=sample.body, headers=sample.headers
        )
    _note_answer(simulation, exchanges[-1] if exchanges else None)


def _note_answer(simulation: Simulation, exchange: Exchange | None) -> None:
    simulation.answered_at = clock.now()
    simulation.http_status = exchange.http_status if exchange else None
    simulation.answer = exchange.response_body[:_LONGEST_ANSWER] if exchange else ""
    simulation.milliseconds = exchange.milliseconds if exchange else None
    simulation.event = events_of(simulation).first()
    simulation.save(update_fields=["answered_at", "http_status", "answer", "milliseconds", "event"])
