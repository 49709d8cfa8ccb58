"""Leave a gateway alone that gives no answer, find out when it is back, and come back to it gently.

One row for each connection says so to every process. While a gateway is away nothing that waits for it is
rewritten; when the pause is over one call tries it, and after one that worked the others follow in a ramp.
What people do is not held up by it: it is for work that can wait.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db.models import F, Q

from config import clock
from connections.budget import LONGEST_PAUSE
from connections.gateways.errors import BudgetExhausted, CredentialsRefused, GatewayError, is_about_all
from connections.models import GatewayPause

# One object that always fails is not a gateway that is away: two failures with no answer in between are.
STRIKES = 2
STEPS = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 240))
REFUSED = timedelta(seconds=60)
# Longer than any call: who tries the gateway and dies is replaced after it.
PROBE = timedelta(seconds=30)
# For so long after it is back, 1, 2, 4 ... calls a second.
RAMP = timedelta(seconds=6)
# A budget that is spent for a moment only is no pause.
_MOMENT = 2.0

chance = random.Random()


def away() -> set[int]:
    """Connections that are left alone now."""
    now = clock.now()
    paused = set()
    for row in GatewayPause.objects.all():  # one at most for each connection, and mostly none
        is_tried = row.back_at is None and row.probe_until and row.probe_until > now
        if is_tried or (row.until and row.until > now):
            paused.add(row.connection_id)
    return paused


def may_ask(connection_id: int) -> bool:
    """Take the right to one call now. After a pause one caller gets it, then so many a second."""
    row = GatewayPause.objects.filter(connection=connection_id).first()
    now = clock.now()
    if row is None:
        return True
    if row.back_at:
        return _take_place(row, now)
    if row.until is None:
        return True
    free = Q(probe_until=None) | Q(probe_until__lte=now)
    probe = GatewayPause.objects.filter(free, pk=row.pk, back_at=None, until__lte=now)
    return bool(probe.update(probe_until=now + PROBE))


def note_failure(connection_id: int, error: GatewayError) -> None:
    """A call gave no answer, or the gateway wants to be left alone."""
    if isinstance(error, BudgetExhausted) and error.retry_after <= _MOMENT:
        return
    now = clock.now()
    row, _is_new = GatewayPause.objects.get_or_create(connection_id=connection_id, defaults={"since": now})
    if row.until and row.until > now:  # a call that had begun before the pause
        _extend(row, error, now)
        return
    was_away = row.until is not None
    same = GatewayPause.objects.filter(pk=row.pk, rounds=row.rounds, until=row.until, back_at=row.back_at)
    if not (was_away or row.strikes + 1 >= STRIKES or is_about_all(error)):
        same.update(strikes=F("strikes") + 1)
        return
    is_new = not was_away and (row.back_at is None or now - row.back_at >= RAMP)
    rounds = 0 if is_new else row.rounds
    same.update(
        until=now + wait_after(error, rounds=rounds),
        since=now if is_new else row.since,
        rounds=rounds + 1,
        strikes=0,
        probe_until=None,
        back_at=None,
        taken=0,
    )


def note_answer(connection_id: int) -> None:
    """A call was answered, whatever it said: the gateway is there."""
    row = GatewayPause.objects.filter(connection=connection_id).first()
    now = clock.now()
    if row is None or (row.until and row.until > now):  # an answer to a call from before the pause
        return
    same = GatewayPause.objects.filter(pk=row.pk, rounds=row.rounds, until=row.until, back_at=row.back_at)
    if row.back_at:
        if now - row.back_at >= RAMP:
            same.delete()
        elif row.strikes:
            same.update(strikes=0)
    elif row.until is None:
        same.delete()
    else:
        same.update(until=None, probe_until=None, back_at=now, taken=0, strikes=0)


def end(connection_id: int) -> None:
    """What was the matter is over, as somebody just saw: what waited follows in the ramp."""
    now = clock.now()
    paused = GatewayPause.objects.filter(connection=connection_id, back_at=None)
    paused.update(until=None, probe_until=None, back_at=now, taken=0, strikes=0)


def wait_after(error: GatewayError, *, rounds: int) -> timedelta:
    """How long to leave the gateway alone: as it asks, else longer each time it was tried in vain."""
    asked = getattr(error, "retry_after", None)
    if asked is not None:
        return _spread(min(max(timedelta(seconds=asked), timedelta(seconds=1)), LONGEST_PAUSE), by=0.02)
    if isinstance(error, CredentialsRefused):
        return REFUSED
    return _spread(STEPS[min(rounds, len(STEPS) - 1)], by=0.25)


def _spread(wait: timedelta, *, by: float) -> timedelta:
    """A little longer, never shorter, so that several do not come back at the same moment."""
    return wait * (1 + by * chance.random())


def _extend(row: GatewayPause, error: GatewayError, now: datetime) -> None:
    if getattr(error, "retry_after", None) is None:
        return
    until = now + wait_after(error, rounds=row.rounds)
    GatewayPause.objects.filter(pk=row.pk, until__gt=now, until__lt=until).update(until=until)


def _take_place(row: GatewayPause, now: datetime) -> bool:
    """One place of those open so far: one in the first second, two in the next, then four ..."""
    back = now - (row.back_at or now)
    if back >= RAMP:
        return True
    places = 2 ** (int(back.total_seconds()) + 1) - 1
    mine = GatewayPause.objects.filter(pk=row.pk, back_at=row.back_at, taken__lt=places)
    return bool(mine.update(taken=F("taken") + 1))
