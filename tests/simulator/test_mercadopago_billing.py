"""What the clock brings to Mercado Pago's subscriptions (mercadopago.md 4.4, 4.5)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.simulator import samples
from tests.simulator.support import Inbox, MpClient

TOPICS = [
    "payment",
    "subscription_preapproval",
    "subscription_preapproval_plan",
    "subscription_authorized_payment",
]


def authorized(mp: MpClient, **changes: Any) -> str:
    made = mp.subscription(**changes)["id"]
    mp.simulator.control("subscribe", id=made)
    return made


def play(mp: MpClient, **span: float) -> None:
    mp.simulator.control("clock", advance_seconds=timedelta(**span).total_seconds(), play=True)


def line(mp: MpClient) -> dict[str, Any]:
    return mp.simulator.read("books")["subscriptions"][-1]


def charges(mp: MpClient) -> list[tuple[str, float, str | None]]:
    return [(one["status"], one["amount"], one["payment_status"]) for one in line(mp)["charges"]]


def invoices(mp: MpClient, made: str) -> list[dict[str, Any]]:
    return mp.get("/authorized_payments/search", preapproval_id=made)["results"]


def test_first_charge_comes_forty_minutes_after_the_authorization(mp: MpClient) -> None:
    made = authorized(mp)
    play(mp, minutes=39)
    assert charges(mp) == [("scheduled", 39.9, None)]
    waiting = mp.get(f"/authorized_payments/{line(mp)['charges'][0]['id']}")
    assert (waiting["summarized"], waiting["payment"], waiting["status"]) == ("pending", None, "scheduled")
    play(mp, minutes=1)
    assert charges(mp) == [("processed", 39.9, "approved")]
    now = mp.get(f"/preapproval/{made}")
    assert (now["summarized"]["charged_quantity"], now["summarized"]["charged_amount"]) == (1, 39.9)
    ahead = datetime.fromisoformat(now["next_payment_date"]) - datetime.fromisoformat(waiting["debit_date"])
    assert 28 <= ahead.days <= 31


def test_charge_has_the_published_shape_and_links_its_subscription(mp: MpClient) -> None:
    made = authorized(mp, external_reference="12345")
    play(mp, hours=1)
    [invoice] = invoices(mp, made)
    assert list(invoice) == samples.MP_INVOICE
    assert (invoice["external_reference"], invoice["summarized"]) == (12345, "done")
    payment = mp.get(f"/v1/payments/{invoice['payment']['id']}")
    assert list(payment) == samples.MP_CARD_PAYMENT
    assert (payment["operation_type"], payment["external_reference"]) == ("recurring_payment", "12345")
    assert (payment["transaction_amount"], payment["status"]) == (39.9, "approved")
    point = payment["point_of_interaction"]
    assert (point["type"], point["transaction_data"]["subscription_id"]) == ("SUBSCRIPTIONS", made)
    assert point["transaction_data"]["subscription_sequence"] == {"number": 1, "total": None}
    found = mp.get("/v1/payments/search", operation_type="recurring_payment")["results"]
    assert [one["id"] for one in found] == [payment["id"]]


def test_test_sellers_are_charged_at_once(mp_test_seller: MpClient) -> None:
    authorized(mp_test_seller)
    assert charges(mp_test_seller) == [("processed", 39.9, "approved")]


def test_counter_moves_before_the_search_shows_the_charge(mp: MpClient) -> None:
    made = authorized(mp)
    mp.simulator.control("clock", advance_seconds=38 * 60 + 30, play=True)
    mp.simulator.control("clock", advance_seconds=90, play=True)
    assert mp.get(f"/preapproval/{made}")["summarized"]["charged_quantity"] == 1
    assert [one["status"] for one in invoices(mp, made)] == ["scheduled"]
    mp.simulator.advance(seconds=61)
    assert [one["status"] for one in invoices(mp, made)] == ["processed"]


def test_search_of_charges_needs_a_filter(mp: MpClient) -> None:
    made = authorized(mp)
    play(mp, hours=1)
    response = mp.call("GET", "/authorized_payments/search", params={"external_reference": "sub_1"})
    assert response.status_code == 400
    [invoice] = invoices(mp, made)
    number = invoice["payment"]["id"]
    payer = mp.get(f"/preapproval/{made}")["payer_id"]
    for name, value in (("payment_id", number), ("payer_id", payer)):
        assert mp.get("/authorized_payments/search", **{name: value})["results"] == [invoice]
    assert mp.get("/authorized_payments/search", payment_id=1)["results"] == []
    assert mp.call("GET", "/authorized_payments/1").status_code == 404


def test_declined_charge_is_retried_and_recovers(mp: MpClient) -> None:
    made = authorized(mp)
    mp.simulator.control("kept_card", id=made, declines=True)
    play(mp, days=3)
    [invoice] = invoices(mp, made)
    assert (invoice["status"], invoice["retry_attempt"]) == ("recycling", 1)
    assert invoice["payment"]["status_detail"] == "cc_rejected_insufficient_amount"
    assert mp.get(f"/preapproval/{made}")["summarized"]["semaphore"] == "yellow"
    mp.simulator.control("kept_card", id=made, declines=False)
    play(mp, days=2)
    [invoice] = invoices(mp, made)
    assert (invoice["status"], invoice["retry_attempt"]) == ("processed", 2)
    assert (invoice["payment"]["status"], invoice["next_retry_date"]) == ("approved", None)
    states = [one["status"] for one in mp.simulator.read("books")["payments"]]
    assert states == ["approved", "rejected", "rejected", "approved"]


def test_three_failed_charges_end_it(mp: MpClient) -> None:
    made = authorized(mp)
    mp.simulator.control("kept_card", id=made, holder="CALL")
    play(mp, days=62)
    assert line(mp)["status"] == "authorized"
    play(mp, days=14)
    assert line(mp)["status"] == "cancelled"
    assert charges(mp) == [("processed", 39.9, "rejected")] * 3
    assert [one["retries"] for one in line(mp)["charges"]] == [4, 4, 4]
    play(mp, days=60)
    assert len(charges(mp)) == 3


def test_twelve_months(mp: MpClient) -> None:
    """A failing and recovering cycle, a paused month, a changed amount, cancelled at the end."""
    mp.simulator.control("clock", now="2027-01-31T12:00:00Z")
    made = authorized(mp)
    path = f"/preapproval/{made}"
    play(mp, days=27)
    mp.simulator.control("kept_card", id=made, declines=True)
    play(mp, days=2)
    mp.simulator.control("kept_card", id=made, declines=False)
    play(mp, days=31)
    mp.put(path, status="paused")
    play(mp, days=45)
    mp.put(path, status="authorized")
    play(mp, days=30)
    mp.put(path, auto_recurring={"transaction_amount": 45})
    play(mp, days=365 - 135)
    mp.put(path, status="cancelled")
    play(mp, days=60)
    told = [(one["debit_date"][:10], one["amount"], one["retries"]) for one in line(mp)["charges"]]
    assert told == [
        ("2027-01-31", 39.9, 0),
        ("2027-02-28", 39.9, 1),
        ("2027-03-31", 39.9, 0),
        ("2027-05-31", 39.9, 0),
        *[(f"2027-{day}", 45, 0) for day in ("06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31")],
    ]
    listed = mp.get("/authorized_payments/search", preapproval_id=made, limit=50)["results"]
    assert [str(one["id"]) for one in listed][::-1] == [one["id"] for one in line(mp)["charges"]]
    assert mp.get(path)["summarized"]["charged_quantity"] == 11


def test_a_jump_of_the_clock_charges_every_cycle_too(mp: MpClient) -> None:
    authorized(mp, terms={"frequency": 7, "frequency_type": "days"})
    mp.simulator.advance(days=30)
    assert charges(mp) == [("processed", 39.9, "approved")] * 5


def test_repetitions_end_it(mp: MpClient) -> None:
    made = authorized(mp, terms={"repetitions": 2})
    play(mp, days=40)
    now = mp.get(f"/preapproval/{made}")
    assert (now["status"], len(charges(mp))) == ("cancelled", 2)
    assert (now["summarized"]["quotas"], now["summarized"]["pending_charge_quantity"]) == (2, 0)


def test_last_day_ends_it(mp: MpClient) -> None:
    end = datetime.fromisoformat(mp.simulator.read("clock")["now"]) + timedelta(days=20)
    authorized(mp, terms={"frequency": 7, "frequency_type": "days", "end_date": end.isoformat()})
    play(mp, days=30)
    assert (line(mp)["status"], len(charges(mp))) == ("cancelled", 3)


def test_trial_delays_the_first_charge_once_per_payer(mp: MpClient) -> None:
    plan = mp.plan(terms={"free_trial": {"frequency": 7, "frequency_type": "days"}})
    mp.simulator.control("subscribe", id=plan["id"], email="ana@example.com")
    play(mp, days=6)
    assert charges(mp) == []
    play(mp, days=2)
    assert charges(mp) == [("processed", 39.9, "approved")]
    again = mp.simulator.control("subscribe", id=plan["id"], email="ana@example.com")
    assert mp.get(f"/preapproval/{again['id']}")["auto_recurring"]["free_trial"] is None
    play(mp, hours=1)
    assert charges(mp) == [("processed", 39.9, "approved")]


@pytest.mark.parametrize(("proportional", "first"), [(True, 20), (False, 62)])
def test_billing_day_with_or_without_a_proportional_first_amount(
    mp: MpClient, proportional: bool, first: float
) -> None:
    mp.simulator.control("clock", now="2027-05-31T12:00:00Z")
    terms = {"transaction_amount": 62, "billing_day": 10, "billing_day_proportional": proportional}
    plan = mp.plan(terms=terms)
    mp.simulator.control("subscribe", id=plan["id"])
    play(mp, days=45)
    told = [(one["debit_date"][:10], one["amount"]) for one in line(mp)["charges"]]
    assert told == [("2027-05-31", first), ("2027-06-10", 62), ("2027-07-10", 62)]


def test_amount_of_a_plan_follows_only_where_the_account_says(mp: MpClient) -> None:
    plan = mp.plan()
    made = mp.simulator.control("subscribe", id=plan["id"])["id"]
    for amount, wanted in ((50, 39.9), (60, 60)):
        mp.simulator.control(f"accounts/{mp.account['id']}", plan_amount_follows=wanted == amount)
        mp.put(f"/preapproval_plan/{plan['id']}", auto_recurring={"transaction_amount": amount})
        assert mp.get(f"/preapproval/{made}")["auto_recurring"]["transaction_amount"] == wanted


def test_everything_is_told_where_it_is_ticked(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", panel_url=inbox.url, panel_topics=TOPICS)
    plan = mp.plan()
    made = mp.simulator.control("subscribe", id=plan["id"])["id"]
    play(mp, hours=1)
    told = [(one["resource"], one["event"]) for one in mp.simulator.deliveries()]
    assert told == [
        ("subscription_preapproval_plan", "created"),
        ("subscription_preapproval", "created"),
        ("payment", "payment.created"),
        ("subscription_preapproval", "updated"),
        ("subscription_authorized_payment", "created"),
        ("payment", "payment.created"),
        ("subscription_authorized_payment", "updated"),
        ("subscription_preapproval", "updated"),
    ]
    own = [one.json for one in inbox.wait(8) if one.json["type"] == "subscription_preapproval"]
    assert all(list(one) == samples.MP_SUBSCRIPTION_NOTIFICATION for one in own)
    assert sorted((one["version"], one["entity"], one["data"]["id"]) for one in own) == [
        (version, "preapproval", made) for version in (0, 1, 2)
    ]


def test_changed_amount_is_not_told(mp: MpClient, inbox: Inbox) -> None:
    made = authorized(mp)
    mp.simulator.control(f"accounts/{mp.account['id']}", panel_url=inbox.url, panel_topics=TOPICS)
    mp.put(f"/preapproval/{made}", auto_recurring={"transaction_amount": 45})
    assert mp.simulator.deliveries() == []
    mp.put(f"/preapproval/{made}", reason="Novo")
    [got] = inbox.wait(1)
    assert got.json["version"] == mp.get(f"/preapproval/{made}")["version"] == 3


def test_notifications_of_subscriptions_can_be_made_to_stay_away(mp: MpClient, inbox: Inbox) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", panel_url=inbox.url, panel_topics=TOPICS)
    mp.simulator.control("faults", name="drop", topic="subscription_preapproval")
    authorized(mp)
    mp.simulator.flush()
    states = {one["resource"]: one["state"] for one in mp.simulator.deliveries()}
    assert states == {"subscription_preapproval": "dropped", "payment": "delivered"}
