"""Lines of a charge's history other than status changes (those are ``transitions.apply``'s)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User

from config import clock
from connections.gateways.base import Exchange
from payments.models import Charge, TimelineEntry, TimelineKind


def note_person(charge: Charge, code: str, *, actor: User | None, **data: Any) -> None:
    """Somebody did something with the charge."""
    TimelineEntry.objects.create(
        charge=charge, at=clock.now(), kind=TimelineKind.PEOPLE, code=code, actor=actor, data=data
    )


def note_exchanges(charge: Charge, exchanges: Sequence[Exchange], *, source: str) -> None:
    """Keep redacted calls under the charge they were made for."""
    now = clock.now()
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            charge=charge,
            at=now,
            kind=TimelineKind.GATEWAY,
            code="exchange",
            source=source,
            data={"http_status": exchange.http_status, "milliseconds": exchange.milliseconds},
            exchange=asdict(exchange),
        )
        for exchange in exchanges
    )


def note_change(charge: Charge, code: str, *, source: str, **data: Any) -> None:
    """Something of the charge changed that is not its status."""
    TimelineEntry.objects.create(
        charge=charge, at=clock.now(), kind=TimelineKind.CHANGE, code=code, source=source, data=data
    )
