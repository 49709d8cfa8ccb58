"""Parcels in every order of what may happen to them: status and sums follow the rules at every step."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.gateways.base import Method
from connections.gateways.instalments import due_dates, months_after, split
from connections.models import Connection
from payments import parcels
from payments.deriving import Case, derive
from payments.models import Charge, ChargeTerms, Payment

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DUE = date(2026, 12, 31)
MONEY = ("paid", "refunded", "disputed", "charged_back")
WAITING = ("pending", "overdue")
OVER = ("cancelled", "expired", "failed")


def plan(count: int = 3, amount_cents: int = 10_001, **values: Any) -> Charge:
    connection = Connection(gateway="asaas", account_id="acc", currency="BRL", time_zone="America/Sao_Paulo")
    defaults: dict[str, Any] = {"method": Method.BOLETO, "status": "pending", "due_date": DUE}
    return Charge(
        connection=connection,
        currency="BRL",
        amount_cents=amount_cents,
        instalments=count,
        **{**defaults, **values},
    )


def parcel(charge: Charge, number: int | None, status: str = "pending", **values: Any) -> Payment:
    cents = split(charge.amount_cents, charge.instalments)[number - 1] if number else charge.amount_cents
    received = cents if status in MONEY else 0
    defaults: dict[str, Any] = {
        "gateway_id": f"pay_{values.get('plan_id', 'A')}_{number}",
        "plan_id": "A" if number else "",
        "amount_cents": cents,
        "received_cents": received,
        "refunded_cents": received if status == "refunded" else 0,
        "paid_at": NOW if received else None,
        "currency": "BRL",
    }
    return Payment(parcel=number, status=status, gateway_status=status, **{**defaults, **values})


def case(charge: Charge, *payments: Payment, **values: Any) -> Case:
    return Case(charge=charge, payments=payments, now=NOW, **values)


@given(st.integers(1, 10_000_000_00), st.integers(1, 60))
def test_parcels_make_up_the_amount_and_the_last_takes_the_rest(cents: int, count: int) -> None:
    found = split(cents, count)
    assert (len(found), sum(found)) == (count, cents)
    assert len(set(found[:-1])) <= 1 and 0 <= found[-1] - found[0] < count


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(1, 60))
def test_parcels_are_due_a_month_apart_whatever_the_months_are_like(first: date, count: int) -> None:
    days = due_dates(first, count)
    assert days[0] == first and list(days) == sorted(set(days))
    for number, day in enumerate(days):
        assert (day.year * 12 + day.month) - (first.year * 12 + first.month) == number
        assert day.day == first.day or (day.day < first.day and months_after(day, 0).day >= 28)


statuses = st.lists(st.sampled_from((*MONEY, *WAITING, *OVER)), min_size=2, max_size=6)


@given(statuses, st.randoms(use_true_random=False))
def test_status_and_sums_follow_the_rules_in_every_order(states: list[str], random: Any) -> None:
    charge = plan(len(states))
    own = [parcel(charge, number, state) for number, state in enumerate(states, 1)]
    random.shuffle(own)
    found = derive(case(charge, *own))
    received = [one for one in own if one.status in MONEY]
    assert found.received_cents == sum(one.received_cents for one in received)
    assert found.refunded_cents == sum(one.refunded_cents for one in received)
    assert found.review_reason == ""
    assert found.status == expected_status(states)
    is_complete = set(states) <= set(MONEY)
    assert (found.paid_at is not None) == is_complete


def expected_status(states: list[str]) -> str:
    known = set(states)
    for contested in ("charged_back", "disputed"):
        if contested in known:
            return contested
    if known <= {"paid", "refunded"}:
        return next(iter(known)) if len(known) == 1 else "partially_refunded"
    for waiting in ("overdue", "pending"):
        if waiting in known:
            return waiting
    return next(state for state in ("expired", "cancelled", "failed") if state in known)


@given(st.integers(2, 6), st.data())
def test_until_every_parcel_is_known_nothing_is_over(count: int, data: st.DataObject) -> None:
    """They come one notification at a time, in any order."""
    charge = plan(count)
    numbers = data.draw(st.permutations(range(1, count + 1)))
    for known in range(1, count + 1):
        own = [parcel(charge, number, "paid") for number in numbers[:known]]
        found = derive(case(charge, *own))
        assert (found.status, found.review_reason) == ("paid" if known == count else "pending", "")
        assert found.received_cents == sum(one.received_cents for one in own)


@given(st.permutations(["A1", "A2", "A3", "B1", "B2", "B3"]))
def test_a_plan_held_twice_is_a_twin_and_a_parcel_paid_twice_is_said(order: list[str]) -> None:
    charge = plan(3)
    own = {name: parcel(charge, int(name[1]), plan_id=name[0], gateway_id=name) for name in order}
    assert derive(case(charge, *own.values())).review_reason == "twin"
    paid = [parcel(charge, int(name[1]), "paid", plan_id=name[0], gateway_id=name) for name in order]
    assert derive(case(charge, *paid[:1], *[own[name] for name in order[1:]])).review_reason == "twin"
    assert derive(case(charge, *paid)).review_reason == "double_payment"
    assert derive(case(charge, *[one for one in paid if one.plan_id == "A"])).review_reason == ""


def test_one_payment_of_all_beside_a_parcel_is_paid_twice() -> None:
    charge = plan(3)
    whole = parcel(charge, None, "paid")
    assert derive(case(charge, whole, parcel(charge, 1, "paid"))).review_reason == "double_payment"
    assert derive(case(charge, whole)).status == "paid"


def test_each_parcel_passes_the_gate_by_itself_and_the_wrong_one_is_held() -> None:
    charge = plan(3)
    wrong = parcel(charge, 2, "paid", received_cents=3_332)
    rest = [parcel(charge, 1, "paid"), parcel(charge, 3, "paid")]
    found = derive(case(charge, rest[0], wrong, rest[1]))
    assert (found.status, found.review_reason) == ("pending", "amount")
    fourth = parcel(plan(4), 4, "paid", amount_cents=3_333, received_cents=3_333)
    found = derive(case(charge, *rest, parcel(charge, 2, "paid"), fourth))
    assert found.review_reason == "amount"


def terms(charge: Charge, **values: Any) -> ChargeTerms:
    defaults: dict[str, Any] = {"amount_cents": charge.amount_cents, "due_date": charge.due_date}
    return ChargeTerms(is_agreed=True, **{**defaults, **values})


@pytest.mark.parametrize(
    ("number", "paid_on", "cents", "is_right"),
    [
        (1, date(2026, 12, 28), 2_833, True),
        (1, date(2026, 12, 29), 2_833, False),
        (2, date(2027, 1, 28), 2_833, True),  # the discount moves along with the due date
        (3, date(2027, 2, 25), 2_835, True),  # due on 28 February
        (3, date(2027, 2, 26), 2_835, False),
        (2, date(2027, 2, 1), 3_333 + 67, True),
        (2, date(2027, 1, 31), 3_333 + 67, False),
        (2, date(2027, 3, 2), 3_333 + 67 + 33, True),
    ],
)
def test_discount_fine_and_interest_are_of_each_parcel(
    number: int, paid_on: date, cents: int, is_right: bool
) -> None:
    charge = plan(3)
    version = terms(
        charge, discount_cents=500, discount_until=date(2026, 12, 28), fine_cents=67, interest_bp=100
    )
    at = datetime(paid_on.year, paid_on.month, paid_on.day, 15, tzinfo=UTC)
    own = parcel(charge, number, "paid", received_cents=cents, paid_at=at)
    found = derive(case(charge, own, versions=[version]))
    assert (found.review_reason == "") is is_right


def test_another_amount_of_one_parcel_waits_for_a_person_and_is_then_right() -> None:
    charge = plan(3)
    changed = ChargeTerms(parcel=2, is_agreed=False, amount_cents=5_000, due_date=date(2027, 1, 31))
    waiting = [parcel(charge, number) for number in (1, 2, 3)]
    assert derive(case(charge, *waiting, versions=[terms(charge), changed])).review_reason == "terms"
    changed.is_agreed = True
    waiting[1] = parcel(charge, 2, "paid", amount_cents=5_000, received_cents=5_000)
    assert derive(case(charge, *waiting, versions=[terms(charge), changed])).review_reason == ""


def card(*payments: Payment, size: int | None = None, count: int = 6, **values: Any) -> Case:
    charge = plan(count, method=Method.CARD, expires_at=None, **values)
    sizes = {"A": size} if size else {}
    return case(charge, *payments, has_page=True, is_page_renewed=True, plan_sizes=sizes)


def chosen(number: int, cents: int, status: str = "paid") -> Payment:
    charge = plan(6)
    received = cents if status in MONEY else 0
    return parcel(charge, number, status, amount_cents=cents, received_cents=received, refunded_cents=0)


@given(st.permutations([(1, 3_333), (2, 3_333), (3, 3_335)]), st.sampled_from([None, 3]))
def test_parcels_the_payer_chose_are_right_in_sum(order: list[tuple[int, int]], size: int | None) -> None:
    for known in range(1, 4):
        found = derive(card(*[chosen(*one) for one in order[:known]], size=size))
        assert (found.status, found.review_reason) == ("paid" if known == 3 else "pending", "")


def test_a_sum_that_is_not_what_was_asked_for_is_for_a_person() -> None:
    short = [chosen(1, 3_000), chosen(2, 3_000)]
    assert derive(card(*short, size=2)).review_reason == "amount"
    assert derive(card(*short, size=3)).review_reason == ""
    found = derive(card(chosen(1, 6_000), chosen(2, 6_000)))
    assert (found.status, found.review_reason) == ("pending", "amount")


def test_a_page_that_nobody_paid_is_overdue_by_our_own_calendar() -> None:
    assert derive(card()).status == "pending"
    assert derive(card(due_date=date(2026, 11, 20))).status == "overdue"


@given(st.permutations(["paid", "disputed", "paid"]))
def test_a_dispute_that_is_won_leaves_the_rest_waiting(states: list[str]) -> None:
    charge = plan(4, status="disputed")
    won = [parcel(charge, number, "paid") for number in (1, 2, 3)]
    found = derive(case(charge, *won, parcel(charge, 4)))
    assert (found.status, found.review_reason) == ("pending", "")
    own = [parcel(charge, number, state) for number, state in enumerate(states, 1)]
    assert derive(case(charge, *own, parcel(charge, 4))).status == "disputed"


def test_the_next_to_pay_is_the_one_due_first() -> None:
    charge = plan(3)
    days = due_dates(DUE, 3)
    own = [parcel(charge, 4 - number, due_date=days[3 - number]) for number in (1, 2, 3)]
    following = parcels.next_to_pay(own)
    assert following is not None and following.parcel == 1
    assert parcels.next_to_pay([parcel(charge, 1, "paid")]) is None
