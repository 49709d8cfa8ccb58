"""The form for a new charge asks as in the country of the account chosen."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from config import clock
from connections.gateways.countries import COUNTRIES
from connections.models import Connection
from payments.models import Customer
from payments.presentation import sending
from payments.services.customers import save_customer
from payments.staff import row_forms
from payments.staff.forms import ChargeForm
from payments.staff.spreadsheets import Row
from payments.templatetags.wording import phone_number
from tests.factories import make_charge, make_connection

pytestmark = pytest.mark.django_db
WAYS = [
    {"code": "visa", "name": "Visa", "method": "card", "least_cents": 100_000, "most_cents": 900_000},
    {"code": "oxxo", "name": "OXXO", "method": "ticket", "least_cents": 500, "most_cents": 1_000_000},
]


@pytest.fixture(autouse=True)
def english() -> Any:
    with override("en"):
        yield


def account(currency: str, **values: Any) -> Connection:
    return make_connection(gateway="mercadopago", currency=currency, **values)


@pytest.mark.parametrize(("currency", "blank"), [("CLP", "0"), ("COP", "0"), ("ARS", "0,00")])
def test_empty_boxes_show_what_an_amount_looks_like_there(currency: str, blank: str) -> None:
    connection = account(currency)
    rows = {"items-TOTAL_FORMS": "1", "items-INITIAL_FORMS": "0"}
    for form in (fill(connection, **rows), ChargeForm(connections=Connection.objects.all())):
        boxes = [form.fields[name] for name in ("amount", "discount", "total_discount")]
        for item in (*form.items.forms, form.items.empty_form):
            boxes += [item.fields["unit"], item.fields["discount"]]
        assert {box.widget.attrs["placeholder"] for box in boxes} == {blank}
        assert all("data-amount" in box.widget.attrs for box in boxes)


def fill(connection: Connection, **values: str) -> ChargeForm:
    data: dict[str, Any] = {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "any",
        "name": "Ana Lima",
        "email": "ana@example.com",
        "amount": "15000",
        "description": "Pedido 77",
        "due_date": "2099-12-10",
    }
    form = ChargeForm({**data, **values}, connections=Connection.objects.all())
    form.errors.pop("due_date", None)
    return form


@pytest.mark.parametrize(
    ("currency", "document", "kind"),
    [
        ("CLP", "12.345.678-5", "RUT"),
        ("CLP", "76.516.950-k", "RUT"),
        ("ARS", "30.123.456", "DNI"),
        ("ARS", "20-30123456-3", "CUIT"),
        ("COP", "52.345.678", "CC"),
        ("MXN", "gode561231gr8", "RFC"),
        ("MXN", "HEGG560427MVZRRL04", "CURP"),
        ("PEN", "12345678", "DNI"),
        ("UYU", "1.234.567-2", "CI"),
        ("BRL", "529.982.247-25", "CPF"),
    ],
)
def test_finds_the_kind_of_document_by_its_number(currency: str, document: str, kind: str) -> None:
    form = fill(account(currency), document=document)
    assert form.errors == {}
    assert form.cleaned_data["document_type"] == kind
    assert COUNTRIES[form.cleaned_data["country"]].currency == currency


@pytest.mark.parametrize(
    ("currency", "document", "chosen", "field"),
    [
        ("CLP", "12.345.678-4", "", "document"),
        ("CLP", "529.982.247-25", "", "document"),
        ("BRL", "12.345.678-5", "", "document"),
        ("CLP", "12.345.678-4", "CL-RUT", "document"),
        ("COP", "890.903.938-8", "", "document_type"),
        ("PEN", "20131312955", "", "document_type"),
    ],
)
def test_says_what_is_wrong_with_a_document(currency: str, document: str, chosen: str, field: str) -> None:
    form = fill(account(currency), document=document, document_type=chosen)
    assert list(form.errors) == [field]


@pytest.mark.parametrize(
    ("currency", "document", "chosen", "kind"),
    [
        ("COP", "890.903.938-8", "CO-NIT", "NIT"),
        ("PEN", "20131312955", "PE-RUC", "RUC"),
        ("CLP", "AB-123456", "CL-Otro", "Otro"),
        ("ARS", "30.123.456", "AR-LE", None),
    ],
)
def test_takes_the_kind_that_was_chosen(currency: str, document: str, chosen: str, kind: str | None) -> None:
    form = fill(account(currency), document=document, document_type=chosen)
    assert form.errors == {} if kind else list(form.errors) == ["document"]
    assert kind is None or form.cleaned_data["document_type"] == kind


def test_a_kind_of_another_country_is_refused() -> None:
    account("ARS")
    form = fill(account("CLP"), document="12.345.678-5", document_type="AR-DNI")
    assert form.errors["document_type"] == ["Choose a document of Chile."]


def test_takes_what_the_gateway_lists_there() -> None:
    rules = [{"code": "PAS", "name": "Pasaporte", "shortest": 6, "longest": 9, "is_numeric": False}]
    connection = account("ARS", document_rules=rules)
    form = fill(connection, document="AB1234567", document_type="AR-PAS")
    assert form.errors == {} and form.cleaned_data["document_type"] == "PAS"
    assert list(fill(connection, document="30.123.456", document_type="AR-DNI").errors) == ["document_type"]


def test_the_usual_document_stays_so_with_the_gateways_list() -> None:
    rules = [
        {"code": code, "name": code, "shortest": 5, "longest": 20, "is_numeric": True}
        for code in ("CC", "CE", "NIT", "Otro")
    ]
    form = fill(account("COP", document_rules=rules), document="52.345.678")
    assert form.errors == {} and form.cleaned_data["document_type"] == "CC"


@pytest.mark.parametrize(("currency", "is_whole"), [("CLP", True), ("COP", True), ("ARS", False)])
def test_refuses_cents_where_there_are_none(currency: str, is_whole: bool) -> None:
    document = {"CLP": "12.345.678-5", "COP": "52.345.678", "ARS": "30.123.456"}[currency]
    form = fill(account(currency), document=document, amount="15000.50")
    assert list(form.errors) == (["amount"] if is_whole else [])
    assert fill(account(currency), document=document, amount="15000.00").errors == {}


@pytest.mark.parametrize(
    ("currency", "phone", "national"),
    [("CLP", "+56 9 8765 4321", "987654321"), ("UYU", "094 231 234", "94231234"), ("MXN", "123", None)],
)
def test_reads_the_telephone_of_the_country(currency: str, phone: str, national: str | None) -> None:
    form = fill(account(currency), phone=phone, document_type="", document="x")
    if national is None:
        assert "55 1234 5678" in form.errors["phone"][0]
    else:
        assert form.cleaned_data["phone"] == national


@pytest.mark.parametrize("method", ["pix", "boleto"])
def test_says_why_a_way_of_paying_is_not_offered(method: str) -> None:
    form = fill(account("CLP"), document="12.345.678-5", method=method)
    assert "Brazil only" in form.errors["method"][0]
    cards = {choice.value: choice for choice in form.method_choices}
    assert "Brazil only" in cards[method].why_not and cards[method].is_never
    assert (cards["card"].why_not, cards["card"].is_never) == ("", False)


@pytest.mark.parametrize(
    ("method", "amount", "is_good"),
    [
        ("any", "5.00", True),
        ("any", "4.99", False),
        ("any", "10000", True),
        ("any", "10000.01", False),
        ("card", "999.99", False),
        ("card", "1000", True),
        ("card", "9000.01", False),
    ],
)
def test_knows_the_limits_of_the_ways_there(method: str, amount: str, is_good: bool) -> None:
    connection = account("MXN", ways=[{**way, "is_active": True} for way in WAYS])
    form = fill(connection, document="GODE561231GR8", method=method, amount=amount)
    assert list(form.errors) == ([] if is_good else ["amount"])


def test_names_the_shops_of_the_country() -> None:
    ways = [{**way, "is_active": way["code"] == "oxxo"} for way in WAYS]
    cards = {one.value: one for one in fill(account("MXN", ways=ways), document="x").method_choices}
    assert cards["any"].ways == "OXXO"
    assert "cards" in cards["card"].why_not and cards["card"].ways == ""


def test_labels_are_those_of_the_account_chosen() -> None:
    chile = account("CLP", name="B")
    make_connection(name="A")
    form = ChargeForm(connections=Connection.objects.order_by("name"))
    assert form.is_abroad and form["document"].label == "CPF or CNPJ"
    assert fill(chile, document="x")["document"].label == "Document"
    assert "12.345.678-5" in fill(chile, document="x").person_words["document_hint"]


def test_in_brazil_nobody_chooses_a_kind() -> None:
    make_connection()
    assert not ChargeForm(connections=Connection.objects.all()).is_abroad


def test_the_same_number_of_two_countries_is_two_customers() -> None:
    given = {"name": "Ana", "document_type": "DNI", "document": "12345678"}
    first = save_customer(**given, country="AR")  # type: ignore[arg-type]
    other = save_customer(**given, country="PE")  # type: ignore[arg-type]
    assert first != other and save_customer(**given, country="AR") == first  # type: ignore[arg-type]
    assert Customer.objects.count() == 2


def test_the_message_goes_to_the_country_of_the_customer() -> None:
    customer = Customer.objects.create(
        name="Ana", country="CL", document_type="RUT", document="123456785", phone="987654321"
    )
    charge = make_charge(account("CLP"), customer=customer, amount_cents=1_500_000, link="https://x.example/")
    shown = sending(charge, code="")
    assert shown and shown.whatsapp_url.startswith("https://wa.me/56987654321?")
    assert "CL$\u00a015.000" in shown.message, "as it is written in Chile"
    assert phone_number(customer) == "+56 987654321" and customer.document_name == "RUT"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [({}, None), ({"document_type": "NIT"}, "NIT"), ({"document_type": "RUT"}, None)],
)
def test_a_row_of_a_file_names_the_kind_of_document(cells: dict[str, str], kind: str | None) -> None:
    typed = {
        "name": "Ana Lima",
        "document": "890.903.938-8",
        "email": "ana@example.com",
        "amount": "15000",
        "description": "Pedido 77",
        "due_date": (clock.today("America/Bogota") + timedelta(days=2)).isoformat(),
    }
    rows = [Row(line=2, cells={**typed, **cells})]
    (read,) = row_forms.check(rows, connection=account("COP"), method="any")
    if kind is None:
        assert [problem["field"] for problem in read.problems] == ["document_type"]
    else:
        assert read.asked and read.asked["customer"]["document_type"] == kind
        assert read.asked["customer"]["country"] == "CO"


DNI = {"code": "DNI", "name": "DNI", "shortest": 7, "longest": 8, "is_numeric": True}


def test_accounts_of_one_country_may_take_different_documents() -> None:
    """A kind that only the other account takes is refused; it must not let anything through."""
    few = account("ARS", name="A", document_rules=[DNI])
    account("ARS", name="B")
    form = fill(few, document="!!x!!", document_type="AR-CUIT")
    assert "document_type" in form.errors
    (_blank, (_country, kinds)) = form.fields["document_type"].choices  # type: ignore[attr-defined]
    assert [code for code, _name in kinds][:2] == ["AR-DNI", "AR-CUIT"]
    other = fill(Connection.objects.get(name="B"), document="20-30123456-3", document_type="AR-CUIT")
    assert not {"document", "document_type"} & set(other.errors)


@pytest.mark.parametrize("typed", ["CUIT", "cuit", "Cuit/Cuil", " C.U.I.T. "])
def test_a_file_names_the_kind_of_document_as_people_write_it(typed: str) -> None:
    cells = {"document": "20-30123456-3", "document_type": typed}
    (read,) = row_forms.check([Row(line=2, cells=cells)], connection=account("ARS"), method="any")
    assert not [one for one in read.problems if one["field"] in ("document", "document_type")]
