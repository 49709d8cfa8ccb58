"""What may be paid on a day: what was agreed, and never refused for how a gateway rounds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import gate
from payments.gate import Range
from payments.models import ChargeTerms

DUE = date(2026, 12, 1)  # a Tuesday


def terms(**values: object) -> ChargeTerms:
    defaults: dict[str, object] = {"amount_cents": 10_000, "due_date": DUE, "is_agreed": True}
    return ChargeTerms(**{**defaults, **values})


@st.composite
def any_terms(draw: st.DrawFn) -> ChargeTerms:
    amount = draw(st.integers(500, 10_000_000))
    due = draw(st.dates(date(2025, 1, 1), date(2030, 1, 1)))
    has_discount = draw(st.booleans())
    return ChargeTerms(
        amount_cents=amount,
        due_date=due,
        discount_cents=draw(st.integers(1, amount)) if has_discount else 0,
        discount_until=due - timedelta(days=draw(st.integers(0, 60))) if has_discount else None,
        fine_cents=draw(st.integers(0, amount)),
        interest_bp=draw(st.integers(0, 1_000)),
    )


days = st.integers(-400, 400).map(timedelta)


@given(any_terms(), days, st.sampled_from([ROUND_HALF_UP, ROUND_DOWN, ROUND_UP]))
def test_admits_what_a_gateway_works_out_for_the_day(
    version: ChargeTerms, distance: timedelta, rounding: str
) -> None:
    """Counted in decimals, as a gateway does it, whichever way it rounds the interest."""
    day = version.due_date + distance
    owed = Decimal(version.amount_cents)
    if version.discount_until and day <= version.discount_until:
        owed -= version.discount_cents
    if distance.days > 0:
        rate = Decimal(version.interest_bp) / 10_000 / 30 * distance.days
        owed += version.fine_cents + (Decimal(version.amount_cents) * rate).quantize(Decimal(1), rounding)
    assert gate.admits(int(owed), [gate.payable(version, day)]) is (owed > 0)


@given(any_terms(), days)
def test_the_plain_amount_is_always_enough_and_never_too_much(
    version: ChargeTerms, distance: timedelta
) -> None:
    assert version.amount_cents in gate.payable(version, version.due_date + distance)


@given(any_terms(), days, st.integers(2, 1_000))
def test_refuses_what_lies_beyond_the_terms(version: ChargeTerms, distance: timedelta, beyond: int) -> None:
    day = version.due_date + distance
    days_late = max(0, distance.days)
    least = version.amount_cents - (version.discount_cents if gate.granted(version, day) else 0)
    interest = Decimal(version.amount_cents) * version.interest_bp * days_late / 300_000
    most = version.amount_cents + (version.fine_cents if days_late else 0) + interest
    found = gate.payable(version, day)
    assert least - beyond not in found
    assert int(most.to_integral_value(ROUND_UP)) + beyond not in found
    assert 0 not in found


@given(any_terms(), st.integers(0, 400), st.integers(0, 400))
def test_waiting_never_makes_it_cheaper(version: ChargeTerms, first: int, more: int) -> None:
    early, late = (
        gate.payable(version, version.due_date + timedelta(days=number)) for number in (first, first + more)
    )
    assert early.low <= late.low
    assert early.high <= late.high


@pytest.mark.parametrize(
    ("paid_on", "cents", "is_right"),
    [
        (DUE - timedelta(days=3), 9_500, True),
        (DUE - timedelta(days=3), 9_400, False),
        (DUE - timedelta(days=2), 9_500, False),
        (DUE, 10_000, True),
        (DUE, 10_001, False),
        (DUE, 9_999, False),
        (DUE + timedelta(days=1), 10_203, True),
        (DUE + timedelta(days=10), 10_233, True),
        (DUE + timedelta(days=10), 10_300, False),
        (DUE + timedelta(days=10), 9_999, False),
    ],
)
def test_discount_fine_and_interest_count_by_the_day(paid_on: date, cents: int, is_right: bool) -> None:
    version = terms(
        discount_cents=500, discount_until=DUE - timedelta(days=3), fine_cents=200, interest_bp=100
    )
    assert gate.admits(cents, [gate.payable(version, paid_on)]) is is_right


@pytest.mark.parametrize("due", [date(2026, 12, 5), date(2026, 12, 6)])
def test_due_on_a_weekend_may_be_paid_on_monday_without_a_fine(due: date) -> None:
    monday = gate.payable(terms(due_date=due, fine_cents=200), date(2026, 12, 7))
    assert 10_000 in monday
    assert 9_999 not in monday


def test_plain_terms_leave_no_room_at_all() -> None:
    assert gate.payable(terms(), DUE + timedelta(days=99)) == Range(10_000, 10_000)


def test_an_older_version_is_still_good_and_the_newest_is_named_first() -> None:
    versions = [terms(), terms(amount_cents=12_000)]
    ranges = gate.expected(versions, amount_cents=12_000, day=DUE)
    assert ranges == (Range(12_000, 12_000), Range(10_000, 10_000))
    assert [gate.admits(cents, ranges) for cents in (10_000, 11_000, 12_000)] == [True, False, True]


def test_without_versions_it_is_the_charges_own_amount() -> None:
    assert gate.expected([], amount_cents=7_000, day=DUE) == (Range(7_000, 7_000),)


def test_on_a_day_nobody_knows_nothing_is_granted_and_nothing_owed() -> None:
    version = terms(discount_cents=500, discount_until=DUE, fine_cents=200)
    assert gate.expected([version], amount_cents=10_000, day=None) == (Range(10_000, 10_000),)


def test_versions_that_only_move_the_date_are_one_range_before_it() -> None:
    versions = [terms(), terms(due_date=DUE + timedelta(days=9))]
    assert gate.expected(versions, amount_cents=10_000, day=DUE) == (Range(10_000, 10_000),)
