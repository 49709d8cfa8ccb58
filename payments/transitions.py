"""The one writer of a charge's status.

``apply`` derives the status from all payments of the charge (``payments.deriving``) and writes it as
compare-and-set, together with one timeline line. Everything else (people, notifications, fetches) only
changes payments or facts and then calls ``apply``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import F

from config import clock
from connections.gateways.base import ResourceKind
from payments.deriving import MONEY_IN, Case, Derived, derive, question
from payments.models import (
    GATEWAY_METHODS,
    PAGES,
    ChangeState,
    Charge,
    ChargeStatus,
    ReviewReason,
    TimelineEntry,
    TimelineKind,
)

_TRIES = 5


class LostRace(Exception):
    """Five other writers came between: the caller tries later."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one ``apply`` changed."""

    before: str
    after: str


def apply(charge_id: int, *, source: str, cause: str = "") -> Change | None:
    """Bring a charge's status in line with its payments; None when nothing changed.

    ``source`` says who asked (``webhook``, ``creation``, ``person``, ...), ``cause`` what made them ask.
    Raises ``LostRace``.
    """
    for _try in range(_TRIES):
        with transaction.atomic():
            charge = hold(charge_id)
            derived = derive(case_of(charge))
            written = _write(charge, derived)
            if written is None:
                return None
            if written:
                return _record(charge, derived, source=source, cause=cause)
    raise LostRace(charge_id)


def confirm_with_gateway(charge_id: int) -> Change | None:
    """The creating call may or may not have worked: until we know, the charge is being confirmed."""
    return _move(charge_id, (ChargeStatus.DRAFT,), ChargeStatus.CONFIRMING, source="creation")


def open_for_payment(charge_id: int, *, source: str) -> Change | None:
    """The gateway holds the charge now and nothing was paid yet."""
    return _move(
        charge_id, (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING), ChargeStatus.PENDING, source=source
    )


def fail(charge_id: int, *, source: str, failure: str) -> Change | None:
    """The gateway refused to create the charge; ``failure`` is its sentence."""
    before = (ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)
    return _move(charge_id, before, ChargeStatus.FAILED, source=source, failure=failure)


def renew(charge_id: int) -> Change | None:
    """A new code of a charge is being made: until we know, the charge is being confirmed."""
    before = (ChargeStatus.PENDING, ChargeStatus.OVERDUE, ChargeStatus.EXPIRED)
    return _move(charge_id, before, ChargeStatus.CONFIRMING, source="creation")


def end_renewal(charge_id: int, *, failure: str) -> Change | None:
    """No new code was made: back to what the payments say; ``failure`` is the gateway's sentence.

    What was cancelled only to be made again, and nobody called off, may still be made.
    """
    with transaction.atomic():
        charge = hold(charge_id)
        if charge.status != ChargeStatus.CONFIRMING:
            return None
        charge.status = ChargeStatus.PENDING
        after = ChargeStatus(derive(case_of(charge)).status)
        if after == ChargeStatus.CANCELLED and not charge.called_off_at:
            after = ChargeStatus.EXPIRED
        return _move(charge_id, (ChargeStatus.CONFIRMING,), after, source="creation", failure=failure)


def unflag(charge_id: int, reason: ReviewReason) -> None:
    """What was asked about is gone: nobody needs to look, unless the payments say otherwise."""
    with transaction.atomic():
        flagged = Charge.objects.filter(pk=charge_id, review_reason=reason)
        if flagged.update(review_reason="", revision=F("revision") + 1):
            _line(charge_id, code="review", source="creation", data={"reason": ""})
            apply(charge_id, source="creation")


def flag(charge_id: int, reason: ReviewReason) -> None:
    """Ask a person to look at the charge, unless somebody already was asked, or has decided this."""
    with transaction.atomic():
        case = case_of(hold(charge_id))
        if case.charge.review_reason or question(case, reason).mark in case.accepted:
            return
        unflagged = Charge.objects.filter(pk=charge_id, review_reason="")
        if unflagged.update(review_reason=reason, revision=F("revision") + 1):
            _line(charge_id, code="review", source="creation", data={"reason": reason.value})


def case_of(charge: Charge) -> Case:
    """The charge with all that counts for its status, as it is now."""
    payments = list(charge.payments.all())
    resources = list(charge.resources.exclude(kind=ResourceKind.PAYMENT).order_by("pk"))
    pages = {resource.kind for resource in resources if resource.kind in PAGES and not resource.is_missing}
    case = Case(
        charge=charge,
        payments=payments,
        now=clock.now(),
        versions=list(charge.terms.all()),
        accepted=frozenset(charge.decisions.values_list("mark", flat=True)),
        has_page=bool(pages),
        is_page_renewed=ResourceKind.CHECKOUT in pages,
        is_remade=_is_being_remade(charge),
        plan_sizes={one.gateway_id: one.parcels for one in resources if one.parcels},
        lost_refunds=_lost_refunds(charge),
        agreed_cents=_agreed_cents(charge),
    )
    is_gone = charge.status in MONEY_IN and not case.received
    if is_gone or charge.review_reason == ReviewReason.MOVED_BACK:
        return replace(case, times_paid=_times_paid(charge))
    return case


def _agreed_cents(charge: Charge) -> tuple[int, ...]:
    if charge.subscription is None:
        return ()
    return tuple(charge.subscription.amounts.filter(is_agreed=True).values_list("amount_cents", flat=True))


def _is_being_remade(charge: Charge) -> bool:
    """Whether what the gateway has of it is being cancelled only for something else in its place."""
    remakes = charge.connection.capabilities.remakes
    if not remakes or charge.status in MONEY_IN or charge.status == ChargeStatus.EXPIRED:
        return False
    kinds = [kind for kind, method in GATEWAY_METHODS.items() if method in remakes]
    return charge.changes.filter(state=ChangeState.OPEN, kind__in=kinds).exists()


def _lost_refunds(charge: Charge) -> tuple[tuple[str, str], ...]:
    """Asked for only where money came in; of several parcels some may be paid while the charge is not."""
    has_money = charge.status in MONEY_IN or charge.received_cents
    if not has_money and charge.review_reason != ReviewReason.REFUND:
        return ()
    lost = charge.refunds.filter(is_for_person=True).values_list("public_id", "payment__gateway_id")
    return tuple((str(public_id), gateway_id) for public_id, gateway_id in lost)


def _times_paid(charge: Charge) -> int:
    came_in = charge.timeline.filter(code="status", data__after__in=[status.value for status in MONEY_IN])
    return came_in.count()


def hold(charge_id: int) -> Charge:
    """The charge, held for this short transaction: an answer derived from older payments waits its turn."""
    own = Charge.objects.select_for_update(of=("self",), no_key=True)
    own = own.select_related("connection", "subscription")
    return own.defer("connection__credentials", "connection__webhook_secrets").get(pk=charge_id)


def _write(charge: Charge, derived: Derived) -> bool | None:
    """True when written, False when another writer was quicker, None when there is nothing to write."""
    values: dict[str, Any] = {
        name: value for name, value in vars(derived).items() if getattr(charge, name) != value
    }
    if not values:
        return None
    guarded = Charge.objects.filter(pk=charge.pk, revision=charge.revision)
    return guarded.update(**values, revision=charge.revision + 1, updated_at=clock.now()) == 1


def _record(charge: Charge, derived: Derived, *, source: str, cause: str) -> Change | None:
    if charge.status == derived.status and charge.review_reason == derived.review_reason:
        return None
    data = {"before": charge.status, "after": derived.status, "cause": cause}
    data["reason"] = derived.review_reason if derived.review_reason != charge.review_reason else ""
    code = "status"
    if charge.status == derived.status:
        code = "review"
    _line(charge.pk, code=code, source=source, data=data)
    return Change(before=charge.status, after=derived.status)


def _move(
    charge_id: int, before: Sequence[str], after: ChargeStatus, *, source: str, failure: str = ""
) -> Change | None:
    with transaction.atomic():
        charge = hold(charge_id)
        if charge.status not in before:
            return None
        guarded = Charge.objects.filter(pk=charge_id, revision=charge.revision, status=charge.status)
        moved = guarded.update(
            status=after, failure=failure, revision=charge.revision + 1, updated_at=clock.now()
        )
        if not moved:
            return None
        data = {"before": charge.status, "after": after.value, "failure": failure}
        _line(charge_id, code="status", source=source, data=data)
        return Change(before=charge.status, after=after)


def _line(charge_id: int, *, code: str, source: str, data: dict[str, Any]) -> None:
    TimelineEntry.objects.create(
        charge_id=charge_id, at=clock.now(), kind=TimelineKind.CHANGE, code=code, source=source, data=data
    )
