"""The parcels of a charge: which belong together, whether all are there, what each asks for. Pure.

A plan of ours has its parcels from the beginning, each paid when it is due. Where the payer chooses on the
gateway's page, they come with the money, all at once: there the sum is what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connections.gateways.base import PaymentStatus
from connections.gateways.instalments import months_after, split
from payments import gate
from payments.models import Charge, Payment

RECEIVING = frozenset(
    {PaymentStatus.PAID, PaymentStatus.REFUNDED, PaymentStatus.DISPUTED, PaymentStatus.CHARGED_BACK}
)
WAITING = (PaymentStatus.PENDING, PaymentStatus.OVERDUE)


@dataclass(frozen=True, kw_only=True)
class ParcelTerms:
    """What is asked for one parcel on one day, for ``payments.gate``."""

    amount_cents: int
    due_date: date
    discount_cents: int = 0
    discount_until: date | None = None
    fine_cents: int = 0
    interest_bp: int = 0


def are_ours(charge: Charge) -> bool:
    """Whether the parcels were decided when the charge was made, and not by its payer."""
    if charge.instalments <= 1:
        return False
    rule = charge.connection.capabilities.instalments.get(charge.method)  # type: ignore[call-overload]
    return not (rule and rule.is_payers_choice)


def is_several(payments: Sequence[Payment]) -> bool:
    return any(payment.parcel for payment in payments)


def slots(payments: Sequence[Payment]) -> list[list[Payment]]:
    """The payments that are for the same thing: a parcel, or all of it. Two that live are one too many.

    A payment that is no parcel stands for every one.
    """
    numbers = sorted({payment.parcel for payment in payments if payment.parcel})
    if not numbers:
        return [list(payments)]
    return [[payment for payment in payments if payment.parcel in (None, number)] for number in numbers]


def repeated(payments: Sequence[Payment]) -> list[Payment]:
    """Those that are not alone in their place."""
    crowded = {one.gateway_id for slot in slots(payments) if len(slot) > 1 for one in slot}
    return [payment for payment in payments if payment.gateway_id in crowded]


def places(received: Sequence[Payment], holding: Sequence[Payment]) -> list[list[Payment]]:
    """For each parcel that was paid, what of its money is still held."""
    kept = {payment.gateway_id for payment in holding}
    return [[payment for payment in slot if payment.gateway_id in kept] for slot in slots(received)]


def first_terms(version: gate.Terms, parcel: int, count: int) -> ParcelTerms:
    """One parcel of a version that is of them all: the amount is split, the days move along, and discount,
    fine and interest are of each one.
    """
    amounts = split(version.amount_cents, count)
    until = version.discount_until
    due = months_after(version.due_date, parcel - 1)
    return ParcelTerms(
        amount_cents=amounts[parcel - 1] if parcel <= count else 0,
        due_date=due,
        discount_cents=version.discount_cents,
        discount_until=due - (version.due_date - until) if until else None,
        fine_cents=version.fine_cents,
        interest_bp=version.interest_bp,
    )


def expected(
    versions: Sequence[gate.VersionedTerms], parcel: int, *, count: int, amount_cents: int, day: date | None
) -> tuple[gate.Range, ...]:
    """The sums that are right for one parcel of a plan of ours on a day."""
    if parcel > count:
        return (gate.Range(0, 0),)
    own: list[gate.Terms] = []
    for version in versions:
        if version.parcel is None:
            own.append(first_terms(version, parcel, count))
        elif version.parcel == parcel:
            own.append(version)
    return gate.expected(own, amount_cents=split(amount_cents, count)[parcel - 1], day=day)


def group(payment: Payment, payments: Sequence[Payment]) -> list[Payment]:
    """The parcels of the same plan at the gateway."""
    return [one for one in payments if one.parcel and one.plan_id == payment.plan_id]


def is_sum_right(own: Sequence[Payment], ranges: Sequence[gate.Range], size: int | None) -> bool:
    """Whether parcels chosen by the payer make up what was asked for, or may yet, while some are unknown."""
    total = _total(own)
    if gate.admits(total, ranges):
        return True
    is_all = size is not None and len(own) >= size
    return not is_all and any(total < one.low for one in ranges)


def is_complete(
    charge: Charge,
    payments: Sequence[Payment],
    ranges: Sequence[gate.Range],
    sizes: Mapping[str, int],
) -> bool:
    """Whether there is money for every parcel, or one payment of all."""
    received = [payment for payment in payments if payment.status in RECEIVING]
    if any(payment.parcel is None for payment in received):
        return True
    if are_ours(charge):
        return {payment.parcel for payment in received} >= set(range(1, charge.instalments + 1))
    return any(
        _is_group_complete(group(payment, payments), ranges, sizes.get(payment.plan_id))
        for payment in received
    )


def _is_group_complete(own: Sequence[Payment], ranges: Sequence[gate.Range], size: int | None) -> bool:
    if any(payment.status not in RECEIVING for payment in own):
        return False
    return len(own) >= size if size else gate.admits(_total(own), ranges)


def lacks_some(charge: Charge, payments: Sequence[Payment]) -> bool:
    """Whether parcels of a plan of ours are not known yet: their notifications are on the way."""
    known = {payment.parcel for payment in payments}
    return are_ours(charge) and not known >= set(range(1, charge.instalments + 1))


def in_order(payments: Sequence[Payment]) -> list[Payment]:
    return sorted(payments, key=lambda one: (one.parcel or 0, one.pk))


def next_to_pay(payments: Sequence[Payment]) -> Payment | None:
    """The waiting parcel that is due first."""
    waiting = [payment for payment in payments if payment.parcel and payment.status in WAITING]
    return min(waiting, key=lambda one: (one.due_date or date.max, one.parcel or 0, one.pk), default=None)


def _total(own: Sequence[Payment]) -> int:
    return sum(payment.received_cents or payment.amount_cents for payment in own)
