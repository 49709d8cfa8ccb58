"""Boletos and charges whose payer chooses: what is asked for, and the digits that come back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.base import Boleto, Method, PaymentStatus, ResourceKind, Terms
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayUnavailable,
    NotFound,
    RequestRefused,
    UnreadableAnswer,
)
from tests.gateways import sample
from tests.gateways.asaas.desk import add, error, gateway

PAYMENT_ID = "pay_m2d8s5f1g7h3j9k4"
PATH = f"/payments/{PAYMENT_ID}"
DIGITS = f"{PATH}/identificationField"
LINE = "00190000090275928800021932978170187890000032050"
BARCODE = "00191878900000320500000002759288002193297817"
PDF = "https://sandbox.asaas.com/b/pdf/m2d8s5f1g7h3j9k4"


def prepared(**changes: Any) -> str:
    return gateway().prepare_charge(sample.order(**{"method": Method.BOLETO, **changes})).body


def test_declares_what_no_form_offers_yet() -> None:
    found = AsaasGateway.capabilities
    assert {Method.BOLETO, Method.ANY} <= found.methods
    assert (found.needs_address, found.boleto_days, found.takes_late_days) == (frozenset(), None, True)


def test_prepares_the_bytes_of_a_boleto_with_all_its_terms() -> None:
    terms = Terms(discount_cents=1, discount_until=date(2026, 9, 5), fine_cents=1, interest_bp=1)
    customer = sample.customer(name="Conceição Brandão", address=sample.address(street="Praça da Sé"))
    body = prepared(
        amount_cents=32051, description="Mês de março à vista", terms=terms, late_days=29, customer=customer
    )
    assert body == (
        '{"customer":"cus_000007410933","billingType":"BOLETO","value":320.51,"dueDate":"2026-09-05",'
        '"description":"Mês de março à vista","externalReference":"chg-1007",'
        '"discount":{"value":0.01,"dueDateLimitDays":0,"type":"FIXED"},"fine":{"value":0.01,"type":"FIXED"},'
        '"interest":{"value":0.01},"daysAfterDueDateToRegistrationCancellation":29}'
    )


@pytest.mark.parametrize(
    ("method", "word"), [(Method.BOLETO, "BOLETO"), (Method.ANY, "UNDEFINED"), (Method.PIX, "PIX")]
)
def test_asks_for_the_billing_type(method: Method, word: str) -> None:
    assert f'"billingType":"{word}"' in prepared(method=method)


@pytest.mark.parametrize(
    ("method", "late_days", "is_told"),
    [
        (Method.BOLETO, 0, True),
        (Method.BOLETO, None, False),
        (Method.ANY, 5, True),
        (Method.PIX, 5, False),
        (Method.CARD, 5, False),
    ],
)
def test_says_only_of_boletos_how_long_they_may_be_late(
    method: Method, late_days: int | None, is_told: bool
) -> None:
    written = f'"daysAfterDueDateToRegistrationCancellation":{late_days}}}'
    assert prepared(method=method, late_days=late_days).endswith(written) is is_told


@pytest.mark.parametrize(
    ("name", "method"), [("payment_boleto", Method.BOLETO), ("payment_undefined", Method.ANY)]
)
def test_creates_a_charge_paid_on_its_invoice_page(asaas: Any, name: str, method: Method) -> None:
    add(asaas, "POST", "/payments", name)
    charge = gateway().submit_charge(gateway().prepare_charge(sample.order(method=method)))
    assert (charge.kind, charge.is_open) == (ResourceKind.PAYMENT, True)
    assert charge.link.startswith("https://sandbox.asaas.com/i/")
    assert [(found.method, found.status) for found in charge.payments] == [(method, PaymentStatus.PENDING)]


@pytest.mark.parametrize("billing", ["BOLETO", "UNDEFINED"])
def test_fetches_line_bar_code_and_file(asaas: Any, billing: str) -> None:
    add(asaas, "GET", PATH, sample.body("asaas", "payment_boleto", billingType=billing))
    add(asaas, "GET", DIGITS, "identification_field")
    assert gateway().fetch_boleto(PAYMENT_ID) == Boleto(line=LINE, barcode=BARCODE, pdf_url=PDF)


@pytest.mark.parametrize("digits", [{"identificationField": LINE}, {"barCode": BARCODE}])
def test_makes_one_from_the_other(asaas: Any, digits: dict[str, str]) -> None:
    add(asaas, "GET", PATH, sample.body("asaas", "payment_boleto", bankSlipUrl=None))
    add(asaas, "GET", DIGITS, digits)
    assert gateway().fetch_boleto(PAYMENT_ID) == Boleto(line=LINE, barcode=BARCODE)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (404, None),
        (400, error("invalid_action", "Boleto ainda não registrado")),
        (200, None),
        (200, {}),
        (200, {"identificationField": None, "barCode": "", "nossoNumero": "13004417"}),
    ],
)
def test_has_no_boleto_yet(asaas: Any, status: int, content: Any) -> None:
    add(asaas, "GET", PATH, "payment_boleto")
    add(asaas, "GET", DIGITS, content, status=status)
    assert gateway().fetch_boleto(PAYMENT_ID) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"deleted": True},
        {"billingType": "PIX"},
        {"billingType": "CREDIT_CARD"},
        {"status": "RECEIVED", "pixTransaction": "9e1d5f7b"},
    ],
)
def test_asks_for_no_digits_nobody_may_pay_by(asaas: Any, changes: dict[str, Any]) -> None:
    add(asaas, "GET", PATH, sample.body("asaas", "payment_boleto", **changes))
    assert gateway().fetch_boleto(PAYMENT_ID) is None
    assert len(asaas.calls) == 1


@pytest.mark.parametrize(
    "digits",
    [
        {"identificationField": LINE[:-1] + "1", "barCode": BARCODE},
        {"identificationField": LINE, "barCode": BARCODE[:-1] + "8"},
        {"identificationField": LINE[:-1]},
        {"identificationField": 190000090275928800021932978170187890000032050},
    ],
)
def test_hands_on_no_line_that_does_not_fit_its_bar_code(asaas: Any, digits: dict[str, Any]) -> None:
    add(asaas, "GET", PATH, "payment_boleto")
    add(asaas, "GET", DIGITS, digits)
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().fetch_boleto(PAYMENT_ID)
    assert (caught.value.maybe_sent, bool(caught.value.text)) == (False, True)


@pytest.mark.parametrize("value", ["320.49", "320.51", "3205.00"])
def test_hands_on_no_line_of_another_amount(asaas: Any, value: str) -> None:
    add(asaas, "GET", PATH, sample.body("asaas", "payment_boleto", value=Decimal(value)))
    add(asaas, "GET", DIGITS, "identification_field")
    with pytest.raises(UnreadableAnswer):
        gateway().fetch_boleto(PAYMENT_ID)


def test_a_boleto_paid_late_keeps_the_line_of_what_was_asked(asaas: Any) -> None:
    paid = {"status": "RECEIVED", "value": Decimal("327.00"), "originalValue": Decimal("320.50")}
    add(asaas, "GET", PATH, sample.body("asaas", "payment_boleto", **paid))
    add(asaas, "GET", DIGITS, "identification_field")
    found = gateway().fetch_boleto(PAYMENT_ID)
    assert found is not None and found.line == LINE


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, CredentialsRefused), (404, NotFound), (500, GatewayUnavailable)],
)
def test_says_what_went_wrong_with_the_payment(asaas: Any, status: int, expected: type[Exception]) -> None:
    add(asaas, "GET", PATH, None, status=status)
    with pytest.raises(expected):
        gateway().fetch_boleto(PAYMENT_ID)


def test_asks_nothing_for_an_empty_id_and_believes_no_other_payment(asaas: Any) -> None:
    with pytest.raises(NotFound):
        gateway().fetch_boleto("")
    add(asaas, "GET", "/payments/pay_other", "payment_boleto")
    with pytest.raises(UnreadableAnswer):
        gateway().fetch_boleto("pay_other")


def test_says_which_field_of_a_boleto_was_refused(asaas: Any) -> None:
    content = error("invalid_dueDate", "O vencimento do boleto deve ser a partir de amanhã.")
    add(asaas, "POST", "/payments", content, status=400)
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_charge(gateway().prepare_charge(sample.order(method=Method.BOLETO)))
    assert caught.value.field == "due_date"
