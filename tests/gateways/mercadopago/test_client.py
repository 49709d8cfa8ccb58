from __future__ import annotations

import logging
from typing import Any

import pytest
import requests
from responses import matchers

from connections.gateways.base import Environment, Exchange, PaymentStatus, ResourceKind
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    HostedPageRequired,
    NotFound,
    RateLimited,
    RequestRefused,
    UnreadableAnswer,
)
from connections.gateways.mercadopago.client import MercadoPagoGateway
from connections.gateways.registry import gateway_class
from tests.gateways import sample
from tests.gateways.mercadopago.desk import (
    BASE,
    PREFERENCE,
    REFERENCE,
    add,
    gateway,
    refusal,
)


def test_is_registered_under_its_name() -> None:
    assert gateway_class("mercadopago") is MercadoPagoGateway
    assert [field.name for field in MercadoPagoGateway.credential_fields] == ["access_token"]
    assert {field.name for field in MercadoPagoGateway.webhook_secret_fields} == {"test", "production"}
    assert MercadoPagoGateway.capabilities.pix_minutes == (30, 43200)


@pytest.mark.parametrize("environment", list(Environment))
@pytest.mark.parametrize(
    ("simulator", "base"), [("", BASE), ("http://127.0.0.1:9", "http://127.0.0.1:9/mercadopago")]
)
def test_speaks_to_one_host_in_every_environment(
    mercado: Any, environment: Environment, simulator: str, base: str
) -> None:
    mercado.get(f"{base}/v1/payments/5", json={"id": 5})
    gateway(environment=environment, simulator_url=simulator).fetch_payment("5")
    assert mercado.calls[0].request.headers["Authorization"] == f"Bearer {sample.MP_TOKEN}"


def test_has_no_api_for_webhooks_and_needs_no_customers() -> None:
    assert gateway().read_webhook(url="https://x.example/") is None
    assert gateway().find_customer(sample.customer()) == gateway().create_customer(sample.customer()) == ""
    with pytest.raises(RequestRefused):
        gateway().register_webhook(url="https://x.example/", token="t", email="e", name="n")


def test_creates_a_pix_payment_with_the_stored_key(mercado: Any) -> None:
    add(mercado, "POST", "/v1/payments", "payment_pix", status=201)
    call = gateway().prepare_charge(sample.order())
    charge = gateway().submit_charge(call)
    assert (charge.kind, charge.gateway_id, charge.is_open) == (ResourceKind.PAYMENT, "98000123456", True)
    assert charge.payments[0].pix is not None
    request = mercado.calls[0].request
    assert (request.headers["X-Idempotency-Key"], request.body) == (call.idempotency_key, call.body.encode())


def test_creates_a_hosted_page(mercado: Any) -> None:
    add(mercado, "POST", "/checkout/preferences", "preference", status=201)
    charge = gateway().submit_charge(gateway().prepare_charge(sample.order(hosted=True)))
    assert (charge.kind, charge.gateway_id, charge.payments) == (ResourceKind.PREFERENCE, PREFERENCE, ())
    assert charge.link == f"https://www.mercadopago.com.br/checkout/v1/redirect?pref_id={PREFERENCE}"


def test_asks_for_the_hosted_page_where_direct_payments_are_refused(mercado: Any) -> None:
    add(mercado, "POST", "/v1/payments", "error_live_credentials", status=401)
    with pytest.raises(HostedPageRequired) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert (caught.value.code, caught.value.http_status) == ("7", 401)


@pytest.mark.parametrize("failure", [requests.ReadTimeout("x"), requests.ConnectionError("reset")])
def test_a_lost_answer_leaves_the_charge_in_doubt(mercado: Any, failure: Exception) -> None:
    add(mercado, "POST", "/v1/payments", {}).body = failure
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert (caught.value.maybe_sent, len(mercado.calls)) == (True, 1)


@pytest.mark.parametrize("content", [{}, [], {"id": None}, None])
def test_an_answer_without_an_id_leaves_the_charge_in_doubt(mercado: Any, content: Any) -> None:
    add(mercado, "POST", "/v1/payments", content)
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert caught.value.maybe_sent is True


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        ("error_4292", "4292", ""),
        ("error_auto_return", "invalid_auto_return", ""),
        (refusal(400, 2067), "2067", "document"),
        (refusal(400, "2072"), "2072", "amount"),
        (refusal(400, 4040), "4040", "amount"),
        (refusal(400, 23), "23", "due_date"),
        (refusal(400, 2034), "2034", "customer"),
        (refusal(400, 2131), "2131", "method"),
        (refusal(400, 9999, "payer.email must be a valid email"), "9999", "email"),
        ({"message": "x", "error": "invalid_items", "cause": None}, "invalid_items", "amount"),
        ({"message": "x", "cause": {"code": 2067}}, "2067", "document"),
        (None, "", ""),
    ],
)
def test_says_which_field_was_refused(mercado: Any, content: Any, code: str, field: str) -> None:
    add(mercado, "POST", "/v1/payments", content, status=400)
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert (caught.value.code, caught.value.field, bool(caught.value.text)) == (code, field, True)


@pytest.mark.parametrize(
    ("status", "code"), [(409, None), (423, None), (424, None), (400, 2001), (400, 2007), (502, None)]
)
def test_a_conflict_or_internal_failure_leaves_the_charge_in_doubt(
    mercado: Any, status: int, code: object
) -> None:
    add(mercado, "POST", "/v1/payments", refusal(status, code), status=status)
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert caught.value.maybe_sent is True


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (404, "error_not_found", NotFound),
        (403, refusal(403, 4), NotFound),
        (403, {"code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "status": 403}, CredentialsRefused),
        (401, "error_live_credentials", CredentialsRefused),
        (401, None, CredentialsRefused),
        (429, None, RateLimited),
        (503, None, GatewayUnavailable),
    ],
)
def test_raises_what_the_caller_acts_on(
    mercado: Any, status: int, content: Any, expected: type[GatewayError]
) -> None:
    add(mercado, "GET", "/v1/payments/98000123456", content, status=status)
    with pytest.raises(GatewayError) as caught:
        gateway().fetch_payment("98000123456")
    assert (type(caught.value), caught.value.http_status) == (expected, status)


def test_fetches_a_payment_and_its_pix_code(mercado: Any) -> None:
    add(mercado, "GET", "/v1/payments/98000123456", "payment_pix")
    assert gateway().fetch_payment("98000123456").status is PaymentStatus.PENDING
    found = gateway().fetch_pix_code("98000123456")
    assert found is not None and found.text.startswith("000201")


def test_a_payment_that_is_no_pix_has_no_code(mercado: Any) -> None:
    add(mercado, "GET", "/v1/payments/98000123457", "payment_boleto")
    assert gateway().fetch_pix_code("98000123457") is None


def test_believes_no_payment_with_another_id(mercado: Any) -> None:
    add(mercado, "GET", "/v1/payments/5", "payment_pix")
    with pytest.raises(UnreadableAnswer):
        gateway().fetch_payment("5")


def test_asks_nothing_for_an_empty_id_or_reference(mercado: Any) -> None:
    with pytest.raises(NotFound):
        gateway().fetch_payment("")
    assert gateway().find_charges("") == ()


def _searches(mercado: Any, payments: list[Any], preferences: list[Any] | None) -> None:
    add(mercado, "GET", "/v1/payments/search", {"paging": {}, "results": payments})
    add(mercado, "GET", "/checkout/preferences/search", {"elements": preferences, "total": 0})


def test_finds_a_direct_payment_and_reads_it_again(mercado: Any) -> None:
    listed = sample.body("mercadopago", "payment_pix")
    foreign = {**listed, "id": 7, "external_reference": "other"}
    _searches(mercado, [listed, foreign], None)
    add(mercado, "GET", "/v1/payments/98000123456", "payment_pix_approved")
    (charge,) = gateway().find_charges(REFERENCE)
    assert (charge.kind, charge.payments[0].status) == (ResourceKind.PAYMENT, PaymentStatus.PAID)
    query = {"external_reference": REFERENCE, "sort": "date_created", "criteria": "asc", "limit": "50"}
    assert matchers.query_param_matcher(query)(mercado.calls[0].request)[0]


def test_believes_the_search_while_the_payment_itself_is_not_there_yet(mercado: Any) -> None:
    _searches(mercado, [sample.body("mercadopago", "payment_pix")], [])
    add(mercado, "GET", "/v1/payments/98000123456", "error_not_found", status=404)
    assert [charge.gateway_id for charge in gateway().find_charges(REFERENCE)] == ["98000123456"]


def test_gives_the_payments_of_a_hosted_page_to_its_preference(mercado: Any) -> None:
    card, pix = sample.body("mercadopago", "payment_card"), sample.body("mercadopago", "payment_pix")
    _searches(mercado, [pix, card], [{"id": PREFERENCE, "external_reference": REFERENCE, "items": ["a"]}])
    add(mercado, "GET", "/v1/payments/98000123456", pix)
    add(mercado, "GET", "/v1/payments/98000123460", card)
    add(mercado, "GET", f"/checkout/preferences/{PREFERENCE}", "preference")
    hosted, direct = gateway().find_charges(REFERENCE)
    assert (hosted.kind, direct.kind) == (ResourceKind.PREFERENCE, ResourceKind.PAYMENT)
    assert [payment.gateway_id for payment in hosted.payments] == ["98000123460"]
    assert [payment.gateway_id for payment in direct.payments] == ["98000123456"]


def test_lists_two_preferences_oldest_first_with_the_payments_once(mercado: Any) -> None:
    card = sample.body("mercadopago", "payment_card")
    newer = sample.body("mercadopago", "preference", id="p-2", date_created="2026-08-02T10:00:00.000-04:00")
    _searches(
        mercado, [card], [{"id": "p-2"}, {"id": PREFERENCE}, {"id": "p-3", "external_reference": "other"}]
    )
    add(mercado, "GET", "/v1/payments/98000123460", card)
    add(mercado, "GET", "/checkout/preferences/p-2", newer)
    add(mercado, "GET", f"/checkout/preferences/{PREFERENCE}", "preference")
    charges = gateway().find_charges(REFERENCE)
    assert [(charge.gateway_id, len(charge.payments)) for charge in charges] == [(PREFERENCE, 1), ("p-2", 0)]


def test_leaves_no_token_or_customer_in_logs_and_timeline(
    mercado: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Exchange] = []
    add(mercado, "POST", "/v1/payments", "payment_pix", status=201)
    owner = gateway(on_exchange=seen.append)
    owner.submit_charge(owner.prepare_charge(sample.order()))
    printed = caplog.text + repr(seen) + repr(sample.access("mercadopago"))
    private = [sample.MP_TOKEN, "12345678909", "ana@example.com", "Lima", "webhooks/7f3c"]
    assert [word for word in private if word in printed] == []
    assert (seen[0].path, seen[0].http_status) == ("/v1/payments", 201)


@pytest.mark.parametrize("content", [None, refusal(401), refusal(401, 5)])
def test_another_401_while_paying_is_the_tokens_fault(mercado: Any, content: Any) -> None:
    add(mercado, "POST", "/v1/payments", content, status=401)
    with pytest.raises(CredentialsRefused):
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
