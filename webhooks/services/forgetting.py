"""What notifications and their replays hold of a customer who is to be forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from config import clock
from payments.models import Customer, CustomerAtGateway, Dispute, GatewayResource, Payment
from payments.services.held import Marks, Rows
from webhooks.models import Replay, Simulation, WebhookEvent

_NOTHING = {"headers": {}, "query": "", "body": b"", "last_error": ""}
_PORTION = 500
_EVERY = timedelta(hours=1)
# What came longer ago was looked through before.
_LATE = timedelta(days=3)
_looked = {"at": datetime.min.replace(tzinfo=UTC)}


def clear(customer: Customer, rows: Rows, marks: Marks) -> None:
    """Bodies, headers and queries of all that was told; that it was told, and when, stays."""
    by_connection: dict[int, set[str]] = {}
    for model in (GatewayResource, Payment, Dispute):
        known = model.objects.filter(pk__in=rows.get(model, ()))
        for connection_id, gateway_id in known.values_list("connection_id", "gateway_id"):
            by_connection.setdefault(connection_id, set()).add(gateway_id)
    for row in CustomerAtGateway.objects.filter(customer=customer):
        by_connection.setdefault(row.connection_id, set()).add(row.gateway_id)
    for connection_id, named in by_connection.items():
        _clear(connection_id, sorted(named), marks)
    WebhookEvent.objects.filter(pk__in=rows.get(WebhookEvent, ())).update(**_NOTHING)
    for replay in Replay.objects.exclude(filters={}):
        if marks.are_in(replay.filters):
            Replay.objects.filter(pk=replay.pk).update(filters=marks.blot(replay.filters))


def _clear(connection_id: int, named: list[str], marks: Marks) -> None:
    for start in range(0, len(named), _PORTION):
        about = {"connection": connection_id, "gateway_id__in": named[start : start + _PORTION]}
        events = WebhookEvent.objects.filter(**about)
        events.update(**_NOTHING)
        for event in events.exclude(note="").only("note"):
            WebhookEvent.objects.filter(pk=event.pk).update(note=marks.blot(event.note))
        Simulation.objects.filter(**about).update(headers={}, query="", body="", answer="")


def clear_late() -> int:
    """Once an hour: what gateways told meanwhile of customers who were forgotten; returns how many."""
    now = clock.now()
    if abs(now - _looked["at"]) < _EVERY:
        return 0
    _looked["at"] = now
    gone = Q(charge__customer__anonymised_at__isnull=False)
    gone |= Q(subscription__customer__anonymised_at__isnull=False)
    theirs = GatewayResource.objects.filter(
        gone, connection=OuterRef("connection"), gateway_id=OuterRef("gateway_id")
    )
    told = WebhookEvent.objects.filter(received_at__gte=now - _LATE).exclude(body=b"")
    late = told.filter(Exists(theirs), next_attempt_at=None).order_by()
    return late.update(**_NOTHING)
