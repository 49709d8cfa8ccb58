from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.gateways.asaas import mapping
from connections.gateways.asaas.mapping import to_charge, to_payment, to_pix_code
from connections.gateways.base import (
    GatewayPayment,
    Method,
    PaymentStatus,
    RefundItem,
    RefundState,
    ResourceKind,
    Terms,
)
from tests.gateways import sample


def paid(**changes: Any) -> GatewayPayment:
    raw = sample.body("asaas", "event_payment_received")["payment"]
    return to_payment({**raw, **changes}, account_id="acc-1")


def unpaid(**changes: Any) -> GatewayPayment:
    return to_payment(sample.body("asaas", "payment_pix", **changes), account_id="acc-1")


def refund(value: str, status: str = "DONE") -> dict[str, object]:
    return {"dateCreated": "2026-09-04 10:12:31", "status": status, "value": Decimal(value)}


def test_reads_an_unpaid_pix_charge() -> None:
    assert unpaid() == GatewayPayment(
        gateway_id="pay_k3v9x0q2m7d1r5tz",
        reference="chg-1007",
        status=PaymentStatus.PENDING,
        gateway_status="PENDING",
        method=Method.PIX,
        amount_cents=15000,
        received_cents=0,
        refunded_cents=0,
        currency="BRL",
        account_id="acc-1",
        due_date=date(2026, 9, 5),
        created_at=datetime(2026, 9, 2, 3, tzinfo=UTC),
        link="https://sandbox.asaas.com/i/k3v9x0q2m7d1r5tz",
        terms=Terms(),
        description="Pedido 1007",
        customer_id="cus_000007410933",
    )


def test_reads_a_received_pix_charge() -> None:
    found = paid()
    day = datetime(2026, 9, 3, 3, tzinfo=UTC)
    assert (found.status, found.amount_cents, found.received_cents) == (PaymentStatus.PAID, 15000, 15000)
    assert (found.net_cents, found.fee_cents) == (14801, 199)
    assert (found.paid_at, found.settles_at, found.settled_at) == (day, day, day)
    assert found.version is None


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("PENDING", PaymentStatus.PENDING),
        ("AUTHORIZED", PaymentStatus.AUTHORIZED),
        ("AWAITING_RISK_ANALYSIS", PaymentStatus.AUTHORIZED),
        ("CONFIRMED", PaymentStatus.PAID),
        ("RECEIVED", PaymentStatus.PAID),
        ("RECEIVED_IN_CASH", PaymentStatus.PAID),
        ("REFUND_REQUESTED", PaymentStatus.PAID),
        ("REFUND_IN_PROGRESS", PaymentStatus.PAID),
        ("REFUNDED", PaymentStatus.REFUNDED),
        ("CHARGEBACK_REQUESTED", PaymentStatus.DISPUTED),
        ("CHARGEBACK_DISPUTE", PaymentStatus.DISPUTED),
        ("AWAITING_CHARGEBACK_REVERSAL", PaymentStatus.DISPUTED),
        ("OVERDUE", PaymentStatus.OVERDUE),
        ("DUNNING_REQUESTED", PaymentStatus.OVERDUE),
        ("DUNNING_RECEIVED", PaymentStatus.PAID),
        ("INVENTED_YESTERDAY", None),
        ("pending", None),
        ("", None),
    ],
)
def test_translates_every_status_and_no_unknown_one(word: str, expected: PaymentStatus | None) -> None:
    found = unpaid(status=word)
    assert (found.status, found.gateway_status) == (expected, word)


@pytest.mark.parametrize("word", ["PENDING", "OVERDUE", "RECEIVED", "INVENTED"])
def test_deleted_wins_over_every_status(word: str) -> None:
    found = unpaid(status=word, deleted=True)
    assert (found.status, found.is_deleted, found.gateway_status) == (PaymentStatus.CANCELLED, True, word)


def test_a_confirmed_card_is_paid_but_not_settled() -> None:
    raw = sample.body("asaas", "event_payment_confirmed")["payment"]
    found = to_payment(raw, account_id="")
    assert (found.status, found.method) == (PaymentStatus.PAID, Method.CARD)
    assert found.settles_at == datetime(2026, 10, 5, 3, tzinfo=UTC)
    assert found.settled_at is None


def test_a_receipt_in_cash_has_no_fee() -> None:
    raw = sample.body("asaas", "event_payment_received_in_cash")["payment"]
    found = to_payment(raw, account_id="")
    assert (found.status, found.received_cents, found.fee_cents) == (PaymentStatus.PAID, 32050, 0)
    assert (found.method, found.paid_at) == (Method.BOLETO, datetime(2026, 9, 3, 3, tzinfo=UTC))
    assert found.is_cash is True


@pytest.mark.parametrize("word", ["PENDING", "RECEIVED", "CONFIRMED", "DUNNING_RECEIVED", "REFUNDED"])
def test_only_cash_is_cash(word: str) -> None:
    assert unpaid(status=word).is_cash is False


def test_a_different_sum_paid_keeps_what_was_asked_apart() -> None:
    found = paid(value=Decimal("140.00"), originalValue=Decimal("150.00"), netValue=Decimal("138.01"))
    assert (found.amount_cents, found.received_cents, found.fee_cents) == (15000, 14000, 199)


def test_late_money_tells_its_fine_and_interest_apart() -> None:
    found = paid(value=Decimal("154.50"), originalValue=Decimal("150.00"), interestValue=Decimal("4.50"))
    assert (found.amount_cents, found.received_cents, found.interest_cents) == (15000, 15450, 450)


def terms(value: str, kind: str = "FIXED", days: object = 0, limit: object = None) -> dict[str, object]:
    return {"value": Decimal(value), "type": kind, "dueDateLimitDays": days, "limitDate": limit}


@pytest.mark.parametrize(
    ("discount", "expected"),
    [
        (terms("10.00"), 1000),
        (terms("10.00", days=2), 1000),
        (terms("10.00", days=Decimal("2.0")), 1000),
        (terms("10.00", days=3), 0),
        (terms("10.00", limit="2026-09-03"), 1000),
        (terms("10.00", limit="2026-09-02"), 0),
        (terms("5", "PERCENTAGE"), 750),
        (terms("3.33", "PERCENTAGE"), 500),
        (terms("0"), 0),
        (terms("900.00"), 15000),
        (terms("-1.00"), None),
        (None, None),
        ({}, None),
        ("x", None),
    ],
)
def test_a_discount_counts_for_the_day_it_was_paid(discount: object, expected: int | None) -> None:
    """Paid on 3 September, due on the 5th."""
    found = paid(value=Decimal("140.00"), originalValue=Decimal("150.00"), discount=discount)
    assert (found.amount_cents, found.received_cents, found.discount_cents) == (15000, 14000, expected)


def test_a_sum_that_is_merely_too_small_is_no_discount() -> None:
    found = paid(value=Decimal("140.00"), originalValue=Decimal("150.00"), discount=terms("0"))
    assert (found.received_cents, found.discount_cents, found.interest_cents) == (14000, 0, None)


@pytest.mark.parametrize(
    "changes", [{"clientPaymentDate": None}, {"dueDate": None}, {"dueDate": "0001-01-01"}]
)
def test_a_discount_without_its_dates_is_not_guessed(changes: dict[str, object]) -> None:
    assert paid(discount=terms("10.00", days=400), **changes).discount_cents in (None, 0)


def test_an_unpaid_payment_tells_no_interest_and_no_discount() -> None:
    found = unpaid(interestValue=Decimal("4.50"), discount=terms("10.00"))
    assert (found.interest_cents, found.discount_cents) == (None, None)


def test_a_partial_refund_stays_paid() -> None:
    found = to_payment(sample.body("asaas", "payment_pix_partial_refund"), account_id="")
    assert (found.status, found.received_cents, found.refunded_cents) == (PaymentStatus.PAID, 15000, 4000)
    assert found.refunds == (
        RefundItem(
            refund_id="",
            amount_cents=4000,
            status="DONE",
            created_at=datetime(2026, 9, 4, 13, 12, 31, tzinfo=UTC),
            state=RefundState.DONE,
        ),
    )


def test_partial_refunds_that_reach_the_total_are_a_refund() -> None:
    found = paid(refunds=[refund("40.0"), refund("110.0")])
    assert (found.status, found.refunded_cents) == (PaymentStatus.REFUNDED, 15000)


@pytest.mark.parametrize("status", ["PENDING", "CANCELLED", "AWAITING_CRITICAL_ACTION_AUTHORIZATION", "NEW"])
def test_a_refund_that_is_not_done_counts_nothing(status: str) -> None:
    found = paid(refunds=[refund("150.0", status)])
    assert (found.status, found.refunded_cents, found.refunds[0].is_done) == (PaymentStatus.PAID, 0, False)


@pytest.mark.parametrize("refunds", [None, [], [{"value": "x"}]])
def test_refunded_without_a_list_means_everything(refunds: object) -> None:
    assert paid(status="REFUNDED", refunds=refunds).refunded_cents == 15000


def test_a_card_refunded_before_settlement_lost_its_optional_keys() -> None:
    raw = sample.body("asaas", "event_payment_refunded_card")["payment"]
    found = to_payment(raw, account_id="")
    assert (found.status, found.refunded_cents, found.settled_at) == (PaymentStatus.REFUNDED, 15000, None)


@pytest.mark.parametrize("status", ["PENDING", "OVERDUE"])
def test_an_unpaid_payment_received_nothing_and_knows_no_fee(status: str) -> None:
    found = unpaid(status=status)
    assert (found.received_cents, found.fee_cents, found.net_cents, found.paid_at) == (0, None, None, None)


@pytest.mark.parametrize(
    ("written", "method"),
    [("BOLETO", Method.BOLETO), ("DEBIT_CARD", Method.CARD), ("UNDEFINED", Method.ANY), ("TRANSFER", None)],
)
def test_translates_methods(written: str, method: Method | None) -> None:
    assert unpaid(billingType=written).method is method


@pytest.mark.parametrize("key", ["subscription", "installment", "checkoutSession", "paymentLink"])
def test_names_what_a_payment_came_from(key: str) -> None:
    assert unpaid(**{key: "origin-1"}).origin_id == "origin-1"


def test_reads_numbers_as_text_and_text_as_numbers() -> None:
    found = unpaid(value="150.00", externalReference=1007, id=5)
    assert (found.amount_cents, found.reference, found.gateway_id) == (15000, "1007", "5")


def test_needs_no_optional_key() -> None:
    found = to_payment({"id": "pay_1", "status": "RECEIVED"}, account_id="")
    assert (found.status, found.received_cents, found.refunds) == (PaymentStatus.PAID, 0, ())


@pytest.mark.parametrize(
    ("status", "deleted", "is_open"),
    [
        ("PENDING", False, True),
        ("OVERDUE", False, True),
        ("PENDING", True, False),
        ("RECEIVED", False, False),
    ],
)
def test_a_charge_is_open_while_it_can_be_paid(status: str, deleted: bool, is_open: bool) -> None:
    charge = to_charge(unpaid(status=status, deleted=deleted))
    assert (charge.kind, charge.is_open, len(charge.payments)) == (ResourceKind.PAYMENT, is_open, 1)


def test_reads_the_qr_text_and_its_end() -> None:
    code = to_pix_code(sample.body("asaas", "pix_qr_code"))
    assert code is not None
    assert code.text.startswith("00020101")
    assert code.expires_at == datetime(2027, 9, 6, 2, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw", [{}, {"success": False, "payload": "000201"}, {"success": True, "payload": None}]
)
def test_has_no_qr_text_before_asaas_has_one(raw: dict[str, object]) -> None:
    assert to_pix_code(raw) is None


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_KEYS = sorted(sample.body("asaas", "event_payment_received")["payment"])


@given(st.dictionaries(st.sampled_from([*_KEYS, "refunds", "originalValue"]), _ANYTHING))
def test_never_raises_on_odd_values(changes: dict[str, object]) -> None:
    found = to_payment({**sample.body("asaas", "payment_pix"), **changes}, account_id="")
    assert found.status is None or found.status in PaymentStatus
    assert mapping.to_charge(found).payments == (found,)
