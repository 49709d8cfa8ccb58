"""Refunds of Mercado Pago (mercadopago.md 1.5, 3.6)."""

from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import Inbox, MpClient, Simulator

LISTED = samples.keys(
    "id payment_id amount metadata source date_created unique_sequence_number refund_mode adjustment_amount "
    "status reason labels partition_details"
)
ANSWERED = samples.keys(
    "id payment_id amount metadata source date_created expiration_date unique_sequence_number refund_mode "
    "adjustment_amount status reason labels amount_refunded_to_payer additional_data partition_details"
)


def paid(mp: MpClient, **changes: Any) -> str:
    number = mp.pix(**changes)["id"]
    mp.simulator.control("pay", id=number)
    return f"/v1/payments/{number}"


def state(mp: MpClient, path: str) -> tuple[str, str, float]:
    body = mp.get(path)
    return body["status"], body["status_detail"], body["transaction_amount_refunded"]


def cause_of(response: requests.Response) -> tuple[int, int]:
    return response.status_code, response.json()["cause"][0]["code"]


def test_part_leaves_it_approved(mp: MpClient, inbox: Inbox) -> None:
    path = paid(mp, notification_url=inbox.url)
    answer = mp.refund(path, "r-1", amount=50)
    assert (answer.status_code, list(answer.json())) == (201, ANSWERED)
    assert (answer.json()["amount"], answer.json()["status"]) == (50, "approved")
    assert answer.json()["source"] == {
        "id": str(mp.account["user_id"]),
        "name": "Loja Exemplo Ltda",
        "type": "collector",
    }
    assert state(mp, path) == ("approved", "partially_refunded", 50)
    [listed] = mp.get(path)["refunds"]
    assert list(listed) == LISTED
    assert [one.json["action"] for one in inbox.wait(3)][2] == "payment.updated"
    assert mp.get(f"{path}/refunds") == [answer.json()]
    assert mp.get(f"{path}/refunds/{answer.json()['id']}") == answer.json()
    assert mp.call("GET", f"{path}/refunds/1").status_code == 404


def test_parts_add_up_to_refunded(mp: MpClient) -> None:
    path = paid(mp, transaction_amount=100)
    for number, amount in enumerate((30, 69.99, 0.01)):
        assert mp.refund(path, f"r-{number}", amount=amount).status_code == 201
    assert state(mp, path) == ("refunded", "refunded", 100)
    assert cause_of(mp.refund(path, "r-9")) == (400, 2063)


def test_without_an_amount_all_that_is_left(mp: MpClient) -> None:
    path = paid(mp, transaction_amount=100)
    mp.refund(path, "r-1", amount=30)
    headers = {"X-Idempotency-Key": "r-2"}
    assert mp.call("POST", f"{path}/refunds", headers=headers).json()["amount"] == 70
    assert state(mp, path) == ("refunded", "refunded", 100)


def test_same_key_answers_200_and_nothing(mp: MpClient) -> None:
    path = paid(mp)
    assert mp.refund(path, "same", amount=10).status_code == 201
    again = mp.refund(path, "same", amount=10)
    assert (again.status_code, again.content) == (200, b"")
    assert state(mp, path)[2] == 10
    other = paid(mp, key="key-2")
    assert mp.refund(other, "same", amount=10).status_code == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [({"amount": 0}, 4040), ({"amount": 149.91}, 2017), ({"amount": "x"}, 2017), ({"amount": 1.001}, 2017)],
)
def test_refuses_amounts(mp: MpClient, body: dict[str, Any], code: int) -> None:
    assert cause_of(mp.refund(paid(mp), "r-1", **body)) == (400, code)


def test_refuses_without_key_for_sellers_not_live_and_what_is_not_approved(
    mp: MpClient, mp_test_seller: MpClient
) -> None:
    path = f"/v1/payments/{mp.pix()['id']}"
    assert cause_of(mp.call("POST", f"{path}/refunds")) == (400, 4292)
    assert cause_of(mp.refund(path, "r-1")) == (400, 2063)
    assert cause_of(mp.refund("/v1/payments/1", "r-1")) == (404, 2000)
    mp_test_seller.preference()
    number = mp_test_seller.simulator.control("pay", reference="chg_pref")["id"]
    assert cause_of(mp_test_seller.refund(f"/v1/payments/{number}", "r-1")) == (401, 7)
    refunded = mp.simulator.control("refund", id=number)
    assert (refunded["status"], refunded["status_detail"]) == ("refunded", "refunded")


def test_refuses_when_too_old(mp: MpClient) -> None:
    path = paid(mp)
    mp.simulator.advance(days=181)
    assert cause_of(mp.refund(path, "r-1")) == (400, 2024)


def test_refuses_when_the_money_is_gone(mp: MpClient) -> None:
    path = paid(mp, transaction_amount=100)
    mp.simulator.control(f"accounts/{mp.account['id']}", opening_balance=-50)
    assert cause_of(mp.refund(path, "r-1")) == (400, 2031)
    assert mp.refund(path, "r-2", amount=40).status_code == 201


def test_gives_the_fee_of_the_part_back(mp: MpClient) -> None:
    path = paid(mp, transaction_amount=100)
    mp.refund(path, "r-1", amount=50)
    assert mp.get(path)["charges_details"][0]["amounts"] == {"original": 0.99, "refunded": 0.49}


def test_only_whole_refunds_in_peru(simulator: Simulator) -> None:
    mp = MpClient(simulator, simulator.control("accounts", gateway="mercadopago", site="MPE"))
    made = simulator.control("panel_payment", account=mp.account["id"], amount=80, method="card")
    path = f"/v1/payments/{made['id']}"
    assert cause_of(mp.refund(path, "r-1", amount=10)) == (400, 3024)
    assert mp.refund(path, "r-2", amount=80).status_code == 201


@pytest.mark.parametrize(
    ("outcome", "expected", "word"),
    [
        ("done", ("approved", "partially_refunded", 50), "approved"),
        ("deny", ("approved", "accredited", 0), "rejected"),
    ],
)
def test_slow_refund_is_in_process(
    mp: MpClient, outcome: str, expected: tuple[str, str, float], word: str
) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", slow_refunds=True)
    path = paid(mp)
    answer = mp.refund(path, "r-1", amount=50)
    assert (answer.status_code, answer.json()["status"]) == (202, "in_process")
    assert state(mp, path) == ("approved", "accredited", 0)
    assert cause_of(mp.refund(path, "r-2", amount=100)) == (400, 2017)
    mp.simulator.control("refund_step", reference="chg_77", outcome=outcome)
    assert state(mp, path) == expected
    assert mp.get(f"{path}/refunds")[0]["status"] == word


def test_merchant_order_tells_of_the_refund(mp: MpClient) -> None:
    preference = mp.preference()
    number = mp.simulator.control("pay", reference="chg_pref")["id"]
    mp.simulator.control("refund", id=preference["id"], amount=50)
    path = f"/merchant_orders/{mp.get(f'/v1/payments/{number}')['order']['id']}"
    order = mp.get(path)
    assert (order["order_status"], order["refunded_amount"]) == ("partially_reverted", 50)
    mp.simulator.control("refund", reference="chg_pref")
    order = mp.get(path)
    assert (order["order_status"], order["status"], order["payments"][0]["amount_refunded"]) == (
        "reverted",
        "closed",
        149.9,
    )


def test_one_refund_can_bring_three_deliveries(mp: MpClient, inbox: Inbox) -> None:
    preference = mp.preference(notification_url=inbox.url)
    mp.simulator.control("pay", reference="chg_pref")
    inbox.wait(2)
    mp.simulator.control("faults", name="ipn_twin", event="payment.updated", times=1)
    mp.simulator.control("refund", id=preference["id"])
    assert sorted("topic=" in one.query for one in inbox.wait(5)[2:]) == [False, True, True]


def test_books_tell_every_refund(mp: MpClient) -> None:
    path = paid(mp)
    first = mp.refund(path, "r-1", amount=50).json()
    [line] = mp.simulator.read("books")["payments"]
    assert line["refunded"] == 50
    [told] = line["refunds"]
    assert (told["id"], told["amount"], told["status"]) == (first["id"], 50, "approved")
    assert told["at"]
