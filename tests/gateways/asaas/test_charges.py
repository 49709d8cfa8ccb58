"""Cards on the invoice page, whole charges, deletion and the sandbox's own calls."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.base import Environment, Method, PaymentStatus, ResourceKind
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    NotFound,
    RequestRefused,
    UnreadableAnswer,
)
from tests.gateways import sample
from tests.gateways.asaas.desk import add, error, gateway

PAYMENT_ID = "pay_k3v9x0q2m7d1r5tz"
PATH = f"/payments/{PAYMENT_ID}"
FORBIDDEN = error("invalid_action", "Somente cobranças pendentes podem ser removidas.")


def test_declares_what_it_can_do() -> None:
    found = AsaasGateway.capabilities
    assert found.methods == set(Method) - {Method.TICKET}
    assert (found.reports_overdue, found.takes_terms) == (True, True)
    assert found.sandbox_actions == {"simulate_payment", "simulate_overdue"}


def test_prepares_a_card_charge_without_card_data() -> None:
    prepared = gateway().prepare_charge(sample.order(method=Method.CARD))
    assert prepared.body == (
        '{"customer":"cus_000007410933","billingType":"CREDIT_CARD","value":150.00,"dueDate":"2026-09-05",'
        '"description":"Pedido 1007","externalReference":"chg-1007"}'
    )
    assert (prepared.kind, prepared.path) == (ResourceKind.PAYMENT, "/payments")


def test_a_card_charge_is_paid_on_its_invoice_page(asaas: Any) -> None:
    add(asaas, "POST", "/payments", "payment_card_unpaid")
    charge = gateway().submit_charge(gateway().prepare_charge(sample.order(method=Method.CARD)))
    assert charge.link.startswith("https://sandbox.asaas.com/i/")
    assert (charge.is_open, charge.payments[0].method) == (True, Method.CARD)


def test_a_charge_is_its_one_payment(asaas: Any) -> None:
    add(asaas, "GET", PATH, "payment_pix")
    charge = gateway().fetch_charge(ResourceKind.PAYMENT, PAYMENT_ID)
    assert (charge.gateway_id, charge.is_open, len(charge.payments)) == (PAYMENT_ID, True, 1)


def test_knows_no_preferences_and_no_orders(asaas: Any) -> None:
    for call in (gateway().fetch_charge, gateway().cancel_charge):
        with pytest.raises(NotFound):
            call(ResourceKind.PREFERENCE, "x")
        with pytest.raises(NotFound):
            call(ResourceKind.PAYMENT, "")
    with pytest.raises(NotFound):
        gateway().fetch_order_payments("5")
    assert len(asaas.calls) == 0


def test_deletes_a_charge(asaas: Any) -> None:
    add(asaas, "DELETE", PATH, {"deleted": True, "id": PAYMENT_ID})
    gateway().cancel_charge(ResourceKind.PAYMENT, PAYMENT_ID)
    assert not asaas.calls[0].request.body


@pytest.mark.parametrize("status", ["RECEIVED", "CONFIRMED", "REFUNDED"])
def test_says_why_a_charge_cannot_be_deleted(asaas: Any, status: str) -> None:
    add(asaas, "DELETE", PATH, FORBIDDEN, status=400)
    add(asaas, "GET", PATH, sample.body("asaas", "payment_pix", status=status))
    with pytest.raises(RequestRefused) as caught:
        gateway().cancel_charge(ResourceKind.PAYMENT, PAYMENT_ID)
    assert caught.value.text == "Somente cobranças pendentes podem ser removidas."


@pytest.mark.parametrize(("status", "content"), [(400, FORBIDDEN), (404, None)])
def test_a_charge_deleted_before_is_deleted(asaas: Any, status: int, content: Any) -> None:
    add(asaas, "DELETE", PATH, content, status=status)
    add(asaas, "GET", PATH, sample.body("asaas", "payment_pix", deleted=True))
    gateway().cancel_charge(ResourceKind.PAYMENT, PAYMENT_ID)
    assert len(asaas.calls) == 2


def test_cannot_delete_what_is_gone(asaas: Any) -> None:
    add(asaas, "DELETE", PATH, None, status=404)
    add(asaas, "GET", PATH, None, status=404)
    with pytest.raises(NotFound):
        gateway().cancel_charge(ResourceKind.PAYMENT, PAYMENT_ID)


@pytest.mark.parametrize("content", [{}, {"deleted": False, "id": PAYMENT_ID}, None])
def test_believes_no_deletion_the_answer_does_not_confirm(asaas: Any, content: Any) -> None:
    add(asaas, "DELETE", PATH, content)
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().cancel_charge(ResourceKind.PAYMENT, PAYMENT_ID)
    assert caught.value.maybe_sent is True


def test_a_lost_answer_leaves_the_deletion_in_doubt(asaas: Any) -> None:
    add(asaas, "DELETE", PATH, {}).body = requests.ReadTimeout("x")
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().cancel_charge(ResourceKind.PAYMENT, PAYMENT_ID)
    assert (caught.value.maybe_sent, len(asaas.calls)) == (True, 1)


@pytest.mark.parametrize(
    ("action", "path"), [("simulate_payment", "confirm"), ("simulate_overdue", "overdue")]
)
def test_the_sandbox_acts_for_the_payer(asaas: Any, action: str, path: str) -> None:
    add(asaas, "POST", f"/sandbox/payment/{PAYMENT_ID}/{path}", "payment_pix")
    getattr(gateway(), action)(PAYMENT_ID)
    assert len(asaas.calls) == 1


@pytest.mark.parametrize("action", ["simulate_payment", "simulate_overdue"])
def test_nothing_is_simulated_in_production(asaas: Any, action: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        getattr(gateway(environment=Environment.PRODUCTION), action)(PAYMENT_ID)
    assert (caught.value.text, len(asaas.calls)) == ("Only a sandbox account can simulate this.", 0)


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (400, error("invalid_action", "Esta cobrança não está aguardando pagamento."), RequestRefused),
        (404, None, NotFound),
        (401, None, CredentialsRefused),
    ],
)
def test_passes_on_what_the_sandbox_says(
    asaas: Any, status: int, content: Any, expected: type[GatewayError]
) -> None:
    add(asaas, "POST", f"/sandbox/payment/{PAYMENT_ID}/confirm", content, status=status)
    with pytest.raises(expected) as caught:
        gateway().simulate_payment(PAYMENT_ID)
    assert type(caught.value) is expected


def test_a_deleted_charge_reads_as_cancelled(asaas: Any) -> None:
    add(asaas, "GET", PATH, sample.body("asaas", "payment_pix", deleted=True))
    charge = gateway().fetch_charge(ResourceKind.PAYMENT, PAYMENT_ID)
    assert (charge.is_open, charge.payments[0].status) == (False, PaymentStatus.CANCELLED)
