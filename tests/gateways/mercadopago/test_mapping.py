from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.gateways.base import (
    CustomerDetails,
    GatewayPayment,
    Method,
    PaymentStatus,
    PixCode,
    RefundItem,
    RefundState,
    ResourceKind,
)
from connections.gateways.mercadopago.mapping import to_direct_charge, to_hosted_charge, to_payment
from tests.gateways import sample


def payment(name: str = "payment_pix", **changes: Any) -> GatewayPayment:
    return to_payment(sample.body("mercadopago", name, **changes))


def test_reads_an_unpaid_pix_payment() -> None:
    raw = sample.body("mercadopago", "payment_pix")
    data = raw["point_of_interaction"]["transaction_data"]
    ends = datetime(2026, 8, 2, 14, 15, 30, tzinfo=UTC)
    assert to_payment(raw) == GatewayPayment(
        gateway_id="98000123456",
        reference="chg_01J4Z8K2",
        status=PaymentStatus.PENDING,
        gateway_status="pending/pending_waiting_transfer",
        method=Method.PIX,
        amount_cents=14990,
        received_cents=0,
        refunded_cents=0,
        currency="BRL",
        account_id="1402558877",
        created_at=datetime(2026, 8, 1, 14, 15, 30, tzinfo=UTC),
        expires_at=ends,
        version=datetime(2026, 8, 1, 14, 15, 30, tzinfo=UTC),
        pix=PixCode(text=data["qr_code"], expires_at=ends),
        link=data["ticket_url"],
        description="Pedido 77",
        payer=CustomerDetails(
            reference="1505551234", name="", document="", document_type="", email="ana@example.com"
        ),
    )


def test_reads_an_approved_pix_payment() -> None:
    found = payment("payment_pix_approved")
    moment = datetime(2026, 8, 1, 14, 20, 2, tzinfo=UTC)
    assert (found.status, found.received_cents, found.method) == (PaymentStatus.PAID, 14990, Method.PIX)
    assert (found.fee_cents, found.net_cents) == (149, 14841)
    assert (found.paid_at, found.settled_at, found.version) == (moment, moment, moment)


@pytest.mark.parametrize(
    ("status", "detail", "expected"),
    [
        ("pending", "pending_waiting_transfer", PaymentStatus.PENDING),
        ("pending", "invented", PaymentStatus.PENDING),
        ("in_process", "pending_review_manual", PaymentStatus.AUTHORIZED),
        ("authorized", "pending_capture", PaymentStatus.AUTHORIZED),
        ("approved", "accredited", PaymentStatus.PAID),
        ("approved", "partially_refunded", PaymentStatus.PAID),
        ("refunded", "refunded", PaymentStatus.REFUNDED),
        ("refunded", "by_admin", PaymentStatus.REFUNDED),
        ("in_mediation", "pending", PaymentStatus.DISPUTED),
        ("charged_back", "in_process", PaymentStatus.DISPUTED),
        ("charged_back", "invented", PaymentStatus.DISPUTED),
        ("charged_back", "settled", PaymentStatus.CHARGED_BACK),
        ("charged_back", "reimbursed", PaymentStatus.PAID),
        ("cancelled", "expired", PaymentStatus.EXPIRED),
        ("cancelled", "by_collector", PaymentStatus.CANCELLED),
        ("cancelled", None, PaymentStatus.CANCELLED),
        ("rejected", "cc_rejected_high_risk", PaymentStatus.FAILED),
        ("invented", "accredited", None),
        (None, None, None),
    ],
)
def test_translates_every_status_and_no_unknown_one(
    status: str | None, detail: str | None, expected: PaymentStatus | None
) -> None:
    assert payment(status=status, status_detail=detail).status is expected


def test_a_card_payment_received_what_was_asked_and_not_the_interest() -> None:
    found = payment("payment_card")
    assert (found.amount_cents, found.received_cents) == (14990, 14990)
    assert (found.fee_cents, found.net_cents) == (747, 14243)
    assert (found.method, found.origin_id) == (Method.CARD, "38000111222")
    assert (found.settled_at, found.settles_at) == (None, datetime(2026, 8, 31, 14, 20, 2, tzinfo=UTC))


def test_a_pix_paid_with_another_sum_shows_it() -> None:
    found = payment("payment_pix_approved", transaction_details={"total_paid_amount": Decimal("12.34")})
    assert (found.amount_cents, found.received_cents) == (14990, 1234)


def test_a_partial_refund_stays_paid() -> None:
    found = payment("payment_card_partial_refund")
    assert (found.status, found.refunded_cents) == (PaymentStatus.PAID, 5000)
    assert found.refunds == (
        RefundItem(
            refund_id="2200334455",
            amount_cents=5000,
            status="approved",
            created_at=datetime(2026, 8, 3, 13, tzinfo=UTC),
            state=RefundState.DONE,
        ),
    )


@pytest.mark.parametrize("status", ["in_process", "rejected", "cancelled", "new"])
def test_a_refund_that_is_not_done_counts_nothing(status: str) -> None:
    found = payment("payment_pix_approved", refunds=[{"id": 1, "amount": 50, "status": status}])
    assert (found.refunded_cents, found.refunds[0].is_done) == (0, False)


def test_refunded_without_figures_means_everything() -> None:
    found = payment("payment_pix_approved", status="refunded", transaction_amount_refunded=None)
    assert found.refunded_cents == 14990


@pytest.mark.parametrize("status", ["pending", "rejected", "cancelled", "in_process"])
def test_an_unpaid_payment_received_nothing(status: str) -> None:
    found = payment(status=status)
    assert (found.received_cents, found.fee_cents, found.net_cents, found.settled_at) == (0, None, None, None)


@pytest.mark.parametrize(("word", "is_settled"), [("released", True), ("pending", False)])
def test_the_release_status_decides_about_settlement(word: str, is_settled: bool) -> None:
    assert bool(payment("payment_pix_approved", money_release_status=word).settled_at) is is_settled


def test_reads_a_boleto() -> None:
    found = payment("payment_boleto")
    assert (found.method, found.pix) == (Method.BOLETO, None)
    assert found.link.startswith("https://www.mercadopago.com.br/payments/98000123457/ticket")


@pytest.mark.parametrize("order", [None, [], {}, [{"id": 5}], "x"])
def test_tolerates_every_form_of_order(order: object) -> None:
    assert payment(order=order).origin_id == ""


def test_reads_numbers_as_text_and_text_as_numbers() -> None:
    found = payment(id="98000123456", transaction_amount="149.90", external_reference=77)
    assert (found.gateway_id, found.amount_cents, found.reference) == ("98000123456", 14990, "77")


def test_needs_no_optional_key() -> None:
    found = to_payment({"id": 1, "status": "approved", "transaction_amount": 10})
    assert (found.status, found.received_cents, found.currency) == (PaymentStatus.PAID, 1000, "")


@pytest.mark.parametrize(
    ("status", "is_open"),
    [("pending", True), ("in_process", True), ("approved", False), ("cancelled", False)],
)
def test_a_direct_charge_is_open_while_it_can_be_paid(status: str, is_open: bool) -> None:
    assert to_direct_charge(payment(status=status)).is_open is is_open


@pytest.mark.parametrize(
    ("changes", "hours", "is_open"),
    [
        ({}, -1, True),
        ({}, 0, False),
        ({}, 1, False),
        ({"expires": False}, 1, True),
        ({"expires": None}, 1, True),
    ],
)
def test_a_preference_is_open_until_it_expires(changes: dict[str, Any], hours: int, is_open: bool) -> None:
    raw = sample.body("mercadopago", "preference", **changes)
    now = datetime(2026, 8, 4, 14, tzinfo=UTC) + timedelta(hours=hours)
    charge = to_hosted_charge(raw, payments=(), now=now)
    assert (charge.kind, charge.is_open) == (ResourceKind.PREFERENCE, is_open)
    assert charge.link == raw["init_point"]


@pytest.mark.parametrize(
    ("items", "cents"),
    [
        ([{"quantity": 2, "unit_price": Decimal("49.95")}, {"quantity": "1", "unit_price": "50"}], 14_990),
        ([{"quantity": 1, "unit_price": None}], None),
        ([{"unit_price": 10}], None),
        ([], None),
        (None, None),
    ],
)
def test_a_page_asks_for_the_sum_of_its_items(items: object, cents: int | None) -> None:
    raw = sample.body("mercadopago", "preference", items=items)
    assert to_hosted_charge(raw, payments=(), now=datetime(2026, 8, 4, tzinfo=UTC)).asked_cents == cents


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(sample.body("mercadopago", "payment_card"))), _ANYTHING))
def test_never_raises_on_odd_values(changes: dict[str, object]) -> None:
    found = payment("payment_card", **changes)
    assert found.status is None or found.status in PaymentStatus
    assert to_direct_charge(found).payments == (found,)
