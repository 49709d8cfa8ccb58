"""Cancelling many charges: kept row by row once a person confirmed it, then asked for one by one.

Each is a change of its own (``payments.services.changing``), so whatever is done twice cancels once; at most
a few of each account are under way at a time, so that changes of single charges need not wait behind them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet

from config import clock
from config.wakeup import wake
from connections.models import is_limited, reachable_by
from payments.models import (
    Cancellation,
    CancellationItem,
    CancellationItemState,
    CancellationState,
    ChangeKind,
    ChangeState,
    Charge,
)
from payments.models.charges import ChargeQuerySet
from payments.services import changeable, changing
from payments.services.changeable import NotPossible, Obstacle
from payments.services.changing import NewChange

MOST = 1_000
_AT_ONCE = 10
_RUNS = 20
_LEASE = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What cancelling these charges would mean; ``is_more``: others match that are not among them."""

    possible: tuple[Charge, ...]
    obstacles: tuple[tuple[Charge, Obstacle], ...]
    is_more: bool = False

    @property
    def total(self) -> int:
        return len(self.possible) + len(self.obstacles)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many charges are how far; ``left`` were called off before they began."""

    waiting: int = 0
    asked: int = 0
    cancelled: int = 0
    refused: int = 0
    left: int = 0

    @property
    def handled(self) -> int:
        return self.cancelled + self.refused + self.left

    @property
    def total(self) -> int:
        return self.handled + self.waiting + self.asked


def plan(charges: ChargeQuerySet) -> Plan:
    """The oldest first, and ``MOST`` at most; by four queries however many they are."""
    chosen = charges.for_lists().order_by("created_at", "pk")[: MOST + 1]
    found = changeable.cancelling_obstacles(list(chosen))
    taken = found[:MOST]
    return Plan(
        possible=tuple(charge for charge, obstacle in taken if obstacle is None),
        obstacles=tuple((charge, obstacle) for charge, obstacle in taken if obstacle),
        is_more=len(found) > MOST,
    )


def request(charges: Sequence[Charge], *, actor: User, public_id: uuid.UUID) -> Cancellation:
    """Keep what was confirmed, and call a worker. The same ``public_id`` again is the same one."""
    try:
        with transaction.atomic():
            made = Cancellation.objects.create(
                public_id=public_id,
                asked_by=actor,
                asked_at=clock.now(),
                total=len(charges),
            )
            CancellationItem.objects.bulk_create(
                [CancellationItem(cancellation=made, charge=charge) for charge in charges], batch_size=200
            )
    except IntegrityError:
        return Cancellation.objects.get(public_id=public_id)
    wake(changing.SETTLE)
    return made


def stop(cancellation: Cancellation, *, actor: User) -> int:
    """Leave alone what has not begun; what has, goes on to its end. Returns how many are left alone."""
    with transaction.atomic():
        waiting = cancellation.items.filter(state=CancellationItemState.WAITING)
        left = waiting.update(state=CancellationItemState.LEFT)
        if left:
            Cancellation.objects.filter(pk=cancellation.pk, stopped_at=None).update(
                stopped_at=clock.now(), stopped_by=actor
            )
    wake(changing.SETTLE)
    return left


def work() -> None:
    """Go on with all that are under way."""
    now = clock.now()
    open_ones = Cancellation.objects.filter(_is_free(now), state=CancellationState.RUNNING)
    found = open_ones.order_by("asked_at").values_list("pk", flat=True)
    asked = sum(carry_on(cancellation_id) for cancellation_id in list(found[:_RUNS]))
    if asked:
        wake(changing.SETTLE)


def carry_on(cancellation_id: int) -> int:
    """See what became of those asked for, ask for the next, and say for how many; 0 beside another worker."""
    now = clock.now()
    own = Cancellation.objects.filter(pk=cancellation_id, state=CancellationState.RUNNING)
    if not own.filter(_is_free(now)).update(lease_until=now + _LEASE):
        return 0
    items = CancellationItem.objects.filter(cancellation=cancellation_id)
    try:
        _settle(items)
        asked = _ask_next(items)
        if not items.filter(state__in=(CancellationItemState.WAITING, CancellationItemState.ASKED)).exists():
            own.update(state=CancellationState.DONE, finished_at=clock.now())
    finally:
        Cancellation.objects.filter(pk=cancellation_id).update(lease_until=None)
    return asked


def _is_free(now: object) -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=now)


def _settle(items: QuerySet[CancellationItem]) -> None:
    asked = items.filter(state=CancellationItemState.ASKED)
    asked.filter(change__state=ChangeState.DONE).update(state=CancellationItemState.CANCELLED)
    asked.filter(change__state=ChangeState.REFUSED).update(state=CancellationItemState.REFUSED)


def _ask_next(items: QuerySet[CancellationItem]) -> int:
    """An account whose gateway is away keeps no other waiting."""
    by_account = items.order_by().values_list("charge__connection")
    busy = dict(by_account.filter(state=CancellationItemState.ASKED).annotate(Count("pk")))
    waiting = items.filter(state=CancellationItemState.WAITING)
    asked = 0
    for (account,) in list(by_account.filter(state=CancellationItemState.WAITING).distinct()):
        room = max(0, _AT_ONCE - busy.get(account, 0))
        fresh = waiting.filter(charge__connection=account).order_by("pk")
        for item in list(fresh.select_related("charge__connection", "cancellation__asked_by")[:room]):
            asked += _ask(item)
    return asked


def _ask(item: CancellationItem) -> int:
    """1 where a change is under way, or was made at once."""
    new = NewChange(
        charge=item.charge,
        kind=ChangeKind.CANCEL,
        submission=item.submission,
        actor=item.cancellation.asked_by,
    )
    mine = CancellationItem.objects.filter(pk=item.pk, state=CancellationItemState.WAITING)
    try:
        change = changing.ask_later(new)
    except NotPossible as refused:
        mine.update(state=CancellationItemState.REFUSED, obstacle=refused.obstacle)
        return 0
    mine.update(state=CancellationItemState.ASKED, change=change)
    return 1


def tally(cancellation: Cancellation) -> Tally:
    by_state = cancellation.items.order_by().values_list("state").annotate(Count("pk"))
    return Tally(**dict(by_state))


def refused(cancellation: Cancellation) -> QuerySet[CancellationItem]:
    """Those that stay as they are, with what is needed to say why."""
    found = cancellation.items.filter(state=CancellationItemState.REFUSED)
    return found.select_related("charge__connection", "charge__customer", "change").defer(
        "charge__connection__credentials", "charge__connection__webhook_secrets"
    )


def is_visible_to(cancellation: Cancellation, user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether a person may see the accounts of all its charges."""
    if not is_limited(user):
        return user.is_active
    return not cancellation.items.exclude(reachable_by(user, "charge__connection")).exists()
