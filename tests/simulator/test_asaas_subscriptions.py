"""Subscriptions of Asaas through their API (asaas.md 4.2, 5.5, 7)."""

from typing import Any

import pytest

from tests.simulator import samples
from tests.simulator.subscribed import EVENTS, at, charges, events, subscribe, terms
from tests.simulator.support import AsaasClient, Inbox

KEYS = samples.keys(
    "object id dateCreated customer paymentLink value nextDueDate cycle description billingType deleted "
    "status externalReference checkoutSession sendPaymentByPostalService fine interest split"
)


def test_creation_answers_the_published_shape_one_cycle_ahead(asaas: AsaasClient, inbox: Inbox) -> None:
    at(asaas, "2027-03-01")
    asaas.webhook(inbox.url, EVENTS)
    made = subscribe(asaas, description="Plano mensal")
    assert list(made) == KEYS
    assert (made["nextDueDate"], made["status"], made["value"]) == ("2027-04-10", "ACTIVE", 89.9)
    [first] = charges(asaas, made)
    assert (first["dueDate"], first["status"], first["subscription"]) == ("2027-03-10", "PENDING", made["id"])
    assert (first["externalReference"], first["description"]) == ("sub-7", "Plano mensal")
    assert (first["value"], first["billingType"]) == (89.9, "UNDEFINED")
    told = [one.json for one in inbox.wait(2)]
    assert [one["event"] for one in told] == ["SUBSCRIPTION_CREATED", "PAYMENT_CREATED"]
    assert (told[0]["subscription"], told[1]["payment"]) == (made, first)
    assert told[0]["id"].startswith(f"evt_{samples.EVENT_HASHES['SUBSCRIPTION_CREATED']}&")
    assert asaas.get(f"/subscriptions/{made['id']}") == made


def test_first_charge_is_issued_however_far_ahead(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, nextDueDate="2027-08-31")
    assert [one["dueDate"] for one in charges(asaas, made)] == ["2027-08-31"]
    assert made["nextDueDate"] == "2027-09-30"


def test_keys_of_what_is_set_come_last(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    discount = {"value": 10, "dueDateLimitDays": 2, "type": "PERCENTAGE"}
    fine, interest = {"value": 2, "type": "PERCENTAGE"}, {"value": 1}
    made = subscribe(
        asaas, discount=discount, fine=fine, interest=interest, endDate="2028-01-01", maxPayments=6
    )
    assert list(made) == [*KEYS, "discount", "endDate", "maxPayments"]
    assert (made["discount"], made["fine"]) == (discount, fine)
    assert (made["endDate"], made["maxPayments"]) == ("2028-01-01", 6)
    [first] = charges(asaas, made)
    assert first["discount"] == discount | {"limitDate": "2027-03-08"}
    assert (first["fine"], first["interest"]) == (fine, interest | {"type": "PERCENTAGE"})


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"customer": "cus_000000000000"}, "invalid_customer", "Customer inválido"),
        ({"billingType": "GOLD"}, "invalid_billingType", "billingType"),
        ({"value": None}, "invalid_value", "O campo value deve ser informado"),
        ({"value": 4.99}, "invalid_value", "não pode ser menor que R$ 5,00"),
        ({"discount": {"value": 86}}, "invalid_value", "não pode ser menor que R$ 5,00"),
        ({"nextDueDate": None}, "invalid_nextDueDate", "nextDueDate"),
        ({"nextDueDate": "2020-01-01"}, "invalid_nextDueDate", "inferior a hoje"),
        ({"cycle": None}, "invalid_cycle", "cycle"),
        ({"cycle": "DAILY"}, "invalid_cycle", "cycle"),
        ({"endDate": "2020-01-01"}, "invalid_endDate", "final"),
        ({"maxPayments": 0}, "invalid_maxPayments", "maxPayments"),
        ({"discount": {}}, "invalid_object", "discount"),
        ({"callback": {"successUrl": "https://other.example.com"}}, "invalid_object", "successUrl"),
    ],
)
def test_refuses_subscriptions(asaas: AsaasClient, change: dict[str, Any], code: str, text: str) -> None:
    body = terms(asaas) | change
    response = asaas.call("POST", "/subscriptions", json={k: v for k, v in body.items() if v is not None})
    error = response.json()["errors"][0]
    assert (response.status_code, error["code"]) == (400, code)
    assert text in error["description"]
    books = asaas.simulator.read("books")
    assert (books["subscriptions"], books["payments"]) == ([], [])


def test_customer_without_document_is_refused(asaas: AsaasClient) -> None:
    body = terms(asaas) | {"customer": asaas.customer(cpfCnpj=None)["id"]}
    response = asaas.call("POST", "/subscriptions", json=body)
    assert response.json()["errors"][0]["code"] == "invalid_customer.cpfCnpj"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/payments")])
def test_stranger_finds_nothing(
    asaas: AsaasClient, asaas_production: AsaasClient, method: str, path: str
) -> None:
    made = subscribe(asaas)
    body = {"json": {"value": 10}} if method == "PUT" else {}
    response = asaas_production.call(method, f"/subscriptions/{made['id']}{path}", **body)
    assert (response.status_code, response.content) == (404, b"")


def test_changed_value_leaves_issued_charges_alone(asaas: AsaasClient, inbox: Inbox) -> None:
    made = subscribe(asaas)
    asaas.webhook(inbox.url, EVENTS)
    assert asaas.put(f"/subscriptions/{made['id']}", value=99.9)["value"] == 99.9
    assert [one["value"] for one in charges(asaas, made)] == [89.9]
    assert events(inbox, 1) == ["SUBSCRIPTION_UPDATED"]
    asaas.post(f"/subscriptions/{made['id']}", value=120, updatePendingPayments=True)
    assert [one["value"] for one in charges(asaas, made)] == [120.0]
    assert events(inbox, 3)[1:] == ["PAYMENT_UPDATED", "SUBSCRIPTION_UPDATED"]


def test_open_charges_follow_when_asked_to_and_paid_ones_never(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas)
    asaas.simulator.advance(days=10)
    asaas.simulator.control("pay", reference="sub-7")
    change = {"billingType": "BOLETO", "externalReference": "sub-8", "discount": {"value": 5}}
    asaas.put(f"/subscriptions/{made['id']}", **change, description="novo", updatePendingPayments=True)
    paid, waiting = charges(asaas, made)
    assert (paid["status"], paid["billingType"], paid["externalReference"]) == ("RECEIVED", "PIX", "sub-7")
    assert (waiting["billingType"], waiting["externalReference"]) == ("BOLETO", "sub-8")
    assert waiting["nossoNumero"] and waiting["discount"]["limitDate"] == waiting["dueDate"]
    assert (paid["description"], waiting["description"]) == (None, "novo")


def test_a_change_that_changes_nothing_is_not_told(asaas: AsaasClient, inbox: Inbox) -> None:
    made = subscribe(asaas)
    asaas.webhook(inbox.url, EVENTS)
    assert asaas.put(f"/subscriptions/{made['id']}", value=89.9, status="ACTIVE") == made
    asaas.simulator.flush()
    assert inbox.received == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"value": 4}, "invalid_value"),
        ({"nextDueDate": "2020-01-01"}, "invalid_nextDueDate"),
        ({"status": "EXPIRED"}, "invalid_status"),
        ({"cycle": "DAILY"}, "invalid_cycle"),
        ({"billingType": "GOLD"}, "invalid_billingType"),
        ({"endDate": "2020-01-01"}, "invalid_endDate"),
    ],
)
def test_refuses_changes(asaas: AsaasClient, change: dict[str, Any], code: str) -> None:
    made = subscribe(asaas)
    response = asaas.call("PUT", f"/subscriptions/{made['id']}", json=change)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, code)
    assert asaas.get(f"/subscriptions/{made['id']}") == made


def test_removed_one_is_inactive_hidden_and_still_answered(asaas: AsaasClient, inbox: Inbox) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas)
    asaas.simulator.advance(days=1)
    assert len(charges(asaas, made)) == 2
    asaas.webhook(inbox.url, EVENTS)
    assert asaas.delete(f"/subscriptions/{made['id']}") == {"deleted": True, "id": made["id"]}
    gone = asaas.get(f"/subscriptions/{made['id']}")
    assert (gone["deleted"], gone["status"]) == (True, "INACTIVE")
    assert charges(asaas, made) == []
    told = [one.json for one in inbox.wait(3)]
    assert [one["event"] for one in told] == ["PAYMENT_DELETED"] * 2 + ["SUBSCRIPTION_DELETED"]
    assert told[2]["subscription"] == gone
    assert asaas.get("/subscriptions")["totalCount"] == 0
    for query in ({"includeDeleted": "true"}, {"deletedOnly": "true"}):
        assert asaas.get("/subscriptions", **query)["data"] == [gone]
    for method in ("PUT", "DELETE"):
        body = {"json": {"value": 10}} if method == "PUT" else {}
        response = asaas.call(method, f"/subscriptions/{made['id']}", **body)
        assert response.json()["errors"][0]["code"] == "invalid_action"


def test_list_knows_its_filters(asaas: AsaasClient) -> None:
    owner = asaas.customer(groupName="vip")["id"]
    first = subscribe(asaas, customer=owner, externalReference="a", value=50)["id"]
    second = subscribe(asaas, billingType="PIX", externalReference="b", value=20)["id"]
    asaas.put(f"/subscriptions/{second}", status="INACTIVE")

    def found(**query: Any) -> list[str]:
        return [one["id"] for one in asaas.get("/subscriptions", **query)["data"]]

    assert found() == [second, first]
    assert found(customer=owner) == found(customerGroupName="vip") == found(externalReference="a") == [first]
    assert found(billingType="PIX") == found(status="INACTIVE") == [second]
    assert found(deletedOnly="true") == found(status="EXPIRED") == []
    assert found(order="asc") == found(sort="value", order="desc") == [first, second]
    assert found(sort="value", order="asc", limit=1) == [second]
    assert asaas.get("/subscriptions", limit=1)["hasMore"] is True


def test_charges_are_listed_by_status(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas)
    asaas.simulator.advance(days=1)
    asaas.simulator.control("pay", id=made["id"])
    path = f"/subscriptions/{made['id']}/payments"
    assert [one["dueDate"] for one in asaas.get(path, status="RECEIVED")["data"]] == ["2027-03-10"]
    assert [one["dueDate"] for one in asaas.get(path, status="PENDING")["data"]] == ["2027-04-10"]
    assert asaas.get("/payments", subscription=made["id"])["totalCount"] == 2


def test_payment_book_forces_charges_to_exist(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas)
    response = asaas.call("GET", f"/subscriptions/{made['id']}/paymentBook?month=8&year=2027")
    assert response.content.startswith(b"%PDF")
    assert len(charges(asaas, made)) == 6
    assert asaas.get(f"/subscriptions/{made['id']}")["nextDueDate"] == "2027-09-10"


def test_faults_strike_subscriptions_too(asaas: AsaasClient) -> None:
    made = subscribe(asaas)
    path = f"/subscriptions/{made['id']}"
    fault = {"name": "partial_put", "fields": ["value"], "path": "/subscriptions/", "times": 1}
    asaas.simulator.control("faults", **fault)
    assert asaas.put(path, value=10, description="x")["value"] == 89.9
    asaas.simulator.control("faults", name="stale_read", path="/subscriptions/")
    asaas.put(path, value=10)
    assert [asaas.get(path)["value"] for _ in range(2)] == [89.9, 10.0]
    asaas.simulator.control("faults", name="lagging_list", path="/subscriptions", times=1)
    assert asaas.get("/subscriptions")["totalCount"] == 0


def test_told_before_it_can_be_seen(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    asaas.simulator.control("faults", name="early_notify", event="SUBSCRIPTION_CREATED", seconds=60)
    made = subscribe(asaas)
    inbox.wait(2)
    assert asaas.call("GET", f"/subscriptions/{made['id']}").status_code == 404
    assert asaas.get("/subscriptions")["totalCount"] == 0
    asaas.simulator.advance(seconds=61)
    assert asaas.get(f"/subscriptions/{made['id']}") == made
