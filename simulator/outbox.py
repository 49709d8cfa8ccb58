"""Puts notifications into the outbox, after the faults had their say, and wakes the sender."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from simulator import clock, faults, numbering
from simulator.models import Account, AsaasWebhook, Delivery, write
from simulator.sending import sender

STEP = 10
"""Positions leave room for a held notification right behind the one that overtook it."""

_created = threading.local()
_holding: set[str] = set()
"""Groups in which the reorder fault ever held something: the others need not be asked."""


@dataclass(frozen=True)
class Notice:
    account: Account
    group: str
    form: str
    event: str
    resource: str
    resource_id: str
    url: str
    reference: str = ""
    event_id: str = ""
    webhook: AsaasWebhook | None = None
    lane: str = ""
    """Empty: a lane of its own."""
    extra: dict[str, Any] = field(default_factory=dict)
    delay_seconds: float = 0


def enqueue(notice: Notice) -> list[Delivery]:
    occasion = faults.occasion_of(notice.account, notice.event, notice.resource)
    with write():
        if faults.take("drop", occasion) is not None:
            return [_store(notice, state=Delivery.DROPPED)]
        delay = faults.take("delay", occasion)
        if delay is not None:
            notice = replace(notice, delay_seconds=delay.get("seconds", 60))
        held = faults.take("reorder", occasion)
        if held is not None:
            return [_hold(notice, held.get("seconds", 30))]
        twins = faults.take("duplicate", occasion)
        if twins is None:
            return [_send(notice)]
        twin = replace(notice, delay_seconds=notice.delay_seconds + twins.get("seconds", 0))
        return [_send(notice), *[_send(twin) for _ in range(twins.get("extra", 1))]]


def again(notice: Notice, delay_seconds: float) -> list[Delivery]:
    """Sent once more by hand: no fault has a say."""
    return [_send(replace(notice, delay_seconds=delay_seconds))]


def _send(notice: Notice) -> Delivery:
    delivery = _store(notice)
    _let_overtake(delivery)
    wake(delivery)
    return delivery


def _hold(notice: Notice, seconds: float) -> Delivery:
    longest = replace(notice, delay_seconds=seconds)
    delivery = _store(longest, state=Delivery.HELD)
    _holding.add(delivery.group)
    wake(delivery)
    return delivery


def _store(notice: Notice, state: str = Delivery.WAITING) -> Delivery:
    now = clock.now()
    position = numbering.advance("positions", 0, STEP)
    delivery = Delivery.objects.create(
        account=notice.account,
        webhook=notice.webhook,
        group=notice.group,
        lane=notice.lane or f"{notice.group}:{position}",
        form=notice.form,
        event=notice.event,
        event_id=notice.event_id,
        resource=notice.resource,
        resource_id=notice.resource_id,
        reference=notice.reference,
        url=notice.url,
        state=state,
        extra=notice.extra,
        next_attempt_at=None if state == Delivery.DROPPED else now + timedelta(seconds=notice.delay_seconds),
        position=position,
        created_at=now,
    )
    _remember(delivery.lane)
    return delivery


def _let_overtake(delivery: Delivery) -> None:
    """A notification held back by the reorder fault now follows this one."""
    if delivery.group not in _holding:
        return
    waiting = Delivery.objects.filter(group=delivery.group, state=Delivery.HELD, after=None)
    waiting.update(after=delivery.pk, position=delivery.position + STEP // 2)


def release_followers(delivery: Delivery) -> None:
    if delivery.group not in _holding:
        return
    for follower in Delivery.objects.filter(after=delivery.pk, state=Delivery.HELD):
        follower.state = Delivery.WAITING
        follower.next_attempt_at = clock.now()
        follower.save(update_fields=["state", "next_attempt_at"])
        wake(follower)


def release_overdue(lane: str) -> None:
    if not _holding:
        return
    due = Delivery.objects.filter(lane=lane, state=Delivery.HELD, next_attempt_at__lte=clock.now())
    if due.exists():
        with write():
            due.update(state=Delivery.WAITING)


def is_holding() -> bool:
    return bool(_holding)


def next_hold(lane: str) -> datetime | None:
    if not _holding:
        return None
    held = Delivery.objects.filter(lane=lane, state=Delivery.HELD).order_by("next_attempt_at").first()
    return held.next_attempt_at if held else None


def wake(delivery: Delivery) -> None:
    lane, due = delivery.lane, delivery.next_attempt_at
    transaction.on_commit(lambda: sender.wake(lane, due))


def wake_all_waiting() -> None:
    """After a restart: the rows are the queue, the timers are only in memory."""
    open_states = (Delivery.WAITING, Delivery.HELD)
    rows = Delivery.objects.filter(state__in=open_states).values_list(
        "lane", "next_attempt_at", "group", "state"
    )
    for lane, due, group, state in rows:
        if state == Delivery.HELD:
            _holding.add(group)
        sender.wake(lane, due)


@contextmanager
def collected_lanes() -> Iterator[set[str]]:
    """The lanes this thread's deliveries go to meanwhile (for notify_before_answer)."""
    _created.lanes = set()
    try:
        yield _created.lanes
    finally:
        _created.lanes = None


def _remember(lane: str) -> None:
    lanes: set[str] | None = getattr(_created, "lanes", None)
    if lanes is not None:
        lanes.add(lane)


def attempt_record(*, at: datetime, headers: dict[str, str], url: str, body: bytes) -> dict[str, Any]:
    return {"at": at.isoformat(), "url": url, "headers": headers, "body": body.decode()}
