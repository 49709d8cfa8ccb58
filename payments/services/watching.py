"""Watch for twins: a creating call whose answer was lost may land late, beside what the charge already has.

An unpaid twin is cancelled, so that nobody pays twice; a paid one is for a person, never cancelled.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from config import clock
from connections import waiting
from connections.gateways.base import Exchange, Gateway, GatewayCharge, PaymentStatus, ResourceKind
from connections.gateways.errors import CredentialsRefused, GatewayError, RequestRefused
from connections.services import WORKER_DEADLINE_SECONDS, note_refusal
from connections.services.accounts import patience
from payments import transitions
from payments.models import Charge, ChargeStatus, CreationAttempt, ReviewReason
from payments.models.charges import AttemptState
from payments.services.creation import WATCH_AFTER, Patience, gateway_of
from payments.services.earlier import DEAD
from payments.services.following import fetch_and_store
from payments.services.timeline import note_change, note_exchanges

logger = logging.getLogger(__name__)

_LEASE = timedelta(minutes=2)
_POSTPONED = timedelta(hours=1)
# An answer that fails so long after the call counts as a look: the watch ends some day, whatever happens.
_LONGEST = timedelta(days=3)
_UNPAID = (PaymentStatus.PENDING, PaymentStatus.OVERDUE)
_NEVER_MADE = (AttemptState.PREPARED, AttemptState.REFUSED)
_WAITING = (*_UNPAID, PaymentStatus.AUTHORIZED)
# Of a charge that is over nothing is kept: what lands now is only in the way.
_OVER = (ChargeStatus.FAILED, ChargeStatus.CANCELLED, ChargeStatus.EXPIRED)
_AT_ONCE = 50
_PASS_SECONDS = 30.0
# At most one thread of a worker watches: nobody waits for it.
_passes = waiting.WaitingRoom(1)


def watch_due() -> None:
    """Look after the lost calls that are due, for a while; one that breaks keeps no other waiting."""
    left = patience(_PASS_SECONDS)
    with _passes.seat() as is_seated:
        for attempt_id in _due_ids() if is_seated else []:
            if left() <= 0:
                break
            try:
                watch(attempt_id)
            except Exception:
                logger.exception("the creating call %s could not be watched", attempt_id)


def watch(attempt_id: int) -> None:
    """Ask what the gateway holds under the reference of a lost call, and end what is there twice.

    Several workers may try; one UPDATE gives one of them the claim.
    """
    now = clock.now()
    mine = CreationAttempt.objects.filter(pk=attempt_id, next_watch_at__lte=now)
    if not mine.update(next_watch_at=now + _LEASE):
        return
    attempt = CreationAttempt.objects.select_related("charge__connection").get(pk=attempt_id)
    if _is_being_made(attempt.charge):
        return
    try:
        is_settled = _look(attempt.charge)
    except GatewayError as err:
        _take_error(attempt, err)
        return
    _count(attempt) if is_settled else _postpone(attempt)


def _due_ids() -> list[int]:
    due = CreationAttempt.objects.filter(next_watch_at__lte=clock.now()).order_by("next_watch_at")
    return list(due.values_list("pk", flat=True)[:_AT_ONCE])


def _take_error(attempt: CreationAttempt, error: GatewayError) -> None:
    if isinstance(error, CredentialsRefused):
        note_refusal(attempt.charge.connection, error)
    _postpone(attempt)


def _postpone(attempt: CreationAttempt) -> None:
    """Later, but not for ever."""
    if attempt.sent_at and clock.now() - attempt.sent_at > _LONGEST:
        _count(attempt)
    else:
        _plan(attempt, clock.now() + _POSTPONED)


def _count(attempt: CreationAttempt) -> None:
    """One look is done: the next comes as much later as the plan says, until there is none."""
    done = attempt.watched + 1
    attempt.watched = done
    if done >= len(WATCH_AFTER):
        _plan(attempt, None)
    else:
        _plan(attempt, clock.now() + WATCH_AFTER[done] - WATCH_AFTER[done - 1])


def _plan(attempt: CreationAttempt, at: datetime | None) -> None:
    attempt.next_watch_at = at
    attempt.save(update_fields=["watched", "next_watch_at"])


def _look(charge: Charge) -> bool:
    """False where something has to wait. Raises a ``GatewayError``."""
    exchanges: list[Exchange] = []
    gateway = gateway_of(charge, Patience(WORKER_DEADLINE_SECONDS), exchanges, is_background=True)
    listed = gateway.find_charges(charge.reference)
    # What the list shows may be newer than what we read before: a code that was just made is no twin.
    charge.refresh_from_db()
    if _is_being_made(charge):
        return False
    alive = [one for one in listed if _is_alive(one) and _may_be_ours(charge, one)]
    kept = _kept(charge, alive)
    twins = [one for one in alive if one is not kept]
    try:
        return _end_all(charge, kept, twins, gateway, is_being_paid=_is_being_paid(listed))
    finally:
        if twins:
            note_exchanges(charge, exchanges, source="creation")


def _end_all(
    charge: Charge,
    kept: GatewayCharge | None,
    twins: Sequence[GatewayCharge],
    gateway: Gateway,
    *,
    is_being_paid: bool,
) -> bool:
    """Every unpaid twin is cancelled; money in one, or in one that takes our place, is for a person."""
    ended = [_end(charge, twin, gateway, is_being_paid=is_being_paid) for twin in twins]
    takes_our_place = kept is not None and _has_money(kept) and not _is_shown(charge, kept)
    if kept and twins:
        _fetch(charge, kept)
    if twins and (takes_our_place or any(_has_money(twin) for twin in twins)):
        transitions.flag(charge.pk, ReviewReason.TWIN)
    elif all(ended) and not takes_our_place:
        transitions.unflag(charge.pk, ReviewReason.TWIN)
    return all(ended)


def _end(charge: Charge, twin: GatewayCharge, gateway: Gateway, *, is_being_paid: bool) -> bool:
    """Cancel one twin and store what became of it; False where that has to wait."""
    if is_being_paid and twin.kind == ResourceKind.PREFERENCE:
        return False
    if _has_money(twin):
        return _fetch(charge, twin)
    try:
        gateway.cancel_charge(twin.kind, twin.gateway_id)
    except RequestRefused:  # paid or ended meanwhile: the fetch tells
        _fetch(charge, twin)
        return False
    note_change(charge, "twin_cancelled", source="creation", gateway_id=twin.gateway_id)
    return _fetch(charge, twin)


def _fetch(charge: Charge, found: GatewayCharge) -> bool:
    return all(
        [bool(fetch_and_store(charge, payment.gateway_id, cause="twin")) for payment in found.payments]
    )


def _kept(charge: Charge, alive: Sequence[GatewayCharge]) -> GatewayCharge | None:
    """The paid one, else the one whose link or code the customer may already have, else the oldest."""
    if charge.status in _OVER:
        return None
    paid = [one for one in alive if _has_money(one)]
    shown = [one for one in alive if _is_shown(charge, one)]
    return next(iter([*(one for one in paid if one in shown), *paid, *shown, *alive]), None)


def _is_being_paid(listed: Sequence[GatewayCharge]) -> bool:
    """Whether a payment waits or is under review on any page: the list does not tell on which of them."""
    pages = [one for one in listed if one.kind == ResourceKind.PREFERENCE]
    return any(payment.status in _WAITING for page in pages for payment in page.payments)


def _is_being_made(charge: Charge) -> bool:
    """Then its creation goes on, and finds by itself what there is."""
    return charge.status in (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING) or bool(charge.creation_due_at)


def _is_shown(charge: Charge, found: GatewayCharge) -> bool:
    """Of a plan it is the link of the parcel that was the first to pay."""
    return bool(charge.link) and charge.link in (found.link, *(one.link for one in found.payments))


def _may_be_ours(charge: Charge, found: GatewayCharge) -> bool:
    """Of a kind that we tried to create. What was born on a hosted page or from a plan is no twin."""
    tried = charge.creation_attempts.exclude(state__in=_NEVER_MADE)
    if not tried.filter(kind=found.kind).exists():
        return False
    return found.kind != ResourceKind.PAYMENT or not any(payment.origin_id for payment in found.payments)


def _is_alive(found: GatewayCharge) -> bool:
    return found.is_open or any(payment.status not in DEAD for payment in found.payments)


def _has_money(found: GatewayCharge) -> bool:
    """Received, or reserved, or in a word we do not know: nothing to cancel without a person.

    The money of a page cannot be told from that of its twin: closing an idle page takes nothing back.
    """
    if found.kind == ResourceKind.PREFERENCE:
        return False
    return any(payment.status not in (*DEAD, *_UNPAID) for payment in found.payments)
