"""The charges the clock makes of Asaas subscriptions (asaas.md 4.2; docs/simulator.md for our decisions)."""

from collections import Counter
from datetime import date, timedelta

import pytest
import requests

from simulator.asaas import cycles
from tests.simulator.subscribed import EVENTS, at, charges, events, play_to, subscribe
from tests.simulator.support import AsaasClient, Inbox


def due_dates(asaas: AsaasClient, made: dict) -> list[str]:
    return [one["dueDate"] for one in charges(asaas, made)]


@pytest.mark.parametrize(
    ("cycle", "dates"),
    [
        ("WEEKLY", ["2027-02-07", "2027-02-14"]),
        ("BIWEEKLY", ["2027-02-14", "2027-02-28"]),
        ("MONTHLY", ["2027-02-28", "2027-03-31"]),
        ("BIMONTHLY", ["2027-03-31", "2027-05-31"]),
        ("QUARTERLY", ["2027-04-30", "2027-07-31"]),
        ("SEMIANNUALLY", ["2027-07-31", "2028-01-31"]),
        ("YEARLY", ["2028-01-31", "2029-01-31"]),
    ],
)
def test_all_seven_cycles(cycle: str, dates: list[str]) -> None:
    day, found = date(2027, 1, 31), []
    for _ in dates:
        day = cycles.following(day, cycle, 31)
        found.append(day.isoformat())
    assert found == dates


def test_day_31_is_clamped_and_comes_back(asaas: AsaasClient) -> None:
    at(asaas, "2027-12-01")
    made = subscribe(asaas, nextDueDate="2027-12-31")
    play_to(asaas, "2028-03-01")
    assert due_dates(asaas, made) == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"]


def test_later_charges_appear_forty_days_before_they_are_due(asaas: AsaasClient, inbox: Inbox) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, nextDueDate="2027-06-10", billingType="PIX")
    asaas.webhook(inbox.url, EVENTS)
    play_to(asaas, "2027-05-30")
    assert due_dates(asaas, made) == ["2027-06-10"]
    play_to(asaas, "2027-05-31")
    assert due_dates(asaas, made) == ["2027-06-10", "2027-07-10"]
    [told] = [one.json for one in inbox.wait(1)]
    assert (told["event"], told["dateCreated"][:16]) == ("PAYMENT_CREATED", "2027-05-31 03:00")
    assert told["payment"]["subscription"] == made["id"]
    assert asaas.get(f"/subscriptions/{made['id']}")["nextDueDate"] == "2027-08-10"


@pytest.mark.parametrize(("days", "day"), [(14, "2027-06-26"), (7, "2027-07-03")])
def test_an_account_may_have_them_later(asaas: AsaasClient, days: int, day: str) -> None:
    at(asaas, "2027-03-01")
    asaas.simulator.control(f"accounts/{asaas.account['id']}", issues_days_ahead=days)
    made = subscribe(asaas, nextDueDate="2027-06-10")
    play_to(asaas, (date.fromisoformat(day) - timedelta(days=1)).isoformat())
    assert len(due_dates(asaas, made)) == 1
    play_to(asaas, day)
    assert due_dates(asaas, made)[1:] == ["2027-07-10"]


def test_switch_reaches_subscriptions_there_are(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    path = f"accounts/{asaas.account['id']}"
    asaas.simulator.control(path, issues_days_ahead=7)
    made = subscribe(asaas, nextDueDate="2027-03-05")
    asaas.simulator.control(path, issues_days_ahead=40)
    play_to(asaas, "2027-03-02")
    assert due_dates(asaas, made) == ["2027-03-05", "2027-04-05"]
    url = f"{asaas.simulator.url}/_control/{path}"
    assert requests.post(url, json={"issues_days_ahead": 30}, timeout=60).status_code == 400


def test_a_week_has_several_at_once(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, cycle="WEEKLY", nextDueDate="2027-03-01")
    assert due_dates(asaas, made) == ["2027-03-01"]
    play_to(asaas, "2027-03-02")
    assert due_dates(asaas, made) == [
        *("2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22", "2027-03-29", "2027-04-05")
    ]


def test_most_payments_end_it_the_day_after_the_last_without_an_event(
    asaas: AsaasClient, inbox: Inbox
) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, maxPayments=2)
    asaas.webhook(inbox.url, EVENTS)
    play_to(asaas, "2027-04-10")
    assert due_dates(asaas, made) == ["2027-03-10", "2027-04-10"]
    assert asaas.get(f"/subscriptions/{made['id']}")["status"] == "ACTIVE"
    play_to(asaas, "2027-07-01")
    assert asaas.get(f"/subscriptions/{made['id']}")["status"] == "EXPIRED"
    assert len(due_dates(asaas, made)) == 2
    assert {one for one in events(inbox, 3)} == {"PAYMENT_CREATED", "PAYMENT_OVERDUE"}


def test_end_date_ends_it(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, endDate="2027-05-15")
    play_to(asaas, "2027-05-15")
    assert due_dates(asaas, made) == ["2027-03-10", "2027-04-10", "2027-05-10"]
    assert asaas.get("/subscriptions", status="ACTIVE")["totalCount"] == 1
    play_to(asaas, "2027-05-16")
    assert asaas.get("/subscriptions", status="EXPIRED")["data"][0]["id"] == made["id"]
    assert asaas.put(f"/subscriptions/{made['id']}", endDate=None, status="ACTIVE")["nextDueDate"] == (
        "2027-06-10"
    )


def test_pause_issues_nothing_and_is_not_made_up_for(asaas: AsaasClient, inbox: Inbox) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, billingType="PIX")
    path = f"/subscriptions/{made['id']}"
    asaas.simulator.advance(days=1)
    asaas.webhook(inbox.url, [one for one in EVENTS if one.startswith("SUBSCRIPTION")])
    assert asaas.put(path, status="INACTIVE")["status"] == "INACTIVE"
    assert len(due_dates(asaas, made)) == 2
    play_to(asaas, "2027-06-10")
    assert [one["status"] for one in charges(asaas, made)] == ["OVERDUE", "OVERDUE"]
    assert asaas.get(path)["nextDueDate"] == "2027-05-10"
    resumed = asaas.put(path, status="ACTIVE")
    assert (resumed["status"], resumed["nextDueDate"]) == ("ACTIVE", "2027-07-10")
    play_to(asaas, "2027-06-11")
    assert due_dates(asaas, made) == ["2027-03-10", "2027-04-10", "2027-07-10"]
    assert events(inbox, 2) == ["SUBSCRIPTION_INACTIVATED", "SUBSCRIPTION_UPDATED"]


def test_short_pause_loses_nothing(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, nextDueDate="2027-06-10")
    asaas.put(f"/subscriptions/{made['id']}", status="INACTIVE")
    assert asaas.put(f"/subscriptions/{made['id']}", status="ACTIVE")["nextDueDate"] == "2027-07-10"


def test_next_date_and_cycle_change_what_follows(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, nextDueDate="2027-03-31")
    path = f"/subscriptions/{made['id']}"
    assert asaas.put(path, nextDueDate="2027-03-01")["nextDueDate"] == "2027-04-01"
    assert sorted(due_dates(asaas, made)) == ["2027-03-01", "2027-03-31"]
    asaas.put(path, cycle="QUARTERLY", nextDueDate="2027-04-15")
    play_to(asaas, "2027-06-10")
    assert sorted(due_dates(asaas, made)) == ["2027-03-01", "2027-03-31", "2027-04-15", "2027-07-15"]


def test_reference_is_copied_unless_the_account_says_otherwise(asaas: AsaasClient) -> None:
    asaas.simulator.control(f"accounts/{asaas.account['id']}", copies_subscription_reference=False)
    made = subscribe(asaas)
    [first] = charges(asaas, made)
    assert (first["externalReference"], made["externalReference"]) == (None, "sub-7")
    assert asaas.simulator.control("pay", reference="sub-7")["id"] == first["id"]
    books = asaas.simulator.read("books", reference="sub-7")
    assert [one["id"] for one in books["payments"]] == [first["id"]]


def test_books_show_subscriptions(asaas: AsaasClient) -> None:
    at(asaas, "2027-03-01")
    made = subscribe(asaas, value=90)
    asaas.simulator.advance(days=1)
    [line] = asaas.simulator.read("books", reference="sub-7")["subscriptions"]
    wanted = {
        "id": made["id"],
        "reference": "sub-7",
        "status": "ACTIVE",
        "deleted": False,
        "value": 90,
        "cycle": "MONTHLY",
        "next_due_date": "2027-05-10",
        "customer": made["customer"],
        "payments": [one["id"] for one in charges(asaas, made)],
    }
    assert {key: line[key] for key in wanted} == wanted
    asaas.simulator.control("delete", id=made["id"])
    [line] = asaas.simulator.read("books", account=asaas.account["id"])["subscriptions"]
    assert (line["status"], line["deleted"], len(line["payments"])) == ("INACTIVE", True, 2)


def test_notify_tells_a_subscription_again(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, EVENTS)
    made = subscribe(asaas)
    asaas.simulator.control("notify", id=made["id"], times=2, claims={"status": "INACTIVE"})
    first, *_, again, last = [one.json for one in inbox.wait(4)]
    assert again == last and again["id"] == first["id"]
    assert again["subscription"] == first["subscription"] | {"status": "INACTIVE"}


def test_twelve_months_by_the_clock(asaas: AsaasClient, inbox: Inbox) -> None:
    """Paid month after month; April's late, the value changed in June, September paused, then removed."""
    at(asaas, "2027-01-05")
    asaas.webhook(inbox.url, EVENTS)
    made = subscribe(asaas, billingType="PIX", nextDueDate="2027-01-31")
    path = f"/subscriptions/{made['id']}"
    changes = {6: {"value": 99.9}, 8: {"status": "INACTIVE"}, 10: {"status": "ACTIVE"}}
    paid = dict.fromkeys(range(1, 13), 1) | {4: 0, 5: 2, 9: 0}
    for month in range(1, 13):
        play_to(asaas, f"2027-{month:02d}-20")
        if month in changes:
            asaas.put(path, **changes[month])
        play_to(asaas, f"2027-{month:02d}-23")
        for _ in range(paid[month]):
            asaas.simulator.control("pay", id=made["id"])
    asaas.delete(path)
    rows = charges(asaas, made)
    assert [one["dueDate"] for one in rows] == [
        *("2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30"),
        *("2027-07-31", "2027-08-31", "2027-10-31", "2027-11-30", "2027-12-31"),
    ]
    assert [one["value"] for one in rows] == [89.9] * 6 + [99.9] * 5
    assert {one["status"] for one in rows} == {"RECEIVED"}
    assert rows[3]["paymentDate"] == "2027-05-23"
    asaas.simulator.flush()
    assert Counter(one.json["event"] for one in inbox.received) == {
        "SUBSCRIPTION_CREATED": 1,
        "SUBSCRIPTION_UPDATED": 2,
        "SUBSCRIPTION_INACTIVATED": 1,
        "SUBSCRIPTION_DELETED": 1,
        "PAYMENT_CREATED": 12,
        "PAYMENT_RECEIVED": 11,
        "PAYMENT_OVERDUE": 1,
        "PAYMENT_DELETED": 1,
    }
    [line] = asaas.simulator.read("books")["subscriptions"]
    assert (line["status"], line["deleted"], len(line["payments"])) == ("INACTIVE", True, 12)
