"""What a gateway would refuse later is said at the field, in the reader's words."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.base import Method, Terms
from connections.models import Connection
from payments.models import Charge, DocumentType
from payments.services.terms import keep_first
from payments.staff.forms import ChargeForm
from tests.factories import make_charge, make_connection, make_customer

pytestmark = pytest.mark.django_db
# Half past ten in the evening of 30 November in São Paulo; already December in UTC.
LATE_EVENING = datetime(2026, 12, 1, 1, 30, tzinfo=UTC)


def fill(connection: Connection, **values: str) -> ChargeForm:
    data: dict[str, Any] = {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "(11) 98765-4321",
        "amount": "150,00",
        "description": "Pedido 77",
        "due_date": "2026-12-10",
    }
    return ChargeForm({**data, **values}, connections=Connection.objects.all())


@pytest.fixture(autouse=True)
def evening() -> Any:
    with time_machine.travel(LATE_EVENING, tick=False):
        yield


def test_takes_a_good_form() -> None:
    form = fill(make_connection())
    assert form.is_valid(), form.errors
    typed = form.cleaned_data
    assert (typed["amount"], typed["document"], typed["phone"]) == (15_000, "52998224725", "11987654321")
    assert typed["document_type"] == DocumentType.CPF


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("11.222.333/0001-81", DocumentType.CNPJ),
        ("12.ABC.345/01DE-35", DocumentType.CNPJ),
        ("12abc34501de35", DocumentType.CNPJ),
    ],
)
def test_takes_cnpj_with_letters_too(document: str, kind: str) -> None:
    form = fill(make_connection(), document=document)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["document_type"] == kind


@pytest.mark.parametrize(
    "document", ["529.982.247-24", "111.111.111-11", "123", "12.ABC.345/01DE-36", "00000000000", "x" * 14]
)
def test_refuses_wrong_check_digits(document: str) -> None:
    assert "document" in fill(make_connection(), document=document).errors


@pytest.mark.parametrize(
    ("amount", "is_good"), [("4,99", False), ("5,00", True), ("0", False), ("-5", False)]
)
def test_knows_asaas_minimum(amount: str, is_good: bool) -> None:
    assert fill(make_connection(), amount=amount).is_valid() is is_good


def test_today_is_sao_paulos() -> None:
    assert fill(make_connection(), due_date="2026-11-30").is_valid()
    assert "due_date" in fill(make_connection(), due_date="2026-11-29").errors


@pytest.mark.parametrize("gateway", ["asaas", "mercadopago"])
@pytest.mark.parametrize("method", ["pix", "card"])
@pytest.mark.parametrize(("due", "is_good"), [("2027-11-30", True), ("2027-12-01", False)])
def test_takes_due_dates_of_a_year(gateway: str, method: str, due: str, is_good: bool) -> None:
    """Also where a PIX code lives 30 days at most: such a code is made when the customer asks for it."""
    form = fill(make_connection(gateway=gateway), method=method, due_date=due)
    assert form.is_valid() is is_good and ("due_date" in form.errors) is not is_good


def only_pix(monkeypatch: pytest.MonkeyPatch) -> None:
    can = AsaasGateway.capabilities
    monkeypatch.setattr(AsaasGateway, "capabilities", replace(can, methods=frozenset({Method.PIX})))


def test_refuses_a_way_of_paying_the_account_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    only_pix(monkeypatch)
    connection = make_connection()
    assert fill(connection).is_valid()
    assert "method" in fill(connection, method="card").errors
    assert fill(make_connection(gateway="mercadopago"), method="card").is_valid()


@pytest.mark.parametrize("method", ["cash", "", "PIX"])
def test_refuses_ways_nobody_offers(method: str) -> None:
    assert "method" in fill(make_connection(), method=method).errors


def test_reads_the_terms() -> None:
    typed = {"discount": "5,00", "discount_days": "2", "fine": "2", "interest": "1,5%"}
    form = fill(make_connection(), **typed)
    assert form.is_valid(), form.errors
    assert form.terms() == Terms(
        discount_cents=500, discount_until=date(2026, 12, 8), fine_cents=300, interest_bp=150
    )


def test_terms_are_plain_when_nothing_is_typed() -> None:
    form = fill(make_connection(), discount="", discount_days="3", fine="0", interest="")
    assert form.is_valid() and form.terms() == Terms()


@pytest.mark.parametrize(
    ("amount", "fine", "cents"),
    [("10,25", "2", 21), ("10,24", "2", 20), ("33,33", "1,5", 50), ("150,00", "0,01", 2), ("7,50", "10", 75)],
)
def test_a_fine_is_rounded_half_up_to_the_cent(amount: str, fine: str, cents: int) -> None:
    form = fill(make_connection(), amount=amount, fine=fine)
    assert form.is_valid(), form.errors
    assert form.terms().fine_cents == cents


@given(cents=st.integers(500, 10**9), hundredths=st.integers(0, 10_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_a_fine_is_what_decimals_say(cents: int, hundredths: int) -> None:
    form = ChargeForm({}, connections=Connection.objects.none())
    form.cleaned_data = {"amount": cents, "fine": hundredths, "discount": 0, "interest": 0}
    exact = Decimal(cents) * hundredths / 10_000
    assert form.terms().fine_cents == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"discount": "145,01"}, "discount"),
        ({"discount": "150,00"}, "discount"),
        ({"discount": "200"}, "discount"),
        ({"discount": "a little"}, "discount"),
        ({"discount": "5", "discount_days": "11"}, "discount_days"),
        ({"discount": "5", "discount_days": "-1"}, "discount_days"),
        ({"fine": "-2"}, "fine"),
        ({"fine": "101"}, "fine"),
        ({"fine": "0,001"}, "fine"),
        ({"interest": "one"}, "interest"),
    ],
)
def test_refuses_terms_nobody_can_keep(typed: dict[str, str], field: str) -> None:
    form = fill(make_connection(), **typed)
    assert list(form.errors) == [field]


def test_the_minimum_holds_after_the_discount() -> None:
    assert fill(make_connection(), discount="145,00").is_valid()


def test_a_discount_may_end_today() -> None:
    assert fill(make_connection(), discount="5", discount_days="10").is_valid()


@pytest.mark.parametrize("name", ["discount", "fine", "interest"])
def test_never_drops_terms_an_account_does_not_take(name: str) -> None:
    connection = make_connection(gateway="mercadopago")
    assert fill(connection).is_valid()
    assert list(fill(connection, **{name: "2"}).errors) == [name]


@pytest.mark.parametrize(
    "change",
    [
        {"method": "card"},
        {"amount": "151,00"},
        {"due_date": "2026-12-11"},
        {"description": "Pedido 78"},
        {"discount": "6,00"},
        {"discount_days": "1"},
        {"fine": "1"},
        {"interest": "2"},
    ],
)
def test_asks_for_the_same_only_when_all_of_it_is_the_same(change: dict[str, str]) -> None:
    connection = make_connection()
    typed = {"discount": "5,00", "fine": "2", "interest": "1"}
    charge = made_by(fill(connection, **typed))
    assert valid(fill(connection, **typed)).asks_for(charge)
    assert not valid(fill(connection, **{**typed, **change})).asks_for(charge)


def test_asks_for_what_was_asked_first_whatever_the_gateway_made_of_it() -> None:
    connection = make_connection()
    charge = made_by(fill(connection))
    Charge.objects.filter(pk=charge.pk).update(due_date=date(2026, 12, 24), amount_cents=1)
    charge.refresh_from_db()
    assert valid(fill(connection)).asks_for(charge)


def valid(form: ChargeForm) -> ChargeForm:
    assert form.is_valid(), form.errors
    return form


def made_by(form: ChargeForm) -> Charge:
    typed = valid(form).cleaned_data
    charge = make_charge(
        typed["connection"],
        customer=make_customer(document=typed["document"]),
        method=typed["method"],
        amount_cents=typed["amount"],
        description=typed["description"],
        due_date=typed["due_date"],
    )
    keep_first(charge, form.terms())
    return charge


@pytest.mark.parametrize("phone", ["123", "11 1111-1111", "+1 415 555 2671 99"])
def test_refuses_a_phone_no_gateway_takes(phone: str) -> None:
    assert "phone" in fill(make_connection(), phone=phone).errors


@pytest.mark.parametrize("phone", ["", "+55 11 98765-4321", "1132654321"])
def test_takes_usual_phones(phone: str) -> None:
    assert fill(make_connection(), phone=phone).is_valid()


def test_a_connection_that_is_not_offered_is_refused() -> None:
    offered = fill(make_connection())
    assert "connection" in ChargeForm(offered.data, connections=Connection.objects.none()).errors


ADDRESS = {
    "zip_code": "01310-100",
    "street": "Av. Paulista",
    "street_number": "1000",
    "district": "Bela Vista",
    "city": "São Paulo",
    "state": "SP",
}


def test_boleto_wants_the_whole_address_where_the_gateway_does() -> None:
    form = fill(make_connection(gateway="mercadopago"), method="boleto", zip_code="01310-100")
    assert set(form.errors) == {"street", "street_number", "district", "city", "state"}
    assert form.errors["street"] == form.errors["city"] and "Mercado Pago" in form.errors["street"][0]


def test_whole_address_is_taken() -> None:
    form = fill(make_connection(gateway="mercadopago"), method="boleto", **ADDRESS)
    assert form.is_valid(), form.errors
    address = form.address()
    assert address and (address.zip_code, address.number, address.state) == ("01310100", "1000", "SP")


def test_address_that_was_given_before_need_not_be_typed_again() -> None:
    make_customer(document="52998224725", zip_code="01310100")
    form = fill(make_connection(gateway="mercadopago"), method="boleto")
    assert form.is_valid() and form.address() is None


def test_nobody_asks_for_an_address_without_need() -> None:
    assert fill(make_connection(), method="boleto").is_valid()
    assert fill(make_connection(gateway="mercadopago"), method="pix").is_valid()


@pytest.mark.parametrize("code", ["1310-100", "013101000"])
def test_postal_code_has_eight_digits(code: str) -> None:
    form = fill(make_connection(), method="boleto", **{**ADDRESS, "zip_code": code})
    assert set(form.errors) >= {"zip_code"} and "01310-100" in form.errors["zip_code"][0]


@pytest.mark.parametrize(
    ("day", "is_taken"), [("2026-11-30", False), ("2026-12-01", True), ("2027-03-01", False)]
)
def test_boleto_is_due_when_the_gateway_takes_it(day: str, is_taken: bool) -> None:
    form = fill(make_connection(gateway="mercadopago"), method="boleto", due_date=day, **ADDRESS)
    assert form.is_valid() is is_taken
    if not is_taken:
        assert set(form.errors) == {"due_date"} and "01/12/2026" in form.errors["due_date"][0]


def test_only_ways_that_some_account_takes_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    form = ChargeForm(connections=Connection.objects.filter(pk=make_connection().pk))
    can = replace(AsaasGateway.capabilities, methods=frozenset({Method.PIX, Method.CARD}))
    monkeypatch.setattr(AsaasGateway, "capabilities", can)
    assert [choice.value for choice in form.method_choices] == ["pix", "card"]
