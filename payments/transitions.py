"""The one writer of a charge's status.

``apply`` derives the status from all payments of the charge and writes it as compare-and-set, together
with one timeline line. Everything else (people, notifications, fetches) only changes payments or facts
and then calls ``apply``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from config import clock
from connections.gateways.base import PaymentStatus, ResourceKind
from payments.models import Charge, ChargeStatus, Payment, ReviewReason, TimelineEntry, TimelineKind

_TRIES = 5

# Money that arrived does not un-arrive: from these, only refunds and disputes lead away.
_MONEY_IN = frozenset(
    {
        ChargeStatus.PAID,
        ChargeStatus.PARTIALLY_REFUNDED,
        ChargeStatus.REFUNDED,
        ChargeStatus.DISPUTED,
        ChargeStatus.CHARGED_BACK,
    }
)
_RECEIVING = frozenset(
    {PaymentStatus.PAID, PaymentStatus.REFUNDED, PaymentStatus.DISPUTED, PaymentStatus.CHARGED_BACK}
)
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
_CLOSED = (
    (PaymentStatus.EXPIRED, ChargeStatus.EXPIRED),
    (PaymentStatus.CANCELLED, ChargeStatus.CANCELLED),
    (PaymentStatus.FAILED, ChargeStatus.FAILED),
)


class LostRace(Exception):
    """Five other writers came between: the caller tries later."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one ``apply`` changed."""

    before: str
    after: str


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


def apply(charge_id: int, *, source: str, cause: str = "") -> Change | None:
    """Bring a charge's status in line with its payments; None when nothing changed.

    ``source`` says who asked (``webhook``, ``creation``, ``person``, ...), ``cause`` what made them ask.
    Raises ``LostRace``.
    """
    for _try in range(_TRIES):
        with transaction.atomic():
            charge = _locked(charge_id)
            derived = _derive(charge)
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


def flag(charge_id: int, reason: ReviewReason) -> None:
    """Ask a person to look at the charge, unless somebody already was asked."""
    with transaction.atomic():
        unflagged = Charge.objects.filter(pk=charge_id, review_reason="")
        if unflagged.update(review_reason=reason, revision=F("revision") + 1):
            _line(charge_id, code="review", source="creation", data={"reason": reason.value})


def derive(charge: Charge, payments: Sequence[Payment], *, has_page: bool, is_page_open: bool) -> Derived:
    """The state of a charge as its payments tell it. Pure: reads nothing, writes nothing.

    ``has_page``: several payments may come by one hosted page, where otherwise a second one is a twin.
    """
    received = [payment for payment in payments if payment.status in _RECEIVING]
    reason = _divergence(charge, payments, received, collects_several=has_page)
    status = _status_of(charge, payments, is_page_open=has_page and is_page_open)
    derived = Derived(
        status=status,
        review_reason=reason or _lasting_reason(charge),
        received_cents=sum(payment.received_cents for payment in received),
        refunded_cents=sum(payment.refunded_cents for payment in received),
        fee_cents=_sum_known([payment.fee_cents for payment in received]),
        net_cents=_sum_known([payment.net_cents for payment in received]),
        paid_at=min((payment.paid_at for payment in received if payment.paid_at), default=None),
        settled_at=max((payment.settled_at for payment in received if payment.settled_at), default=None),
        settles_at=max((payment.settles_at for payment in received if payment.settles_at), default=None),
    )
    return _hold_back(charge, derived)


def _divergence(
    charge: Charge, payments: Sequence[Payment], received: Sequence[Payment], *, collects_several: bool
) -> str:
    if any(not payment.status for payment in payments):
        return ReviewReason.UNKNOWN_STATUS
    for payment in received:
        if reason := divergence_of(charge, payment):
            return reason
    if len([payment for payment in received if payment.status != PaymentStatus.REFUNDED]) > 1:
        return ReviewReason.DOUBLE_PAYMENT
    alive = [payment for payment in payments if payment.status not in _OVER]
    return ReviewReason.TWIN if len(alive) > 1 and not collects_several else ReviewReason.NONE


def _lasting_reason(charge: Charge) -> str:
    """A person clears a review, except where a newer fetch answers the question itself."""
    return "" if charge.review_reason == ReviewReason.UNKNOWN_STATUS else charge.review_reason


def divergence_of(charge: Charge, payment: Payment) -> str:
    """Why the money of this payment may not be the money we asked for (design rule 6), or ``""``."""
    if payment.account_id and payment.account_id != charge.connection.account_id:
        return ReviewReason.ACCOUNT
    if payment.currency and payment.currency != charge.currency:
        return ReviewReason.CURRENCY
    if payment.reference and payment.reference != charge.reference:
        return ReviewReason.REFERENCE
    if payment.status == PaymentStatus.PAID and payment.received_cents != charge.amount_cents:
        return ReviewReason.AMOUNT
    return ReviewReason.NONE


def _status_of(charge: Charge, payments: Sequence[Payment], *, is_page_open: bool) -> str:
    known = {payment.status for payment in payments if payment.status}
    if contested := _first(_CONTESTED, known):
        return contested
    if known & _RECEIVING:
        return _after_money(payments)
    if waiting := _first(_UNPAID, known):
        return waiting
    if is_page_open:
        return ChargeStatus.PENDING
    return _first(_CLOSED, known) or charge.status


def _first(table: Sequence[tuple[PaymentStatus, ChargeStatus]], known: set[str]) -> str:
    return next((ours for theirs, ours in table if theirs in known), "")


def _after_money(payments: Sequence[Payment]) -> str:
    """Of several payments those that still hold money speak; a double that was given back is over."""
    received = [payment for payment in payments if payment.status in _RECEIVING]
    holding = [payment for payment in received if payment.received_cents > payment.refunded_cents]
    if not holding:
        return ChargeStatus.REFUNDED
    is_whole = not any(payment.refunded_cents for payment in holding)
    return ChargeStatus.PAID if is_whole else ChargeStatus.PARTIALLY_REFUNDED


def _hold_back(charge: Charge, derived: Derived) -> Derived:
    """Keep the status where a person must decide first: divergent money, money gone without a refund."""
    if charge.status in _MONEY_IN and derived.status not in _MONEY_IN:
        return replace(derived, status=charge.status, review_reason=ReviewReason.MOVED_BACK)
    gate = (ReviewReason.AMOUNT, ReviewReason.CURRENCY, ReviewReason.ACCOUNT, ReviewReason.REFERENCE)
    is_paid = derived.status in (ChargeStatus.PAID, ChargeStatus.PARTIALLY_REFUNDED)
    if is_paid and derived.review_reason in gate and charge.status not in _MONEY_IN:
        held = charge.status if charge.status != ChargeStatus.DRAFT else ChargeStatus.PENDING
        return replace(derived, status=held)
    return derived


def _locked(charge_id: int) -> Charge:
    """The charge, held for this short transaction: an answer derived from older payments waits its turn."""
    own = Charge.objects.select_for_update(of=("self",), no_key=True).select_related("connection")
    return own.defer("connection__credentials", "connection__webhook_secrets").get(pk=charge_id)


def _sum_known(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _derive(charge: Charge) -> Derived:
    """A hosted page collects several payments, and stays open for another try after a rejected one."""
    has_page = charge.resources.filter(kind=ResourceKind.PREFERENCE, is_missing=False).exists()
    is_open = charge.expires_at is None or charge.expires_at > clock.now()
    return derive(charge, list(charge.payments.all()), has_page=has_page, is_page_open=is_open)


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
        charge = _locked(charge_id)
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
