"""Card subscriptions of Asaas: the card kept, its refusals, recurring checkouts (asaas.md 3.11, 4.2)."""

from typing import Any

import pytest
import requests

from tests.simulator.subscribed import EVENTS, at, charges, events, play_to, subscribe
from tests.simulator.support import AsaasClient, Inbox

REFUSED = "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED"
CARD = {"creditCardNumber": "6351", "creditCardBrand": "MASTERCARD"}


def by_card(asaas: AsaasClient, **changes: Any) -> dict[str, Any]:
    at(asaas, "2027-03-01")
    return subscribe(asaas, billingType="CREDIT_CARD", **changes)


def states(asaas: AsaasClient, made: dict[str, Any]) -> list[str]:
    return [one["status"] for one in charges(asaas, made)]


def shown(asaas: AsaasClient, made: dict[str, Any]) -> dict[str, Any] | None:
    return asaas.get(f"/subscriptions/{made['id']}").get("creditCard")


def test_card_of_the_first_charge_pays_the_later_ones_on_their_due_dates(
    asaas: AsaasClient, inbox: Inbox
) -> None:
    made = by_card(asaas)
    asaas.webhook(inbox.url, EVENTS)
    play_to(asaas, "2027-03-09")
    assert shown(asaas, made) is None
    [first, second] = charges(asaas, made)
    assert second["creditCard"] == {"creditCardNumber": None, "creditCardBrand": None}
    typed = {"number": "5031433215406351", "holder": "ANA SOUZA", "expiry": "12/40", "ccv": "123"}
    assert requests.post(first["invoiceUrl"], data={"action": "card", **typed}, timeout=60).ok
    kept = shown(asaas, made)
    assert kept and kept | CARD == kept and kept["creditCardToken"]
    [first, second] = charges(asaas, made)
    assert (first["status"], first["creditCard"]) == ("CONFIRMED", kept)
    assert (second["status"], second["creditCard"]) == ("PENDING", kept)
    play_to(asaas, "2027-06-09")
    assert states(asaas, made) == ["RECEIVED", "RECEIVED", "CONFIRMED", "PENDING", "PENDING"]
    assert [one["confirmedDate"] for one in charges(asaas, made)] == [
        *("2027-03-09", "2027-04-10", "2027-05-10", None, None)
    ]
    told = [one.json for one in inbox.wait(8) if one.json["event"] == "PAYMENT_CONFIRMED"]
    assert [one["dateCreated"][:16] for one in told[1:]] == ["2027-04-10 08:00", "2027-05-10 08:00"]


def test_without_a_card_it_becomes_overdue(asaas: AsaasClient, inbox: Inbox) -> None:
    made = by_card(asaas)
    asaas.webhook(inbox.url, [REFUSED, "PAYMENT_OVERDUE"])
    play_to(asaas, "2027-03-12")
    assert states(asaas, made) == ["OVERDUE", "PENDING"]
    assert events(inbox, 1) == ["PAYMENT_OVERDUE"]


def test_refused_card_leaves_it_pending_then_overdue_until_it_recovers(
    asaas: AsaasClient, inbox: Inbox
) -> None:
    made = by_card(asaas)
    asaas.simulator.control("pay", reference="sub-7")
    path = {"id": made["id"]}
    assert asaas.simulator.control("kept_card", **path, declines=True) == {
        **path,
        "status": "ACTIVE",
        "declines": True,
    }
    play_to(asaas, "2027-04-09")
    asaas.webhook(inbox.url, EVENTS)
    play_to(asaas, "2027-04-11")
    assert states(asaas, made) == ["RECEIVED", "PENDING", "PENDING"]
    assert events(inbox, 1) == [REFUSED]
    assert asaas.simulator.control("retry_card", **path)["refused"] is True
    play_to(asaas, "2027-04-12")
    assert states(asaas, made) == ["RECEIVED", "OVERDUE", "PENDING"]
    assert events(inbox, 3) == [REFUSED, REFUSED, "PAYMENT_OVERDUE"]
    asaas.simulator.control("kept_card", reference="sub-7", declines=False)
    answer = asaas.simulator.control("retry_card", **path)
    assert (answer["status"], answer["refused"]) == ("CONFIRMED", False)
    play_to(asaas, "2027-05-10")
    assert states(asaas, made) == ["RECEIVED", "CONFIRMED", "CONFIRMED", "PENDING"]


def test_another_card_typed_on_the_page_takes_the_place_of_the_one_kept(asaas: AsaasClient) -> None:
    made = by_card(asaas)
    asaas.simulator.control("pay_card", reference="sub-7")
    asaas.simulator.control("kept_card", id=made["id"], declines=True)
    play_to(asaas, "2027-04-13")
    refused = asaas.simulator.control("pay_card", reference="sub-7", number="5184019740373151")
    assert refused["refused"] is True and (shown(asaas, made) or {})["creditCardNumber"] == "6351"
    asaas.simulator.control("pay_card", reference="sub-7", number="4444444444444448")
    assert shown(asaas, made) == asaas.get(f"/payments/{refused['id']}")["creditCard"]
    play_to(asaas, "2027-05-10")
    assert states(asaas, made)[:3] == ["RECEIVED", "CONFIRMED", "CONFIRMED"]


def test_another_way_of_paying_forgets_the_card(asaas: AsaasClient) -> None:
    made = by_card(asaas)
    asaas.simulator.control("pay", reference="sub-7")
    asaas.simulator.advance(days=1)
    asaas.put(f"/subscriptions/{made['id']}", billingType="PIX", updatePendingPayments=True)
    assert shown(asaas, made) is None
    play_to(asaas, "2027-04-13")
    assert states(asaas, made)[1] == "OVERDUE"


def test_what_is_open_at_a_pause_is_still_charged(asaas: AsaasClient) -> None:
    made = by_card(asaas)
    asaas.simulator.control("pay", reference="sub-7")
    asaas.simulator.advance(days=1)
    asaas.put(f"/subscriptions/{made['id']}", status="INACTIVE")
    play_to(asaas, "2027-06-01")
    assert states(asaas, made) == ["RECEIVED", "RECEIVED"]


@pytest.mark.parametrize(
    ("control", "body", "status"),
    [
        ("kept_card", {"declines": True}, 409),
        ("kept_card", {}, 400),
        ("retry_card", {}, 409),
        ("retry_card", {"id": "sub_unknown"}, 404),
    ],
)
def test_controls_need_a_card_that_is_kept(
    asaas: AsaasClient, control: str, body: dict[str, Any], status: int
) -> None:
    made = by_card(asaas)
    url = f"{asaas.simulator.url}/_control/{control}"
    assert requests.post(url, json={"id": made["id"]} | body, timeout=60).status_code == status


def recurring(asaas: AsaasClient, **changes: Any) -> dict[str, Any]:
    body = {
        "billingTypes": ["CREDIT_CARD"],
        "chargeTypes": ["RECURRENT"],
        "minutesToExpire": 60,
        "externalReference": "chk-1",
        "items": [{"name": "Plano", "quantity": 1, "value": 89.9}],
        "subscription": {"cycle": "MONTHLY", "nextDueDate": "2027-03-10", "endDate": "2028-03-10"},
    }
    return asaas.post("/checkouts", **body | changes)


def test_recurring_checkout_makes_a_subscription_without_its_reference(
    asaas: AsaasClient, inbox: Inbox
) -> None:
    at(asaas, "2027-03-01")
    asaas.webhook(inbox.url, EVENTS)
    session = recurring(asaas)
    assert session["subscription"]["nextDueDate"] == "2027-03-10"
    assert asaas.get("/subscriptions")["totalCount"] == 0
    paid = asaas.simulator.control("pay", reference="chk-1")
    [made] = asaas.get("/subscriptions")["data"]
    assert (made["checkoutSession"], made["externalReference"]) == (session["id"], None)
    assert (made["nextDueDate"], made["endDate"], made["value"]) == ("2027-04-10", "2028-03-10", 89.9)
    [first] = charges(asaas, made)
    assert (first["id"], first["status"], first["dueDate"]) == (paid["id"], "CONFIRMED", "2027-03-10")
    assert (first["checkoutSession"], first["externalReference"]) == (session["id"], None)
    told = [one.json for one in inbox.wait(4)]
    assert [one["event"] for one in told] == [
        *("SUBSCRIPTION_CREATED", "PAYMENT_CREATED", "PAYMENT_CONFIRMED", "CHECKOUT_PAID")
    ]
    assert told[3]["checkout"]["subscription"] == session["subscription"]
    play_to(asaas, "2027-05-11")
    assert states(asaas, made) == ["RECEIVED", "CONFIRMED", "CONFIRMED", "PENDING"]
    books = asaas.simulator.read("books", reference="chk-1")
    assert {one["subscription"] for one in books["payments"]} == {made["id"]}


def test_person_subscribes_on_the_page(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    session = recurring(asaas, customer=asaas.customer()["id"])
    page = requests.get(session["link"], timeout=60).text
    assert "Pagar com PIX" not in page and "depois todo mês" in page and "Parcelas" not in page
    typed = {"number": "5031433215406351", "holder": "ANA SOUZA", "expiry": "12/40", "ccv": "123"}
    refused = {"action": "card", **typed, "number": "5184019740373151"}
    assert "não autorizada" in requests.post(session["link"], data=refused, timeout=60).text
    assert asaas.get("/subscriptions")["totalCount"] == 0
    assert requests.post(session["link"], data=refused | typed, timeout=60).ok
    kept = asaas.get("/subscriptions")["data"][0]["creditCard"]
    assert kept | CARD == kept


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subscription": None}, "invalid_object"),
        ({"subscription": {"cycle": "MONTHLY"}}, "invalid_nextDueDate"),
        ({"subscription": {"cycle": "MONTHLY", "nextDueDate": "2020-01-01"}}, "invalid_nextDueDate"),
        ({"subscription": {"nextDueDate": "2099-01-01"}}, "invalid_cycle"),
        ({"chargeTypes": ["RECURRENT", "DETACHED"]}, "invalid_object"),
        ({"billingTypes": ["PIX", "CREDIT_CARD"]}, "invalid_object"),
    ],
)
def test_refuses_recurring_checkouts(asaas: AsaasClient, change: dict[str, Any], code: str) -> None:
    body = {
        "billingTypes": ["CREDIT_CARD"],
        "chargeTypes": ["RECURRENT"],
        "items": [{"name": "Plano", "quantity": 1, "value": 89.9}],
        "subscription": {"cycle": "MONTHLY", "nextDueDate": "2099-01-10"},
    }
    response = asaas.call("POST", "/checkouts", json=body | change)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, code)
