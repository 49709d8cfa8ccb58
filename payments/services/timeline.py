"""Lines of a charge's or a subscription's history other than changes of its status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from django.contrib.auth.models import User

from config import clock
from connections.gateways.base import Exchange
from payments.models import Charge, Customer, Subscription, TimelineEntry, TimelineKind


def _whose(thing: Charge | Subscription) -> dict[str, Any]:
    return {"charge": thing} if isinstance(thing, Charge) else {"subscription": thing}


def _is_forgotten(thing: Charge | Subscription) -> bool:
    """A gateway goes on telling what it was told, such as a description that names somebody."""
    whose = {"charges": thing.pk} if isinstance(thing, Charge) else {"subscriptions": thing.pk}
    return Customer.objects.filter(**whose, anonymised_at__isnull=False).exists()


def note_person(thing: Charge | Subscription, code: str, *, actor: User | None, **data: Any) -> None:
    """Somebody did something with it."""
    TimelineEntry.objects.create(
        **_whose(thing), at=clock.now(), kind=TimelineKind.PEOPLE, code=code, actor=actor, data=data
    )


def note_exchanges(thing: Charge | Subscription, exchanges: Sequence[Exchange], *, source: str) -> None:
    """Keep redacted calls under what they were made for; of who was anonymised only that they were made."""
    if exchanges and _is_forgotten(thing):
        exchanges = [replace(one, request_body="", response_body="") for one in exchanges]
    now = clock.now()
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            **_whose(thing),
            at=now,
            kind=TimelineKind.GATEWAY,
            code="exchange",
            source=source,
            data={"http_status": exchange.http_status, "milliseconds": exchange.milliseconds},
            exchange=asdict(exchange),
        )
        for exchange in exchanges
    )


def note_change(thing: Charge | Subscription, code: str, *, source: str, **data: Any) -> None:
    """Something changed that is not its status."""
    TimelineEntry.objects.create(
        **_whose(thing), at=clock.now(), kind=TimelineKind.CHANGE, code=code, source=source, data=data
    )
