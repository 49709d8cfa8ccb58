"""The address gateways notify: verify, store, answer 200. Nothing else happens before the answer."""

from __future__ import annotations

import logging
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt

from config import clock
from config.locks import wait_at_most
from config.wakeup import wake
from connections.gateways.base import Delivery, Notification, Rejection, Verification
from connections.gateways.registry import gateway_class
from connections.models import Connection, secret_mark
from connections.sealed import CannotOpen
from connections.services import health
from webhooks.services import hints, recording, simulating

logger = logging.getLogger(__name__)

WORK = "webhooks.tasks.work"
_READ_AT_MOST = 5 * 1024 * 1024
# Asaas gives a delivery up after 10 s (asaas.md 5.2): a locked SQLite database is answered 503 before.
_LOCK_SECONDS = 5.0


@csrf_exempt
def receive(request: HttpRequest, token: str) -> HttpResponse:
    """Take one notification. 200 once it is stored, 401 with a reason when it does not verify.

    An unsigned IPN of Mercado Pago is answered 200 and kept as a hint (``webhooks.services.hints``).
    """
    if request.method != "POST":
        return _answer(405, "method_not_allowed", Allow="POST")
    with wait_at_most(_LOCK_SECONDS):
        return _receive(request, token)


def _receive(request: HttpRequest, token: str) -> HttpResponse:
    now = clock.now()
    connection = Connection.objects.defer("credentials").at_path(token, now=now).first()
    if connection is None:
        return _answer(404, "unknown_address")
    adapter = gateway_class(connection.gateway)
    envelope = _envelope(request)
    try:
        secrets = connection.accepted_webhook_secrets(now=now)
    except CannotOpen:
        # Not 401: the sender did nothing wrong, and will send again until the right key is back.
        logger.error("connection %s: its webhook secret does not open with CREDENTIALS_KEYS", connection.pk)
        return _answer(503, "secret_does_not_open")
    tolerance = settings.SIGNATURE_TOLERANCE_SECONDS or None
    verification = adapter.verify(envelope, secrets, now=now, tolerance_seconds=tolerance)
    if verification.is_unsigned_hint:
        return _take_hint(connection, envelope)
    is_simulated = simulating.is_ours(connection, request.headers.get(simulating.HEADER, ""))
    if verification.rejection:
        return _reject(connection, verification.rejection, is_simulated=is_simulated)
    name = verification.secret_name
    marked = replace(verification, secret_name=secret_mark(name, secrets[name]) if name else "")
    delivery = replace(envelope, body=_body(request))
    return _store(connection, delivery, marked, is_simulated=is_simulated)


def _reject(connection: Connection, reason: Rejection, *, is_simulated: bool) -> HttpResponse:
    """What somebody sent from here to see it refused is no sign of a webhook that needs mending."""
    try:
        if not is_simulated:
            recording.reject(connection, reason)
    except DatabaseError:
        logger.exception("connection %s: a refusal could not be counted", connection.pk)
    return _answer(401, reason.value)


def _take_hint(connection: Connection, envelope: Delivery) -> HttpResponse:
    """Nobody signed it, so its body is not even read; no worker is called for it."""
    notification = gateway_class(connection.gateway).parse(envelope)
    try:
        is_kept = hints.keep(connection, notification)
    except DatabaseError:
        logger.exception("connection %s: an unsigned hint could not be stored", connection.pk)
        return _answer(503, "not_stored")
    return _answer(200, "hint" if is_kept else "counted")


def _store(
    connection: Connection, delivery: Delivery, verification: Verification, *, is_simulated: bool
) -> HttpResponse:
    notification = gateway_class(connection.gateway).parse(delivery)
    try:
        recorded = recording.record(
            connection, delivery, notification, verification, is_simulated=is_simulated
        )
    except DatabaseError:
        logger.exception("connection %s: a verified notification could not be stored", connection.pk)
        return _answer(503, "not_stored")
    if notification.is_about_key and not is_simulated:
        _note_key(connection, notification)
    if recorded.needs_work:
        wake(WORK)
    return _answer(200, simulating.STORED)


def _note_key(connection: Connection, notification: Notification) -> None:
    """It brings a look at the key forward and decides nothing; stored is stored, whatever comes of it."""
    try:
        health.note_key_event(connection.pk, notification)
    except DatabaseError:
        logger.exception("connection %s: a look at its key could not be brought forward", connection.pk)


def _envelope(request: HttpRequest) -> Delivery:
    """What the gateways sign lies outside the body, so the body of a stranger is not even read."""
    return Delivery(
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.META.get("QUERY_STRING", ""),
        body=b"",
    )


def _body(request: HttpRequest) -> bytes:
    """The body up to a cap: what is larger is stored cut, never refused (design rule 12)."""
    try:
        return request.read(_READ_AT_MOST)
    except (OSError, RawPostDataException):
        return b""


def _answer(status: int, reason: str, **headers: str) -> HttpResponse:
    return JsonResponse({"status": reason}, status=status, headers=headers)
