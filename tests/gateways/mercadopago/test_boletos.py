"""Boletos and pages whose payer chooses: what is asked for, and the digits that come back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.base import Boleto, Method, PaymentStatus, ResourceKind
from connections.gateways.errors import HostedPageRequired, NotFound, RequestRefused, UnreadableAnswer
from connections.gateways.mercadopago.client import MercadoPagoGateway
from connections.gateways.mercadopago.mapping import to_payment
from tests.gateways import sample
from tests.gateways.mercadopago.desk import add, gateway, prepared, refusal

BOLETO = "98000123457"
LINE = "23793380032606000099488776633302812500000014990"
BARCODE = "23798125000000149903380026060000998877663330"
LAST_OF_THE_DAY = datetime(2026, 9, 3, 2, 59, 59, tzinfo=UTC)
FIRST_OF_THE_DAY = datetime(2026, 9, 2, 3, 0, tzinfo=UTC)
TODAY = date(2026, 9, 2)


def customer(**changes: Any) -> Any:
    return sample.customer(**{"address": sample.address(), **changes})


def boleto(**changes: Any) -> dict[str, Any]:
    return prepared(**{"method": Method.BOLETO, "customer": customer(), **changes})


def raw(**changes: Any) -> dict[str, Any]:
    return sample.body("mercadopago", "payment_boleto", **changes)


def details(**changes: Any) -> dict[str, Any]:
    return {"transaction_details": {**raw()["transaction_details"], **changes}}


def test_declares_what_no_form_offers_yet() -> None:
    found = MercadoPagoGateway.capabilities
    assert {Method.BOLETO, Method.ANY} <= found.methods
    assert (found.needs_address, found.boleto_days, found.takes_late_days) == (
        {Method.BOLETO},
        (1, 29),
        False,
    )


def test_prepares_the_bytes_of_a_boleto() -> None:
    wanted = sample.order(
        method=Method.BOLETO,
        amount_cents=10001,
        late_days=5,
        customer=customer(name="Conceição d'Ávila Brandão", address=sample.address(street=" Praça da Sé ")),
    )
    call = gateway().prepare_charge(wanted)
    assert call.body == (
        '{"transaction_amount":100.01,"payment_method_id":"bolbradesco","description":"Pedido 1007",'
        '"external_reference":"chg-1007",'
        '"notification_url":"https://pay.example.com/webhooks/7f3c/?source_news=webhooks",'
        '"date_of_expiration":"2026-09-05T23:59:59.000-03:00","payer":{"email":"ana@example.com",'
        '"first_name":"Conceição","last_name":"d\'Ávila Brandão",'
        '"identification":{"type":"CPF","number":"12345678909"},'
        '"address":{"zip_code":"01310100","street_name":"Praça da Sé","street_number":"1578",'
        '"neighborhood":"Bela Vista","city":"São Paulo","federal_unit":"SP"}}}'
    )
    assert (call.kind, call.path) == (ResourceKind.PAYMENT, "/v1/payments")
    assert "Paulista" not in repr(call) and "Paulista" not in repr(wanted)


def test_the_same_order_gives_the_same_bytes_at_any_time() -> None:
    later = gateway(now=lambda: sample.NOW + timedelta(days=2))
    order = sample.order(method=Method.BOLETO, customer=customer())
    assert gateway().prepare_charge(order) == later.prepare_charge(order)


def test_sends_accents_as_they_are(mercado: Any) -> None:
    add(mercado, "POST", "/v1/payments", "payment_boleto", status=201)
    order = sample.order(method=Method.BOLETO, customer=customer(name="Conceição Brandão"))
    gateway().submit_charge(gateway().prepare_charge(order))
    assert "Conceição".encode() in mercado.calls[0].request.body


@pytest.mark.parametrize("now", [FIRST_OF_THE_DAY, LAST_OF_THE_DAY])
@pytest.mark.parametrize("hosted", [False, True])
@pytest.mark.parametrize("days", [1, 29])
def test_a_boleto_may_be_due_within_its_days(days: int, hosted: bool, now: datetime) -> None:
    due = TODAY + timedelta(days=days)
    order = sample.order(method=Method.BOLETO, customer=customer(), due_date=due, hosted=hosted)
    written = f"{due.isoformat()}T23:59:59.000-03:00"
    body = gateway(now=lambda: now).prepare_charge(order).body
    assert f'"date_of_expiration":"{written}"' in body
    assert timedelta(days=1) <= datetime.fromisoformat(written) - now < timedelta(days=30)


@pytest.mark.parametrize("now", [FIRST_OF_THE_DAY, LAST_OF_THE_DAY])
@pytest.mark.parametrize("hosted", [False, True])
@pytest.mark.parametrize("days", [-1, 0, 30])
def test_a_boleto_is_due_on_no_other_day(days: int, hosted: bool, now: datetime) -> None:
    due = TODAY + timedelta(days=days)
    order = sample.order(method=Method.BOLETO, customer=customer(), due_date=due, hosted=hosted)
    with pytest.raises(RequestRefused) as caught:
        gateway(now=lambda: now).prepare_charge(order)
    assert (caught.value.field, "1 to 29 days" in caught.value.text) == ("due_date", True)


@pytest.mark.parametrize(
    ("part", "value", "word"),
    [
        ("zip_code", "", "ZIP"),
        ("zip_code", "0131010", "ZIP"),
        ("zip_code", "01310-100", "ZIP"),
        ("zip_code", "٠١٣١٠١٠٠", "ZIP"),
        ("street", "  ", "street"),
        ("number", "", "house number"),
        ("district", "", "neighbourhood"),
        ("city", "", "city"),
        ("state", "", "state"),
        ("state", "São Paulo", "state"),
        ("state", "S1", "state"),
    ],
)
def test_names_the_part_of_the_address_that_is_missing(part: str, value: str, word: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        boleto(customer=customer(address=sample.address(**{part: value})))
    assert (caught.value.field, word in caught.value.text) == (part, True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"customer": sample.customer()}, "address"),
        ({"customer": customer(name="Ana ")}, "name"),
        ({"customer": customer(document="", document_type="")}, "document"),
        ({"customer": customer(document="X123", document_type="PASSPORT")}, "document"),
        ({"customer": customer(email="")}, "email"),
        ({"currency": "ARS"}, "method"),
        ({"currency": "ARS", "hosted": True}, "method"),
    ],
)
def test_refuses_a_boleto_without_what_it_needs(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        boleto(**changes)
    assert (caught.value.field, bool(caught.value.text)) == (field, True)


def test_a_state_may_be_written_small_and_a_number_be_none() -> None:
    found = boleto(customer=customer(address=sample.address(state="sp", number="S/N")))["payer"]["address"]
    assert (found["federal_unit"], found["street_number"]) == ("SP", "S/N")


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("payer.address.zip_code is invalid", "zip_code"),
        ("payer.address.street_name can't be null", "street"),
        ("payer.address.street_number can't be null", "number"),
        ("payer.address.neighborhood can't be null", "district"),
        ("payer.address.federal_unit is invalid", "state"),
        ("payer.address.city can't be null", "city"),
        ("payer.address can't be null", "address"),
    ],
)
def test_says_which_part_mercado_pago_refused(mercado: Any, message: str, field: str) -> None:
    add(mercado, "POST", "/v1/payments", refusal(400, 8888, message), status=400)
    order = sample.order(method=Method.BOLETO, customer=customer())
    with pytest.raises(RequestRefused) as caught:
        gateway().submit_charge(gateway().prepare_charge(order))
    assert (caught.value.field, caught.value.text) == (field, message)
    assert caught.value.advice.startswith("For a boleto Mercado Pago needs")


def test_asks_for_the_hosted_page_where_direct_payments_are_refused(mercado: Any) -> None:
    add(mercado, "POST", "/v1/payments", "error_live_credentials", status=401)
    with pytest.raises(HostedPageRequired):
        gateway().submit_charge(
            gateway().prepare_charge(sample.order(method=Method.BOLETO, customer=customer()))
        )


def test_a_page_for_boletos_leaves_out_every_other_way() -> None:
    body = boleto(hosted=True, customer=sample.customer(name="Ana", document=""))
    assert body["payment_methods"] == {
        "excluded_payment_types": [
            {"id": "credit_card"},
            {"id": "debit_card"},
            {"id": "prepaid_card"},
            {"id": "bank_transfer"},
            {"id": "digital_currency"},
        ]
    }
    assert body["date_of_expiration"] == body["expiration_date_to"] == "2026-09-05T23:59:59.000-03:00"


@pytest.mark.parametrize("hosted", [False, True])
def test_a_payer_who_chooses_is_offered_every_way_of_ours(hosted: bool) -> None:
    call = gateway().prepare_charge(sample.order(method=Method.ANY, hosted=hosted))
    assert (call.kind, call.path) == (ResourceKind.PREFERENCE, "/checkout/preferences")
    excluded = prepared(method=Method.ANY)["payment_methods"]["excluded_payment_types"]
    assert [kind["id"] for kind in excluded] == ["digital_currency"]
    assert prepared(method=Method.ANY)["payment_methods"]["installments"] == 1


@pytest.mark.parametrize(
    ("due", "currency", "expected"),
    [
        (TODAY, "BRL", None),
        (TODAY + timedelta(days=1), "BRL", "2026-09-03T23:59:59.000-03:00"),
        (TODAY + timedelta(days=29), "BRL", "2026-10-01T23:59:59.000-03:00"),
        (TODAY + timedelta(days=30), "BRL", None),
        (TODAY + timedelta(days=1), "ARS", "2026-09-03T23:59:59.000-03:00"),
        (TODAY + timedelta(days=1), "MXN", "2026-09-04T02:59:59.000-03:00"),
    ],
)
def test_says_when_a_boleto_of_the_page_is_due_where_that_is_possible(
    due: date, currency: str, expected: str | None
) -> None:
    body = prepared(method=Method.ANY, due_date=due, currency=currency)
    assert body.get("date_of_expiration") == expected


@pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
def test_no_other_page_speaks_of_boletos(method: Method) -> None:
    assert "date_of_expiration" not in prepared(method=method, hosted=True)


def test_reads_line_bar_code_and_file() -> None:
    found = to_payment(raw())
    assert (found.method, found.status) == (Method.BOLETO, PaymentStatus.PENDING)
    assert found.boleto == Boleto(line=LINE, barcode=BARCODE, pdf_url=found.link)
    assert found.link.startswith("https://www.mercadopago.com.br/payments/98000123457/ticket?")
    assert found.expires_at == datetime(2026, 8, 5, 2, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"barcode": None},
        details(barcode=None),
        details(digitable_line=None),
        {"barcode": None, **details(barcode=None)},
        {"barcode": {"content": BARCODE, "type": "Code128C"}, **details(digitable_line=None, barcode=None)},
    ],
)
def test_reads_the_digits_wherever_they_are(changes: dict[str, Any]) -> None:
    found = to_payment(raw(**changes)).boleto
    assert found is not None and (found.line, found.barcode) == (LINE, BARCODE)


WRONG = [
    {"barcode": {"content": BARCODE[:-1] + "1"}},
    details(digitable_line=LINE[:-1] + "1"),
    details(digitable_line="x"),
    {"transaction_amount": Decimal("149.91")},
    {"transaction_amount": None},
]


@pytest.mark.parametrize("changes", WRONG)
def test_hands_on_no_digits_that_do_not_fit(mercado: Any, changes: dict[str, Any]) -> None:
    assert to_payment(raw(**changes)).boleto is None
    add(mercado, "GET", f"/v1/payments/{BOLETO}", raw(**changes))
    with pytest.raises(UnreadableAnswer) as caught:
        gateway().fetch_boleto(BOLETO)
    assert (caught.value.maybe_sent, bool(caught.value.text)) == (False, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_method_id": "pec"},
        {"payment_method_id": "pix", "payment_type_id": "bank_transfer"},
        {"barcode": None, "transaction_details": None},
        {"barcode": "x", **details(barcode=[], digitable_line=5.5)},
        {"status": "cancelled", "status_detail": "expired"},
        {"status": "cancelled", "status_detail": "by_collector"},
    ],
)
def test_has_no_boleto(mercado: Any, changes: dict[str, Any]) -> None:
    add(mercado, "GET", f"/v1/payments/{BOLETO}", raw(**changes))
    assert gateway().fetch_boleto(BOLETO) is None


def test_fetches_the_boleto(mercado: Any) -> None:
    add(mercado, "GET", f"/v1/payments/{BOLETO}", "payment_boleto")
    assert gateway().fetch_boleto(BOLETO) == to_payment(raw()).boleto


def test_asks_for_no_boleto_without_an_id() -> None:
    with pytest.raises(NotFound):
        gateway().fetch_boleto("")
