"""Whether workers and beat are alive: each leaves a sign in the database, and others judge by its age."""

from __future__ import annotations

from datetime import datetime, timedelta

from backoffice.models import Pulse
from config import clock

WORKER, BEAT, LOOK = "worker", "beat", "look"
# Who said nothing for so long is not alive.
SILENCE = timedelta(seconds=90)
_BETWEEN = timedelta(seconds=15)


def beat(name: str, *, every: timedelta = _BETWEEN) -> bool:
    """Leave a sign, at most once in ``every`` whoever comes; whether this was it."""
    now = clock.machine_now()
    pulse, is_new = Pulse.objects.get_or_create(name=name, defaults={"since": now, "at": now})
    if is_new:
        return True
    due = Pulse.objects.filter(name=name, at__lte=now - every)
    if pulse.at <= now - SILENCE:
        return bool(due.update(at=now, since=now))
    # A clock that was put back must not silence it for as long.
    return bool((due | Pulse.objects.filter(name=name, at__gt=now + every)).update(at=now))


def come_back(name: str, *, every: timedelta, after: timedelta) -> None:
    """Have what is done once in ``every`` done sooner this time."""
    Pulse.objects.filter(name=name).update(at=clock.machine_now() - every + after)


def has_lasted(name: str) -> bool:
    """Whether it has been alive for longer than a start of everything takes."""
    return Pulse.objects.filter(name=name, since__lte=clock.machine_now() - _BETWEEN).exists()


def silent() -> str:
    """The code of who is silent; empty when all are alive. Of beat only a living worker can tell."""
    now = clock.machine_now()
    known = {pulse.name: pulse for pulse in Pulse.objects.filter(name__in=(WORKER, BEAT))}
    worker, tempo = known.get(WORKER), known.get(BEAT)
    if worker is None or _is_silent(worker.at, now):
        return "worker_silent"
    if _is_silent(worker.since, now) and (tempo is None or _is_silent(tempo.at, now)):
        return "beat_silent"
    return ""


def _is_silent(at: datetime, now: datetime) -> bool:
    return at <= now - SILENCE
