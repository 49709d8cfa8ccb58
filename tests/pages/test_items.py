"""Items and discounts on the pages, with no script at all, and what the customer sees of them."""

from __future__ import annotations

import re
from html import unescape

import pytest
import responses
from django.test import Client

from connections.models import Connection
from payments.models import Charge, ChargeLine
from tests import factories
from tests.payments.creating import ASAAS, EMPTY, PAYMENT, at_asaas, qr
from tests.payments.itemised import typed

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
SHIRTS = ("T-shirt <b>", "3", "49.90", "9.70")
MUG = ("Mug", "1", "25.00", "")
CUP = ("Cup", "2", "12,50", "1")


@pytest.fixture
def connection(people: object) -> Connection:
    return factories.make_connection(name="Loja Centro")


def send(operator: Client, values: dict[str, str], rows: str = "", status: int = 200) -> str:
    """Press a button of the form; ``rows`` is one of those that only work on it."""
    answer = operator.post("/charges/new/", {**values, "rows": rows} if rows else values, headers=ENGLISH)
    assert answer.status_code == status
    return unescape(answer.content.decode())


def boxes(page: str) -> dict[str, str]:
    """What the form would send from here, the template for scripts left out."""
    page = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)
    found = re.findall(r'<input[^>]*?name="([\w-]+)"([^>]*)>', page)
    return {name: (re.findall(r'value="([^"]*)"', rest) or [""])[0] for name, rest in found}


def sums(page: str) -> dict[str, str]:
    return dict(re.findall(r'data-sum="(\w+)">([^<]*)<', page))


def test_the_section_is_folded_until_it_is_used(operator: Client, connection: Connection) -> None:
    page = unescape(operator.get("/charges/new/", headers=ENGLISH).content.decode())
    assert re.search(r'<details class="card folded" id="items" data-', page)
    assert boxes(page)["items-TOTAL_FORMS"] == "0" and "items-__prefix__-unit" not in boxes(page)
    assert "Discount for paying early" in page and "Discount on the total" in page


def test_the_first_item_begins_with_the_amount(operator: Client, connection: Connection) -> None:
    page = send(operator, typed(connection, amount="80.00", name=""), "add")
    assert 'id="items" open' in page and 'id="error-' not in page, "nothing is found fault with yet"
    kept = boxes(page)
    assert (kept["items-0-unit"], kept["items-0-quantity"], kept["amount"]) == ("80.00", "1", "80.00")
    assert sums(page)["total"] == "R$\u00a080.00"


def test_rows_come_and_go_and_nothing_is_lost(operator: Client, connection: Connection) -> None:
    values = typed(connection, [CUP, MUG], total_discount="10%", description="Pedido 9", name="Zoe")
    more = boxes(send(operator, values, "add"))
    assert more["items-TOTAL_FORMS"] == "3" and more["items-0-description"] == "Cup"
    less = boxes(send(operator, typed(connection) | more, "remove-0"))
    assert less["items-TOTAL_FORMS"] == "2" and less["items-0-description"] == "Mug"
    assert (less["description"], less["name"], less["total_discount"]) == ("Pedido 9", "Zoe", "10%")


@pytest.mark.parametrize("rows", ["remove-7", "remove-x", "remove-", "what?", "remove-²"])
def test_a_strange_button_only_works_out_the_sums(
    operator: Client, connection: Connection, rows: str
) -> None:
    page = send(operator, typed(connection, [SHIRTS, MUG], total_discount="5"), rows)
    shown = {"subtotal": "R$\u00a0165.00", "discount": "-R$\u00a05.00", "total": "R$\u00a0160.00"}
    assert sums(page) == shown and boxes(page)["seen_total"] == "16000"
    assert boxes(page)["amount"] == "165.00" and re.search(r'name="amount"[^>]*readonly', page)
    assert page.count("data-item>") == 3, "two rows, and the template"


def test_no_more_rows_than_there_may_be(operator: Client, connection: Connection) -> None:
    values = typed(connection, [MUG] * 50)
    assert boxes(send(operator, values, "add"))["items-TOTAL_FORMS"] == "50"


def test_a_total_nobody_saw_is_shown_before_it_is_charged(operator: Client, connection: Connection) -> None:
    values = typed(connection, [SHIRTS, MUG], total_discount="5", discount_reason="Friend")
    page = send(operator, values, status=422)
    assert "It comes to R$\u00a0160.00 now. Look at the sums below" in page and not Charge.objects.exists()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{ASAAS}/customers", json=EMPTY)
        mock.post(f"{ASAAS}/customers", json={"object": "customer", "id": "cus_000007410933"})
        mock.post(f"{ASAAS}/payments", json=at_asaas("x", value=160.0))
        mock.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr("160.00"))
        kept = {**values, "seen_total": boxes(page)["seen_total"]}
        send(operator, kept, status=302)
        again = operator.post("/charges/new/", kept, follow=True, headers=ENGLISH)
    charge = Charge.objects.get()
    assert (charge.subtotal_cents, charge.amount_cents, charge.discount_reason) == (16_500, 16_000, "Friend")
    assert "Nothing new was created" in again.content.decode()


def test_what_is_wrong_with_an_item_is_said_there(operator: Client, connection: Connection) -> None:
    page = send(operator, typed(connection, [("Mug", "1", "25.00", "30")]), status=422)
    assert "Give at most R$\u00a025.00: that is what it costs." in page
    assert 'aria-describedby="error-items-0-discount"' in page and 'id="error-items-0-discount"' in page
    assert "Correct the items marked below." in page and boxes(page)["items-0-discount"] == "30"


def test_the_reason_is_demanded_in_words(operator: Client, people: object) -> None:
    strict = factories.make_connection(name="Loja Centro", require_discount_reason=True)
    page = send(operator, typed(strict, total_discount="5", seen_total="14500"), status=422)
    assert "Say why: on Loja Centro every discount needs a reason." in page


@pytest.fixture
def itemised(people: object) -> Charge:
    charge = factories.make_charge(
        amount_cents=16_000,
        subtotal_cents=16_500,
        discount_cents=500,
        discount_reason="Old friend",
        pix_text="x",
    )
    for position, (name, quantity, unit, off) in enumerate(
        [("T-shirt <b>", 3, 4_990, 970), ("Mug", 1, 2_500, 0)]
    ):
        ChargeLine.objects.create(
            charge=charge,
            position=position,
            description=name,
            quantity=quantity,
            unit_cents=unit,
            discount_cents=off,
        )
    return charge


def said(client: Client, address: str) -> str:
    page = client.get(address, headers=ENGLISH).content.decode()
    assert "T-shirt <b>" not in page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


def test_staff_and_customer_read_what_it_is_for(operator: Client, client: Client, itemised: Charge) -> None:
    items = "T-shirt <b> 3 × R$ 49.90 · discount -R$ 9.70 R$ 140.00 Mug R$ 25.00"
    whole = f"{items} Items together R$ 165.00 Discount -R$ 5.00 Total R$ 160.00"
    staff = said(operator, itemised.get_absolute_url())
    customer = said(client, f"/pay/{itemised.pay_token}/?lang=en")
    assert whole in staff and whole in customer
    assert "Old friend" in staff and "Old friend" not in customer, "the reason is for the team"


def test_items_of_another_amount_are_not_the_customers_business(
    operator: Client, client: Client, itemised: Charge
) -> None:
    Charge.objects.update(amount_cents=15_000)
    assert "As it was made; the amount was changed since." in said(operator, itemised.get_absolute_url())
    page = client.get(f"/pay/{itemised.pay_token}/").content.decode()
    assert "data-breakdown" not in page


def test_a_mere_amount_shows_no_sums(operator: Client, client: Client, people: object) -> None:
    plain = factories.make_charge(pix_text="x")
    for browser, address in ((operator, plain.get_absolute_url()), (client, f"/pay/{plain.pay_token}/")):
        assert "data-breakdown" not in browser.get(address).content.decode()
