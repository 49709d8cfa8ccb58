"""Have notifications taken up again: one, or many by filter. Rows say how far it has come.

A replay only puts events back into the queue, at most a hundred of each connection at a time; asking the
gateways, budgets and pauses stay the inbox's.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from config import clock
from config.wakeup import wake
from connections.models import is_limited, reachable_by
from payments.models import GatewayResource
from webhooks.models import (
    OPEN_STATES,
    EventState,
    Replay,
    ReplayItem,
    ReplayState,
    WebhookEvent,
)
from webhooks.services import about, inbox

WORK = "webhooks.tasks.work"
MOST = 10_000
SLICE = 100
# Outcomes of an item whose event is open again: it failed once more, or waits for a newer answer.
FAILING, BEHIND = "failing", "behind"
_BATCH = 500
_OPEN = (ReplayState.QUEUED, ReplayState.RUNNING)
_LEASE = timedelta(seconds=60)
_AT_ONCE = 20


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a replay of these events would mean.

    ``calls`` is one for each payment; ``matching`` counts also those above ``MOST``.
    """

    events: tuple[tuple[int, str], ...]
    matching: int
    charges: int
    connections: int
    calls: int

    @property
    def total(self) -> int:
        return len(self.events)

    @property
    def left_out(self) -> int:
        return self.matching - self.total


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How the events of a replay are now; ``unasked`` and ``asking`` are still to be handled."""

    unasked: int = 0
    asking: int = 0
    done: int = 0
    ignored: int = 0
    waiting: int = 0
    dead: int = 0


def replayable(events: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
    """Signed ones that name something at the gateway; hints have turns of their own."""
    return events.filter(is_hint=False).exclude(kind="").exclude(gateway_id="")


def may_be_replayed(event: WebhookEvent) -> bool:
    return bool(event.kind and event.gateway_id) and not event.is_hint


def plan(events: QuerySet[WebhookEvent]) -> Plan:
    """The oldest first, and ``MOST`` at most."""
    chosen = replayable(events).order_by("received_at", "pk")
    fields = ("pk", "state", "received_at", "connection_id", "kind", "gateway_id")
    rows = list(chosen.values_list(*fields)[:MOST])
    targets = {row[3:] for row in rows}
    return Plan(
        events=tuple(row[:2] for row in rows),
        matching=chosen.count(),
        charges=_charges(_until(chosen, *rows[-1])) if rows else 0,
        connections=len({connection for connection, _kind, _id in targets}),
        calls=len(targets),
    )


def _until(chosen: QuerySet[WebhookEvent], pk: int, _state: str, at: datetime, *_about: object) -> Any:
    """Those of the chosen up to the last one that is taken."""
    return chosen.filter(Q(received_at__lt=at) | Q(received_at=at, pk__lte=pk))


def _charges(chosen: QuerySet[WebhookEvent]) -> int:
    """How many charges these are about, by one query however many they are."""
    named = chosen.filter(
        connection=OuterRef("connection"), kind=OuterRef("kind"), gateway_id=OuterRef("gateway_id")
    )
    theirs = GatewayResource.objects.exclude(charge=None).filter(Exists(named))
    return theirs.aggregate(charges=Count("charge", distinct=True))["charges"]


def request(
    planned: Plan,
    *,
    actor: User | None,
    filters: dict[str, str] | None = None,
    public_id: uuid.UUID | None = None,
) -> Replay:
    """Keep a replay of what was planned, and call a worker. The same ``public_id`` again is the same one."""
    public_id = public_id or uuid.uuid4()
    if known := Replay.objects.filter(public_id=public_id).first():
        return known
    try:
        replay = _keep(planned, actor=actor, filters=filters or {}, public_id=public_id)
    except IntegrityError:
        return Replay.objects.get(public_id=public_id)
    carry_on(replay.pk)
    replay.refresh_from_db()
    return replay


def request_one(event: WebhookEvent, *, actor: User, public_id: uuid.UUID) -> Replay:
    """The same for a single notification; the story of its charge keeps who wanted it."""
    is_new = not Replay.objects.filter(public_id=public_id).exists()
    replay = request(plan(WebhookEvent.objects.filter(pk=event.pk)), actor=actor, public_id=public_id)
    if is_new:
        about.note(event, "notification_asked", actor=actor)
    return replay


def _keep(planned: Plan, *, actor: User | None, filters: dict[str, str], public_id: uuid.UUID) -> Replay:
    """Under the lease, in portions: a short transaction each, and no worker begins before the last."""
    now = clock.now()
    with transaction.atomic():
        replay = Replay.objects.create(
            public_id=public_id,
            asked_by=actor,
            asked_at=now,
            filters=filters,
            total=planned.total,
            charges=planned.charges,
            lease_until=now + _LEASE,
        )
    own = Replay.objects.filter(pk=replay.pk)
    for start in range(0, planned.total, _BATCH):
        with transaction.atomic():
            ReplayItem.objects.bulk_create(
                ReplayItem(replay=replay, event_id=event, state_before=state)
                for event, state in planned.events[start : start + _BATCH]
            )
            own.update(lease_until=clock.now() + _LEASE)
    own.update(lease_until=None)
    return replay


def work() -> int:
    """Go on with every replay under way; returns how many notifications were put back into the queue."""
    now = clock.now()
    under_way = Replay.objects.filter(_is_free(now), state__in=_OPEN).order_by("asked_at")
    return sum(carry_on(replay_id) for replay_id in list(under_way.values_list("pk", flat=True)[:_AT_ONCE]))


def carry_on(replay_id: int) -> int:
    """One turn: see what became of those under way, then wake the next. 0 while another worker is at it."""
    now = clock.now()
    free = Replay.objects.filter(_is_free(now), pk=replay_id, state__in=_OPEN)
    if not free.update(state=ReplayState.RUNNING, lease_until=now + _LEASE):
        return 0
    try:
        _settle(replay_id)
        woken = _wake_next(replay_id)
        _count(replay_id)
    finally:
        Replay.objects.filter(pk=replay_id).update(lease_until=None)
    if woken:
        wake(WORK)
    return woken


def _is_free(now: object) -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=now)


def _settle(replay_id: int) -> None:
    """Write down what became of those that were asked since they were woken."""
    woken = ReplayItem.objects.filter(replay=replay_id, outcome="", at__isnull=False)
    state = WebhookEvent.objects.filter(pk=OuterRef("event_id")).values("state")[:1]
    woken.exclude(event__state__in=OPEN_STATES).update(outcome=Subquery(state))
    again = woken.filter(event__state=EventState.RETRY)
    again.filter(event__failures__gt=0).update(outcome=FAILING)
    again.filter(event__asked_again__gt=0).update(outcome=BEHIND)


def _wake_next(replay_id: int) -> int:
    """Up to a hundred of each connection are under way: one whose gateway is away keeps no other waiting."""
    left = ReplayItem.objects.filter(replay=replay_id, outcome="")
    by_connection = left.order_by().values_list("event__connection")
    under_way = dict(by_connection.exclude(at=None).annotate(Count("pk")))
    waiting = by_connection.filter(at=None).distinct()
    woken = 0
    for (connection,) in list(waiting):
        room = max(0, SLICE - under_way.get(connection, 0))
        fresh = left.filter(at=None, event__connection=connection).order_by("pk")
        woken += _put_back(list(fresh.values_list("pk", "event_id")[:room]))
    return woken


def _put_back(rows: list[tuple[int, int]]) -> int:
    """Marked and woken together, or neither, where another worker was quicker."""
    if not rows:
        return 0
    with transaction.atomic():
        mine = ReplayItem.objects.filter(pk__in=[item for item, _event in rows], at=None)
        if mine.update(at=clock.now()) != len(rows):
            transaction.set_rollback(True)
            return 0
        inbox.wake(WebhookEvent.objects.only("pk").filter(pk__in=[event for _item, event in rows]))
    return len(rows)


def _count(replay_id: int) -> None:
    items = ReplayItem.objects.filter(replay=replay_id)
    handled = items.exclude(outcome="").count()
    own = Replay.objects.filter(pk=replay_id, state__in=_OPEN)
    own.update(handled=handled)
    if not items.filter(outcome="").exists():
        # Fewer than were meant where the process died that was putting them down.
        own.update(state=ReplayState.DONE, finished_at=clock.now(), total=items.count())


def is_in_hand(replay: Replay) -> bool:
    """Whether a worker is at it just now: at the replay itself, or at one of its notifications."""
    now = clock.now()
    leased = GatewayResource.objects.filter(
        connection=OuterRef("event__connection"),
        kind=OuterRef("event__kind"),
        gateway_id=OuterRef("event__gateway_id"),
        lease_until__gt=now,
    )
    busy = Replay.objects.filter(pk=replay.pk, lease_until__gt=now)
    return busy.exists() or replay.items.filter(Exists(leased), outcome="", at__isnull=False).exists()


def tally(replay: Replay) -> Tally:
    """As the events are now, which may be better than when they were handled."""
    items = replay.items.order_by()
    handled: dict[str, int] = dict(
        items.exclude(outcome="").values_list("event__state").annotate(Count("pk"))
    )
    return Tally(
        unasked=items.filter(at=None).count(),
        asking=items.filter(outcome="").exclude(at=None).count(),
        done=_of(handled, EventState.DONE, EventState.TEST),
        ignored=_of(handled, EventState.IGNORED),
        waiting=_of(handled, *OPEN_STATES),
        dead=_of(handled, EventState.DEAD),
    )


def _of(counted: dict[str, int], *states: str) -> int:
    return sum(counted.get(state, 0) for state in states)


def failed_again(replay: Replay) -> QuerySet[ReplayItem]:
    """Those whose event failed when it was asked."""
    return replay.items.filter(outcome__in=(FAILING, EventState.DEAD.value))


def under_way(user: AbstractBaseUser | AnonymousUser) -> list[Replay]:
    """Those of many notifications that a person may see and that are not over, the newest first."""
    found = Replay.objects.filter(state__in=_OPEN, total__gt=1).order_by("-asked_at", "-pk")
    return list(_visible(found, user)[:_AT_ONCE])


def is_visible_to(replay: Replay, user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether a person may see all of the connections it is about."""
    return _visible(Replay.objects.filter(pk=replay.pk), user).exists()


def _visible(replays: QuerySet[Replay], user: AbstractBaseUser | AnonymousUser) -> QuerySet[Replay]:
    if not is_limited(user):
        return replays if user.is_active else replays.none()
    about = ReplayItem.objects.filter(replay=OuterRef("pk"))
    return replays.filter(~Exists(about.exclude(reachable_by(user, "event__connection"))))


def of_event(event: WebhookEvent, *, most: int) -> Iterable[ReplayItem]:
    """The newest first."""
    items = event.replay_items.select_related("replay", "replay__asked_by")
    return items.order_by("-replay__asked_at", "-pk")[:most]
