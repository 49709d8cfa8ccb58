"""Chargebacks and claims of Mercado Pago (mercadopago.md 5)."""

from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import Inbox, MpClient

FILES = {"files[]": ("receipt.pdf", b"%PDF-1.4", "application/pdf")}


def by_card(mp: MpClient, **changes: Any) -> int:
    mp.preference(**changes)
    return mp.simulator.control("pay_card", reference="chg_pref")["id"]


def opened(mp: MpClient, **body: Any) -> dict[str, Any]:
    return mp.simulator.control("chargeback", reference="chg_pref", **body)["chargeback"]


def state(mp: MpClient, number: int) -> tuple[str, str]:
    payment = mp.get(f"/v1/payments/{number}")
    return payment["status"], payment["status_detail"]


def upload(mp: MpClient, chargeback: str, files: Any) -> requests.Response:
    return mp.call("POST", f"/v1/chargebacks/{chargeback}/documentation", files=files)


def refusal(mp: MpClient, control: str, **body: Any) -> int:
    return requests.post(f"{mp.simulator.url}/_control/{control}", json=body, timeout=60).status_code


def test_chargeback_has_the_published_shape(mp: MpClient) -> None:
    number = by_card(mp)
    made = opened(mp, documents=True)
    assert int(made["id"]) > 2**53
    body = mp.get(f"/v1/chargebacks/{made['id']}")
    assert list(body) == samples.MP_CHARGEBACK
    assert (body["id"], body["payments"], body["amount"]) == (made["id"], [number], 149.9)
    assert (body["coverage_applied"], body["documentation_required"]) == (None, True)
    assert body["documentation_status"] == "pending" and body["date_documentation_deadline"]
    assert mp.get(f"/chargebacks/{made['id']}") == body
    assert mp.get("/v1/chargebacks/search", payment_id=number)["results"] == [body]
    assert mp.get("/v1/chargebacks/search", payment_id=1)["results"] == []
    assert state(mp, number) == ("charged_back", "in_process")


def test_chargeback_has_the_shape_of_the_sdks_by_a_switch(mp: MpClient) -> None:
    number = by_card(mp)
    made = opened(mp)
    mp.simulator.control(f"accounts/{mp.account['id']}", chargeback_shape="sdk")
    body = mp.get(f"/v1/chargebacks/{made['id']}")
    assert (body["payment_id"], body["status"], body["currency_id"]) == (number, "in_review", "BRL")
    assert mp.get("/v1/chargebacks/search", status="in_review")["paging"]["total"] == 1


def test_documents_are_taken_and_the_seller_wins(mp: MpClient) -> None:
    number = by_card(mp)
    made = opened(mp)["id"]
    assert upload(mp, made, FILES).status_code == 400
    mp.simulator.control("chargeback_step", id=made, outcome="ask_documents")
    answer = upload(mp, made, FILES)
    assert (answer.status_code, answer.json()["documentation_status"]) == (200, "review_pending")
    assert answer.json()["documentation"][0]["description"] == "receipt.pdf"
    mp.simulator.control("chargeback_step", id=made, outcome="won")
    body = mp.get(f"/v1/chargebacks/{made}")
    assert (body["coverage_applied"], body["documentation_status"]) == (True, "valid")
    assert state(mp, number) == ("charged_back", "reimbursed")
    assert refusal(mp, "chargeback_step", id=made, outcome="lost") == 409


@pytest.mark.parametrize(
    "files",
    [
        {"files[]": ("letter.txt", b"please", "text/plain")},
        {"other": ("receipt.pdf", b"%PDF", "application/pdf")},
        {"files[]": ("big.png", b"0" * (10 * 1024 * 1024 + 1), "image/png")},
    ],
)
def test_refuses_bad_documents(mp: MpClient, files: Any) -> None:
    by_card(mp)
    made = opened(mp, documents=True)["id"]
    assert upload(mp, made, files).status_code == 400
    assert mp.get(f"/v1/chargebacks/{made}")["documentation_status"] == "pending"


def test_deadline_passes_and_the_seller_loses(mp: MpClient) -> None:
    number = by_card(mp)
    made = opened(mp, documents=True)["id"]
    mp.simulator.advance(days=11)
    assert mp.get(f"/v1/chargebacks/{made}")["documentation_status"] == "not_supplied"
    assert upload(mp, made, FILES).status_code == 400
    mp.simulator.control("chargeback_step", reference="chg_pref", outcome="lost")
    assert mp.get(f"/v1/chargebacks/{made}")["coverage_applied"] is False
    assert state(mp, number) == ("charged_back", "settled")


def test_won_payment_is_approved_again_where_the_account_says(mp: MpClient) -> None:
    number = by_card(mp)
    mp.simulator.control(f"accounts/{mp.account['id']}", reimbursed_as_approved=True)
    made = opened(mp)["id"]
    mp.simulator.control("chargeback_step", id=made, outcome="won")
    assert state(mp, number) == ("approved", "accredited")


def test_disputed_money_is_not_there_for_refunds(mp: MpClient) -> None:
    held = by_card(mp)
    other = mp.simulator.control("pay", id=mp.pix(transaction_amount=10)["id"])["id"]
    path = f"/v1/payments/{held}"
    opened(mp)
    refused = mp.refund(path, "k-1", amount=1)
    assert (refused.status_code, refused.json()["cause"][0]["code"]) == (400, 2063)
    short = mp.refund(f"/v1/payments/{other}", "k-2")
    assert short.json()["cause"][0]["code"] == 2031
    mp.simulator.control("chargeback_step", id=held, outcome="won")
    assert mp.refund(f"/v1/payments/{other}", "k-3").status_code == 201


def test_only_approved_card_payments_are_charged_back(mp: MpClient) -> None:
    paid = mp.simulator.control("pay", id=mp.pix()["id"])["id"]
    assert refusal(mp, "chargeback", id=paid) == 409
    number = by_card(mp)
    assert refusal(mp, "chargeback", id=number, amount=150) == 409
    assert opened(mp, amount=100)["amount"] == 100
    assert refusal(mp, "chargeback", id=number) == 409


def test_chargeback_is_told_in_its_own_shape(mp: MpClient, inbox: Inbox) -> None:
    number = by_card(mp)
    account = {"panel_url": inbox.url, "panel_topics": ["topic_chargebacks_wh"]}
    mp.simulator.control(f"accounts/{mp.account['id']}", **account)
    made = opened(mp)["id"]
    mp.simulator.control("chargeback_step", id=made, outcome="lost")
    told = sorted((one.json for one in inbox.wait(2)), key=lambda one: one["actions"], reverse=True)
    assert all(list(one) == samples.MP_CHARGEBACK_NOTIFICATION for one in told)
    assert [one["actions"] for one in told] == [["created"], ["changed_case_status"]]
    assert {one["data"]["id"] for one in told} == {int(made)}
    assert {one["data"]["payment_id"] for one in told} == {number}


@pytest.mark.parametrize(
    ("outcome", "wanted"),
    [("payer", ("refunded", "by_admin")), ("seller", ("approved", "accredited"))],
)
def test_claim_is_opened_and_closed(
    mp: MpClient, inbox: Inbox, outcome: str, wanted: tuple[str, str]
) -> None:
    account = {"panel_url": inbox.url, "panel_topics": ["topic_claims_integration_wh"]}
    mp.simulator.control(f"accounts/{mp.account['id']}", **account)
    number = mp.simulator.control("pay", id=mp.pix()["id"])["id"]
    made = mp.simulator.control("claim", id=number)["claim"]
    assert state(mp, number) == ("in_mediation", "pending")
    [got] = inbox.wait(1)
    resource = f"/post-purchase/v1/claims/{made['id']}"
    assert (got.json["type"], got.json["data"]) == ("claim", {"id": int(made["id"]), "resource": resource})
    body = mp.get(resource)
    assert (body["status"], body["resource"], body["resource_id"]) == ("opened", "payment", number)
    assert body["resolution"] is None
    mp.simulator.control("claim_step", id=made["id"], outcome=outcome)
    assert state(mp, number) == wanted
    closed = mp.get(resource)
    assert (closed["status"], len(mp.get(f"{resource}/status_history"))) == ("closed", 2)
    assert mp.get("/post-purchase/v1/claims/search", resource_id=number)["data"] == [closed]
    refunds = mp.get(f"/v1/payments/{number}/refunds")
    assert [one["source"]["type"] for one in refunds] == (["admin"] if outcome == "payer" else [])
    assert refusal(mp, "claim_step", id=made["id"], outcome=outcome) == 409


def test_books_list_disputes(mp: MpClient) -> None:
    number = by_card(mp)
    made = opened(mp)
    books = mp.simulator.read("books", reference="chg_pref")
    assert books["chargebacks"] == [made] and books["claims"] == []
    assert (made["payment"], made["held"], made["status"]) == (str(number), 149.9, "in_process")
    assert mp.simulator.read("books", reference="else")["chargebacks"] == []
