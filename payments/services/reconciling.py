"""Compare a connection with its gateway, repair what was missed, and say what does not match.

The gateway's list of what changed is held against our payments. What differs is fetched by its id and
written the one way fetched state is written; what is not ours is kept as a finding; what of ours the list
should have shown and did not is asked one by one. No transaction is open while a gateway is asked.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet

from config import clock
from connections.gateways.base import Exchange, Gateway, GatewayPayment, GatewayTurn, ResourceKind
from connections.gateways.errors import (
    BudgetExhausted,
    GatewayError,
    NotFound,
    RequestRefused,
    UnreadableAnswer,
)
from connections.models import Connection
from connections.services import gateway_for, problems
from payments.models import (
    Charge,
    Finding,
    FindingKind,
    GatewayResource,
    MissedNotification,
    Payment,
    Reconciliation,
    RunState,
)
from payments.services import (
    comparing,
    dispute_looks,
    findings,
    mirroring,
    missed,
    plans,
    refreshing,
    resources,
    silence,
)
from payments.services.comparing import Seen
from payments.services.refreshing import Outcome, Refreshed
from payments.services.resources import Lease
from payments.services.timeline import note_exchanges
from payments.services.unlisted import unlisted_by

logger = logging.getLogger(__name__)

SOURCE = "reconciliation"
_CLAIM = timedelta(minutes=5)
_BATCH = 100
# Looks at one payment that differs, in one run: a gateway's own reads may lag behind its list.
_LOOKS = 3
# What it may cost to ask for the disputes of one payment: two lists and a few that are read one by one; and
# for the turn that a payment is to collect.
_LOOK_AT_DISPUTES = _LOOK_AT_TURN = 10
# So many since the run before are no accident: an administrator should look at the webhook.
_MANY_MISSED = 3
_AGAIN_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


@dataclass
class Findings:
    """What one pass over the list and over our own payments brought to light."""

    seen: dict[str, Seen] = field(default_factory=dict)
    doubtful: dict[str, GatewayPayment | None] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    # Of which the list or an answer told of a dispute.
    disputed: set[str] = field(default_factory=set)
    turns: dict[str, GatewayTurn | None] = field(default_factory=dict)


def run_due() -> int:
    """Carry out every run that is due; one that breaks keeps no other waiting. Returns how many began."""
    due = Reconciliation.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    begun = 0
    for run_id in list(due.values_list("pk", flat=True)[:20]):
        try:
            begun += carry_out(run_id) is not None
        except Exception:
            logger.exception("reconciliation %s broke off", run_id)
    return begun


def carry_out(run_id: int) -> Reconciliation | None:
    """Do one run to its end, or plan its next try when the gateway is away.

    None when another worker has it. A run given up after its last try is *failed*, with the reason.
    """
    now, token = clock.now(), uuid.uuid4()
    free = Q(claim_until=None) | Q(claim_until__lte=now)
    mine = Reconciliation.objects.filter(free, pk=run_id, state__in=(RunState.QUEUED, RunState.RUNNING))
    taken = mine.update(
        claim_token=token,
        claim_until=now + _CLAIM,
        due_at=now + _CLAIM,
        state=RunState.RUNNING,
        started_at=now,
        tries=F("tries") + 1,
        calls=0,
    )
    if not taken:
        return None
    run = Reconciliation.objects.select_related("connection").get(pk=run_id)
    try:
        Comparison(run).carry_out()
    except ClaimLost:
        return None
    except GatewayError as err:
        _put_off(run, err)
    except Exception as err:
        _put_off(run, err)
        raise
    return run


def _put_off(run: Reconciliation, error: Exception) -> None:
    text = error.text if isinstance(error, GatewayError) else type(error).__name__
    is_over = run.tries > len(_AGAIN_AFTER)
    now = clock.now()
    _mine(run).update(
        state=RunState.FAILED if is_over else RunState.QUEUED,
        due_at=None if is_over else now + _AGAIN_AFTER[run.tries - 1],
        finished_at=now if is_over else None,
        error=text[:500],
        calls=run.calls,
        claim_token=None,
        claim_until=None,
    )


def _mine(run: Reconciliation) -> QuerySet[Reconciliation]:
    """The run's row, while no other worker took it over."""
    return Reconciliation.objects.filter(pk=run.pk, claim_token=run.claim_token)


class Comparison:
    """One run at work."""

    def __init__(self, run: Reconciliation) -> None:
        self.run = run
        self.connection: Connection = run.connection
        self.zone = ZoneInfo(self.connection.time_zone or "UTC")
        self.found = Findings()
        self._last: Exchange | None = None
        self._is_bound = False
        self.gateway: Gateway = gateway_for(
            self.connection, on_exchange=self._count, before_call=self._insist
        )

    def carry_out(self) -> None:
        """Raises a ``GatewayError`` when the gateway gives no answer: then the run is tried again."""
        listing = self.gateway.changed_payments(since=self.run.since)
        for batch in _batches(listing):
            self._keep_claim()
            self._compare(batch)
        unlisted = unlisted_by(self.run, shown=self.found.seen)
        self._bound(unlisted)
        with suppress(BoundReached):
            for gateway_id in unlisted:
                self._keep_claim()
                self._repair(gateway_id, None)
            self._look_again()
        self._look_at_disputes()
        self._finish()

    # -- what the gateway lists -----------------------------------------------------------------

    def _compare(self, batch: list[GatewayPayment]) -> None:
        held = _held(self.connection, [payment.gateway_id for payment in batch])
        references = {payment.reference for payment in batch if payment.reference}
        ours = set(
            Charge.objects.filter(connection=self.connection, reference__in=references).values_list(
                "reference", flat=True
            )
        )
        ours |= plans.are_ours(self.connection.pk, batch) | mirroring.are_ours(self.connection.pk, batch)
        for payment in batch:
            if payment.is_card_check:
                continue
            names = {payment.reference, payment.plan_id, payment.checkout_id, payment.subscription_id}
            self.found.seen[payment.gateway_id] = comparing.seen(payment, zone=self.zone)
            if payment.has_dispute:
                self.found.disputed.add(payment.gateway_id)
            own = held.get(payment.gateway_id)
            if own is None and not names & ours:
                self.found.foreign.add(payment.gateway_id)
                findings.keep_not_ours(self.run, payment)
            elif own is None or comparing.is_news(payment, own):
                self.found.doubtful[payment.gateway_id] = payment

    # -- what we hold ---------------------------------------------------------------------------

    def _bound(self, unlisted: list[str]) -> None:
        """The most calls this run may make: what the list took, and the looks at what is doubtful."""
        doubtful = self.found.doubtful
        turns = [one for one in doubtful.values() if one and one.subscription_id]
        looks = _LOOKS * len(doubtful) + (1 + _LOOKS) * len(unlisted)
        self._is_bound, self.run.calls_allowed = True, self.run.calls
        self._allow(looks + _LOOK_AT_TURN * len(turns))

    def _allow(self, calls: int) -> None:
        self.run.calls_allowed += calls
        _mine(self.run).update(calls_allowed=self.run.calls_allowed)

    # -- repairs --------------------------------------------------------------------------------

    def _look_again(self) -> None:
        """Fetch what differs by its id, up to three times: the list and the payment may disagree."""
        for _look in range(_LOOKS):
            for gateway_id, listed in list(self.found.doubtful.items()):
                self._keep_claim()
                self._repair(gateway_id, listed)

    def _repair(self, gateway_id: str, listed: GatewayPayment | None) -> None:
        """One fetch under the lease. What is equal afterwards, or newer here, is doubtful no longer."""
        resource = resources.find_or_add(self.connection, kind=ResourceKind.PAYMENT, gateway_id=gateway_id)
        held = resources.lease(resource.pk)
        if held is None:  # a notification is at it right now
            self.found.doubtful.setdefault(gateway_id, listed)
            return
        try:
            done = self._fetch(resource, held)
        finally:
            resources.release(held)
        own = _held(self.connection, [gateway_id]).get(gateway_id)
        is_equal = own is not None and (
            listed is None or comparing.is_behind(listed, own) or not comparing.is_news(listed, own)
        )
        if is_equal and done and done.outcome in (Outcome.APPLIED, Outcome.STALE):
            self.found.doubtful.pop(gateway_id, None)
        else:
            self.found.doubtful[gateway_id] = listed

    def _fetch(self, resource: GatewayResource, held: Lease) -> Refreshed | None:
        """None when the gateway does not know the payment."""
        try:
            fetched = self.gateway.fetch_payment(resource.gateway_id)
        except NotFound:
            return None
        if fetched.has_dispute:
            self.found.disputed.add(resource.gateway_id)
        turn = self._turn_of(resource, fetched)
        done = refreshing.store(resource, fetched, held, source=SOURCE, cause="", turn=turn)
        self.found.fetched.add(resource.gateway_id)
        if done.change and done.charge_id and self._last:
            note_exchanges(Charge(pk=done.charge_id), [self._last], source=SOURCE)
        return done

    def _turn_of(self, resource: GatewayResource, fetched: GatewayPayment) -> GatewayTurn | None:
        """Asked for once in a run. One that cannot be told is not known yet: that ends no run."""
        turns = self.found.turns
        if fetched.gateway_id not in turns:
            turns[fetched.gateway_id] = None
            try:
                turns[fetched.gateway_id] = mirroring.turn_of(self.gateway, resource, fetched)
            except (NotFound, RequestRefused, UnreadableAnswer):
                logger.warning("reconciliation %s: no answer about a turn", self.run.pk, exc_info=True)
        return turns[fetched.gateway_id]

    def _look_at_disputes(self) -> None:
        """No answer about disputes ends no run: the next one looks again."""
        found, is_thorough = self.found, self.run.is_thorough
        contested = dispute_looks.wanted(
            self.connection, fetched=found.fetched, told=found.disputed, is_thorough=is_thorough
        )
        self._allow(_LOOK_AT_DISPUTES * len(contested))
        dispute_looks.look(contested, self.gateway, source=SOURCE, before_each=self._keep_claim)

    # -- the end --------------------------------------------------------------------------------

    def _finish(self) -> None:
        now = clock.now()
        findings.settle_all_ours(self.connection.pk)
        held = _held(self.connection, list(self.found.seen))
        self._keep_differences(held, now)
        run, found = self.run, self.found
        days = comparing.by_day(found.seen.values(), held, open_ids=found.doubtful)
        first = run.since.astimezone(self.zone).date().isoformat()
        run.finished_at, run.missed = now, missed.found_by(run).count()
        done = _mine(run).update(
            state=RunState.DONE,
            finished_at=now,
            due_at=None,
            error="",
            compared=len(found.seen),
            not_ours=len(found.foreign),
            differences=len(found.doubtful),
            missed=run.missed,
            days=[day for day in days if day["day"] > first],  # of older days a list shows only a part
            calls=run.calls,
            claim_token=None,
            claim_until=None,
        )
        if not done:
            raise ClaimLost(run.pk)
        MissedNotification.objects.filter(
            connection=self.connection, run=None, found_at__gte=run.started_at, source=SOURCE
        ).update(run=run)
        if not silence.judge(self.connection) and run.missed >= _MANY_MISSED:
            problems.raise_(self.connection, silence.MISSING)

    def _keep_differences(self, held: dict[str, Payment], now: datetime) -> None:
        """What still differs stays open until a run finds it equal."""
        open_ones = Finding.objects.filter(
            connection=self.connection, kind=FindingKind.DIFFERENCE, settled_at=None
        )
        asked = [*self.found.seen, *held]
        settled = open_ones.filter(gateway_id__in=asked).exclude(gateway_id__in=self.found.doubtful)
        settled.update(settled_at=now)
        for gateway_id, listed in self.found.doubtful.items():
            own = held.get(gateway_id) or _held(self.connection, [gateway_id]).get(gateway_id)
            values = {
                "seen_at": now,
                "theirs": comparing.facts(listed) if listed else {},
                "ours": comparing.held_facts(own) if own else {},
                "charge": own.charge if own else None,
                "currency": own.currency if own else "",
            }
            Finding.objects.update_or_create(
                connection=self.connection,
                kind=FindingKind.DIFFERENCE,
                gateway_id=gateway_id,
                settled_at=None,
                defaults=values,
                create_defaults={**values, "run": self.run, "found_at": now},
            )

    # -- while it runs --------------------------------------------------------------------------

    def _insist(self) -> None:
        """Before each call: what this run may not ask for any more is for the next one."""
        if self._is_bound and self.run.calls >= self.run.calls_allowed:
            raise BoundReached(retry_after=0)

    def _count(self, exchange: Exchange) -> None:
        self.run.calls += 1
        self._last = exchange

    def _keep_claim(self) -> None:
        """Still ours, for a while longer; raises when another worker took over."""
        until = clock.now() + _CLAIM
        if not _mine(self.run).update(claim_until=until, due_at=until, calls=self.run.calls):
            raise ClaimLost(self.run.pk)


class BoundReached(BudgetExhausted):
    """This run has made the calls it was allowed."""


class ClaimLost(Exception):
    """Another worker carries this run out now."""


def _batches(listing: Iterable[GatewayPayment]) -> Iterator[list[GatewayPayment]]:
    rows = iter(listing)
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _held(connection: Connection, gateway_ids: list[str]) -> dict[str, Payment]:
    """Our payments of these ids, in portions that every database takes."""
    found: dict[str, Payment] = {}
    for start in range(0, len(gateway_ids), 500):
        own = Payment.objects.filter(connection=connection, gateway_id__in=gateway_ids[start : start + 500])
        found |= {payment.gateway_id: payment for payment in own.select_related("resource", "charge")}
    return found
