"""Items and discounts on the form for a new charge: what is taken, what is refused and in which words."""

from __future__ import annotations

import uuid
from datetime import date

import pytest

from connections.models import Connection
from payments.models import Charge, ChargeLine
from payments.services.intents import NewCharge
from payments.services.terms import keep_first
from payments.staff.forms import ChargeForm
from payments.staff.items import rearranged
from tests.factories import make_charge, make_connection, make_customer
from tests.payments.itemised import Row, query, read, rows, typed

pytestmark = pytest.mark.django_db
SHIRTS: Row = ("Camiseta", "3", "49,90", "")
HALF: Row = ("Caneca", "2", "10,05", "50%")


@pytest.fixture
def asaas() -> Connection:
    return make_connection()


def amount(form: ChargeForm) -> int:
    assert form.is_valid(), (form.errors, [item.errors for item in form.items.forms])
    return int(form.cleaned_data["amount"])


def test_an_amount_alone_is_as_it_was(asaas: Connection) -> None:
    form = read(asaas, typed(asaas))
    assert amount(form) == 15_000 and form.lines == () and form.cleaned_data["discount_cents"] == 0
    assert amount(read(asaas, {k: v for k, v in typed(asaas).items() if not k.startswith("items")})) == 15_000


@pytest.mark.parametrize(
    ("items", "off", "net"),
    [
        ([SHIRTS], "", 14_970),
        ([SHIRTS, HALF], "", 14_970 + 1_005),
        ([SHIRTS], "10%", 13_473),
        ([SHIRTS], "9,70", 14_000),
        ([("Caneca", "1", "10,05", "10%")], "", 904),
        ([SHIRTS, ("Brinde", "1", "5,00", "100%")], "", 14_970),
        ([SHIRTS, ("", "1", "", "")], "0", 14_970),
        ([], "10%", 13_500),
        ([], "15", 13_500),
    ],
)
def test_sums_are_exact(asaas: Connection, items: list[Row], off: str, net: int) -> None:
    assert amount(read(asaas, typed(asaas, items, total_discount=off, seen_total=str(net)))) == net


@pytest.mark.parametrize("gateway", ["asaas", "mercadopago"])
def test_nothing_to_pay_is_no_charge(gateway: str) -> None:
    """Items that are given away, on a gateway with a minimum of its own and on one without."""
    connection = make_connection(gateway=gateway)
    form = read(connection, typed(connection, [("Brinde", "1", "5,00", "100%")], seen_total="0"))
    assert list(form.errors) == ["amount"]
    with pytest.raises(ValueError, match="nothing"):
        NewCharge(
            connection=connection,
            customer=make_customer(),
            amount_cents=0,
            description="Brinde",
            due_date=date(2099, 1, 1),
            submission=uuid.uuid4(),
        )


def test_items_that_are_wrong_say_nothing_of_the_amount(asaas: Connection) -> None:
    form = read(asaas, typed(asaas, [("Caneca", "0", "10,00", "")]))
    assert list(form.errors) == ["__all__"]


@pytest.mark.parametrize(
    "wanted",
    ["remove-1", "remove-", pytest.param("remove-" + "9" * 5_000, id="endless"), "remove-٠", "away-0", ""],
)
def test_a_row_that_is_not_there_is_not_removed(asaas: Connection, wanted: str) -> None:
    sent = query(typed(asaas, [SHIRTS]))
    assert rearranged(sent, wanted)["items-TOTAL_FORMS"] == "1"
    assert rearranged(sent, "remove-0")["items-TOTAL_FORMS"] == "0"


@pytest.mark.parametrize(
    ("item", "box"),
    [
        (("", "1", "10,00", ""), "description"),
        (("Caneca", "0", "10,00", ""), "quantity"),
        (("Caneca", "1,5", "10,00", ""), "quantity"),
        (("Caneca", "100000", "10,00", ""), "quantity"),
        (("Caneca", "", "10,00", ""), "quantity"),
        (("Caneca", "1", "", ""), "unit"),
        (("Caneca", "1", "0", ""), "unit"),
        (("Caneca", "1", "-1", ""), "unit"),
        (("Caneca", "1", "ten", ""), "unit"),
        (("Caneca", "1", "10,00", "10,01"), "discount"),
        (("Caneca", "1", "10,00", "101%"), "discount"),
        (("Caneca", "1", "10,00", "%%"), "discount"),
        (("x" * 121, "1", "10,00", ""), "description"),
    ],
)
def test_what_is_wrong_is_said_at_the_item(asaas: Connection, item: Row, box: str) -> None:
    form = read(asaas, typed(asaas, [SHIRTS, item]))
    assert not form.is_valid() and form.non_field_errors()
    assert list(form.items.forms[1].errors) == [box] and not form.items.forms[0].errors
    assert form["amount"].value() == "" and form.items.forms[1]["unit"].value() == item[2]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"total_discount": "145,01"}, "total_discount"),
        ({"total_discount": "150"}, "total_discount"),
        ({"total_discount": "200"}, "total_discount"),
        ({"total_discount": "97%"}, "total_discount"),
        ({"total_discount": "a little"}, "total_discount"),
        ({"total_discount": "-1"}, "total_discount"),
        ({"amount": ""}, "amount"),
    ],
)
def test_the_total_never_falls_under_what_the_gateway_takes(
    asaas: Connection, values: dict[str, str], field: str
) -> None:
    assert list(read(asaas, typed(asaas, **values)).errors) == [field]


def test_the_minimum_holds_after_both_kinds_of_discount(asaas: Connection) -> None:
    late = {"total_discount": "100", "seen_total": "5000"}
    assert amount(read(asaas, typed(asaas, discount="45", **late))) == 5_000
    assert list(read(asaas, typed(asaas, discount="45,01", **late)).errors) == ["discount"]


def test_sums_beyond_everything_are_refused(asaas: Connection) -> None:
    form = read(asaas, typed(asaas, [("Navio", "99999", "99.999.999,00", "")]))
    assert not form.is_valid() and form.non_field_errors()


def test_a_reason_is_demanded_where_the_account_wants_one() -> None:
    strict = make_connection(require_discount_reason=True)
    off = {"total_discount": "15", "seen_total": "13500"}
    assert amount(read(strict, typed(strict))) == 15_000
    assert list(read(strict, typed(strict, **off)).errors) == ["discount_reason"]
    assert list(read(strict, typed(strict, [HALF], seen_total="1005")).errors) == ["discount_reason"]
    form = read(strict, typed(strict, discount_reason="Cliente antiga", **off))
    assert amount(form) == 13_500 and form.cleaned_data["discount_reason"] == "Cliente antiga"
    assert amount(read(make_connection(), typed(Connection.objects.last(), **off))) == 13_500  # type: ignore[arg-type]


@pytest.mark.parametrize("seen", ["", "14969", "x"])
def test_nothing_is_charged_that_nobody_saw(asaas: Connection, seen: str) -> None:
    """Without a script the sums on the page may be older than what was typed."""
    form = read(asaas, typed(asaas, [SHIRTS], seen_total=seen))
    assert not form.is_valid() and list(form.errors) == ["__all__"]
    assert form["seen_total"].value() == "14970" and form.sums and "149" in form.sums.total


def test_a_currency_without_cents_has_none_in_items_either() -> None:
    peso = make_connection(gateway="mercadopago", currency="CLP")
    form = read(peso, typed(peso, [("Pan", "1", "150,50", "")]))
    assert not form.is_valid() and list(form.items.forms[0].errors) == ["unit"]
    third = read(peso, typed(peso, [("Pan", "1", "1000", "33,33%")], seen_total="66700"))
    line = third.items.forms[0].line
    assert line and line.total_cents == 66_700


@pytest.mark.parametrize("count", ["", "x", "9" * 30, "51"])
def test_a_damaged_number_of_items_is_no_crash(asaas: Connection, count: str) -> None:
    form = read(asaas, typed(asaas, **{"items-TOTAL_FORMS": count}))
    assert not form.is_valid()


def test_asks_for_the_same_only_with_the_same_items(asaas: Connection) -> None:
    def form(*items: Row, seen: str = "13970", **values: str) -> ChargeForm:
        return read(asaas, typed(asaas, items, seen_total=seen, **{"total_discount": "10", **values}))

    first = form(SHIRTS, discount_reason="Amiga")
    charge = made_by(first)
    assert amount(form(SHIRTS, discount_reason="Amiga")) and form(SHIRTS, discount_reason="Amiga").is_valid()
    same = form(SHIRTS, discount_reason="Amiga")
    assert same.is_valid() and same.asks_for(charge)
    for other in (
        form(SHIRTS, discount_reason="Outra"),
        form(("Camisa", "3", "49,90", ""), discount_reason="Amiga"),
        form(("Camiseta", "1", "149,70", ""), discount_reason="Amiga"),
        form(("Camiseta", "3", "49,90", "10"), discount_reason="Amiga", total_discount="0"),
    ):
        assert other.is_valid(), other.errors
        assert not other.asks_for(charge)


def made_by(form: ChargeForm) -> Charge:
    assert form.is_valid(), form.errors
    cleaned = form.cleaned_data
    charge = make_charge(
        cleaned["connection"],
        customer=make_customer(document=cleaned["document"]),
        amount_cents=cleaned["amount"],
        discount_cents=cleaned["discount_cents"],
        discount_reason=cleaned["discount_reason"],
        description=cleaned["description"],
        due_date=cleaned["due_date"],
    )
    for position, line in enumerate(form.lines):
        ChargeLine.objects.create(charge=charge, position=position, **vars(line))
    keep_first(charge, form.terms())
    return charge


def test_a_draft_finds_no_fault_with_what_is_not_typed_yet(asaas: Connection) -> None:
    values = typed(asaas, [SHIRTS, ("", "2", "", "")], name="", document="1", amount="")
    form = read(asaas, values, is_draft=True)
    assert not form.errors and not any(item.errors for item in form.items.forms)
    wrong = read(asaas, {**values, **rows(("Caneca", "1", "1,00", "2,00"))}, is_draft=True)
    assert not wrong.errors and list(wrong.items.forms[0].errors) == ["discount"]
