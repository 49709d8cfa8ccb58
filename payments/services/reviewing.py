"""What a person decides about a charge to review."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction

from config import clock
from config.wakeup import wake
from payments import gate, parcels, transitions
from payments.deriving import WAITING, Case, Question, not_agreed, open_questions, question
from payments.models import Charge, ChargeTerms, Payment, ReviewDecision, ReviewReason
from payments.services import terms
from payments.services.creation import SETTLE
from payments.services.timeline import note_person


class Decision(StrEnum):
    """What accepting means: money counts, the gateway is followed or agreed with, or nothing moves."""

    COUNT = "count"
    FOLLOW = "follow"
    AGREE = "agree"
    WITHOUT_CODE = "without_code"
    SEEN = "seen"


class Outcome(StrEnum):
    DECIDED = "decided"
    CHANGED = "changed"
    ALREADY = "already"


_DECISIONS: dict[ReviewReason, tuple[Decision, ...]] = {
    ReviewReason.AMOUNT: (Decision.COUNT,),
    ReviewReason.CURRENCY: (Decision.COUNT,),
    ReviewReason.ACCOUNT: (Decision.COUNT,),
    ReviewReason.REFERENCE: (Decision.COUNT,),
    ReviewReason.MOVED_BACK: (Decision.FOLLOW,),
    ReviewReason.TERMS: (Decision.AGREE,),
    ReviewReason.PIX_CODE: (Decision.WITHOUT_CODE,),
    ReviewReason.DOUBLE_PAYMENT: (Decision.SEEN,),
    ReviewReason.TWIN: (Decision.SEEN,),
    ReviewReason.UNKNOWN_STATUS: (Decision.SEEN,),
    ReviewReason.REFUND: (Decision.SEEN,),
    ReviewReason.DO_NOT_DELIVER: (Decision.SEEN,),
}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One payment beside the sums that were right on its day; ``is_concerned``: the reason is about it."""

    payment: Payment
    expected: tuple[gate.Range, ...]
    is_concerned: bool


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a person looks at before deciding. ``mark`` names exactly this divergence.

    ``ours`` are the newest agreed terms, ``theirs`` the gateway's where they wait for a person.
    """

    reason: ReviewReason
    mark: str
    payments: tuple[Compared, ...]
    ours: gate.Terms | None
    theirs: ChargeTerms | None


def review(charge: Charge) -> Review | None:
    """What is to be decided about a charge now; None where nothing is."""
    case = transitions.case_of(charge)
    asked = _question(case)
    if asked is None:
        return None
    theirs = _theirs(case)
    return Review(
        reason=asked.reason,
        mark=asked.mark,
        payments=tuple(_compared(case, asked, payment) for payment in case.payments),
        ours=_ours(case, theirs.parcel if theirs else None),
        theirs=theirs,
    )


def _theirs(case: Case) -> ChargeTerms | None:
    """Of several that wait for a person the newest of what somebody can still pay, else the newest."""
    waiting = {payment.parcel for payment in case.payments if payment.status in WAITING}
    asked = sorted(not_agreed(case), key=lambda one: (one.parcel is None or one.parcel in waiting, one.pk))
    return asked[-1] if asked else None


def _ours(case: Case, parcel: int | None) -> gate.Terms | None:
    """What was agreed last, of all or of the parcel of which the gateway asks something else."""
    agreed = [version for version in case.versions if version.is_agreed]
    own = [version for version in agreed if version.parcel == parcel]
    whole = [version for version in agreed if version.parcel is None]
    if own or not whole:
        return own[-1] if own else None
    return parcels.first_terms(whole[-1], parcel or 1, case.charge.instalments)


def decisions(charge: Charge) -> tuple[Decision, ...]:
    """What a person can do about a charge here, by the reason it is to be reviewed for."""
    asked = _question(transitions.case_of(charge))
    return _DECISIONS[asked.reason] if asked else ()


def decisions_for(reason: ReviewReason) -> tuple[Decision, ...]:
    return _DECISIONS[reason]


def accept(charge: Charge, *, mark: str, actor: User, note: str) -> Outcome:
    """Decide that the divergence named by ``mark`` is all right, whatever that means for its reason.

    Decides nothing when it is another one by now, when somebody was quicker, or while a refund is lost: that
    one is decided by ``refund_doubt.decide``. The same divergence is not raised again, a new one is.
    """
    with transaction.atomic():
        own = transitions.hold(charge.pk)
        case = transitions.case_of(own)
        asked = _question(case)
        if own.decisions.filter(mark=mark).exists():
            return Outcome.ALREADY
        is_lost = asked is not None and asked.reason == ReviewReason.REFUND and case.lost_refunds
        if asked is None or asked.mark != mark or is_lost:
            return Outcome.CHANGED
        if asked.reason == ReviewReason.TERMS and (theirs := _theirs(case)):
            terms.agree(own, theirs, actor=actor)
        ReviewDecision.objects.create(
            charge=own, at=clock.now(), actor=actor, reason=asked.reason, mark=mark, note=note
        )
        note_person(own, "reviewed", actor=actor, reason=asked.reason.value, note=note)
        transitions.apply(own.pk, source="person", cause=asked.reason.value)
        if asked.reason != ReviewReason.PIX_CODE:
            terms.have_code_fetched(own)  # which waited for the review, or is another one now
    wake(SETTLE)
    return Outcome.DECIDED


def _question(case: Case) -> Question | None:
    """The most urgent open one. A flag whose cause is gone by now may be closed by a person, too."""
    if found := open_questions(case):
        return found[0]
    reason = ReviewReason(case.charge.review_reason)
    if not reason:
        return None
    asked = question(case, reason)
    return None if asked.mark in case.accepted else asked


def _compared(case: Case, asked: Question, payment: Payment) -> Compared:
    return Compared(
        payment=payment,
        expected=case.expected(payment),
        is_concerned=payment.gateway_id in asked.payment_ids,
    )
