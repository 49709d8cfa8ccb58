"""Any event of asaas.md 5.3, sent by a control (docs/simulator.md, asaas_event)."""

from typing import Any

import requests

from simulator.asaas.names import EVENTS, event_hash
from tests.simulator.support import AsaasClient, Inbox

KEYS = {
    "PAYMENT_": "payment",
    "SUBSCRIPTION_": "subscription",
    "CHECKOUT_": "checkout",
    "INVOICE_": "invoice",
    "TRANSFER_": "transfer",
    "BALANCE_VALUE_": "balance",
    "INTERNAL_TRANSFER_": "internalTransfer",
    "ACCESS_TOKEN_": "accessToken",
}
OPEN_FAMILIES = {
    "BILL_PAID": "bill",
    "RECEIVABLE_ANTICIPATION_CREDITED": "anticipation",
    "MOBILE_PHONE_RECHARGE_CONFIRMED": "mobilePhoneRecharge",
    "PHONE_RECHARGE_CONFIRMED": "mobilePhoneRecharge",
    "ACCOUNT_STATUS_GENERAL_APPROVAL_APPROVED": "accountStatus",
    "PIX_AUTOMATIC_RECURRING_AUTHORIZATION_CREATED": "pixAutomatic",
}


def send(asaas: AsaasClient, event: str, **body: Any) -> dict[str, Any]:
    return asaas.simulator.control("asaas_event", account=asaas.account["id"], event=event, **body)


def test_every_event_is_sent_with_the_object_of_its_family(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, [])
    named = {event: next(key for start, key in KEYS.items() if event.startswith(start)) for event in EVENTS}
    wanted = named | OPEN_FAMILIES
    sent = {event: send(asaas, event) for event in sorted(wanted)}
    bodies = {one.json["event"]: one.json for one in inbox.wait(len(wanted))}
    assert set(bodies) == set(wanted)
    for event, body in bodies.items():
        assert list(body) == ["id", "event", "dateCreated", "account", wanted[event]], event
        assert body[wanted[event]]["id"] == sent[event]["id"]
        assert body["id"] == sent[event]["event_id"] and event_hash(event) in body["id"]
    assert bodies["PAYMENT_OVERDUE"]["payment"]["status"] == "OVERDUE"
    assert bodies["SUBSCRIPTION_DELETED"]["subscription"]["deleted"] is True
    assert bodies["TRANSFER_FAILED"]["transfer"]["status"] == "FAILED"


def test_sent_several_times_it_is_one_event(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, [])
    answer = send(asaas, "INVOICE_CREATED", times=3, body={"value": 7})
    bodies = [one.json for one in inbox.wait(3)]
    assert len(answer["deliveries"]) == 3 and bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["invoice"]["value"] == 7


def test_what_exists_is_told_as_it_is(asaas: AsaasClient, inbox: Inbox) -> None:
    charge = asaas.charge()
    asaas.webhook(inbox.url, [])
    send(asaas, "PAYMENT_DUNNING_REQUESTED", id=charge["id"])
    send(asaas, "PAYMENT_DUNNING_REQUESTED", id="pay_of_tomorrow")
    real, imagined = [one.json["payment"] for one in inbox.wait(2)]
    assert real == charge
    assert (imagined["id"], imagined["status"]) == ("pay_of_tomorrow", "DUNNING_REQUESTED")
    assert asaas.call("GET", "/payments/pay_of_tomorrow").status_code == 404


def test_a_family_of_tomorrow_needs_its_key(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, [])
    body = {"account": asaas.account["id"], "event": "LOAN_GRANTED"}
    url = f"{asaas.simulator.url}/_control/asaas_event"
    assert requests.post(url, json=body, timeout=60).status_code == 400
    assert requests.post(url, json=body | {"event": "no name"}, timeout=60).status_code == 400
    assert requests.post(url, json=body | {"key": "loan", "times": 0}, timeout=60).status_code == 400
    send(asaas, "LOAN_GRANTED", key="loan", id="loan-1", body={"value": 9})
    assert inbox.wait(1)[0].json["loan"] == {"id": "loan-1", "value": 9}
