"""The seven countries: currency, ways of paying, documents, and whole amounts where there are no cents."""

from typing import Any

import pytest
import requests

from tests.simulator.support import MpClient

CURRENCY = {"MLB": "BRL", "MLA": "ARS", "MLM": "MXN", "MLC": "CLP", "MCO": "COP", "MPE": "PEN", "MLU": "UYU"}
CODES = [
    ("MLA", "rapipago", "ticket"),
    ("MLM", "oxxo", "ticket"),
    ("MLM", "bancomer", "atm"),
    ("MLC", "webpay", "bank_transfer"),
    ("MCO", "efecty", "ticket"),
    ("MPE", "pagoefectivo_atm", "atm"),
    ("MLU", "abitab", "ticket"),
]


def at(mp: MpClient, site: str, **switches: Any) -> MpClient:
    mp.simulator.control(f"accounts/{mp.account['id']}", site=site, **switches)
    return mp


def page_over(mp: MpClient, price: float, **terms: Any) -> dict[str, Any]:
    return mp.preference(items=[{"title": "Pedido 77", "quantity": 1, "unit_price": price}], **terms)


def choose(page: dict[str, Any], method: str) -> requests.Response:
    return requests.post(page["init_point"], data={"action": "ticket", "method": method}, timeout=60)


@pytest.mark.parametrize("site", sorted(CURRENCY))
def test_each_site_has_its_currency_ways_and_documents(mp: MpClient, site: str) -> None:
    at(mp, site)
    assert mp.get("/users/me")["site_id"] == site
    page = page_over(mp, 6000)
    assert (page["site_id"], page["items"][0]["currency_id"]) == (site, CURRENCY[site])
    ways = {way["id"]: way for way in mp.get("/v1/payment_methods")}
    assert ways["visa"]["status"] == "active"
    assert ("pix" in ways, "bolbradesco" in ways) == (site == "MLB", site == "MLB")
    answer = mp.call("GET", "/v1/identification_types")
    if site == "MLM":
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    else:
        assert all(1 <= one["min_length"] <= one["max_length"] for one in answer.json())


@pytest.mark.parametrize(("site", "method", "kind"), CODES)
def test_a_code_of_the_country_waits_and_is_paid(mp: MpClient, site: str, method: str, kind: str) -> None:
    page = page_over(at(mp, site), 6000)
    shown = choose(page, method)
    assert "/ticket" in shown.url
    [waiting] = mp.get("/v1/payments/search", external_reference="chg_pref")["results"]
    assert (waiting["status"], waiting["payment_method_id"]) == ("pending", method)
    assert waiting["payment_type_id"] == kind
    reference = waiting["transaction_details"]["payment_method_reference_id"]
    assert reference in shown.text and "barcode" not in waiting
    requests.post(shown.url, data={"action": "pay"}, timeout=60)
    paid = mp.get(f"/v1/payments/{waiting['id']}")
    assert (paid["status"], paid["status_detail"]) == ("approved", "accredited")
    assert paid["currency_id"] == CURRENCY[site]


@pytest.mark.parametrize("site", ["MLC", "MCO"])
def test_whole_currencies_refuse_cents(mp: MpClient, site: str) -> None:
    at(mp, site)
    items = [{"title": "Pedido 77", "quantity": 1, "unit_price": 6000.5}]
    refused = mp.post_preference(items=items)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_items")
    page_over(mp, 6000)
    mp.simulator.control("pay_card", reference="chg_pref")
    [paid] = mp.get("/v1/payments/search", external_reference="chg_pref")["results"]
    path = f"/v1/payments/{paid['id']}"
    assert mp.refund(path, "one", amount=10.5).json()["cause"][0]["code"] == 2017
    assert mp.refund(path, "two", amount=10).json()["amount"] == 10
    assert all(isinstance(value, int) for value in money_of(mp.get(path)))


def money_of(payment: dict[str, Any]) -> list[Any]:
    charged = [one["amounts"] for one in payment["charges_details"]]
    return [
        payment["transaction_amount"],
        payment["transaction_amount_refunded"],
        payment["transaction_details"]["net_received_amount"],
        *(one["amount"] for one in payment["fee_details"]),
        *(value for amounts in charged for value in amounts.values()),
    ]


def test_other_currencies_take_cents(mp: MpClient) -> None:
    page = page_over(at(mp, "MLM"), 149.9)
    assert "MXN 149,90" in requests.get(page["init_point"], timeout=60).text
    mp.simulator.control("pay_card", reference="chg_pref")
    [paid] = mp.get("/v1/payments/search", external_reference="chg_pref")["results"]
    assert mp.refund(f"/v1/payments/{paid['id']}", "one", amount=10.5).json()["amount"] == 10.5


@pytest.mark.parametrize(
    ("switches", "terms", "price"),
    [
        ({"inactive_methods": ["oxxo"]}, {}, 6000),
        ({}, {"payment_methods": {"excluded_payment_types": [{"id": "ticket"}]}}, 6000),
        ({}, {}, 10_001),
        ({}, {}, 4.99),
    ],
)
def test_a_code_is_not_offered(
    mp: MpClient, switches: dict[str, Any], terms: dict[str, Any], price: float
) -> None:
    page = page_over(at(mp, "MLM", **switches), price, **terms)
    assert "OXXO" not in requests.get(page["init_point"], timeout=60).text
    assert "not offered" in choose(page, "oxxo").text
    listed = {way["id"]: way["status"] for way in mp.get("/v1/payment_methods")}
    assert listed["oxxo"] == ("deactive" if switches else "active")


def test_a_code_expires_when_the_preference_says(mp: MpClient) -> None:
    at(mp, "MLA")
    now = mp.simulator.read("clock")["now"]
    ends = f"{int(now[:4]) + 1}{now[4:19]}.000-03:00"
    page = page_over(mp, 6000, date_of_expiration=ends)
    choose(page, "pagofacil")
    [waiting] = mp.get("/v1/payments/search", external_reference="chg_pref")["results"]
    assert waiting["date_of_expiration"][:4] == ends[:4]
    mp.simulator.control("expire", id=waiting["id"])
    gone = mp.get(f"/v1/payments/{waiting['id']}")
    assert (gone["status"], gone["status_detail"]) == ("cancelled", "expired")


def test_control_pays_the_first_code_or_the_one_named(mp: MpClient) -> None:
    at(mp, "MLM")
    for number, named in enumerate(("bancomer", None)):
        reference = f"chg_{number}"
        page_over(mp, 6000, external_reference=reference)
        paid = mp.simulator.control("pay", reference=reference, **({"method": named} if named else {}))
        assert paid["status"] == "approved"
        assert mp.get(f"/v1/payments/{paid['id']}")["payment_method_id"] == (named or "oxxo")
