"""Chargebacks and claims at Mercado Pago (mercadopago.md 5.1 and 5.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connections.gateways.base import DisputeKind, DisputeState, GatewayDispute
from connections.gateways.errors import CredentialsRefused, GatewayUnavailable, NotFound
from connections.gateways.mercadopago.disputes import to_chargeback
from connections.gateways.mercadopago.mapping import to_payment
from tests.gateways import sample
from tests.gateways.mercadopago.desk import add, gateway, page, refusal

CASE = "233000061680860001"
CLAIM = "5040112233"
PAYMENT = "98000123460"
ORDER = "38000111222"
CASES, CLAIMS = "/v1/chargebacks", "/post-purchase/v1/claims"
POLICY = {"code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "message": "no", "status": 403}


def raw(**changes: Any) -> dict[str, Any]:
    return sample.body("mercadopago", "chargeback", **changes)


def claim(**changes: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "id": int(CLAIM),
        "type": "mediations",
        "stage": "claim",
        "status": "opened",
        "resource": "payment",
        "resource_id": int(PAYMENT),
        "reason_id": "PDD9939",
        "players": [],
        "resolution": None,
        "date_created": "2026-09-10T08:00:00.000-04:00",
        "last_updated": "2026-09-11T08:00:00.000-04:00",
    }
    return {**defaults, **changes}


def payment(**changes: Any) -> dict[str, Any]:
    return sample.body("mercadopago", "payment_card", **changes)


def state_of(**changes: Any) -> DisputeState | None:
    return to_chargeback(raw(**changes)).state


def test_reads_a_chargeback_whose_id_no_float_holds(mercado: Any) -> None:
    add(mercado, "GET", f"{CASES}/{CASE}", raw(id=int(CASE)))
    assert gateway().fetch_dispute(DisputeKind.CHARGEBACK, CASE) == GatewayDispute(
        kind=DisputeKind.CHARGEBACK,
        gateway_id=CASE,
        payment_ids=(PAYMENT,),
        state=DisputeState.DOCUMENTS,
        gateway_status="pending",
        amount_cents=14990,
        currency="BRL",
        opened_at=datetime(2026, 9, 10, 12, 0, tzinfo=UTC),
        deadline=datetime(2026, 9, 21, 3, 59, 59, tzinfo=UTC),
        version=datetime(2026, 9, 10, 12, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("required", "word", "state"),
    [
        (True, "pending", DisputeState.DOCUMENTS),
        (True, None, DisputeState.DOCUMENTS),
        (True, "review_pending", DisputeState.REVIEW),
        (True, "valid", DisputeState.REVIEW),
        (True, "invalid", DisputeState.REVIEW),
        (True, "not_supplied", DisputeState.OPEN),
        (False, "not_applicable", DisputeState.OPEN),
        (False, "pending", DisputeState.OPEN),
        (False, None, DisputeState.OPEN),
        (False, "review_pending", DisputeState.REVIEW),
        (None, "pending", DisputeState.OPEN),
        (True, "invented_yesterday", None),
    ],
)
def test_says_what_is_asked_while_nobody_decided(
    required: bool | None, word: str | None, state: DisputeState | None
) -> None:
    assert state_of(documentation_required=required, documentation_status=word) is state


@pytest.mark.parametrize(
    ("covered", "state", "word"),
    [(True, DisputeState.WON, "valid/covered"), (False, DisputeState.LOST, "valid/not_covered")],
)
def test_the_coverage_decides_whatever_else_is_said(covered: bool, state: DisputeState, word: str) -> None:
    found = to_chargeback(raw(coverage_applied=covered, documentation_status="valid"))
    assert (found.state, found.gateway_status) == (state, word)
    assert found.closed_at == found.version


@pytest.mark.parametrize(("word", "state"), [("in_review", DisputeState.REVIEW), ("strange", None)])
def test_reads_the_simpler_shape_of_the_sdks(word: str, state: DisputeState | None) -> None:
    found = to_chargeback(
        {
            "id": 4711,
            "payment_id": int(PAYMENT),
            "status": word,
            "amount": 10,
            "currency_id": "BRL",
            "reason_id": "r1",
            "last_modified": "2026-09-11T08:00:00.000-04:00",
        }
    )
    assert (found.state, found.gateway_status, found.payment_ids) == (state, word, (PAYMENT,))
    assert (found.amount_cents, found.currency, found.reason) == (1000, "BRL", "r1")
    assert found.version == datetime(2026, 9, 11, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("named", [[int(PAYMENT)], [PAYMENT, PAYMENT], [{"id": int(PAYMENT)}]])
def test_reads_the_payments_however_they_are_named(named: list[Any]) -> None:
    assert to_chargeback(raw(payments=named)).payment_ids == (PAYMENT,)


@pytest.mark.parametrize("named", [None, [], [None], "x", {}])
def test_a_case_about_nothing_names_nothing(named: Any) -> None:
    assert to_chargeback(raw(payments=named)).payment_ids == ()


def test_an_open_claim_asks_nothing_of_the_money(mercado: Any) -> None:
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", claim())
    assert gateway().fetch_dispute(DisputeKind.CLAIM, CLAIM) == GatewayDispute(
        kind=DisputeKind.CLAIM,
        gateway_id=CLAIM,
        payment_ids=(PAYMENT,),
        state=DisputeState.OPEN,
        gateway_status="mediations/claim/opened",
        reason="PDD9939",
        opened_at=datetime(2026, 9, 10, 12, 0, tzinfo=UTC),
        version=datetime(2026, 9, 11, 12, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("status", "detail", "state"),
    [
        ("approved", "accredited", DisputeState.WON),
        ("approved", "partially_refunded", DisputeState.WON),
        ("refunded", "by_admin", DisputeState.LOST),
        ("charged_back", "settled", DisputeState.LOST),
        ("in_mediation", "pending", DisputeState.OPEN),
        ("invented_yesterday", "", DisputeState.OPEN),
    ],
)
def test_who_won_a_closed_claim_the_money_tells(
    mercado: Any, status: str, detail: str, state: DisputeState
) -> None:
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", claim(status="closed"))
    add(mercado, "GET", f"/v1/payments/{PAYMENT}", payment(status=status, status_detail=detail))
    found = gateway().fetch_dispute(DisputeKind.CLAIM, CLAIM)
    assert (found.state, found.closed_at is None) == (state, state is DisputeState.OPEN)


def given_back(cents: int, at: str, status: str = "approved") -> dict[str, Any]:
    return {"id": 9, "payment_id": int(PAYMENT), "amount": cents / 100, "status": status, "date_created": at}


@pytest.mark.parametrize(
    ("at", "status", "expected"),
    [
        ("2026-09-10T08:00:00.000-04:00", "approved", (DisputeState.LOST, 4000)),
        ("2026-09-12T08:00:00.000-04:00", "in_process", (DisputeState.LOST, 4000)),
        ("2026-09-12T08:00:00.000-04:00", "rejected", (DisputeState.WON, None)),
        ("2026-09-10T07:59:59.000-04:00", "approved", (DisputeState.WON, None)),
    ],
)
def test_a_part_given_back_since_it_was_opened_was_lost(
    mercado: Any, at: str, status: str, expected: tuple[DisputeState, int | None]
) -> None:
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", claim(status="closed"))
    kept = payment(
        status="approved", status_detail="partially_refunded", refunds=[given_back(4000, at, status)]
    )
    add(mercado, "GET", f"/v1/payments/{PAYMENT}", kept)
    found = gateway().fetch_dispute(DisputeKind.CLAIM, CLAIM)
    assert (found.state, found.amount_cents) == expected


def closed_for_two(mercado: Any, *, other: str) -> dict[str, Any]:
    """A closed claim about an order: of its two payments one was kept, and ``other`` became of the first."""
    row = claim(resource="order", resource_id=ORDER, status="closed")
    add(mercado, "GET", f"/v1/payments/{PAYMENT}", payment())
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", row)
    attempts = [{"id": 1, "status": other}, {"id": int(PAYMENT), "status": "approved"}]
    add(mercado, "GET", f"/merchant_orders/{ORDER}", {"id": int(ORDER), "payments": attempts})
    return row


@pytest.mark.parametrize(("other", "state"), [("refunded", None), ("approved", DisputeState.WON)])
def test_a_claim_that_ended_otherwise_for_each_payment_is_asked_by_each(
    mercado: Any, other: str, state: DisputeState | None
) -> None:
    closed_for_two(mercado, other=other)
    add(mercado, "GET", "/v1/payments/1", payment(id=1, status=other))
    assert gateway().fetch_dispute(DisputeKind.CLAIM, CLAIM).state is state


def test_found_by_a_payment_a_claim_ended_as_that_one_says(mercado: Any) -> None:
    row = closed_for_two(mercado, other="refunded")
    add(mercado, "GET", f"{CASES}/search", page())
    add(mercado, "GET", f"{CLAIMS}/search", page(row))
    (found,) = gateway().find_disputes(PAYMENT)
    assert (found.state, found.payment_ids) == (DisputeState.WON, ("1", PAYMENT))


def test_a_claim_about_an_order_is_about_its_payments(mercado: Any) -> None:
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", claim(resource="order", resource_id=ORDER))
    attempts = [{"id": 1}, {"id": 2, "status": "rejected"}, {"id": int(PAYMENT), "status": "approved"}]
    order = {"id": int(ORDER), "payments": attempts}
    add(mercado, "GET", f"/merchant_orders/{ORDER}", order)
    found = gateway().fetch_dispute(DisputeKind.CLAIM, CLAIM)
    assert (found.payment_ids, found.state) == (("1", PAYMENT), DisputeState.OPEN)


def test_a_claim_about_an_order_nobody_shows_names_no_payment(mercado: Any) -> None:
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", claim(resource="order", resource_id=ORDER, status="new_word"))
    add(mercado, "GET", f"/merchant_orders/{ORDER}", refusal(404), status=404)
    found = gateway().fetch_dispute(DisputeKind.CLAIM, CLAIM)
    assert (found.payment_ids, found.state) == ((), None)


def about(mercado: Any, *, cases: Any, claims: Any, **answers: Any) -> list[GatewayDispute]:
    add(mercado, "GET", f"{CASES}/search", cases, **answers)
    add(mercado, "GET", f"/v1/payments/{PAYMENT}", payment(order={}))
    add(mercado, "GET", f"{CLAIMS}/search", claims, **answers)
    return list(gateway().find_disputes(PAYMENT))


def test_finds_both_kinds_about_a_payment_oldest_first(mercado: Any) -> None:
    other = raw(id="1", payments=[1])
    add(mercado, "GET", f"{CASES}/{CASE}", raw(coverage_applied=True))
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", claim(date_created="2026-09-09T08:00:00.000-04:00"))
    listed = {"paging": {"total": 2}, "data": [claim(), claim(id=2, resource_id=7)]}
    found = about(mercado, cases=page(raw(), other), claims=listed)
    assert [(one.kind, one.gateway_id, one.state) for one in found] == [
        (DisputeKind.CLAIM, CLAIM, DisputeState.OPEN),
        (DisputeKind.CHARGEBACK, CASE, DisputeState.WON),
    ]
    asked = {call.request.url.split("?")[0]: call.request.params for call in mercado.calls}
    assert asked[f"https://api.mercadopago.com{CASES}/search"]["payment_id"] == PAYMENT
    assert asked[f"https://api.mercadopago.com{CLAIMS}/search"]["resource_id"] == PAYMENT


def test_what_only_the_list_shows_is_still_a_dispute(mercado: Any) -> None:
    add(mercado, "GET", f"{CASES}/{CASE}", refusal(404), status=404)
    (found,) = about(mercado, cases=page(raw()), claims=page())
    assert found.state is DisputeState.DOCUMENTS


def test_finds_the_claim_about_the_order_of_a_payment(mercado: Any) -> None:
    add(mercado, "GET", f"{CASES}/search", page())
    add(mercado, "GET", f"/v1/payments/{PAYMENT}", payment())
    add(mercado, "GET", f"{CLAIMS}/search", page())
    row = claim(resource="order", resource_id=ORDER)
    add(mercado, "GET", f"{CLAIMS}/search", page(row))
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", row)
    add(mercado, "GET", f"/merchant_orders/{ORDER}", {"id": ORDER, "payments": [{"id": PAYMENT}]})
    (found,) = gateway().find_disputes(PAYMENT)
    assert (found.kind, found.payment_ids) == (DisputeKind.CLAIM, (PAYMENT,))


@pytest.mark.parametrize(
    ("status", "content"),
    [(400, refusal(400)), (403, POLICY), (403, refusal(403, 4)), (404, refusal(404)), (404, None)],
)
def test_an_account_without_the_product_has_no_disputes(mercado: Any, status: int, content: Any) -> None:
    assert about(mercado, cases=content, claims=content, status=status) == []


@pytest.mark.parametrize("kind", list(DisputeKind))
@pytest.mark.parametrize(("status", "content"), [(400, refusal(400)), (403, POLICY), (404, refusal(404))])
def test_a_dispute_we_may_not_see_is_not_there(
    mercado: Any, kind: DisputeKind, status: int, content: Any
) -> None:
    path = CASES if kind is DisputeKind.CHARGEBACK else CLAIMS
    add(mercado, "GET", f"{path}/77", content, status=status)
    with pytest.raises(NotFound):
        gateway().fetch_dispute(kind, "77")


def test_a_key_that_is_not_taken_is_another_matter(mercado: Any) -> None:
    add(mercado, "GET", f"{CASES}/search", {"message": "Invalid token", "status": 401}, status=401)
    with pytest.raises(CredentialsRefused):
        gateway().find_disputes(PAYMENT)
    add(mercado, "GET", f"{CASES}/77", {"message": "Invalid token", "status": 401}, status=401)
    with pytest.raises(CredentialsRefused):
        gateway().fetch_dispute(DisputeKind.CHARGEBACK, "77")


def test_a_gateway_in_trouble_is_no_account_without_disputes(mercado: Any) -> None:
    add(mercado, "GET", f"{CASES}/search", status=503)
    with pytest.raises(GatewayUnavailable):
        gateway().find_disputes(PAYMENT)


def test_an_empty_id_asks_for_nothing() -> None:
    for kind in DisputeKind:
        with pytest.raises(NotFound):
            gateway().fetch_dispute(kind, "")


def test_a_case_that_turns_out_to_be_about_another_payment_is_left_out(mercado: Any) -> None:
    add(mercado, "GET", f"{CASES}/{CASE}", raw(payments=[1]))
    add(mercado, "GET", f"{CLAIMS}/{CLAIM}", claim(resource_id=1))
    assert about(mercado, cases=page(raw(payments=None)), claims=page(claim(resource_id=None))) == []


@pytest.mark.parametrize(
    ("status", "detail", "expected"),
    [
        ("approved", "accredited", False),
        ("refunded", "refunded", False),
        ("in_mediation", "pending", True),
        ("charged_back", "in_process", True),
        ("charged_back", "reimbursed", True),
        ("charged_back", "settled", True),
    ],
)
def test_a_payment_tells_that_it_was_contested(status: str, detail: str, expected: bool) -> None:
    assert to_payment(payment(status=status, status_detail=detail)).has_dispute is expected
