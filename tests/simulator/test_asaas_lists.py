"""GET /v3/payments: the envelope and every documented filter (asaas.md 1.7, 3.5)."""

from typing import Any

import pytest

from tests.simulator.support import AsaasClient


def ids(asaas: AsaasClient, **query: Any) -> list[str]:
    return [one["externalReference"] for one in asaas.get("/payments", **query)["data"]]


@pytest.fixture
def shelf(asaas: AsaasClient) -> AsaasClient:
    """Made on three days: a paid PIX, an overdue boleto, an open card of another customer."""
    asaas.simulator.control("clock", now="2027-03-01T15:00:00Z")
    first = asaas.customer(groupName="bakers")["id"]
    asaas.charge(customer=first, externalReference="pix", dueDate="2027-03-05")
    asaas.simulator.control("clock", now="2027-03-03T15:00:00Z")
    asaas.charge(customer=first, externalReference="boleto", billingType="BOLETO", dueDate="2027-03-10")
    asaas.simulator.control("pay", reference="pix")
    asaas.simulator.control("overdue", reference="boleto")
    asaas.simulator.control("clock", now="2027-03-04T15:00:00Z")
    asaas.charge(externalReference="card", billingType="CREDIT_CARD", dueDate="2027-03-20")
    return asaas


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["card", "boleto", "pix"]),
        ({"status": "RECEIVED"}, ["pix"]),
        ({"status": "OVERDUE"}, ["boleto"]),
        ({"billingType": "CREDIT_CARD"}, ["card"]),
        ({"externalReference": "boleto"}, ["boleto"]),
        ({"customerGroupName": "bakers"}, ["boleto", "pix"]),
        ({"dateCreated[ge]": "2027-03-03"}, ["card", "boleto"]),
        ({"dateCreated[le]": "2027-03-03"}, ["boleto", "pix"]),
        ({"dateCreated[ge]": "2027-03-02", "dateCreated[le]": "2027-03-03"}, ["boleto"]),
        ({"dueDate[ge]": "2027-03-10"}, ["card", "boleto"]),
        ({"dueDate[le]": "2027-03-09"}, ["pix"]),
        ({"paymentDate": "2027-03-03"}, ["pix"]),
        ({"paymentDate[ge]": "2027-03-04"}, []),
        ({"estimatedCreditDate": "2027-03-03"}, ["pix"]),
        ({"estimatedCreditDate[le]": "2027-03-03"}, ["pix"]),
        ({"anticipated": "true"}, []),
        ({"anticipable": "false"}, ["card", "boleto", "pix"]),
        ({"invoiceStatus": "AUTHORIZED"}, []),
        ({"subscription": "sub_unknown"}, []),
        ({"installment": "unknown"}, []),
        ({"checkoutSession": "unknown"}, []),
        ({"user": "financeiro@example.com"}, []),
    ],
)
def test_filters(shelf: AsaasClient, query: dict[str, str], found: list[str]) -> None:
    assert ids(shelf, **query) == found


def test_filters_that_no_document_knows_are_not_looked_at(shelf: AsaasClient) -> None:
    everything = ["card", "boleto", "pix"]
    assert ids(shelf, dueDate="2020-01-01", dateCreated="2020-01-01", colour="red") == everything


def test_filters_by_what_was_paid_and_by_whom(shelf: AsaasClient) -> None:
    [paid] = shelf.get("/payments", status="RECEIVED")["data"]
    assert ids(shelf, pixQrCodeId=paid["pixQrCodeId"]) == ["pix"]
    assert ids(shelf, customer=paid["customer"]) == ["boleto", "pix"]
    shelf.simulator.control("panel_payment", account=shelf.account["id"], amount=20, reference="by-hand")
    assert ids(shelf, user="financeiro@example.com") == ["by-hand"]


def test_refuses_a_day_that_is_none(asaas: AsaasClient) -> None:
    answer = asaas.call("GET", "/payments", params={"dateCreated[ge]": "yesterday"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_dateCreated")


def test_pages_with_an_envelope(asaas: AsaasClient) -> None:
    customer = asaas.customer()["id"]
    for number in range(12):
        asaas.charge(customer=customer, externalReference=f"n-{number}")
    first = asaas.get("/payments")
    assert list(first) == ["object", "hasMore", "totalCount", "limit", "offset", "data"]
    assert (first["hasMore"], first["totalCount"], first["limit"], len(first["data"])) == (True, 12, 10, 10)
    last = asaas.get("/payments", offset=10, limit=10)
    assert (last["hasMore"], last["offset"], len(last["data"])) == (False, 10, 2)
    assert [one["externalReference"] for one in last["data"]] == ["n-1", "n-0"]
    assert asaas.get("/payments", limit=500)["limit"] == 100


def test_deleted_charges_are_not_listed_and_restored_ones_are(asaas: AsaasClient) -> None:
    path = f"/payments/{asaas.charge()['id']}"
    asaas.delete(path)
    assert asaas.get("/payments")["totalCount"] == 0
    assert asaas.get(path)["deleted"] is True
    asaas.post(f"{path}/restore")
    assert asaas.get("/payments")["totalCount"] == 1


def test_lists_only_what_is_ones_own(asaas: AsaasClient, asaas_production: AsaasClient) -> None:
    asaas.charge()
    assert asaas_production.get("/payments")["totalCount"] == 0
