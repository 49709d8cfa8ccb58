"""Mercado Pago's API: credentials, payments, preferences, merchant orders (mercadopago.md 1 to 3)."""

import base64
import re
import struct
import zlib
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
import segno

from simulator import emv
from tests.simulator import samples
from tests.simulator.support import MpClient, Simulator

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-04:00")


def cause_of(response: requests.Response) -> tuple[int, int]:
    return response.status_code, response.json()["cause"][0]["code"]


def in_future(mp: MpClient, form: str = "%Y-%m-%dT%H:%M:%S.000-03:00", **duration: float) -> str:
    now = datetime.fromisoformat(mp.simulator.read("clock")["now"])
    return (now - timedelta(hours=3) + timedelta(**duration)).strftime(form)


def test_published_qr_code_has_the_crc_computed_here() -> None:
    assert emv.crc16(samples.PUBLISHED_QR[:-4]) == "47F9"
    code = emv.BrCode(
        account_field="01",
        account_value="7f3c1b52-90aa-4c1e-8f6d-2b1f0c9d4e10",
        amount="149.90",
        merchant="LOJA EXEMPLO LTDA",
        city="Sao Paulo",
        txid="mpqrinter98000123456",
        once=False,
    )
    assert emv.payload(code) == samples.PUBLISHED_QR


def modules_of(image: bytes, count: int) -> list[list[int]]:
    """Reads one dot of each module (four dots wide) inside the quiet zone of four modules."""
    start = image.index(b"IDAT")
    (length,) = struct.unpack(">I", image[start - 4 : start])
    dots = zlib.decompress(image[start + 4 : start + 4 + length])
    width = len(dots) // ((count + 8) * 4)
    lines = [dots[4 * row * width + 1 : (4 * row + 1) * width].hex() for row in range(4, count + 4)]
    return [[int(digit == "0") for digit in line[4 : count + 4]] for line in lines]


def test_qr_image_has_the_modules_of_the_qr_library() -> None:
    code = segno.make_qr(samples.PUBLISHED_QR, error="m", mode="byte", mask=3, boost_error=False)
    image = base64.b64decode(emv.png_base64(samples.PUBLISHED_QR))
    assert modules_of(image, len(code.matrix)) == [list(row) for row in code.matrix]


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic abc"])
def test_refuses_calls_without_a_token(mp: MpClient, value: str) -> None:
    response = mp.call("GET", "/users/me", headers={"Authorization": value})
    assert response.status_code == 401
    assert response.json() == {"code": "unauthorized", "message": "authorization value not present"}


def test_refuses_unknown_tokens(mp: MpClient) -> None:
    response = mp.call("GET", "/users/me", headers={"Authorization": "Bearer APP_USR-1"})
    assert (response.status_code, response.json()["message"]) == (401, "invalid access token")
    assert response.headers["x-request-id"]


def test_tokens_have_the_documented_shape(mp: MpClient) -> None:
    assert re.fullmatch(r"APP_USR-\d+-\d{6}-[0-9a-f]{32}-\d+", mp.account["access_token"])
    assert mp.account["access_token"].endswith(f"-{mp.account['user_id']}")


def test_tells_whose_account_it_is(mp: MpClient, mp_test_seller: MpClient) -> None:
    me = mp.get("/users/me")
    assert list(me) == samples.MP_USER
    assert (me["id"], me["site_id"], me["country_id"]) == (mp.account["user_id"], "MLB", "BR")
    assert "test_user" not in me["tags"]
    assert "test_user" in mp_test_seller.get("/users/me")["tags"]
    assert mp.get(f"/applications/{mp.account['client_id']}")["owner_id"] == me["id"]
    assert mp.get("/v1/payment_methods")[0]["id"] == "pix"


def test_pix_payment_has_the_published_key_order(mp: MpClient) -> None:
    payment = mp.pix(metadata={"chargeId": "c1", "deepKey": {"innerKey": 1}}, notification_url=None)
    interaction = payment["point_of_interaction"]
    assert list(payment) == samples.MP_PAYMENT
    assert list(interaction["transaction_data"]) == samples.MP_TRANSACTION_DATA
    assert payment["metadata"] == {"charge_id": "c1", "deep_key": {"inner_key": 1}}
    assert (payment["status"], payment["status_detail"]) == ("pending", "pending_waiting_transfer")
    assert payment["transaction_details"]["net_received_amount"] == 0
    assert (payment["order"], payment["live_mode"], payment["transaction_amount"]) == ({}, True, 149.9)
    assert all(STAMP.fullmatch(payment[key]) for key in ("date_created", "date_of_expiration"))


def test_pix_text_is_a_true_br_code(mp: MpClient) -> None:
    payment = mp.pix()
    data = payment["point_of_interaction"]["transaction_data"]
    fields = samples.fields_of(data["qr_code"])
    assert fields["63"] == emv.crc16(data["qr_code"][:-4])
    assert (fields["54"], fields["59"]) == ("149.90", "LOJA EXEMPLO LTDA")
    assert samples.fields_of(fields["62"])["05"] == f"mpqrinter{payment['id']}"
    assert base64.b64decode(data["qr_code_base64"]).startswith(b"\x89PNG")
    assert requests.get(data["ticket_url"], timeout=60).status_code == 200


def test_demands_the_idempotency_header_before_anything_else(mp_test_seller: MpClient) -> None:
    response = mp_test_seller.call("POST", "/v1/payments", json={})
    assert cause_of(response) == (400, 4292)


def test_same_key_replays_the_first_payment(mp: MpClient) -> None:
    first, again = mp.post_pix("k-1"), mp.post_pix("k-1", transaction_amount=1)
    assert (again.status_code, again.json()) == (201, first.json())
    assert mp.pix("k-2")["id"] != first.json()["id"]
    assert mp.get("/v1/payments/search")["paging"]["total"] == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"transaction_amount": None}, 2072),
        ({"transaction_amount": 10.999}, 2072),
        ({"transaction_amount": 0}, 4040),
        ({"payment_method_id": None}, 2131),
        ({"payer": {}}, 1),
        ({"payer": {"email": "a@b.c", "identification": {"type": "CPF", "number": "12345678900"}}}, 2067),
        ({"date_of_expiration": "2026-08-02"}, 23),
        ({"date_of_expiration": "2026-08-02T10:00:00Z"}, 23),
        ({"notification_url": "http://shop.example.com/hook"}, 1),
    ],
)
def test_refuses_bad_payments(mp: MpClient, change: dict[str, Any], code: int) -> None:
    assert cause_of(mp.post_pix(**change)) == (400, code)


@pytest.mark.parametrize(("cents", "status"), [(49, 400), (50, 201), (10_000_000, 201), (10_000_001, 400)])
def test_takes_what_its_list_of_ways_says(mp: MpClient, cents: int, status: int) -> None:
    (pix,) = (way for way in mp.get("/v1/payment_methods") if way["id"] == "pix")
    is_within = pix["min_allowed_amount"] * 100 <= cents <= pix["max_allowed_amount"] * 100
    assert is_within is (status == 201)
    assert mp.post_pix(transaction_amount=cents / 100).status_code == status


def test_pix_lives_from_half_an_hour_to_thirty_days(mp: MpClient) -> None:
    assert mp.post_pix("a", date_of_expiration=in_future(mp, minutes=20)).status_code == 400
    assert mp.post_pix("b", date_of_expiration=in_future(mp, days=31)).status_code == 400
    payment = mp.pix("c", date_of_expiration=in_future(mp, days=2))
    created, expires = (
        datetime.fromisoformat(payment[key]) for key in ("date_created", "date_of_expiration")
    )
    assert timedelta(days=2) - timedelta(seconds=5) < expires - created < timedelta(days=2, seconds=5)


def test_unpaid_pix_expires_by_the_clock(mp: MpClient) -> None:
    payment = mp.pix()
    mp.simulator.advance(hours=23)
    assert mp.get(f"/v1/payments/{payment['id']}")["status"] == "pending"
    mp.simulator.advance(hours=1)
    expired = mp.get(f"/v1/payments/{payment['id']}")
    assert (expired["status"], expired["status_detail"]) == ("cancelled", "expired")


def test_paid_pix_tells_fee_and_net(mp: MpClient) -> None:
    payment = mp.pix(transaction_amount=100)
    assert mp.simulator.control("pay", id=payment["id"]) == {"id": payment["id"], "status": "approved"}
    paid = mp.get(f"/v1/payments/{payment['id']}")
    assert (paid["status"], paid["status_detail"]) == ("approved", "accredited")
    assert paid["transaction_details"]["net_received_amount"] == 99.01
    assert paid["fee_details"] == [{"type": "mercadopago_fee", "amount": 0.99, "fee_payer": "collector"}]
    assert paid["transaction_details"]["transaction_id"].startswith("E")
    assert paid["date_last_updated"] > payment["date_last_updated"]


@pytest.mark.parametrize("path", ["/v1/payments/123456", "/v1/payments/nonsense"])
def test_unknown_payment_is_cause_2000(mp: MpClient, path: str) -> None:
    assert cause_of(mp.call("GET", path)) == (404, 2000)


def test_payment_of_another_account_is_not_found(mp: MpClient, simulator: Simulator) -> None:
    stranger = MpClient(simulator, simulator.control("accounts", gateway="mercadopago"))
    assert cause_of(stranger.call("GET", f"/v1/payments/{mp.pix()['id']}")) == (404, 2000)


def test_cancels_only_what_waits_and_only_so_spelled(mp: MpClient) -> None:
    path = f"/v1/payments/{mp.pix()['id']}"
    assert mp.call("PUT", path, json={"status": "canceled"}).status_code == 400
    cancelled = mp.put(path, status="cancelled")
    assert (cancelled["status"], cancelled["status_detail"]) == ("cancelled", "by_collector")
    assert cause_of(mp.call("PUT", path, json={"status": "cancelled"})) == (400, 2018)


def test_searches_by_reference_and_time(mp: MpClient) -> None:
    first, second = mp.pix("a", external_reference="r-1"), mp.pix("b", external_reference="r-1")
    mp.pix("c", external_reference="r-2")
    found = mp.get("/v1/payments/search", external_reference="r-1", sort="date_created", criteria="asc")
    assert found["paging"] == {"total": 2, "limit": 30, "offset": 0}
    assert [one["id"] for one in found["results"]] == [first["id"], second["id"]]
    window = {"range": "date_created", "begin_date": "NOW-1DAYS", "end_date": "NOW"}
    assert mp.get("/v1/payments/search", **window)["paging"]["total"] == 3
    assert mp.get("/v1/payments/search", begin_date="NOW+1DAY")["paging"]["total"] == 0


def test_test_sellers_may_not_write_payments(mp_test_seller: MpClient) -> None:
    assert cause_of(mp_test_seller.post_pix()) == (401, 7)
    assert mp_test_seller.preference()["id"]


def test_account_can_be_told_to_refuse_direct_payments(mp: MpClient) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", direct_payments=False)
    assert cause_of(mp.post_pix()) == (401, 7)


def test_old_test_credentials_are_not_live(simulator: Simulator) -> None:
    mp = MpClient(simulator, simulator.control("accounts", gateway="mercadopago", token_prefix="TEST"))
    assert mp.account["access_token"].startswith("TEST-")
    assert mp.pix()["live_mode"] is False


def test_refunds_are_listed(mp: MpClient) -> None:
    assert mp.get(f"/v1/payments/{mp.pix()['id']}/refunds") == []
