"""What the payments of a charge say about it: its status, its sums, and what a person should look at. Pure.

Nothing here reads or writes a row: a ``Case`` holds everything, the moment included.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.gateways.base import PaymentStatus
from payments import parcels
from payments.cases import Case as Case
from payments.models import ChargeStatus, ChargeTerms, Payment, ReviewReason

# Money that arrived does not un-arrive: from these, only refunds and disputes lead away.
MONEY_IN = frozenset(
    {
        ChargeStatus.PAID,
        ChargeStatus.PARTIALLY_REFUNDED,
        ChargeStatus.REFUNDED,
        ChargeStatus.DISPUTED,
        ChargeStatus.CHARGED_BACK,
    }
)
# Once here, the money has passed the gate; a dispute alone says nothing about that.
_PASSED = frozenset({ChargeStatus.PAID, ChargeStatus.PARTIALLY_REFUNDED, ChargeStatus.REFUNDED})
WAITING = parcels.WAITING
_OVER = frozenset(
    {PaymentStatus.REFUNDED, PaymentStatus.EXPIRED, PaymentStatus.CANCELLED, PaymentStatus.FAILED}
)
# Best first: with several payments under one charge the best one speaks (mercadopago.md 7).
_CONTESTED = (
    (PaymentStatus.CHARGED_BACK, ChargeStatus.CHARGED_BACK),
    (PaymentStatus.DISPUTED, ChargeStatus.DISPUTED),
)
_UNPAID = (
    (PaymentStatus.AUTHORIZED, ChargeStatus.AUTHORIZED),
    (PaymentStatus.PENDING, ChargeStatus.PENDING),
    (PaymentStatus.OVERDUE, ChargeStatus.OVERDUE),
)
# Of several parcels the one that waits longest speaks.
_UNPAID_PARCELS = (_UNPAID[2], *_UNPAID[:2])
_CLOSED = (
    (PaymentStatus.EXPIRED, ChargeStatus.EXPIRED),
    (PaymentStatus.CANCELLED, ChargeStatus.CANCELLED),
    (PaymentStatus.FAILED, ChargeStatus.FAILED),
)
# Money for these reasons does not make a charge paid before a person said so.
_GATE = (ReviewReason.ACCOUNT, ReviewReason.CURRENCY, ReviewReason.REFERENCE, ReviewReason.AMOUNT)
# These are raised from outside or by something that passes: they stay until a person decided.
_LASTING = (ReviewReason.PIX_CODE, ReviewReason.TWIN)


@dataclass(frozen=True, kw_only=True)
class Derived:
    """What the payments say about their charge. Amounts in hundredths of the currency."""

    status: str
    review_reason: str
    received_cents: int
    refunded_cents: int
    fee_cents: int | None
    net_cents: int | None
    paid_at: datetime | None
    settled_at: datetime | None
    settles_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something a person should look at. ``mark`` names exactly this: another divergence has another one."""

    reason: ReviewReason
    mark: str
    payment_ids: frozenset[str] = frozenset()


def derive(case: Case) -> Derived:
    """The state of a charge as its payments, its terms, the calendar and earlier decisions tell it."""
    status = _status_of(case)
    raised = open_questions(case)
    received = case.received
    return Derived(
        status=_held_back(case, status, raised),
        review_reason=raised[0].reason if raised else ReviewReason.NONE,
        received_cents=sum(payment.received_cents for payment in received),
        refunded_cents=sum(payment.refunded_cents for payment in received),
        fee_cents=_sum_known([payment.fee_cents for payment in received]),
        net_cents=_sum_known([payment.net_cents for payment in received]),
        paid_at=_paid_at(case),
        settled_at=_settled_at(case),
        settles_at=max((payment.settles_at for payment in received if payment.settles_at), default=None),
    )


def _paid_at(case: Case) -> datetime | None:
    """Of parcels, when the last one was."""
    moments = [payment.paid_at for payment in case.received if payment.paid_at]
    if case.is_several:
        return max(moments, default=None) if case.is_complete else None
    return min(moments, default=None)


def _settled_at(case: Case) -> datetime | None:
    """When the last money that was kept came into the account; None while some is still to come."""
    moments = [payment.settled_at for payment in _holding(case) or case.received]
    if not all(moments) or (case.is_several and not case.is_complete):
        return None
    return max((one for one in moments if one), default=None)


def open_questions(case: Case) -> list[Question]:
    """What nobody decided yet, the most urgent first."""
    return [question for question in _questions(case) if question.mark not in case.accepted]


def question(case: Case, reason: ReviewReason) -> Question:
    """A reason with its mark, whether the payments give it or somebody raised it."""
    concerned = _CONCERNED[reason](case)
    facts = sorted(_FACTS[reason](case, payment) for payment in concerned)
    about = _ABOUT.get(reason, _nothing)(case)
    text = json.dumps([reason.value, *about, *facts], default=str)
    mark = hashlib.sha256(text.encode()).hexdigest()
    return Question(reason=reason, mark=mark, payment_ids=frozenset(one.gateway_id for one in concerned))


def _questions(case: Case) -> list[Question]:
    """What lasts comes first, so that nothing newer hides it; paid twice is more than held twice."""
    raised = [reason for reason, is_raised in _RAISED.items() if is_raised(case)]
    lasting = [reason for reason in _LASTING if reason == case.charge.review_reason]
    reasons = dict.fromkeys([*lasting, *raised])
    if ReviewReason.DOUBLE_PAYMENT in reasons:
        reasons.pop(ReviewReason.TWIN, None)
    return [question(case, reason) for reason in reasons]


def _diverging(reason: ReviewReason) -> Callable[[Case], list[Payment]]:
    return lambda case: [payment for payment in case.received if reason in _divergences(case, payment)]


def _any(found: Callable[[Case], list[Payment]]) -> Callable[[Case], bool]:
    return lambda case: bool(found(case))


def _divergences(case: Case, payment: Payment) -> list[ReviewReason]:
    """Why the money of this payment may not be the money we asked for (design rule 6)."""
    charge = case.charge
    is_paid = payment.status == PaymentStatus.PAID
    is_right = not is_paid or case.is_right(payment)
    differs = {
        ReviewReason.ACCOUNT: payment.account_id and payment.account_id != charge.connection.account_id,
        ReviewReason.CURRENCY: payment.currency and payment.currency != charge.currency,
        ReviewReason.REFERENCE: payment.reference not in case.references,
        ReviewReason.AMOUNT: not is_right,
    }
    return [reason for reason in _GATE if differs[reason]]


def _all(case: Case) -> list[Payment]:
    return list(case.payments)


def _unknown(case: Case) -> list[Payment]:
    return [payment for payment in case.payments if not payment.status]


def _alive(case: Case) -> list[Payment]:
    return [payment for payment in case.payments if payment.status not in _OVER]


def _waiting(case: Case) -> list[Payment]:
    return [payment for payment in case.payments if payment.status in WAITING]


def _kept(case: Case) -> list[Payment]:
    return [payment for payment in case.received if payment.status != PaymentStatus.REFUNDED]


def _refunding(case: Case) -> list[Payment]:
    concerned = {gateway_id for _refund, gateway_id in case.lost_refunds}
    return [payment for payment in case.payments if payment.gateway_id in concerned]


def _is_moved_back(case: Case) -> bool:
    """Money is gone without a refund, and it was no receipt in cash: that may be undone (asaas.md 3.8)."""
    is_undone = any(payment.is_cash for payment in _waiting(case))
    if is_undone or (case.is_several and _was_one_contested(case)):
        return False
    return case.charge.status in MONEY_IN and _status_of(case) not in MONEY_IN


def _was_one_contested(case: Case) -> bool:
    """A parcel is contested no more, and others are not paid yet."""
    return case.charge.status in (ChargeStatus.DISPUTED, ChargeStatus.CHARGED_BACK) and bool(case.received)


def _is_twin(case: Case) -> bool:
    """Two that live, where the second is not by itself money: that would be a double payment."""
    crowded = parcels.repeated(_alive(case))
    return any(payment.status not in parcels.RECEIVING for payment in crowded) and not case.has_page


def _crowded(case: Case, payments: list[Payment]) -> list[Payment]:
    """Of parcels, those that stand where another one stands."""
    return parcels.repeated(payments) if case.is_several else payments


def _asks_other_terms(case: Case) -> bool:
    asked_anew = not_agreed(case)
    if not asked_anew:
        return False
    numbers = {version.parcel for version in asked_anew}
    return any(None in numbers or payment.parcel in numbers for payment in _waiting(case))


def not_agreed(case: Case) -> list[ChargeTerms]:
    """The newest version of all, or of a parcel, where nobody agreed to it."""
    newest = {version.parcel: version for version in case.versions}
    return [version for version in newest.values() if not version.is_agreed]


def _nothing(case: Case) -> list[Any]:
    return []


def _newest_terms(case: Case) -> list[Any]:
    """Those that nobody agreed to, else the newest."""
    found = list[Any]()
    for newest in not_agreed(case) or case.versions[-1:]:
        asked = (newest.amount_cents, newest.due_date, newest.discount_cents, newest.discount_until)
        found += [newest.pk, *asked, newest.fine_cents, newest.interest_bp]
    return found


def _ranges(case: Case, payment: Payment) -> list[tuple[int, int]]:
    return [(one.low, one.high) for one in case.expected(payment)]


# Most urgent first: when a reason is raised by what the case holds.
_RAISED: dict[ReviewReason, Callable[[Case], bool]] = {
    ReviewReason.DO_NOT_DELIVER: lambda case: case.charge.fraud_alert_at is not None,
    ReviewReason.MOVED_BACK: _is_moved_back,
    ReviewReason.UNKNOWN_STATUS: _any(_unknown),
    **{reason: _any(_diverging(reason)) for reason in _GATE},
    ReviewReason.REFUND: lambda case: bool(case.lost_refunds),
    ReviewReason.DOUBLE_PAYMENT: _any(lambda case: parcels.repeated(_kept(case))),
    ReviewReason.TWIN: _is_twin,
    ReviewReason.TERMS: _asks_other_terms,
}
# The payments a reason is about, and what of each (and of the charge) makes it another divergence.
_CONCERNED: dict[ReviewReason, Callable[[Case], list[Payment]]] = {
    ReviewReason.DO_NOT_DELIVER: lambda _case: [],
    ReviewReason.MOVED_BACK: _all,
    ReviewReason.UNKNOWN_STATUS: _unknown,
    **{reason: _diverging(reason) for reason in _GATE},
    ReviewReason.REFUND: _refunding,
    ReviewReason.DOUBLE_PAYMENT: lambda case: _crowded(case, _kept(case)),
    ReviewReason.TWIN: lambda case: _crowded(case, _alive(case)),
    ReviewReason.TERMS: _waiting,
    ReviewReason.PIX_CODE: _alive,
}
_FACTS: dict[ReviewReason, Callable[[Case, Payment], list[Any]]] = {
    ReviewReason.DO_NOT_DELIVER: lambda _case, one: [one.gateway_id],
    ReviewReason.MOVED_BACK: lambda _case, one: [one.gateway_id, one.status],
    ReviewReason.UNKNOWN_STATUS: lambda _case, one: [one.gateway_id, one.gateway_status],
    ReviewReason.ACCOUNT: lambda _case, one: [one.gateway_id, one.received_cents, one.account_id],
    ReviewReason.CURRENCY: lambda _case, one: [one.gateway_id, one.received_cents, one.currency],
    ReviewReason.REFERENCE: lambda _case, one: [one.gateway_id, one.received_cents, one.reference],
    ReviewReason.AMOUNT: lambda case, one: [one.gateway_id, one.received_cents, _ranges(case, one)],
    ReviewReason.REFUND: lambda _case, one: [one.gateway_id],
    ReviewReason.DOUBLE_PAYMENT: lambda _case, one: [one.gateway_id, one.received_cents],
    ReviewReason.TWIN: lambda _case, one: [one.gateway_id, one.status in parcels.RECEIVING],
    ReviewReason.TERMS: lambda _case, one: [one.gateway_id],
    ReviewReason.PIX_CODE: lambda _case, one: [one.gateway_id],
}
_ABOUT: dict[ReviewReason, Callable[[Case], list[Any]]] = {
    ReviewReason.DO_NOT_DELIVER: lambda case: [case.charge.fraud_alert_at],
    ReviewReason.MOVED_BACK: lambda case: [case.times_paid],
    ReviewReason.PIX_CODE: lambda case: [case.charge.amount_cents],
    ReviewReason.REFUND: lambda case: list(case.lost_refunds),
    ReviewReason.TERMS: _newest_terms,
}


def _status_of(case: Case) -> str:
    known = {payment.status for payment in case.payments if payment.status}
    if contested := _first(_CONTESTED, known):
        return contested
    if case.is_complete:
        return _after_money(case)
    waiting = _first(_UNPAID_PARCELS if case.is_several else _UNPAID, known)
    if waiting == ChargeStatus.AUTHORIZED:
        return waiting
    if not waiting and case.charge.status == ChargeStatus.CONFIRMING:
        return case.charge.status  # the newest creating call has not ended: what is over came before it
    if waiting or case.is_page_open or case.is_remade or case.charge.is_collecting:
        return _by_calendar(case, waiting or ChargeStatus.PENDING)
    if _unknown(case):
        return case.charge.status
    return _over(case, known)


def _over(case: Case, known: set[str]) -> str:
    """Nothing can be paid any more, as far as we know; parcels may be missing yet."""
    if case.received and parcels.lacks_some(case.charge, case.payments):
        return ChargeStatus.PENDING
    if case.has_page or case.charge.called_off_at:
        is_cancelled = case.charge.called_off_at or case.charge.status == ChargeStatus.CANCELLED
        return ChargeStatus.CANCELLED if is_cancelled else ChargeStatus.EXPIRED
    if case.charge.status == ChargeStatus.EXPIRED and case.charge.creation_round:
        return ChargeStatus.EXPIRED  # what there was may have been cancelled to be made again
    return _first(_CLOSED, known) or _by_calendar(case, case.charge.status)


def _first(table: Sequence[tuple[PaymentStatus, ChargeStatus]], known: set[str]) -> str:
    return next((ours for theirs, ours in table if theirs in known), "")


def _after_money(case: Case) -> str:
    """Of several payments those that still hold money speak; a double that was given back is over."""
    holding = _holding(case)
    if not holding:
        return ChargeStatus.REFUNDED
    is_whole = not any(payment.refunded_cents for payment in holding)
    if case.is_several:
        is_whole = is_whole and all(slot for slot in parcels.places(case.received, holding))
    return ChargeStatus.PAID if is_whole else ChargeStatus.PARTIALLY_REFUNDED


def _holding(case: Case) -> list[Payment]:
    """Given back is what the gateway calls refunded, or what was refunded in full; no sum is no refund."""
    return [payment for payment in _kept(case) if not 0 < payment.received_cents <= payment.refunded_cents]


def _by_calendar(case: Case, status: str) -> str:
    """Overdue from the day after the due date where no gateway says it, while somebody can still pay.

    A payment whose own time is over may become anything: the gateway is asked before that is said.
    """
    charge = case.charge
    open_statuses = (ChargeStatus.PENDING, ChargeStatus.OVERDUE)
    is_told = charge.connection.capabilities.reports_overdue and not case.is_page_renewed
    if is_told or status not in open_statuses:
        return status
    ends = [payment.expires_at for payment in _waiting(case)]
    is_payable = case.is_page_open or not ends or any(end is None or end > case.now for end in ends)
    if not is_payable:
        return charge.status if charge.status in open_statuses else ChargeStatus.PENDING
    return ChargeStatus.OVERDUE if case.day_of(case.now) > charge.due_date else ChargeStatus.PENDING


def _held_back(case: Case, status: str, raised: Sequence[Question]) -> str:
    """Keep the status where a person must decide first: divergent money, money gone without a refund."""
    charge = case.charge
    if any(one.reason == ReviewReason.MOVED_BACK for one in raised) and status not in MONEY_IN:
        return charge.status
    if charge.status in _PASSED or status not in (ChargeStatus.PAID, ChargeStatus.PARTIALLY_REFUNDED):
        return status
    doubtful = frozenset[str]().union(*(one.payment_ids for one in raised if one.reason in _GATE))
    is_held = any if case.is_several else all
    if is_held(payment.gateway_id in doubtful for payment in _holding(case)):
        return charge.status if charge.status != ChargeStatus.DRAFT else ChargeStatus.PENDING
    return status


def _sum_known(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None
