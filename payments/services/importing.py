"""Import what an account charged without us: rows say how far it is, the workers carry it on.

The list of the gateway is read from its head in every run. What is ours, or was taken over, costs no
further call, so a run that broke off goes on where it stopped and a second one changes nothing.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import Exchange, Gateway, GatewayPayment, ResourceKind
from connections.gateways.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    RateLimited,
    UnreadableAnswer,
)
from connections.gateways.texts import gettext_noop
from connections.models import Connection
from connections.services import gateway_for, note_refusal, pausing
from payments.models import (
    Charge,
    ChargeImport,
    GatewayResource,
    ImportedPayment,
    LeftBehind,
    RunState,
)
from payments.models.charges import ChargeQuerySet
from payments.services import mirroring, plans, resources, second_opinion, taking_over
from payments.services.taking_over import Taken

logger = logging.getLogger(__name__)

# Before both gateways' present interfaces there is nothing to import.
OLDEST = date(2015, 1, 1)
IMPORT = "payments.tasks.import_charges"
_CLAIM = timedelta(minutes=5)
_BATCH = 100
# What others are looking at is looked at so often, each time when their lease is over.
_LOOKS = 3
_OPINIONS = 2
_PAUSE = timedelta(minutes=1)
_AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 60, 60))
_OPEN = (RunState.QUEUED, RunState.RUNNING)
# At most two threads of a worker carry imports on: they take long, and others wait for a thread, too.
_passes = waiting.WaitingRoom(2)


class ClaimLost(Exception):
    """Another worker carries this import on."""


class LeftAlone(Exception):
    """The gateway is not to be asked now, as somebody else found out."""


@dataclass
class Looked:
    """What a look at the list found, without anything being fetched or written."""

    listed: int = 0
    matched: int = 0
    takes: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)


def request(connection: Connection, *, since: datetime, actor: User | None = None) -> ChargeImport:
    """Queue an import, or give the one that is open already: a connection has one at a time.

    Raises ``IntegrityError`` where it cannot be stored for another reason than that somebody was quicker.
    """
    if run := _open_run(connection):
        return run
    try:
        return _queue(connection, since=since, actor=actor)
    except IntegrityError:
        if run := _open_run(connection):
            return run
    return _queue(connection, since=since, actor=actor)


def _open_run(connection: Connection) -> ChargeImport | None:
    return ChargeImport.objects.filter(connection=connection, state__in=_OPEN).first()


def _queue(connection: Connection, *, since: datetime, actor: User | None) -> ChargeImport:
    now = clock.now()
    with transaction.atomic():
        run = ChargeImport.objects.create(
            connection=connection, since=since, asked_by=actor, requested_at=now, due_at=now
        )
    wake(IMPORT)
    return run


def look(connection: Connection, *, since: datetime) -> Looked:
    """What an import would do. Raises a ``GatewayError``; reads the list and nothing else."""
    gateway = gateway_for(connection)
    found, seen = Looked(), set[str]()
    for batch in _batches(gateway.changed_payments(since=since), seen):
        ours = _ours(connection, batch)
        found.listed, found.matched = len(seen), found.matched + len(ours)
        for payment in batch:
            if payment.gateway_id in ours:
                continue
            if reason := taking_over.why_not(connection, payment):
                found.left.append((payment.gateway_id, reason))
            else:
                found.takes += 1
    return found


def run_due() -> int:
    """Carry on every import that is due; one that breaks keeps no other waiting. Returns how many began.

    Not where the account is disabled, nor while its gateway is left alone.
    """
    due = ChargeImport.objects.filter(due_at__lte=clock.now(), connection__is_active=True)
    ready = due.exclude(connection__in=pausing.away()).order_by("due_at")
    begun = 0
    with _passes.seat() as is_seated:
        chosen = list(ready.values_list("pk", "connection_id")[:20]) if is_seated else []
        for run_id, connection_id in chosen:
            try:
                if pausing.may_ask(connection_id):
                    begun += carry_out(run_id) is not None
            except Exception:
                logger.exception("the import %s broke off", run_id)
    return begun


def carry_out(run_id: int) -> ChargeImport | None:
    """Do an import to its end, or plan its next try when the gateway is away; None when another has it."""
    now, token = clock.now(), uuid.uuid4()
    free = Q(claim_until=None) | Q(claim_until__lte=now)
    mine = ChargeImport.objects.filter(free, pk=run_id, state__in=_OPEN)
    claim = {"claim_token": token, "claim_until": now + _CLAIM, "due_at": now + _CLAIM}
    if not mine.update(**claim, state=RunState.RUNNING, tries=F("tries") + 1):
        return None
    run = ChargeImport.objects.select_related("connection", "asked_by").get(pk=run_id)
    try:
        Import(run).carry_out()
    except ClaimLost:
        return None
    except LeftAlone:
        _put_back(run, wait=_PAUSE, text=gettext_noop("The gateway did not answer."))
    except GatewayError as err:
        _note_failure(run.connection, err)
        _put_off(run, err)
    except Exception as err:
        _put_off(run, err)
        raise
    run.refresh_from_db()
    return run


def _note_failure(connection: Connection, error: GatewayError) -> None:
    if isinstance(error, CredentialsRefused):
        note_refusal(connection, error)
    is_away = isinstance(error, GatewayUnavailable) and not isinstance(error, UnreadableAnswer)
    if is_away or isinstance(error, CredentialsRefused):
        pausing.note_failure(connection.pk, error)


def _put_off(run: ChargeImport, error: Exception) -> None:
    """Every try that took something over earns the patience anew: a long import meets many a bad minute.

    To be asked to wait is no failure, however often.
    """
    text = error.text if isinstance(error, GatewayError) else type(error).__name__
    if isinstance(error, RateLimited | BudgetExhausted):
        _put_back(run, wait=pausing.wait_after(error, rounds=0), text=text)
        return
    if run.tries <= len(_AGAIN_AFTER):
        _leave(run, state=RunState.QUEUED, due_at=clock.now() + _AGAIN_AFTER[run.tries - 1], error=text[:500])
        return
    _leave(run, state=RunState.FAILED, due_at=None, finished_at=clock.now(), error=text[:500])


def _put_back(run: ChargeImport, *, wait: timedelta, text: str) -> None:
    """To go on later, as if this try had not been."""
    due = clock.now() + wait
    _leave(run, state=RunState.QUEUED, due_at=due, error=text[:500], tries=max(0, run.tries - 1))


def _leave(run: ChargeImport, **said: object) -> bool:
    """Give the claim back; false when it was another's by then."""
    return bool(_mine(run).update(**said, calls=run.calls, claim_token=None, claim_until=None))


def _mine(run: ChargeImport) -> QuerySet[ChargeImport]:
    """The run's row, while no other worker took it over."""
    return ChargeImport.objects.filter(pk=run.pk, claim_token=run.claim_token)


class Import:
    """One import at work."""

    def __init__(self, run: ChargeImport) -> None:
        self.run = run
        self.connection: Connection = run.connection
        self._seen: set[str] = set()
        self._listed: list[str] = []
        self._is_any_busy = False
        self.gateway: Gateway = gateway_for(self.connection, on_exchange=self._count)

    def carry_out(self) -> None:
        """Raises a ``GatewayError`` when the gateway gives no answer: then it is gone on with later."""
        self.run.matched = 0
        for batch in _batches(self.gateway.changed_payments(since=self.run.since), self._seen):
            pausing.note_answer(self.connection.pk)
            held = _held(self.connection, batch)
            self.run.matched += len(held - self._taken(held))
            self._listed = [payment.gateway_id for payment in batch]
            self._keep_claim()
            for payment in batch:
                if payment.gateway_id not in held:
                    self._take(payment)
                    self._keep_claim()
        said = {"error": "", "listed": len(self._seen), "matched": self.run.matched}
        now = clock.now()
        if self._is_any_busy and self.run.tries < _LOOKS:
            done = _leave(self.run, state=RunState.QUEUED, due_at=now + resources.LEASE, **said)
        else:
            done = _leave(self.run, state=RunState.DONE, due_at=None, finished_at=now, **said)
        if not done:
            raise ClaimLost(self.run.pk)

    def _taken(self, gateway_ids: set[str]) -> set[str]:
        """Of these, what this import took over before it was interrupted."""
        taken = ImportedPayment.objects.filter(run=self.run, gateway_id__in=gateway_ids, charge__isnull=False)
        return set(taken.values_list("gateway_id", flat=True))

    def _take(self, listed: GatewayPayment) -> None:
        """What cannot become a charge costs no call."""
        gateway_id = listed.gateway_id
        reason = taking_over.why_not(self.connection, listed)
        taken = Taken(reason=reason) if reason else self._take_over(gateway_id)
        if taken.is_ours:
            self.run.matched += 1
            ImportedPayment.objects.filter(run=self.run, gateway_id=gateway_id, charge=None).delete()
            return
        self._is_any_busy |= taken.reason == LeftBehind.BUSY
        ImportedPayment.objects.update_or_create(
            run=self.run, gateway_id=gateway_id, defaults={"charge": taken.charge, "reason": taken.reason}
        )
        if taken.charge and self.run.tries > 1:
            self.run.tries = 1
            _mine(self.run).update(tries=1)

    def _take_over(self, gateway_id: str) -> Taken:
        """Raises a ``GatewayError`` that concerns more than this payment."""
        try:
            return taking_over.take_over(self.connection, self.gateway, gateway_id, actor=self.run.asked_by)
        except CredentialsRefused as err:
            if err.http_status != 403:  # refused for this one thing, perhaps: the key opens the list
                raise
            logger.warning("import %s: the gateway refuses to show %s", self.run.pk, gateway_id)
        except GatewayUnavailable as err:
            resource = resources.find_or_add(
                self.connection, kind=ResourceKind.PAYMENT, gateway_id=gateway_id
            )
            others = [name for name in self._listed if name != gateway_id][:_OPINIONS]
            if not second_opinion.is_about_one_thing(self.connection, resource, err, listed=others):
                raise
        except GatewayError:
            logger.warning("import %s: the gateway says nothing of %s", self.run.pk, gateway_id)
        return Taken(reason=LeftBehind.NO_ANSWER)

    def _count(self, exchange: Exchange) -> None:
        self.run.calls += 1

    def _keep_claim(self) -> None:
        """Still ours, for a while longer. Raises when another worker took over, or found the gateway away."""
        if self.connection.pk in pausing.away():
            raise LeftAlone
        until = clock.now() + _CLAIM
        said = {"listed": len(self._seen), "matched": self.run.matched, "calls": self.run.calls}
        if not _mine(self.run).update(claim_until=until, due_at=until, **said):
            raise ClaimLost(self.run.pk)


def _batches(listing: Iterable[GatewayPayment], seen: set[str]) -> Iterator[list[GatewayPayment]]:
    """Portions of what was not listed before."""
    rows = iter(listing)
    while part := list(islice(rows, _BATCH)):
        fresh = {payment.gateway_id: payment for payment in part if payment.gateway_id not in seen}
        seen.update(fresh)
        yield list(fresh.values())


def _held(connection: Connection, batch: list[GatewayPayment]) -> set[str]:
    """Of these payments, those that have a charge already, by their id."""
    names = [payment.gateway_id for payment in batch]
    known = GatewayResource.objects.filter(
        connection=connection, kind=ResourceKind.PAYMENT, gateway_id__in=names
    )
    return set(known.exclude(charge=None).values_list("gateway_id", flat=True))


def _ours(connection: Connection, batch: list[GatewayPayment]) -> set[str]:
    """These, and those that name a charge of ours, its plan or its page: an import only fetches them."""
    references = {payment.reference for payment in batch if payment.reference}
    own = Charge.objects.filter(connection=connection, reference__in=references)
    named = set(own.values_list("reference", flat=True))
    named |= plans.are_ours(connection.pk, batch) | mirroring.are_ours(connection.pk, batch)
    return _held(connection, batch) | {
        one.gateway_id
        for one in batch
        if {one.reference, one.plan_id, one.checkout_id, one.subscription_id} & named
    }


def taken_over(run: ChargeImport) -> ChargeQuerySet:
    return Charge.objects.filter(pk__in=run.items.exclude(charge=None).values("charge"))
