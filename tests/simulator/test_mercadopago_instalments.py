"""Cards in instalments on the page of a preference (mercadopago.md 2.1, 3.3 and the sample in 9)."""

from typing import Any

import pytest
import requests

from tests.simulator.support import MpClient

FORM = {
    "action": "card",
    "number": "5031433215406351",
    "holder": "APRO",
    "expiry": "11/2090",
    "ccv": "123",
}


def paid(mp: MpClient, **body: Any) -> dict[str, Any]:
    answer = mp.simulator.control("pay_card", reference="chg_pref", **body)
    return mp.get(f"/v1/payments/{answer['id']}")


def refusal(mp: MpClient, **body: Any) -> str:
    url = f"{mp.simulator.url}/_control/pay_card"
    response = requests.post(url, json={"reference": "chg_pref", **body}, timeout=60)
    assert response.status_code == 409
    return response.json()["error"]


def test_three_parts_cost_what_the_published_payment_cost(mp: MpClient) -> None:
    mp.preference(payment_methods={"installments": 6})
    payment = paid(mp, instalments=3)
    details = payment["transaction_details"]
    assert (payment["installments"], payment["transaction_amount"]) == (3, 149.9)
    assert (details["total_paid_amount"], details["installment_amount"]) == (158.7, 52.9)
    assert details["net_received_amount"] == 142.43
    assert payment["fee_details"] == [
        {"type": "mercadopago_fee", "amount": 7.47, "fee_payer": "collector"},
        {"type": "financing_fee", "amount": 8.8, "fee_payer": "payer"},
    ]
    assert [one["name"] for one in payment["charges_details"]] == ["mercadopago_fee"]
    order = mp.get(f"/merchant_orders/{payment['order']['id']}")
    assert (order["payments"][0]["total_paid_amount"], order["paid_amount"]) == (158.7, 149.9)
    [line] = mp.simulator.read("books")["payments"]
    assert (line["paid"], line["net"], line["instalments"]) == (149.9, 142.43, 3)


def test_interest_is_never_refunded_by_the_seller(mp: MpClient) -> None:
    mp.preference()
    payment = paid(mp, instalments=3)
    refund = mp.refund(f"/v1/payments/{payment['id']}", "k-1")
    assert refund.json()["amount"] == 149.9
    assert mp.get(f"/v1/payments/{payment['id']}")["status"] == "refunded"


def test_single_payment_is_without_interest(mp: MpClient) -> None:
    mp.preference()
    payment = paid(mp)
    details = payment["transaction_details"]
    assert (payment["installments"], len(payment["fee_details"])) == (1, 1)
    assert (details["total_paid_amount"], details["installment_amount"]) == (149.9, 149.9)


@pytest.mark.parametrize(("most", "count"), [(1, 2), (6, 7), (None, 13), (6, 0)])
def test_no_more_parts_than_the_preference_allows(mp: MpClient, most: int | None, count: int) -> None:
    mp.preference(payment_methods={"installments": most})
    assert refusal(mp, instalments=count) == f"installments not offered by the preference: {count}"
    assert mp.get("/v1/payments/search")["paging"]["total"] == 0


def test_debit_cards_pay_at_once(mp: MpClient) -> None:
    mp.preference()
    assert "not offered" in refusal(mp, number="5067766783888311", instalments=2)
    assert paid(mp, number="5067766783888311")["payment_type_id"] == "debit_card"


def test_page_offers_the_parts_and_the_payer_chooses(mp: MpClient) -> None:
    preference = mp.preference(payment_methods={"installments": 3})
    page = requests.get(preference["init_point"], timeout=60).text
    assert page.count("<option") == 3
    assert "3x de 52,90 (total 158,70)" in page
    requests.post(preference["init_point"], data=FORM | {"instalments": "2"}, timeout=60)
    [payment] = mp.get("/v1/payments/search", external_reference="chg_pref")["results"]
    assert (payment["installments"], payment["status"]) == (2, "approved")
    refused = requests.post(preference["init_point"], data=FORM | {"instalments": "4"}, timeout=60)
    assert "not offered" in refused.text


@pytest.mark.parametrize("site", ["MLC", "MCO"])
def test_currencies_without_decimals_have_whole_parts(mp: MpClient, site: str) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", site=site)
    preference = mp.preference(items=[{"title": "Pedido 77", "quantity": 1, "unit_price": 14990}])
    assert "R$" not in requests.get(preference["init_point"], timeout=60).text
    payment = paid(mp, instalments=3)
    details = payment["transaction_details"]
    assert payment["fee_details"][0]["amount"] == 747
    assert details["installment_amount"] == 5290
    assert details["total_paid_amount"] == 15870
