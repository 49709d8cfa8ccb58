"""Checkout preferences, merchant orders and the hosted page (mercadopago.md 2)."""

import re
from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import MpClient

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-04:00")


def test_preference_has_the_published_key_order(mp: MpClient) -> None:
    preference = mp.preference(metadata={"chargeId": "c1"}, statement_descriptor="LOJA")
    assert list(preference) == samples.MP_PREFERENCE
    assert preference["metadata"] == {"charge_id": "c1"}
    assert preference["id"].startswith(f"{mp.account['user_id']}-")
    assert preference["payment_methods"]["excluded_payment_types"] == [{"id": ""}]
    assert (preference["last_updated"], preference["total_amount"], preference["auto_return"]) == (None,) * 3
    assert mp.get(f"/checkout/preferences/{preference['id']}") == preference


def test_http_return_addresses_are_dropped(mp: MpClient) -> None:
    urls = {"success": "http://shop.example.com/ok", "failure": "https://shop.example.com/no"}
    kept = mp.preference(back_urls=urls)["back_urls"]
    assert kept == {"failure": "https://shop.example.com/no", "pending": "", "success": ""}
    refusal = mp.post_preference(back_urls=urls, auto_return="approved")
    assert refusal.status_code == 400
    assert refusal.json() == {
        "message": "auto_return invalid. back_url.success must be defined",
        "error": "invalid_auto_return",
        "status": 400,
        "cause": None,
    }


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"items": []}, "invalid_items"),
        ({"items": [{"title": "x", "quantity": 1, "unit_price": 0}]}, "invalid_items"),
        ({"items": [{"title": "x", "quantity": 1.5, "unit_price": 1}]}, "invalid_items"),
        ({"items": [{"title": "x", "quantity": 1, "unit_price": 1, "currency_id": "USD"}]}, "invalid_items"),
        ({"payment_methods": {"installments": 37}}, "invalid_payment_methods"),
        (
            {"payment_methods": {"excluded_payment_types": [{"id": "account_money"}]}},
            "invalid_payment_methods",
        ),
    ],
)
def test_refuses_bad_preferences(mp: MpClient, change: dict[str, Any], error: str) -> None:
    response = mp.post_preference(**change)
    assert (response.status_code, response.json()["error"]) == (400, error)


def test_put_replaces_what_is_sent(mp: MpClient) -> None:
    preference = mp.preference()
    path = f"/checkout/preferences/{preference['id']}"
    changed = mp.put(path, expires=True, expiration_date_to="2020-01-01T00:00:00.000-04:00")
    assert (changed["expires"], changed["items"]) == (True, preference["items"])
    assert STAMP.fullmatch(changed["last_updated"])
    page = requests.get(preference["init_point"], timeout=60)
    assert "Este link expirou" in page.text and "Pagar com PIX" not in page.text


def test_preference_search_lists_titles(mp: MpClient) -> None:
    preference = mp.preference()
    found = mp.get("/checkout/preferences/search", external_reference="chg_pref")
    assert (found["total"], found["next_offset"]) == (1, 1)
    assert (found["elements"][0]["id"], found["elements"][0]["items"]) == (preference["id"], ["Pedido 77"])


def test_paid_preference_shows_in_its_merchant_order(mp: MpClient) -> None:
    preference = mp.preference()
    assert mp.get("/merchant_orders/search", preference_id=preference["id"])["elements"] is None
    paid = mp.simulator.control("pay", reference="chg_pref")
    [order] = mp.get("/merchant_orders/search", preference_id=preference["id"])["elements"]
    assert list(order) == samples.MP_ORDER
    assert (order["status"], order["order_status"], order["paid_amount"]) == ("closed", "paid", 149.9)
    assert order["payments"][0]["id"] == paid["id"]
    assert mp.get(f"/merchant_orders/{order['id']}") == order
    payment = mp.get(f"/v1/payments/{paid['id']}")
    assert payment["order"] == {"id": str(order["id"]), "type": "mercadopago"}
    assert payment["external_reference"] == "chg_pref"
    assert payment["point_of_interaction"]["type"] == "CHECKOUT"


def test_buyer_pays_on_the_hosted_page_and_returns(mp: MpClient) -> None:
    urls = {"success": "https://shop.example.com/ok?x=1"}
    preference = mp.preference(back_urls=urls, auto_return="approved")
    page = requests.get(preference["init_point"], timeout=60)
    assert "R$ 149,90" in page.text and "Pagar com PIX (simulado)" in page.text
    answer = requests.post(
        preference["init_point"], data={"action": "pay"}, allow_redirects=False, timeout=60
    )
    assert answer.headers["Location"].startswith("https://shop.example.com/ok?x=1&collection_id=")
    assert "status=approved" in answer.headers["Location"]
    assert "Pagamento aprovado" in requests.get(preference["init_point"], timeout=60).text
