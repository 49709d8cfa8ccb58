"""What is wrong, in one place: of the installation and of every account, each fault by one code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from backoffice import house, pulses
from config import clock
from connections.models import Connection, ConnectionState, Problem, is_limited
from connections.problem_kinds import Area, Kind, Severity, kind_of
from connections.services import health
from payments.services import silence
from webhooks.services import dead_list

logger = logging.getLogger(__name__)

# Only a person can mend these, in the gateway's panel.
_BY_HAND = frozenset({"webhook_duplicate", "webhook_not_allowed", "webhook_secret_missing"})
# What one press of a person does about a fault; of the others a press only looks again. What somebody may
# have meant is registered anew by a person alone.
LOOK, MEND, SWITCH_ON, REGISTER = "look", "mend", "switch_on", "register"
_ANEW = {"webhook_disabled": SWITCH_ON, "webhook_wrong_url": REGISTER}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong."""

    code: str
    since: datetime
    connection: Connection | None
    advice: str

    @property
    def kind(self) -> Kind:
        return kind_of(self.code)

    @property
    def remedy(self) -> str:
        """What the button beside it does."""
        if self.connection is None or self.kind.area != Area.WEBHOOK or self.code in _BY_HAND:
            return LOOK
        return _ANEW.get(self.code, MEND)

    @property
    def help_url(self) -> str:
        return reverse("doctor_help", args=[self.code])

    def as_data(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.kind.severity.value,
            "title": str(self.kind.title),
            "advice": self.advice,
            "since": self.since.isoformat(),
            "connection": str(self.connection.public_id) if self.connection else None,
            "name": self.connection.name if self.connection else None,
            "help": self.help_url,
        }


@dataclass(frozen=True, kw_only=True)
class Patient:
    """The installation (no connection) or one account, with what is wrong with it; the worst first."""

    connection: Connection | None
    faults: list[Fault]

    @property
    def is_well(self) -> bool:
        """Looked at, and nothing found: an account nobody asked about yet is not well but unknown."""
        if self.faults or self.connection is None:
            return not self.faults
        return self.connection.state == ConnectionState.READY and self.connection.checked_at is not None


def patients(user: User | AnonymousUser | None = None) -> list[Patient]:
    """Everybody a person may look after (None: all), the installation first. Asks no gateway."""
    problems = Problem.objects.open().select_related("connection")
    connections = Connection.objects.without_secrets().filter(is_active=True).order_by("name", "pk")
    if user is not None:
        problems, connections = problems.visible_to(user), connections.visible_to(user)
    problems = problems.defer("connection__credentials", "connection__webhook_secrets")
    sees_the_house = user is None or not is_limited(user)
    faults = [_fault(problem) for problem in (with_silence(problems) if sees_the_house else problems)]
    mine = [Patient(connection=one, faults=_worst_first(faults, one)) for one in connections]
    return [Patient(connection=None, faults=_worst_first(faults, None)), *mine] if sees_the_house else mine


def with_silence(known: Iterable[Problem]) -> list[Problem]:
    """No worker can write down that none is alive: it is judged whenever somebody looks."""
    others = [problem for problem in known if problem.code != "worker_silent"]
    if pulses.silent() != "worker_silent":
        return others
    return [Problem(code="worker_silent", area=Area.HOUSE, since=clock.now()), *others]


def examine_all(
    user: User | AnonymousUser | None = None, *, seconds_left: Callable[[], float] | None = None
) -> int:
    """Look at everything, and mend what is safe to mend: asks our own address and every gateway.

    ``seconds_left`` is the patience of who waits (None: all the time it takes). Accounts that it did not
    reach to are looked at by a worker in a moment; returns how many.
    """
    if user is None or not is_limited(user):
        house.look(
            seconds=min(house.PROBE_SECONDS, max(1.0, seconds_left()))
            if seconds_left
            else house.PROBE_SECONDS
        )
    connections = Connection.objects.filter(is_active=True)
    left_over = 0
    for connection in connections if user is None else connections.visible_to(user):
        if seconds_left and seconds_left() <= 0:
            health.bring_forward(connection.pk)
            left_over += 1
        else:
            examine(connection, seconds_left=seconds_left)
    return left_over


def examine(connection: Connection, *, seconds_left: Callable[[], float] | None = None) -> None:
    """Look at one account, and mend what is safe to mend; a fault of ours there is logged."""
    try:
        health.examine(connection, seconds_left=seconds_left)
        silence.judge(connection)
        dead_list.follow()
    except Exception:
        logger.exception("connection %s could not be looked at", connection.pk)


def _fault(problem: Problem) -> Fault:
    return Fault(code=problem.code, since=problem.since, connection=problem.connection, advice=problem.advice)


def _worst_first(faults: Iterable[Fault], connection: Connection | None) -> list[Fault]:
    own = (fault for fault in faults if fault.connection == connection)
    return sorted(own, key=lambda fault: fault.kind.severity != Severity.SERIOUS)
