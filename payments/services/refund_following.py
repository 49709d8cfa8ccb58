"""Which refund at the gateway is which of ours, and which was made in the gateway's own panel.

A refund has an id at one gateway and none at the other: there it is known by its time, its amount and its
place among equal ones. What the gateway lists and nobody here asked for is taken over once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from config import clock
from connections.gateways.base import RefundItem, RefundState
from payments.models import Payment, Refund, RefundProgress
from payments.models.refunds import IN_FLIGHT, MOVING
from payments.services.refund_states import FINISHED, let_next_go, note, recount

# So much earlier than our call a refund cannot be ours, however the clocks differ.
_CLOCKS_DIFFER = timedelta(minutes=10)
_WITHOUT_KEY = (*IN_FLIGHT, RefundProgress.PENDING)
# How often a refund on its way is looked after where nothing is told; the older, the rarer.
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(hours=24)
_LONGEST = timedelta(days=90)
_PROGRESS = {
    RefundState.PENDING: RefundProgress.PENDING,
    RefundState.DONE: RefundProgress.DONE,
    RefundState.DENIED: RefundProgress.DENIED,
}


def follow(payment: Payment, items: Sequence[RefundItem], *, is_in_sum: bool) -> None:
    """Bring the refunds of a payment in line with those the gateway lists; the payment is held.

    ``is_in_sum``: what is done is contained in ``payment.refunded_cents``, as it is in one fetch.
    """
    if not items:
        recount(payment.pk)
        return
    rows = list(Refund.objects.filter(payment=payment).select_related("payment", "charge"))
    for one in rows:
        one.look_alikes = 0
    known = {row.gateway_key: row for row in rows if row.gateway_key}
    for key, item in keyed(items):
        row = known.get(key) or _claim(item, rows)
        if row is None and not _may_be_ours(item, rows):
            rows.append(_import(payment, key, item, is_in_sum=is_in_sum))
        elif row:
            _take(row, key, item, is_in_sum=is_in_sum)
    for one in rows:
        if one.state in IN_FLIGHT:
            Refund.objects.filter(pk=one.pk).update(look_alikes=one.look_alikes)
    recount(payment.pk)


def keyed(items: Sequence[RefundItem]) -> list[tuple[str, RefundItem]]:
    """Each refund with what tells it from the others of its payment."""
    found: dict[str, RefundItem] = {}
    for item in items:
        if item.amount_cents <= 0:  # of a value nobody can read: nothing to follow
            continue
        at = item.created_at.isoformat() if item.created_at else ""
        key, place = item.refund_id or f"{at}/{item.amount_cents}/1", 1
        while key in found and not item.refund_id:
            place += 1
            key = f"{at}/{item.amount_cents}/{place}"
        found[key] = item
    return list(found.items())


def _claim(item: RefundItem, rows: Sequence[Refund]) -> Refund | None:
    """The refund of ours that this surely is: known to exist, or asked for before this one was made."""
    candidates = _candidates(item, rows)
    certain = [row for row in candidates if row.is_certain]
    return next(iter([*certain, *(row for row in candidates if _is_after(item, row))]), None)


def _candidates(item: RefundItem, rows: Sequence[Refund]) -> list[Refund]:
    waiting = [row for row in rows if row.state in _WITHOUT_KEY and not row.gateway_key]
    same = [row for row in waiting if row.amount_cents == item.amount_cents]
    return [row for row in same if row.is_certain or not _is_long_before(item, row)]


def _may_be_ours(item: RefundItem, rows: Sequence[Refund]) -> bool:
    """Whether nobody can tell yet: then it is nobody's, and whoever looks for theirs is told of it."""
    candidates = _candidates(item, rows)
    for row in candidates:
        row.look_alikes += 1
    return bool(candidates)


def _is_after(item: RefundItem, row: Refund) -> bool:
    """Gateways tell whole seconds."""
    if item.created_at is None or row.requested_at is None:
        return False
    return item.created_at >= row.requested_at.replace(microsecond=0)


def _is_long_before(item: RefundItem, row: Refund) -> bool:
    if item.created_at is None or row.requested_at is None:
        return False
    return item.created_at < row.requested_at - _CLOCKS_DIFFER


def _take(row: Refund, key: str, item: RefundItem, *, is_in_sum: bool) -> None:
    """Make one row say what the gateway says; a word we do not know moves nothing."""
    before = [getattr(row, name) for name in _TAKEN]
    state_before = row.state
    row.state = _PROGRESS[item.state] if item.state else _unmoved(row)
    row.gateway_key, row.is_certain, row.is_for_person = key, True, False
    row.gateway_status = item.status[:60]
    row.gateway_created_at = item.created_at
    row.is_counted = item.is_done and (is_in_sum or row.is_counted)
    if row.state != RefundProgress.DENIED:
        row.failure = row.advice = ""
    if row.state not in FINISHED:
        row.finished_at = None
    elif row.state != state_before:
        row.finished_at = clock.now()
    if row.is_moving or [getattr(row, name) for name in _TAKEN] != before:
        row.due_at = next_look(row)
        row.save(update_fields=[*_TAKEN, "due_at"])
    if row.state != state_before:
        note(row, row.state)
    if state_before in IN_FLIGHT:
        let_next_go(row.payment_id)


_TAKEN = [
    "state",
    "gateway_key",
    "is_certain",
    "gateway_status",
    "gateway_created_at",
    "is_counted",
    "is_for_person",
    "finished_at",
    "failure",
    "advice",
]


def _unmoved(row: Refund) -> RefundProgress:
    return RefundProgress.PENDING if row.state in IN_FLIGHT else RefundProgress(row.state)


def _import(payment: Payment, key: str, item: RefundItem, *, is_in_sum: bool) -> Refund:
    """Made in the gateway's own panel, or by its support."""
    state = _PROGRESS[item.state] if item.state else RefundProgress.PENDING
    made: dict[str, Any] = {
        "state": state,
        "gateway_status": item.status[:60],
        "gateway_created_at": item.created_at,
        "is_counted": item.is_done and is_in_sum,
        "finished_at": clock.now() if state in FINISHED else None,
    }
    refund = Refund(
        payment=payment,
        charge=payment.charge,
        amount_cents=item.amount_cents,
        is_ours=False,
        is_certain=True,
        gateway_key=key,
        created_at=item.created_at or clock.now(),
        **made,
    )
    refund.due_at = next_look(refund)
    refund.save()
    note(refund, f"imported_{state.value}")
    return refund


def next_look(refund: Refund) -> datetime | None:
    """When to ask about a refund by ourselves; None once nothing more is to be expected."""
    now = clock.now()
    is_unseen = refund.state == RefundProgress.DONE and not refund.is_counted
    if refund.state not in MOVING and not is_unseen:
        return None
    age = now - (refund.requested_at or refund.created_at)
    return now + min(max(age / 2, _SOONEST), _LATEST) if age < _LONGEST else None
