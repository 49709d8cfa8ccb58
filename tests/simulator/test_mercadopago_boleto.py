"""Boletos of Mercado Pago: payer, expiry, digits, clearing, hosted pages (mercadopago.md 3.2, 9)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import requests

from simulator import slips
from tests.simulator import samples
from tests.simulator.support import Inbox, MpClient

ADDRESS = {
    "zip_code": "01001000",
    "street_name": "Rua Um",
    "street_number": "100",
    "neighborhood": "Centro",
    "city": "São Paulo",
    "federal_unit": "SP",
}
PAYER = {
    "email": "ana@example.com",
    "first_name": "Ana",
    "last_name": "Lima",
    "identification": {"type": "CPF", "number": "12345678909"},
    "address": ADDRESS,
}
DETAILS = samples.keys(
    "payment_method_reference_id verification_code net_received_amount total_paid_amount overpaid_amount "
    "external_resource_url installment_amount financial_institution digitable_line barcode"
)
PUBLISHED = "23798125000000149903380026060000998877663330"
FORM = {"action": "slip", "name": "Ana Lima", "document": "123.456.789-09"}


def boleto(mp: MpClient, key: str = "key-1", **changes: Any) -> dict[str, Any]:
    """Made on Monday 2027-03-01."""
    mp.simulator.control("clock", now="2027-03-01T15:00:00Z")
    response = post(mp, key, **changes)
    assert response.status_code == 201, response.text
    return response.json()


def post(mp: MpClient, key: str = "key-1", **changes: Any) -> requests.Response:
    return mp.post_pix(key, **{"payment_method_id": "bolbradesco", "payer": PAYER} | changes)


def state(mp: MpClient, payment: dict[str, Any]) -> tuple[str, str]:
    found = mp.get(f"/v1/payments/{payment['id']}")
    return found["status"], found["status_detail"]


def cause(response: requests.Response) -> tuple[int, int, str]:
    [one] = response.json()["cause"]
    return response.status_code, one["code"], one["description"]


def code_of(due: date, cents: int, reference: str) -> str:
    """The reference stands where it does in the published bar code."""
    return slips.bar_code("237", due, cents, f"33800260{reference}7663330")


def test_boleto_has_the_published_keys(mp: MpClient) -> None:
    payment = boleto(mp)
    keys = [*samples.MP_PAYMENT]
    keys.insert(keys.index("transaction_details"), "barcode")
    details = payment["transaction_details"]
    assert list(payment) == keys
    assert list(details) == DETAILS
    assert (payment["status"], payment["status_detail"]) == ("pending", "pending_waiting_payment")
    assert (payment["payment_type_id"], details["financial_institution"]) == ("ticket", "bradesco")
    assert details["payment_method_reference_id"] == details["verification_code"]
    assert payment["point_of_interaction"] == {
        "type": "UNSPECIFIED",
        "business_info": {"unit": "online_payments", "sub_unit": "default"},
    }


def test_digits_hold_reference_value_and_the_day_of_expiry(mp: MpClient) -> None:
    payment = boleto(mp)
    code, details = payment["barcode"]["content"], payment["transaction_details"]
    assert payment["date_of_expiration"] == "2027-03-04T22:59:59.000-04:00"
    assert code_of(date(2025, 10, 30), 14990, "6000099887") == PUBLISHED
    assert code_of(date(2027, 3, 4), 14990, details["verification_code"]) == code
    assert details["barcode"]["content"] == code
    assert details["digitable_line"] == slips.line(code)


@pytest.mark.parametrize(
    ("place", "outside", "inside"), [("old", True, False), ("new", False, True), ("both", True, True)]
)
def test_digits_stand_where_the_account_has_them(
    mp: MpClient, place: str, outside: bool, inside: bool
) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", barcode_place=place)
    payment = boleto(mp)
    details = payment["transaction_details"]
    assert ("barcode" in payment) == outside
    assert ("barcode" in details, "digitable_line" in details) == (inside, inside)


def test_place_of_the_digits_has_to_be_known(mp: MpClient) -> None:
    url = f"{mp.simulator.url}/_control/accounts/{mp.account['id']}"
    assert requests.post(url, json={"barcode_place": "attic"}, timeout=60).status_code == 400


@pytest.mark.parametrize("name", ["first_name", "last_name", *(f"address.{one}" for one in ADDRESS)])
def test_payer_has_to_be_told_in_full(mp: MpClient, name: str) -> None:
    payer = PAYER | {"address": dict(ADDRESS)}
    place, _, inner = name.rpartition(".")
    (payer["address"] if place else payer)[inner] = " "  # type: ignore[index]
    status, code, words = cause(post(mp, payer=payer))
    assert (status, code) == (400, 1)
    assert f"payer.{name}" in words


@pytest.mark.parametrize(
    ("identification", "code"),
    [
        (None, 1),
        ({"type": "RG", "number": "12345678909"}, 1),
        ({"type": "CPF"}, 2067),
        ({"type": "CPF", "number": "12345678900"}, 2067),
    ],
)
def test_payer_needs_a_document(mp: MpClient, identification: Any, code: int) -> None:
    assert cause(post(mp, payer=PAYER | {"identification": identification}))[:2] == (400, code)
    assert mp.get("/v1/payments/search")["paging"]["total"] == 0


def test_lives_from_one_day_to_thirty(mp: MpClient) -> None:
    now = datetime.fromisoformat(mp.simulator.read("clock")["now"])
    stamps = [
        (now - timedelta(hours=3) + span).strftime("%Y-%m-%dT%H:%M:%S.000-03:00")
        for span in (timedelta(hours=23), timedelta(days=31), timedelta(days=2))
    ]
    answers = [post(mp, f"k{number}", date_of_expiration=one) for number, one in enumerate(stamps)]
    assert [one.status_code for one in answers] == [400, 400, 201]
    assert cause(post(mp, "k9", date_of_expiration="2027-03-04"))[1] == 23


def test_money_comes_two_business_days_after_payment(mp: MpClient, inbox: Inbox) -> None:
    payment = boleto(mp, notification_url=inbox.url)
    mp.simulator.control("clock", now="2027-03-04T15:00:00Z")
    before = mp.get(f"/v1/payments/{payment['id']}")
    page = requests.get(payment["transaction_details"]["external_resource_url"], timeout=60).text
    assert slips.grouped(payment["transaction_details"]["digitable_line"]) in page
    page = requests.post(
        payment["transaction_details"]["external_resource_url"], data={"action": "slip"}, timeout=60
    ).text
    assert "aguardando a compensação" in page and "Pagar boleto" not in page
    assert mp.get(f"/v1/payments/{payment['id']}") == before
    mp.simulator.control("clock", now="2027-03-08T11:00:00Z")
    assert state(mp, payment) == ("pending", "pending_waiting_payment")
    mp.simulator.control("clock", now="2027-03-08T13:00:00Z")
    paid = mp.get(f"/v1/payments/{payment['id']}")
    assert (paid["status"], paid["status_detail"]) == ("approved", "accredited")
    assert paid["fee_details"] == [{"type": "mercadopago_fee", "amount": 3.49, "fee_payer": "collector"}]
    assert paid["transaction_details"]["net_received_amount"] == 146.41
    assert paid["authorization_code"] is None
    assert [one.json["action"] for one in inbox.wait(2)] == ["payment.created", "payment.updated"]


def test_paid_boleto_neither_expires_nor_is_paid_again(mp: MpClient) -> None:
    payment = boleto(mp)
    assert mp.simulator.control("pay", reference="chg_77") == {"id": payment["id"], "status": "pending"}
    for control in ("pay", "expire"):
        url = f"{mp.simulator.url}/_control/{control}"
        assert requests.post(url, json={"id": payment["id"]}, timeout=60).status_code == 409
    [line] = mp.simulator.read("books")["payments"]
    assert (line["is_clearing"], line["paid"], line["method"]) == (True, 0, "bolbradesco")
    mp.simulator.control("clock", now="2027-04-01T15:00:00Z")
    assert state(mp, payment) == ("approved", "accredited")


def test_unpaid_boleto_expires_and_takes_no_more_money(mp: MpClient) -> None:
    payment = boleto(mp)
    mp.simulator.control("clock", now="2027-03-05T02:59:58Z")
    assert state(mp, payment)[0] == "pending"
    mp.simulator.control("clock", now="2027-03-05T03:00:00Z")
    assert state(mp, payment) == ("cancelled", "expired")
    url = f"{mp.simulator.url}/_control/pay"
    assert requests.post(url, json={"id": payment["id"]}, timeout=60).status_code == 409
    forced = mp.simulator.control("pay", id=payment["id"], force=True, cleared=True)
    assert forced["status"] == "approved"


def test_cancelled_while_it_clears_the_money_goes_back(mp: MpClient) -> None:
    payment = boleto(mp)
    mp.simulator.control("pay", id=payment["id"])
    assert mp.put(f"/v1/payments/{payment['id']}", status="cancelled")["status_detail"] == "by_collector"
    mp.simulator.control("clock", now="2027-04-01T15:00:00Z")
    assert state(mp, payment) == ("cancelled", "by_collector")


def test_control_pays_another_amount_and_clears_it_at_once(mp: MpClient) -> None:
    payment = boleto(mp)
    assert mp.simulator.control("pay", id=payment["id"], amount=100, cleared=True)["status"] == "approved"
    assert mp.get(f"/v1/payments/{payment['id']}")["transaction_amount"] == 100


@pytest.mark.parametrize("cleared", [True, False])
def test_preference_offers_a_boleto(mp: MpClient, cleared: bool) -> None:
    mp.simulator.control("clock", now="2027-03-01T15:00:00Z")
    payer = {"name": "Ana", "surname": "Lima", "identification": {"type": "CPF", "number": "12345678909"}}
    due = "2027-03-10T23:59:59.000-03:00"
    preference = mp.preference(payer=payer, date_of_expiration=due, auto_return=None)
    page = requests.get(preference["init_point"], timeout=60).text
    assert 'value="Ana Lima"' in page and 'value="12345678909"' in page
    ticket = requests.post(preference["init_point"], data=FORM, timeout=60)
    assert "Linha digitável" in ticket.text and "/ticket" in ticket.url
    [payment] = mp.get("/v1/payments/search", external_reference="chg_pref")["results"]
    assert payment["date_of_expiration"] == "2027-03-10T22:59:59.000-04:00"
    assert payment["point_of_interaction"]["type"] == "CHECKOUT"
    assert mp.get(f"/merchant_orders/{payment['order']['id']}")["order_status"] == "payment_in_process"
    mp.simulator.control("pay", reference="chg_pref", cleared=cleared)
    mp.simulator.control("clock", now="2027-03-03T15:00:00Z")
    assert mp.get(f"/merchant_orders/{payment['order']['id']}")["order_status"] == "paid"


def test_control_makes_and_pays_the_boleto_of_a_preference(mp: MpClient) -> None:
    preference = mp.preference()
    answer = mp.simulator.control("pay", id=preference["id"], method="boleto")
    assert answer["status"] == "pending"
    assert mp.get(f"/v1/payments/{answer['id']}")["payment_method_id"] == "bolbradesco"


@pytest.mark.parametrize(
    ("change", "text"),
    [({"name": " "}, "Informe o nome"), ({"document": "12345678900"}, "CPF ou CNPJ inválido")],
)
def test_page_asks_who_pays(mp: MpClient, change: dict[str, str], text: str) -> None:
    page = requests.post(mp.preference()["init_point"], data=FORM | change, timeout=60).text
    assert text in page
    assert mp.get("/v1/payments/search")["paging"]["total"] == 0


@pytest.mark.parametrize(
    "terms",
    [
        {"excluded_payment_types": [{"id": "ticket"}]},
        {"excluded_payment_methods": [{"id": "bolbradesco"}]},
    ],
)
def test_excluded_boleto_is_not_offered(mp: MpClient, terms: dict[str, Any]) -> None:
    preference = mp.preference(payment_methods=terms)
    assert "Gerar boleto" not in requests.get(preference["init_point"], timeout=60).text
    assert "not offered" in requests.post(preference["init_point"], data=FORM, timeout=60).text


def test_only_brazil_has_boletos(mp: MpClient) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", site="MLA")
    assert cause(post(mp))[:2] == (400, 2131)
    assert "Gerar boleto" not in requests.get(mp.preference()["init_point"], timeout=60).text


def test_rules_of_discount_and_fine_are_not_guessed(mp: MpClient) -> None:
    rules = {"data": {"rules": {"fine": {}}}}
    assert post(mp, payment_method=rules).status_code == 501
