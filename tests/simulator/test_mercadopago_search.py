"""Searches of Mercado Pago: payments, preferences, merchant orders (mercadopago.md 2.3, 2.5, 3.4)."""

from typing import Any

import pytest
import requests

from tests.simulator.support import MpClient

SEARCH = "/v1/payments/search"


@pytest.fixture
def shelf(mp: MpClient) -> MpClient:
    """Three payments on three days; the second is paid on the third day."""
    for day, reference in ((1, "one"), (2, "two"), (3, "three")):
        mp.simulator.control("clock", now=f"2027-03-0{day}T12:00:00Z")
        mp.pix(reference, external_reference=reference, date_of_expiration="2027-03-20T12:00:00.000-03:00")
    mp.simulator.control("pay", reference="two")
    return mp


def found(mp: MpClient, **query: Any) -> list[str]:
    return [one["external_reference"] for one in mp.get(SEARCH, **query)["results"]]


@pytest.mark.parametrize(
    ("query", "references"),
    [
        ({}, ["three", "two", "one"]),
        ({"criteria": "asc"}, ["one", "two", "three"]),
        ({"sort": "id", "criteria": "asc"}, ["one", "two", "three"]),
        ({"sort": "date_last_updated", "criteria": "desc", "limit": 1}, ["two"]),
        ({"status": "approved"}, ["two"]),
        ({"external_reference": "three"}, ["three"]),
        ({"range": "date_created", "begin_date": "2027-03-02T00:00:00.000-03:00"}, ["three", "two"]),
        ({"range": "date_created", "end_date": "2027-03-02T00:00:00Z"}, ["one"]),
        ({"range": "date_approved", "begin_date": "NOW-1HOURS", "end_date": "NOW"}, ["two"]),
        ({"range": "date_last_updated", "begin_date": "NOW-1HOURS"}, ["three", "two"]),
        ({"range": "money_release_date", "begin_date": "NOW-30DAYS"}, ["two"]),
        ({"offset": 1, "limit": 1}, ["two"]),
        ({"operation_type": "recurring_payment"}, []),
        ({"collector.id": "1"}, []),
        ({"store_id": "1"}, []),
        ({"pos_id": "1"}, []),
    ],
)
def test_searches_payments(shelf: MpClient, query: dict[str, Any], references: list[str]) -> None:
    assert found(shelf, **query) == references


def test_searches_by_who_collects_and_who_pays(shelf: MpClient) -> None:
    first = shelf.get(SEARCH, external_reference="one")["results"][0]
    assert len(found(shelf, **{"collector.id": shelf.account["user_id"]})) == 3
    assert found(shelf, **{"payer.id": first["payer"]["id"]}) == ["one"]


def test_paging_tells_all_that_matches(shelf: MpClient) -> None:
    answer = shelf.get(SEARCH, status="pending", limit=1)
    assert answer["paging"] == {"total": 2, "limit": 1, "offset": 0}
    assert shelf.get(SEARCH)["paging"]["limit"] == 30


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 1001}, 1000),
        ({"offset": 10_001}, 1000),
        ({"begin_date": "yesterday"}, 1001),
        ({"range": "date_of_birth", "begin_date": "NOW"}, 8),
        ({"range": "id", "begin_date": "NOW-1DAYS"}, 8),
        ({"collector.id": "me"}, 1),
    ],
)
def test_refuses_what_it_cannot_search(mp: MpClient, query: dict[str, Any], code: int) -> None:
    answer = mp.call("GET", SEARCH, params=query)
    assert (answer.status_code, answer.json()["cause"][0]["code"]) == (400, code)


def test_the_window_is_twelve_months(shelf: MpClient) -> None:
    shelf.simulator.control("clock", now="2028-02-29T12:30:00Z")
    assert found(shelf) == ["three", "two"]


def test_preferences_are_found_short_and_page_by_page(mp: MpClient) -> None:
    for number in range(3):
        mp.preference(external_reference=f"p-{number}")
    page = mp.get("/checkout/preferences/search", limit=2)
    assert (page["next_offset"], page["total"], len(page["elements"])) == (2, 3, 2)
    assert page["elements"][0]["items"] == ["Pedido 77"]
    rest = mp.get("/checkout/preferences/search", offset=page["next_offset"])
    assert [one["external_reference"] for one in rest["elements"]] == ["p-0"]
    assert mp.get("/checkout/preferences/search", site_id="MLA")["total"] == 0
    assert mp.get("/checkout/preferences/search", marketplace="NONE")["total"] == 3


def test_merchant_orders_are_found_page_by_page(mp: MpClient) -> None:
    for number in range(3):
        assert requests.get(mp.preference(external_reference=f"p-{number}")["init_point"], timeout=60).ok
    mp.simulator.control("pay", reference="p-1")
    page = mp.get("/merchant_orders/search", limit=2)
    assert (page["next_offset"], page["total"], len(page["elements"])) == (2, 3, 2)
    closed = mp.get("/merchant_orders/search", status="closed")
    assert [one["external_reference"] for one in closed["elements"]] == ["p-1"]
    assert mp.get("/merchant_orders/search", external_reference="nobody") == {
        "elements": None,
        "next_offset": 0,
        "total": 0,
    }
