"""Mercado Pago's plans and subscriptions: API, states, hosted page (mercadopago.md 4.1 to 4.6)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import Inbox, MpClient, Simulator

BACK = "https://pay.example.com/sub/back"
FORM = {
    "email": "ana@example.com",
    "number": "5031 4332 1540 6351",
    "holder": "APRO",
    "expiry": "11/90",
    "ccv": "123",
}


def submit(page: str, **changes: str) -> requests.Response:
    form = FORM | {"action": "card"} | changes
    return requests.post(page, data=form, allow_redirects=False, timeout=60)


def refusal(mp: MpClient, method: str, path: str, body: dict[str, Any]) -> str:
    """The text of a 400 that says no more than this (mercadopago.md 1.6)."""
    response = mp.call(method, path, json=body)
    assert response.status_code == 400, response.text
    assert list(response.json()) == ["message", "status"]
    return response.json()["message"]


def body_of(**changes: Any) -> dict[str, Any]:
    terms = {"frequency": 1, "frequency_type": "months", "transaction_amount": 39.9, "currency_id": "BRL"}
    terms |= changes.pop("terms", {})
    body = {"reason": "R", "back_url": BACK, "payer_email": "a@b.c", "auto_recurring": terms}
    return body | changes


def test_plan_has_the_published_shape(mp: MpClient) -> None:
    plan = mp.plan(terms={"repetitions": 12, "billing_day": 10})
    assert list(plan) == samples.MP_PLAN
    assert list(plan["auto_recurring"]) == samples.MP_PLAN_TERMS
    assert (plan["status"], plan["collector_id"]) == ("active", mp.account["user_id"])
    assert plan["auto_recurring"]["billing_day"] == 10
    assert plan["init_point"].endswith(f"/subscriptions/checkout?preapproval_plan_id={plan['id']}")
    assert mp.get(f"/preapproval_plan/{plan['id']}") == plan


def test_subscription_has_the_published_shape(mp: MpClient) -> None:
    made = mp.subscription(notification_url="https://pay.example.com/dropped")
    assert list(made) == samples.MP_SUBSCRIPTION
    assert list(made["auto_recurring"]) == samples.MP_SUBSCRIPTION_TERMS
    assert (made["status"], made["payer_email"], made["version"]) == ("pending", "", 0)
    assert made["next_payment_date"] == made["date_created"]
    assert set(made["summarized"].values()) == {None}
    assert mp.get(f"/preapproval/{made['id']}") == made


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"preapproval_plan_id": "x"}, "card_token_id is required"),
        ({"status": "authorized"}, "card_token_id is required"),
        ({"back_url": ""}, "Back url is required"),
        ({"back_url": "http://pay.example.com"}, "Invalid value for back_url, must be a valid https url"),
        ({"payer_email": None}, "payer_email must be a valid email"),
        ({"reason": None}, "Reason is required"),
        ({"terms": {"transaction_amount": 0.49}}, "Cannot pay an amount lower than $ 0.50"),
        ({"terms": {"transaction_amount": 1.999}}, "Invalid field -> auto_recurring.transaction_amount"),
        ({"terms": {"currency_id": "USD"}}, "Invalid field -> auto_recurring.currency_id"),
        ({"terms": {"frequency_type": "years"}}, "Invalid field -> auto_recurring.frequency_type"),
        ({"terms": {"frequency": 0}}, "Invalid field -> auto_recurring.frequency"),
        ({"terms": {"billing_day": 29}}, "Invalid field -> auto_recurring.billing_day"),
        (
            {"terms": {"billing_day": 5, "frequency_type": "days"}},
            "Invalid field -> auto_recurring.billing_day",
        ),
        (
            {"terms": {"end_date": "2001-01-01T00:00:00.000-03:00"}},
            "Invalid field -> auto_recurring.end_date",
        ),
    ],
)
def test_refuses_bad_subscriptions_in_few_words(mp: MpClient, changes: dict[str, Any], text: str) -> None:
    assert refusal(mp, "POST", "/preapproval", body_of(**changes)) == text


def test_card_tokens_are_not_known(mp: MpClient) -> None:
    body = body_of(status="authorized", card_token_id="t")
    assert mp.call("POST", "/preapproval", json=body).status_code == 501


def test_argentina_has_its_measured_limits(simulator: Simulator) -> None:
    mp = MpClient(simulator, simulator.control("accounts", gateway="mercadopago", site="MLA"))
    terms = {"currency_id": "ARS", "transaction_amount": 14}
    text = refusal(mp, "POST", "/preapproval", body_of(terms=terms))
    assert text == "Cannot pay an amount lower than $ 15.00"


def test_repeated_idempotency_key_makes_another_one(mp: MpClient) -> None:
    for path in ("/preapproval", "/preapproval_plan"):
        twins = [
            mp.call("POST", path, json=body_of(), headers={"X-Idempotency-Key": "k"}).json()["id"]
            for _ in range(2)
        ]
        assert twins[0] != twins[1]


def test_reading_what_is_not_ours(mp: MpClient, simulator: Simulator) -> None:
    stranger = MpClient(simulator, simulator.control("accounts", gateway="mercadopago"))
    path = f"/preapproval/{mp.subscription()['id']}"
    response = stranger.call("GET", path)
    assert (response.status_code, list(response.json())) == (400, ["message", "status"])
    assert "not valid for callerId" in response.json()["message"]
    assert mp.call("GET", "/preapproval/" + "0" * 32).status_code == 404
    assert mp.call("GET", "/preapproval_plan/" + "0" * 32).status_code == 404


def test_page_authorizes_and_sends_back_with_the_id(mp: MpClient) -> None:
    made = mp.subscription()
    assert "a cada mês" in requests.get(made["init_point"], timeout=60).text
    answer = submit(made["init_point"])
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{BACK}?preapproval_id={made['id']}")
    now = mp.get(f"/preapproval/{made['id']}")
    assert (now["status"], now["payment_method_id"], now["version"]) == ("authorized", "master", 1)
    [check] = mp.get("/v1/payments/search", external_reference="sub_1")["results"]
    assert (check["operation_type"], check["transaction_amount"]) == ("card_validation", 0)
    assert (check["status"], check["status_detail"]) == ("approved", "accredited")
    wanted = datetime.fromisoformat(now["next_payment_date"]) - datetime.fromisoformat(now["last_modified"])
    assert timedelta(minutes=39) < wanted < timedelta(minutes=41)


@pytest.mark.parametrize("holder", ["FUND", "CONT"])
def test_bad_holder_fails_at_the_page(mp: MpClient, holder: str) -> None:
    made = mp.subscription()
    answer = submit(made["init_point"], holder=holder)
    assert "CC_VAL_433 Credit card validation has failed" in answer.text
    assert mp.get(f"/preapproval/{made['id']}") == made
    refused = mp.simulator.control("subscribe", reference="sub_1", holder=holder)
    assert (refused["refused"], refused["status"]) == (True, "pending")
    assert mp.simulator.read("books")["payments"] == []


def test_plan_link_starts_one_for_each_who_opens_it(mp: MpClient) -> None:
    plan = mp.plan(external_reference="plan_1")
    answer = submit(plan["init_point"] + "&external_reference=mine", email="one@example.com")
    first = answer.headers["Location"].partition("preapproval_id=")[2]
    second = mp.simulator.control("subscribe", id=plan["id"])["id"]
    assert first != second
    for one in (first, second):
        made = mp.get(f"/preapproval/{one}")
        assert (made["external_reference"], made["preapproval_plan_id"]) == (None, plan["id"])
        assert (made["status"], made["auto_recurring"]["transaction_amount"]) == ("authorized", 39.9)
    put = mp.put(f"/preapproval/{first}", external_reference="adopted")
    assert put["external_reference"] == "adopted"
    [line] = mp.simulator.read("books")["plans"]
    assert line["subscriptions"] == [first, second]


def test_closed_plan_takes_nobody(mp: MpClient) -> None:
    plan = mp.plan()
    assert mp.put(f"/preapproval_plan/{plan['id']}", status="cancelled")["status"] == "cancelled"
    assert "not active" in submit(plan["init_point"]).text
    text = refusal(mp, "PUT", f"/preapproval_plan/{plan['id']}", {"status": "active"})
    assert text == "Invalid transition from cancelled to active"


def test_plan_changes_and_is_found(mp: MpClient) -> None:
    plan = mp.plan()
    changed = mp.put(
        f"/preapproval_plan/{plan['id']}", reason="Outro", auto_recurring={"transaction_amount": 50}
    )
    assert (changed["reason"], changed["auto_recurring"]["transaction_amount"]) == ("Outro", 50)
    assert mp.get("/preapproval_plan/search", q="outro")["results"] == [changed]
    assert mp.get("/preapproval_plan/search", status="cancelled")["paging"]["total"] == 0


def authorized(mp: MpClient, **changes: Any) -> dict[str, Any]:
    made = mp.subscription(**changes)
    mp.simulator.control("subscribe", id=made["id"])
    return mp.get(f"/preapproval/{made['id']}")


def test_put_answers_200_for_what_it_drops(mp: MpClient) -> None:
    made = authorized(mp)
    path = f"/preapproval/{made['id']}"
    dropped = {"frequency": 2, "frequency_type": "days", "currency_id": "USD", "end_date": "2030-01-01"}
    assert mp.put(path, auto_recurring=dropped, preapproval_plan_id="x", start_date="2030-01-01") == made
    mixed = mp.put(path, auto_recurring=dropped | {"transaction_amount": 45}, reason="Novo")
    assert mixed["auto_recurring"] == made["auto_recurring"] | {"transaction_amount": 45}
    assert (mixed["reason"], mixed["version"]) == ("Novo", made["version"] + 1)


def test_paused_accepts_only_cancel_or_resume(mp: MpClient) -> None:
    path = f"/preapproval/{authorized(mp)['id']}"
    assert mp.put(path, status="paused")["status"] == "paused"
    for body in ({"reason": "x"}, {"status": "paused"}, {"status": "authorized", "reason": "x"}):
        assert refusal(mp, "PUT", path, body) == "You can not modify a paused preapproval."
    assert mp.put(path, status="authorized")["status"] == "authorized"
    mp.put(path, status="paused")
    assert mp.put(path, status="cancelled")["status"] == "cancelled"


def test_cancelled_is_final(mp: MpClient) -> None:
    path = f"/preapproval/{mp.subscription()['id']}"
    assert (
        refusal(mp, "PUT", path, {"status": "authorized"}) == "Invalid transition from pending to authorized"
    )
    assert refusal(mp, "PUT", path, {"status": "canceled"}) == "Invalid status: canceled"
    assert mp.put(path, status="cancelled")["next_payment_date"] is None
    wanted = "Invalid transition from cancelled to authorized"
    assert refusal(mp, "PUT", path, {"status": "authorized"}) == wanted
    assert refusal(mp, "PUT", path, {"reason": "x"}) == "You can not modify a cancelled preapproval."


def test_search_lies_as_measured(mp: MpClient) -> None:
    made = [mp.subscription(external_reference=f"r{number}")["id"] for number in range(4)]
    found = mp.get("/preapproval/search", external_reference="r0")
    assert {one["id"] for one in found["results"]} == set(made)
    assert {(one["next_payment_date"], str(one["summarized"])) for one in found["results"]} == {(None, "{}")}
    assert mp.get("/preapproval/search", status="sleeping")["results"] == []
    for one in made:
        mp.put(f"/preapproval/{one}", status="cancelled")
    assert mp.get("/preapproval/search", status="cancelled")["paging"]["total"] == 2


def test_partial_put_and_stale_read_strike_here_too(mp: MpClient) -> None:
    made = authorized(mp)
    path = f"/preapproval/{made['id']}"
    mp.simulator.control("faults", name="partial_put", fields=["status"], times=1)
    half = mp.put(path, reason="Novo", status="paused")
    assert (half["reason"], half["status"]) == ("Novo", "authorized")
    mp.simulator.control("faults", name="stale_read")
    assert mp.get(path)["reason"] == "Plano mensal"
    assert mp.get(path) == half


def test_early_notifications_hide_what_they_tell(mp: MpClient, inbox: Inbox) -> None:
    topics = {"panel_url": inbox.url, "panel_topics": ["subscription_preapproval"]}
    mp.simulator.control(f"accounts/{mp.account['id']}", **topics)
    mp.simulator.control("faults", name="early_notify", topic="subscription_preapproval")
    made = mp.subscription()["id"]
    inbox.wait(1)
    assert mp.call("GET", f"/preapproval/{made}").status_code == 404
    assert mp.get("/preapproval/search")["results"] == []
    mp.simulator.advance(seconds=4)
    mp.put(f"/preapproval/{made}", status="cancelled")
    assert mp.get(f"/preapproval/{made}")["status"] == "pending"
    mp.simulator.advance(seconds=4)
    assert mp.get(f"/preapproval/{made}")["status"] == "cancelled"


def test_panel_shows_and_authorizes(mp: MpClient) -> None:
    plan, made = mp.plan()["id"], mp.subscription()["id"]
    page = requests.get(f"{mp.simulator.url}/", timeout=60).text
    assert f"preapproval_plan_id={plan}" in page and f"/pay/subscription/{made}" in page
    requests.post(f"{mp.simulator.url}/pay/subscription/{made}", timeout=60)
    assert mp.get(f"/preapproval/{made}")["status"] == "authorized"
