"""How the rows of a payment's refunds move, and the sum of what is spoken for with them.

Every move holds the payment first, then the refund, so that two never wait for each other; the sum is
counted anew while the payment is held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from config import clock
from payments import transitions
from payments.models import Payment, Refund, RefundProgress, TimelineEntry, TimelineKind
from payments.models.refunds import COUNTING, IN_FLIGHT
from payments.services.waits import GO_ON_AFTER

SOURCE = "refund"
FINISHED = (RefundProgress.DONE, RefundProgress.DENIED, RefundProgress.WITHDRAWN)


def hold(payment_id: int) -> Payment:
    """The payment, held for this short transaction."""
    held = Payment.objects.select_for_update(of=("self",), no_key=True).select_related("charge", "connection")
    return held.defer("connection__credentials", "connection__webhook_secrets").get(pk=payment_id)


def recount(payment_id: int) -> None:
    """Bring the sum that is spoken for in line with the refunds; the payment is held.

    What was once seen as done stays spoken for where an older answer of the gateway no longer shows it.
    """
    own = Refund.objects.filter(payment=payment_id, state__in=COUNTING)
    sums = own.aggregate(
        waiting=Coalesce(Sum("amount_cents", filter=Q(is_counted=False)), 0),
        told=Coalesce(Sum("amount_cents", filter=Q(is_counted=True)), 0),
    )
    shown = Payment.objects.values_list("refunded_cents", flat=True).get(pk=payment_id)
    total = sums["waiting"] + max(0, sums["told"] - shown)
    Payment.objects.filter(pk=payment_id).exclude(reserved_cents=total).update(reserved_cents=total)


def let_next_go(payment_id: int) -> None:
    """None of this payment is out any more: those that met one need not wait longer."""
    waiting = Refund.objects.filter(payment=payment_id, state=RefundProgress.RESERVED, tries__gt=0)
    waiting.update(due_at=clock.now())


def move(
    refund: Refund,
    before: Sequence[RefundProgress],
    after: RefundProgress,
    *,
    values: Mapping[str, Any] = MappingProxyType({}),
    actor: User | None = None,
    only_mine: bool = False,
) -> bool:
    """Take a refund from one state to another, with a line of the story; False when it was elsewhere.

    ``values`` are written with it. ``only_mine``: not when somebody else goes on with it by now.
    """
    now = clock.now()
    with transaction.atomic():
        hold(refund.payment_id)
        own = Refund.objects.filter(pk=refund.pk, state__in=before)
        if only_mine:
            own = own.filter(token=refund.token)
        if after in FINISHED:
            values = {"finished_at": now, "due_at": None, "is_for_person": False, **values}
        if not own.update(state=after, **values):
            return False
        recount(refund.payment_id)
        if after not in IN_FLIGHT and after != RefundProgress.RESERVED:
            let_next_go(refund.payment_id)
        refund.refresh_from_db()
        if after != RefundProgress.RESERVED:  # back to where its story began
            note(refund, after.value, actor=actor)
        transitions.apply(refund.charge_id, source=SOURCE)
    return True


def deny(refund: Refund, before: RefundProgress, *, failure: str = "", advice: str = "") -> bool:
    """Nothing goes back: the money is free again. ``failure``: the gateway's sentence, ``advice``: ours."""
    said = {"failure": failure, "advice": advice}
    return move(refund, (before,), RefundProgress.DENIED, values=said, only_mine=True)


def come_back(refund: Refund, *, after: timedelta | None = None) -> None:
    """Let a worker go on later, each time later than the last, unless somebody else goes on with it now."""
    if after is None:
        after = GO_ON_AFTER[min(refund.tries, len(GO_ON_AFTER) - 1)]
    mine = Refund.objects.filter(pk=refund.pk, token=refund.token)
    mine.update(due_at=clock.now() + after, tries=F("tries") + 1)


def ask_person(refund: Refund, *, is_asked: bool = True) -> None:
    """A person must say what became of it; the charge shows it until they did, or the gateway tells."""
    with transaction.atomic():
        hold(refund.payment_id)
        own = Refund.objects.filter(pk=refund.pk, is_for_person=not is_asked)
        if own.update(is_for_person=is_asked):
            transitions.apply(refund.charge_id, source=SOURCE)


def note(refund: Refund, step: str, *, actor: User | None = None, at: datetime | None = None) -> None:
    """One line of the charge's story about a refund."""
    TimelineEntry.objects.create(
        charge_id=refund.charge_id,
        at=at or clock.now(),
        kind=TimelineKind.PEOPLE if actor else TimelineKind.CHANGE,
        code="refund",
        source=SOURCE,
        actor=actor,
        data={
            "step": step,
            "amount_cents": refund.amount_cents,
            "currency": refund.currency,
            "refund": str(refund.public_id),
            "is_ours": refund.is_ours,
            "reason": refund.reason,
            "note": refund.note if step == "reserved" else "",
            "failure": refund.failure or refund.advice,
        },
    )
