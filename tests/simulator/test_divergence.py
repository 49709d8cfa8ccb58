"""Asaas charges that are paid or changed otherwise than asked (asaas.md 3.3, 5.3)."""

from typing import Any

import pytest
import requests

from tests.simulator.support import AsaasClient, Inbox

LATE = {"fine": {"value": 2, "type": "PERCENTAGE"}, "interest": {"value": 3}}
"""On 100,00, ten days late: fine 2,00 and interest 1,00."""


def at(asaas: AsaasClient, day: str) -> None:
    asaas.simulator.control("clock", now=f"{day}T15:00:00Z")


def amounts(asaas: AsaasClient, charge: dict[str, Any]) -> tuple[float, float | None, float | None]:
    paid = asaas.get(f"/payments/{charge['id']}")
    return paid["value"], paid["originalValue"], paid["interestValue"]


@pytest.mark.parametrize("control", ["pay", "pay_card"])
@pytest.mark.parametrize("amount", [60, 140.5])
def test_paying_less_or_more_moves_the_old_value(asaas: AsaasClient, control: str, amount: float) -> None:
    charge = asaas.charge(billingType="UNDEFINED", value=100)
    asaas.simulator.control(control, id=charge["id"], amount=amount)
    assert amounts(asaas, charge) == (amount, 100.0, None)
    [line] = asaas.simulator.read("books", reference="chg-1007")["payments"]
    assert line["paid"] == amount


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (None, (103.0, 100.0, 3.0)),
        (103, (103.0, 100.0, 3.0)),
        (102, (102.0, 100.0, 2.0)),
        (110, (110.0, 100.0, 3.0)),
        (90, (90.0, 100.0, None)),
        (100, (100.0, None, None)),
    ],
)
@pytest.mark.parametrize("kind", ["PIX", "CREDIT_CARD"])
def test_paid_late(asaas: AsaasClient, kind: str, amount: float | None, expected: tuple) -> None:
    at(asaas, "2027-03-01")
    charge = asaas.charge(billingType=kind, value=100, dueDate="2027-03-03", **LATE)
    at(asaas, "2027-03-13")
    asaas.simulator.control("pay", id=charge["id"], amount=amount)
    assert amounts(asaas, charge) == expected


def test_page_of_a_late_charge_asks_for_fine_and_interest(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    charge = asaas.charge(value=100, dueDate="2027-03-03", **LATE)
    at(asaas, "2027-03-13")
    assert "R$ 103,00" in requests.get(charge["invoiceUrl"], timeout=60).text
    requests.post(charge["invoiceUrl"], timeout=60)
    assert amounts(asaas, charge) == (103.0, 100.0, 3.0)


@pytest.mark.parametrize(("day", "value"), [("2027-03-01", 90.0), ("2027-03-03", 100.0)])
def test_discount_counts_until_its_last_day(asaas: AsaasClient, day: str, value: float) -> None:
    at(asaas, "2027-02-20")
    charge = asaas.charge(value=100, dueDate="2027-03-03", discount={"value": 10, "dueDateLimitDays": 2})
    assert charge["discount"]["limitDate"] == "2027-03-01"
    at(asaas, day)
    asaas.simulator.control("pay", id=charge["id"])
    assert amounts(asaas, charge) == (value, 100.0 if value < 100 else None, None)


def test_edit_in_the_panel_is_told(asaas: AsaasClient, inbox: Inbox) -> None:
    at(asaas, "2027-03-01")
    asaas.webhook(inbox.url, ["PAYMENT_UPDATED"])
    charge = asaas.charge(value=100, dueDate="2027-03-03", discount={"value": 10, "dueDateLimitDays": 1})
    asaas.simulator.control("edit", reference="chg-1007", value=80.5, due_date="2027-03-20")
    changed = asaas.get(f"/payments/{charge['id']}")
    assert (changed["value"], changed["netValue"], changed["originalValue"]) == (80.5, 78.51, None)
    assert (changed["dueDate"], changed["originalDueDate"]) == ("2027-03-20", "2027-03-03")
    assert changed["discount"]["limitDate"] == "2027-03-19"
    [told] = inbox.wait(1)
    assert (told.json["event"], told.json["payment"]["value"]) == ("PAYMENT_UPDATED", 80.5)


def test_edit_gives_an_overdue_charge_a_new_day(asaas: AsaasClient) -> None:
    charge = asaas.charge()
    asaas.simulator.control("overdue", id=charge["id"])
    answer = asaas.simulator.control("edit", id=charge["id"], due_date="2099-01-01")
    assert answer == {"id": charge["id"], "status": "PENDING"}


@pytest.mark.parametrize(
    ("body", "status"),
    [({"value": 3}, 409), ({"due_date": "2020-01-01"}, 409), ({"value": "x"}, 409), ({}, 400)],
)
def test_edit_keeps_the_rules_of_the_api(asaas: AsaasClient, body: dict[str, Any], status: int) -> None:
    charge = asaas.charge()
    url = f"{asaas.simulator.url}/_control/edit"
    assert requests.post(url, json={"id": charge["id"], **body}, timeout=60).status_code == status
    assert asaas.get(f"/payments/{charge['id']}") == charge


def test_paid_charge_cannot_be_edited(asaas: AsaasClient) -> None:
    charge = asaas.charge()
    asaas.simulator.control("pay", id=charge["id"])
    url = f"{asaas.simulator.url}/_control/edit"
    assert requests.post(url, json={"id": charge["id"], "value": 80}, timeout=60).status_code == 409
