"""Hosted pages with all their payments, cancelling, merchant orders."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from responses import matchers

from connections.gateways.base import Method, PaymentStatus, ResourceKind, Terms
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    HostedPageRequired,
    NotFound,
    RequestRefused,
    UnreadableAnswer,
)
from connections.gateways.mercadopago.client import MercadoPagoGateway
from tests.gateways import sample
from tests.gateways.mercadopago.desk import PREFERENCE, REFERENCE, add, gateway, prepared, refusal

CARD, REJECTED, PIX = "98000123460", "98000123459", "98000123456"
ORDER = "38000111222"
PAGE = f"/checkout/preferences/{PREFERENCE}"


def card(payment_id: str, **changes: Any) -> dict[str, Any]:
    return sample.body("mercadopago", "payment_card", id=int(payment_id), **changes)


def rejected() -> dict[str, Any]:
    return card(
        REJECTED,
        status="rejected",
        status_detail="cc_rejected_insufficient_amount",
        date_created="2026-08-01T10:05:00.000-04:00",
    )


def merchant_order(*payments: str, **changes: Any) -> dict[str, Any]:
    ids = [{"id": int(payment)} for payment in payments]
    return {"id": int(ORDER), "preference_id": PREFERENCE, "payments": ids, **changes}


def finds(mercado: Any, *, by_reference: list[Any], orders: list[Any] | None) -> None:
    add(mercado, "GET", "/v1/payments/search", {"paging": {}, "results": by_reference})
    add(mercado, "GET", "/merchant_orders/search", {"elements": orders, "total": 0})


def closed(**changes: Any) -> dict[str, Any]:
    ends = {"expires": True, "expiration_date_to": "2026-09-02T09:00:00.000-03:00"}
    return sample.body("mercadopago", "preference", **{**ends, **changes})


@pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
def test_refuses_terms_it_could_not_keep(method: Method) -> None:
    order = sample.order(method=method, terms=Terms(interest_bp=100))
    with pytest.raises(RequestRefused) as caught:
        gateway().prepare_charge(order)
    assert (caught.value.field, gateway().capabilities.takes_terms) == ("terms", False)


def test_declares_what_it_can_do() -> None:
    found = MercadoPagoGateway.capabilities
    assert found.methods == set(Method) - {Method.TICKET}
    assert (found.reports_overdue, found.sandbox_actions) == (False, frozenset())


@pytest.mark.parametrize("hosted", [False, True])
def test_a_card_is_always_paid_on_the_hosted_page(hosted: bool) -> None:
    call = gateway().prepare_charge(sample.order(method=Method.CARD, hosted=hosted))
    assert (call.kind, call.path) == (ResourceKind.PREFERENCE, "/checkout/preferences")


def test_the_page_offers_cards_in_one_instalment() -> None:
    body = prepared(method=Method.CARD)
    assert body["payment_methods"] == {
        "excluded_payment_types": [{"id": "ticket"}, {"id": "bank_transfer"}, {"id": "digital_currency"}],
        "installments": 1,
    }
    assert body["items"][0]["unit_price"] == Decimal("150.00")
    assert not {"back_urls", "auto_return"} & body.keys()


@pytest.mark.parametrize(
    ("minutes", "ends"), [(5, "2026-09-02T09:05:00.000-03:00"), (120, "2026-09-02T11:00:00.000-03:00")]
)
def test_a_page_for_cards_ends_when_the_order_says(minutes: int, ends: str) -> None:
    body = prepared(method=Method.CARD, expires_at=sample.NOW + timedelta(minutes=minutes))
    assert (body["expires"], body["expiration_date_to"]) == (True, ends)


def test_a_page_for_cards_lasts_until_the_end_of_the_due_date() -> None:
    assert prepared(method=Method.CARD)["expiration_date_to"] == "2026-09-05T23:59:59.000-03:00"


def test_makes_no_page_whose_time_is_over() -> None:
    with pytest.raises(RequestRefused) as caught:
        prepared(method=Method.CARD, expires_at=sample.NOW)
    assert caught.value.field == "due_date"


def test_fetches_a_page_with_every_attempt_oldest_first(mercado: Any) -> None:
    add(mercado, "GET", PAGE, "preference")
    finds(mercado, by_reference=[card(CARD)], orders=[merchant_order(REJECTED, CARD)])
    add(mercado, "GET", f"/v1/payments/{CARD}", card(CARD))
    add(mercado, "GET", f"/v1/payments/{REJECTED}", rejected())
    charge = gateway().fetch_charge(ResourceKind.PREFERENCE, PREFERENCE)
    assert (charge.kind, charge.gateway_id, charge.reference) == (
        ResourceKind.PREFERENCE,
        PREFERENCE,
        REFERENCE,
    )
    assert [(found.gateway_id, found.status) for found in charge.payments] == [
        (REJECTED, PaymentStatus.FAILED),
        (CARD, PaymentStatus.PAID),
    ]
    query = matchers.query_param_matcher({"preference_id": PREFERENCE, "limit": "50"})
    assert any(query(call.request)[0] for call in mercado.calls if "merchant_orders" in call.request.url)


@pytest.mark.parametrize("orders", [None, []])
def test_finds_a_payment_whose_order_is_not_listed_yet(mercado: Any, orders: list[Any] | None) -> None:
    add(mercado, "GET", PAGE, "preference")
    finds(mercado, by_reference=[card(CARD), sample.body("mercadopago", "payment_pix")], orders=orders)
    add(mercado, "GET", f"/v1/payments/{CARD}", card(CARD))
    add(mercado, "GET", f"/v1/payments/{PIX}", "payment_pix")
    charge = gateway().fetch_charge(ResourceKind.PREFERENCE, PREFERENCE)
    assert [found.gateway_id for found in charge.payments] == [CARD]


def test_skips_an_attempt_that_is_not_there_yet_and_orders_of_others(mercado: Any) -> None:
    add(mercado, "GET", PAGE, "preference")
    foreign = merchant_order("5", preference_id="other")
    finds(mercado, by_reference=[], orders=[merchant_order(CARD), foreign])
    add(mercado, "GET", f"/v1/payments/{CARD}", "error_not_found", status=404)
    assert gateway().fetch_charge(ResourceKind.PREFERENCE, PREFERENCE).payments == ()


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (404, "error_not_found", NotFound),
        (403, refusal(403, 4), NotFound),
        (401, None, CredentialsRefused),
        (200, {"id": "another"}, UnreadableAnswer),
    ],
)
def test_a_page_that_cannot_be_read(
    mercado: Any, status: int, content: Any, expected: type[GatewayError]
) -> None:
    add(mercado, "GET", PAGE, content, status=status)
    with pytest.raises(expected):
        gateway().fetch_charge(ResourceKind.PREFERENCE, PREFERENCE)


def test_fetches_a_direct_charge(mercado: Any) -> None:
    add(mercado, "GET", f"/v1/payments/{PIX}", "payment_pix")
    charge = gateway().fetch_charge(ResourceKind.PAYMENT, PIX)
    assert (charge.kind, charge.is_open, len(charge.payments)) == (ResourceKind.PAYMENT, True, 1)


def test_cancels_a_payment(mercado: Any) -> None:
    gone = sample.body("mercadopago", "payment_pix", status="cancelled", status_detail="by_collector")
    add(mercado, "PUT", f"/v1/payments/{PIX}", gone)
    gateway().cancel_charge(ResourceKind.PAYMENT, PIX)
    assert mercado.calls[0].request.body == b'{"status":"cancelled"}'


def test_says_why_a_payment_cannot_be_cancelled(mercado: Any) -> None:
    add(mercado, "PUT", f"/v1/payments/{PIX}", refusal(400, 2018, "status change not allowed"), status=400)
    add(mercado, "GET", f"/v1/payments/{PIX}", "payment_pix_approved")
    with pytest.raises(RequestRefused) as caught:
        gateway().cancel_charge(ResourceKind.PAYMENT, PIX)
    assert (caught.value.text, caught.value.code) == ("status change not allowed", "2018")


@pytest.mark.parametrize("detail", ["by_collector", "expired"])
def test_a_payment_cancelled_before_is_cancelled(mercado: Any, detail: str) -> None:
    gone = sample.body("mercadopago", "payment_pix", status="cancelled", status_detail=detail)
    add(mercado, "PUT", f"/v1/payments/{PIX}", refusal(400, 2018), status=400)
    add(mercado, "GET", f"/v1/payments/{PIX}", gone)
    gateway().cancel_charge(ResourceKind.PAYMENT, PIX)
    assert len(mercado.calls) == 2


def test_a_test_seller_who_may_not_cancel_is_sent_to_no_page(mercado: Any) -> None:
    add(mercado, "PUT", f"/v1/payments/{PIX}", "error_live_credentials", status=401)
    add(mercado, "GET", f"/v1/payments/{PIX}", "payment_pix")
    with pytest.raises(RequestRefused) as caught:
        gateway().cancel_charge(ResourceKind.PAYMENT, PIX)
    assert not isinstance(caught.value, HostedPageRequired)
    assert caught.value.text == "Unauthorized use of live credentials"


def test_believes_no_cancelling_the_answer_does_not_show(mercado: Any) -> None:
    add(mercado, "PUT", f"/v1/payments/{PIX}", "payment_pix")
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().cancel_charge(ResourceKind.PAYMENT, PIX)
    assert caught.value.maybe_sent is True


def test_closes_a_page_and_cancels_only_what_waits(mercado: Any) -> None:
    waiting = card(PIX, status="in_process", status_detail="pending_contingency")
    add(mercado, "PUT", PAGE, closed())
    finds(mercado, by_reference=[waiting, rejected(), card(CARD)], orders=None)
    for payment in (waiting, rejected(), card(CARD)):
        add(mercado, "GET", f"/v1/payments/{payment['id']}", payment)
    add(mercado, "GET", f"/merchant_orders/{ORDER}", merchant_order())
    add(mercado, "PUT", f"/v1/payments/{PIX}", {**waiting, "status": "cancelled"})
    gateway().cancel_charge(ResourceKind.PREFERENCE, PREFERENCE)
    assert mercado.calls[0].request.body == (
        b'{"expires":true,"expiration_date_to":"2026-09-02T09:00:00.000-03:00"}'
    )
    assert [call.request.method for call in mercado.calls].count("PUT") == 2


@pytest.mark.parametrize(
    ("content", "status"), [(merchant_order(PIX, preference_id="twin"), 200), (None, 404), (None, 403)]
)
def test_closing_a_page_cancels_nothing_of_its_twin(mercado: Any, content: Any, status: int) -> None:
    """Both have our reference; an order that cannot be read may be the twin's."""
    waiting = card(PIX, status="in_process", status_detail="pending_contingency")
    add(mercado, "PUT", PAGE, closed())
    finds(mercado, by_reference=[waiting], orders=None)
    add(mercado, "GET", f"/v1/payments/{PIX}", waiting)
    add(mercado, "GET", f"/merchant_orders/{ORDER}", content, status=status)
    gateway().cancel_charge(ResourceKind.PREFERENCE, PREFERENCE)
    assert [call.request.method for call in mercado.calls].count("PUT") == 1


def test_a_payment_is_cancelled_where_only_the_order_names_the_page(mercado: Any) -> None:
    waiting = card(PIX, status="in_process", status_detail="pending_contingency", order={})
    add(mercado, "PUT", PAGE, closed())
    finds(mercado, by_reference=[], orders=[merchant_order(PIX)])
    add(mercado, "GET", f"/v1/payments/{PIX}", waiting)
    add(mercado, "PUT", f"/v1/payments/{PIX}", {**waiting, "status": "cancelled"})
    gateway().cancel_charge(ResourceKind.PREFERENCE, PREFERENCE)
    assert [call.request.method for call in mercado.calls].count("PUT") == 2


@pytest.mark.parametrize("changes", [{"expires": False}, {"expiration_date_to": None}])
def test_believes_no_closing_the_answer_does_not_show(mercado: Any, changes: dict[str, Any]) -> None:
    add(mercado, "PUT", PAGE, closed(**changes))
    with pytest.raises(UnreadableAnswer):
        gateway().cancel_charge(ResourceKind.PREFERENCE, PREFERENCE)


def test_cannot_close_a_page_that_is_gone(mercado: Any) -> None:
    add(mercado, "PUT", PAGE, "error_not_found", status=404)
    with pytest.raises(NotFound):
        gateway().cancel_charge(ResourceKind.PREFERENCE, PREFERENCE)


@pytest.mark.parametrize("kind", list(ResourceKind))
def test_asks_nothing_for_an_empty_id(mercado: Any, kind: ResourceKind) -> None:
    for call in (gateway().fetch_charge, gateway().cancel_charge):
        with pytest.raises(NotFound):
            call(kind, "")
    with pytest.raises(NotFound):
        gateway().fetch_order_payments("")


def test_an_order_names_its_payments_once(mercado: Any) -> None:
    add(mercado, "GET", f"/merchant_orders/{ORDER}", merchant_order(REJECTED, CARD, CARD))
    assert gateway().fetch_order_payments(ORDER) == (REJECTED, CARD)


@pytest.mark.parametrize("payments", [None, [], {}, [{"id": None}, {}, "x"]])
def test_an_order_may_have_no_payments(mercado: Any, payments: object) -> None:
    add(mercado, "GET", f"/merchant_orders/{ORDER}", merchant_order(payments=payments))
    assert gateway().fetch_order_payments(ORDER) == ()


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (404, None, NotFound),
        (403, None, NotFound),
        (403, refusal(403, 4), NotFound),
        (401, None, CredentialsRefused),
    ],
)
def test_an_order_of_somebody_else_is_not_known(
    mercado: Any, status: int, content: Any, expected: type[GatewayError]
) -> None:
    add(mercado, "GET", f"/merchant_orders/{ORDER}", content, status=status)
    with pytest.raises(expected):
        gateway().fetch_order_payments(ORDER)


@pytest.mark.parametrize("action", ["simulate_payment", "simulate_overdue"])
def test_simulates_nothing_and_says_what_to_do(mercado: Any, action: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        getattr(gateway(), action)(PIX)
    assert "test card" in caught.value.text
