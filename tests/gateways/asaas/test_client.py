from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses
from responses import matchers

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.base import Environment, Exchange, PaymentStatus
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    KeyOfOtherEnvironment,
    NotFound,
    RequestRefused,
    UnreadableAnswer,
)
from connections.gateways.registry import gateway_class
from tests.gateways import sample
from tests.gateways.asaas.desk import (
    BASE,
    add,
    error,
    gateway,
    listed,
    sent,
)

PAYMENT_ID = "pay_k3v9x0q2m7d1r5tz"


def test_is_registered_under_its_name() -> None:
    assert gateway_class("asaas") is AsaasGateway
    assert (AsaasGateway.name, AsaasGateway.label) == ("asaas", "Asaas")
    assert [field.name for field in AsaasGateway.credential_fields] == ["api_key"]


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://api-sandbox.asaas.com/v3/payments/x"),
        ({"environment": Environment.PRODUCTION}, "https://api.asaas.com/v3/payments/x"),
        ({"simulator_url": "http://127.0.0.1:9"}, "http://127.0.0.1:9/asaas/sandbox/v3/payments/x"),
        (
            {"simulator_url": "http://127.0.0.1:9", "environment": Environment.PRODUCTION},
            "http://127.0.0.1:9/asaas/production/v3/payments/x",
        ),
    ],
)
def test_speaks_to_the_address_of_its_environment(asaas: Any, changes: dict[str, Any], url: str) -> None:
    asaas.get(url, json={"id": "x"})
    gateway(**changes).fetch_payment("x")
    assert asaas.calls[0].request.headers["access_token"] == sample.ASAAS_KEY


def test_prefers_the_customer_we_made_and_skips_deleted_ones(asaas: Any) -> None:
    customers = (
        {"id": "cus_1", "deleted": True, "externalReference": "cust-42"},
        {"id": "cus_2", "deleted": False, "externalReference": None},
        {"id": "cus_3", "deleted": False, "externalReference": "cust-42"},
    )
    match = [matchers.query_param_matcher({"cpfCnpj": "12345678909", "limit": "100", "offset": "0"})]
    add(asaas, "GET", "/customers", listed(*customers), match=match)
    assert gateway().find_customer(sample.customer()) == "cus_3"


def test_finds_nobody_among_deleted_customers(asaas: Any) -> None:
    add(asaas, "GET", "/customers", listed({"id": "cus_1", "deleted": True}))
    assert gateway().find_customer(sample.customer()) == ""


def test_looks_nobody_up_without_a_document(asaas: Any) -> None:
    assert gateway().find_customer(sample.customer(document="")) == ""


def test_creates_a_customer_asaas_will_not_write_to(asaas: Any) -> None:
    add(asaas, "POST", "/customers", "customer")
    assert gateway().create_customer(sample.customer()) == "cus_000007410933"
    assert sent(asaas) == {
        "name": "Ana Lima Souza",
        "cpfCnpj": "12345678909",
        "email": "ana@example.com",
        "mobilePhone": "11987654321",
        "externalReference": "cust-42",
        "notificationDisabled": True,
    }


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("1133334444", {"phone": "1133334444"}),
        ("55 11 3333-4444", {"phone": "1133334444"}),
        ("55987654321", {"mobilePhone": "55987654321"}),
        ("+1 212 555 0100 99", {}),
        ("", {}),
    ],
)
def test_puts_a_phone_in_the_box_asaas_accepts(asaas: Any, phone: str, expected: dict[str, str]) -> None:
    add(asaas, "POST", "/customers", "customer")
    gateway().create_customer(sample.customer(phone=phone, email=""))
    assert {key: value for key, value in sent(asaas).items() if "hone" in key} == expected
    assert "email" not in sent(asaas)


def test_refuses_a_customer_that_could_never_be_charged(asaas: Any) -> None:
    with pytest.raises(RequestRefused) as caught:
        gateway().create_customer(sample.customer(document=""))
    assert caught.value.field == "document"


def test_prepares_the_bytes_of_a_pix_charge() -> None:
    prepared = gateway().prepare_charge(sample.order(description="Caf\u00e9 com p\u00e3o"))
    assert prepared.body == (
        '{"customer":"cus_000007410933","billingType":"PIX","value":150.00,"dueDate":"2026-09-05",'
        '"description":"Caf\u00e9 com p\u00e3o","externalReference":"chg-1007"}'
    )
    assert (prepared.method, prepared.path) == ("POST", "/payments")
    assert "Caf" not in repr(prepared)


def test_the_same_order_gives_the_same_bytes_at_any_time() -> None:
    later = gateway(now=lambda: datetime(2026, 9, 4, tzinfo=UTC))
    assert gateway().prepare_charge(sample.order()) == later.prepare_charge(sample.order())


def test_refuses_an_order_without_a_customer() -> None:
    with pytest.raises(RequestRefused) as caught:
        gateway().prepare_charge(sample.order(customer_id=""))
    assert caught.value.field == "customer"


def test_creates_a_charge_with_the_prepared_bytes(asaas: Any) -> None:
    add(asaas, "POST", "/payments", "payment_pix")
    prepared = gateway().prepare_charge(sample.order())
    charge = gateway().submit_charge(prepared)
    assert (charge.gateway_id, charge.reference, charge.is_open) == (PAYMENT_ID, "chg-1007", True)
    assert charge.payments[0].status is PaymentStatus.PENDING
    assert charge.payments[0].account_id == "acc-1"
    assert asaas.calls[0].request.body == prepared.body.encode()
    assert not [name for name in asaas.calls[0].request.headers if "idempotency" in name.lower()]


@pytest.mark.parametrize("failure", [requests.ReadTimeout("x"), requests.ConnectionError("reset")])
def test_a_lost_answer_leaves_the_charge_in_doubt(asaas: Any, failure: Exception) -> None:
    add(
        asaas,
        "POST",
        "/payments",
        {},
    ).body = failure
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert (caught.value.maybe_sent, len(asaas.calls)) == (True, 1)


@pytest.mark.parametrize("content", [{}, [], {"id": ""}, None])
def test_an_answer_without_an_id_leaves_the_charge_in_doubt(asaas: Any, content: Any) -> None:
    add(asaas, "POST", "/payments", content)
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert caught.value.maybe_sent is True


@pytest.mark.parametrize(
    ("code", "description", "field"),
    [
        ("invalid_customer", "Customer inválido ou não informado.", "customer"),
        ("invalid_customer.cpfCnpj", "Para criar esta cobrança é necessário preencher o CPF", "document"),
        ("invalid_object", "O CPF/CNPJ informado é inválido.", "document"),
        ("invalid_name", "O campo name deve ser informado", "name"),
        ("invalid_mobilePhone", "O celular informado é inválido.", "phone"),
        ("invalid_value", "O campo value deve ser informado", "amount"),
        ("invalid_object", "O valor da cobrança (R$ 3,00) não pode ser menor que R$ 5,00.", "amount"),
        ("invalid_dueDate", "Não é permitido data de vencimento inferior a hoje.", "due_date"),
        ("invalid_object", "Não é permitido data de vencimento inferior a hoje.", "due_date"),
        ("invalid_billingType", "Cartão não habilitado", "method"),
        ("invalid_action", "Transação não autorizada.", ""),
    ],
)
def test_says_which_field_was_refused(asaas: Any, code: str, description: str, field: str) -> None:
    add(asaas, "POST", "/payments", error(code, description), status=400)
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert (caught.value.field, caught.value.code, caught.value.text) == (field, code, description)


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (401, None, CredentialsRefused),
        (401, error("invalid_environment", "A chave não pertence a este ambiente"), KeyOfOtherEnvironment),
        (403, None, CredentialsRefused),
        (404, None, NotFound),
        (400, {"errors": "x"}, RequestRefused),
        (400, None, RequestRefused),
        (422, None, RequestRefused),
        (503, None, GatewayUnavailable),
    ],
)
def test_raises_what_the_caller_acts_on(
    asaas: Any, status: int, content: Any, expected: type[GatewayError]
) -> None:
    add(asaas, "GET", f"/payments/{PAYMENT_ID}", content, status=status)
    with pytest.raises(GatewayError) as caught:
        gateway().fetch_payment(PAYMENT_ID)
    assert (type(caught.value), caught.value.http_status, bool(caught.value.text)) == (expected, status, True)


def test_a_refusal_that_quotes_a_customer_is_cleaned(asaas: Any) -> None:
    add(
        asaas, "POST", "/payments", error("invalid_object", "ana@example.com, CPF 123.456.789-09"), status=400
    )
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order()))
    assert str(caught.value) == "RequestRefused 400 invalid_object ***, CPF ***"


def test_fetches_a_deleted_payment(asaas: Any) -> None:
    add(asaas, "GET", f"/payments/{PAYMENT_ID}", sample.body("asaas", "payment_pix", deleted=True))
    assert gateway().fetch_payment(PAYMENT_ID).status is PaymentStatus.CANCELLED


def test_believes_no_payment_with_another_id(asaas: Any) -> None:
    add(asaas, "GET", "/payments/pay_other", "payment_pix")
    with pytest.raises(UnreadableAnswer):
        gateway().fetch_payment("pay_other")


@pytest.mark.parametrize("gateway_id", ["../customers", "a b?c=d", "x/refund"])
def test_an_odd_id_stays_one_step_of_the_path(asaas: Any, gateway_id: str) -> None:
    asaas.add(responses.GET, re.compile(".*"), status=404)
    with pytest.raises(NotFound):
        gateway().fetch_payment(gateway_id)
    assert asaas.calls[0].request.url.removeprefix(f"{BASE}/payments/").isprintable()
    assert asaas.calls[0].request.url.count("/") == 5


def test_asks_nothing_for_an_empty_id(asaas: Any) -> None:
    with pytest.raises(NotFound):
        gateway().fetch_payment("")


def test_fetches_the_pix_code(asaas: Any) -> None:
    add(asaas, "GET", f"/payments/{PAYMENT_ID}/pixQrCode", "pix_qr_code")
    found = gateway().fetch_pix_code(PAYMENT_ID)
    assert found is not None
    assert found.expires_at == datetime(2027, 9, 6, 2, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "content"),
    [(404, None), (400, error("invalid_action", "QR Code ainda não disponível")), (200, None)],
)
def test_has_no_pix_code_yet(asaas: Any, status: int, content: Any) -> None:
    add(asaas, "GET", f"/payments/{PAYMENT_ID}/pixQrCode", content, status=status)
    assert gateway().fetch_pix_code(PAYMENT_ID) is None


def test_finds_charges_oldest_first_and_only_ours(asaas: Any) -> None:
    newest, oldest = (
        sample.body("asaas", "payment_pix", id="pay_2"),
        sample.body("asaas", "payment_pix", id="pay_1"),
    )
    foreign = sample.body("asaas", "payment_pix", id="pay_3", externalReference="other")
    first = {"externalReference": "chg-1007", "limit": "100", "offset": "0"}
    second = {**first, "offset": "100"}
    add(asaas, "GET", "/payments", listed(newest, more=True), match=[matchers.query_param_matcher(first)])
    add(asaas, "GET", "/payments", listed(foreign, oldest), match=[matchers.query_param_matcher(second)])
    assert [charge.gateway_id for charge in gateway().find_charges("chg-1007")] == ["pay_1", "pay_2"]


def test_never_lists_everything_for_an_empty_reference(asaas: Any) -> None:
    assert gateway().find_charges("") == ()


def test_a_list_without_end_is_given_up(asaas: Any) -> None:
    add(asaas, "GET", "/payments", listed(sample.body("asaas", "payment_pix"), more=True))
    assert len(gateway().find_charges("chg-1007")) == 10


def test_leaves_no_key_or_customer_in_logs_and_timeline(asaas: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Exchange] = []
    add(asaas, "GET", "/customers", listed({"id": "cus_1", "name": "Ana Lima", "email": "ana@example.com"}))
    gateway(on_exchange=seen.append).find_customer(sample.customer())
    printed = caplog.text + repr(seen) + repr(sample.access()) + repr(sample.customer())
    private = [sample.ASAAS_KEY, sample.ASAAS_KEY[11:60], "12345678909", "ana@example.com", "Ana Lima"]
    assert [word for word in private if word in printed] == []
    assert seen[0].path == "/customers?cpfCnpj=***&limit=100&offset=0"
