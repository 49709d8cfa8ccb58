"""Every event name of asaas.md 5.3, whether we asked for it or a person ticked it in the panel."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.asaas.notifications import EVENTS
from connections.gateways.base import Notification, ResourceKind
from tests.gateways import sample

PAGE = Path(__file__).resolve().parents[3] / "docs" / "topics.md"
# Name of the family, key of its object, endings. ``*``: the document names the family by its beginning alone.
FAMILIES = (
    (
        "PAYMENT",
        "payment",
        "CREATED UPDATED AUTHORIZED CONFIRMED RECEIVED ANTICIPATED OVERDUE DELETED RESTORED "
        "AWAITING_RISK_ANALYSIS APPROVED_BY_RISK_ANALYSIS REPROVED_BY_RISK_ANALYSIS "
        "CREDIT_CARD_CAPTURE_REFUSED REFUNDED PARTIALLY_REFUNDED REFUND_IN_PROGRESS REFUND_DENIED "
        "RECEIVED_IN_CASH_UNDONE CHARGEBACK_REQUESTED CHARGEBACK_DISPUTE AWAITING_CHARGEBACK_REVERSAL "
        "DUNNING_REQUESTED DUNNING_RECEIVED BANK_SLIP_VIEWED CHECKOUT_VIEWED BANK_SLIP_CANCELLED "
        "SPLIT_CANCELLED SPLIT_DIVERGENCE_BLOCK SPLIT_DIVERGENCE_BLOCK_FINISHED",
    ),
    (
        "SUBSCRIPTION",
        "subscription",
        "CREATED UPDATED INACTIVATED DELETED SPLIT_DISABLED SPLIT_DIVERGENCE_BLOCK "
        "SPLIT_DIVERGENCE_BLOCK_FINISHED",
    ),
    ("CHECKOUT", "checkout", "CREATED CANCELED EXPIRED PAID"),
    (
        "INVOICE",
        "invoice",
        "CREATED UPDATED SYNCHRONIZED AUTHORIZED PROCESSING_CANCELLATION CANCELED CANCELLATION_DENIED ERROR",
    ),
    ("TRANSFER", "transfer", "CREATED PENDING IN_BANK_PROCESSING BLOCKED DONE FAILED CANCELLED"),
    ("BILL", "bill", "*"),
    ("RECEIVABLE_ANTICIPATION", "anticipation", "*"),
    ("MOBILE_PHONE_RECHARGE", "mobilePhoneRecharge", "*"),
    ("PHONE_RECHARGE", "mobilePhoneRecharge", "CONFIRMED"),
    ("ACCOUNT_STATUS", "accountStatus", "*"),
    ("BALANCE_VALUE", "balance", "BLOCKED UNBLOCKED"),
    ("INTERNAL_TRANSFER", "internalTransfer", "CREDIT DEBIT"),
    ("PIX_AUTOMATIC_RECURRING", "pixAutomatic", "*"),
    ("ACCESS_TOKEN", "accessToken", "CREATED DISABLED ENABLED EXPIRING_SOON EXPIRED DELETED"),
)
ENTITY = {f"{family}_{ending}": key for family, key, endings in FAMILIES for ending in endings.split()}
FOLLOWED = {"payment": ResourceKind.PAYMENT, "subscription": ResourceKind.SUBSCRIPTION}
OTHERS = [topic for topic, entity in ENTITY.items() if entity not in FOLLOWED]
CONTENT = {"object": "x", "id": "x_1", "status": "PENDING", "payment": "pay_1", "externalReference": "chg-1"}


def parse(topic: str, entity: str, content: object) -> Notification:
    """``topic`` may end with a star: then with a name we made up."""
    topic = topic.replace("*", "INVENTED")
    mark = hashlib.md5(topic.encode(), usedforsecurity=False).hexdigest()
    body = {
        "id": f"evt_{mark}&18200572",
        "event": topic,
        "dateCreated": "2026-09-08 10:00:00",
        "account": {"id": "3f2c0a77-0000-4000-8000-000000000001", "ownerId": None},
        entity: content,
    }
    return AsaasGateway.parse(sample.delivery(json.dumps(body).encode()))


def rows() -> Iterator[tuple[str, str, str]]:
    """Name, whether registered, and where it leads, of each line of our half of the page."""
    half = PAGE.read_text().partition("\n## Asaas\n")[2].partition("\n## ")[0]
    for line in half.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 4:
            yield from ((name, cells[1], cells[2]) for name in re.findall(r"`([A-Z_]+\*?)`", cells[0]))


def outcome(found: Notification) -> str:
    if found.is_about_key:
        return f"our key is checked (`{found.idle}`)"
    if found.idle:
        return f"stored (`{found.idle}`)"
    if found.kind is None:
        return "stored (`nothing_to_fetch`)"
    return f"its {found.kind} is asked for" if found.can_change else "stored (`changes_nothing`)"


def test_the_page_has_one_line_for_every_event() -> None:
    assert sorted(name for name, _registered, _leads in rows()) == sorted(ENTITY)


@pytest.mark.parametrize(("topic", "registered", "leads"), list(rows()))
def test_every_event_leads_where_the_page_says(topic: str, registered: str, leads: str) -> None:
    assert outcome(parse(topic, ENTITY[topic], CONTENT)) == leads
    assert (registered == "yes") == (topic in EVENTS)


def test_we_register_no_event_that_nobody_knows() -> None:
    assert set(EVENTS) <= set(ENTITY)


@pytest.mark.parametrize(("topic", "entity"), [pair for pair in ENTITY.items() if pair[1] in FOLLOWED])
def test_an_event_leads_to_what_it_names(topic: str, entity: str) -> None:
    found = parse(topic, entity, CONTENT)
    assert (found.kind, found.gateway_id, found.reference) == (FOLLOWED[entity], "x_1", "chg-1")
    assert (found.is_readable, found.is_about_key, found.idle) == (True, False, "")
    assert found.dedupe_key.endswith("&18200572")


@pytest.mark.parametrize(("topic", "entity"), [pair for pair in ENTITY.items() if pair[1] in FOLLOWED])
@pytest.mark.parametrize("content", [None, "x_1", [], {}, {"id": None}])
def test_an_event_that_names_nothing_leads_nowhere(topic: str, entity: str, content: Any) -> None:
    found = parse(topic, entity, content)
    assert (found.kind, found.gateway_id, found.is_readable) == (None, "", True)


@pytest.mark.parametrize("topic", OTHERS)
@pytest.mark.parametrize("content", [CONTENT, None, "x_1", []])
def test_an_event_of_anything_else_says_why_it_needs_nothing(topic: str, content: Any) -> None:
    found = parse(topic, ENTITY[topic], content)
    assert (found.kind, found.gateway_id, found.reference, found.expected) == (None, "", "", None)
    assert found.is_readable and AsaasGateway.idle_reasons[found.idle]


def test_no_reason_is_given_for_nothing() -> None:
    given = {parse(topic, entity, CONTENT).idle for topic, entity in ENTITY.items()} - {""}
    assert given == set(AsaasGateway.idle_reasons)
    assert all(len(key) <= 40 for key in given)


@pytest.mark.parametrize(
    ("topic", "leads"),
    [
        ("PAYMENT_INVENTED", "its payment is asked for"),
        ("SUBSCRIPTION_INVENTED", "its subscription is asked for"),
        ("INVENTED_YESTERDAY", "stored (`nothing_to_fetch`)"),
    ],
)
def test_a_new_event_leads_where_its_family_does(topic: str, leads: str) -> None:
    assert outcome(parse(topic, topic.partition("_")[0].lower(), CONTENT)) == leads


@pytest.mark.parametrize("topic", [name for name in ENTITY if "SUBSCRIPTION" in name])
def test_the_snapshot_of_a_subscription_sets_nothing(topic: str) -> None:
    """It may be deleted and call itself ``INACTIVE``, or carry dates as they were written until 2026."""
    content = {**CONTENT, "status": "INACTIVE", "deleted": True, "nextDueDate": "10/10/2026"}
    found = parse(topic, "subscription", content)
    assert (found.expected, found.expected_refunded_cents, found.is_step_back) == (None, 0, False)


@pytest.mark.parametrize(
    ("topic", "content", "announced"),
    [
        ("SUBSCRIPTION_DELETED", {"status": "ACTIVE", "value": 49.9}, ("cancelled", None)),
        ("SUBSCRIPTION_INACTIVATED", {"status": "ACTIVE"}, ("paused", None)),
        ("SUBSCRIPTION_UPDATED", {"status": "ACTIVE", "value": 49.9}, ("active", 4_990)),
        ("SUBSCRIPTION_UPDATED", {"status": "INACTIVE", "deleted": True, "value": "x"}, ("cancelled", None)),
        ("SUBSCRIPTION_UPDATED", {"status": "FROZEN", "value": -1}, (None, None)),
        ("SUBSCRIPTION_CREATED", {"status": "ACTIVE", "value": 49.9}, (None, None)),
    ],
)
def test_what_a_subscription_became_is_announced(
    topic: str, content: dict[str, Any], announced: tuple[str | None, int | None]
) -> None:
    found = parse(topic, "subscription", {**CONTENT, **content})
    assert (found.expected_subscription, found.expected_amount_cents) == announced


@pytest.mark.parametrize(
    "topic", [name for name in ENTITY if ENTITY[name] in ("accessToken", "accountStatus")]
)
@pytest.mark.parametrize("content", [{"id": "1f0e", "enabled": False}, None, "x"])
def test_an_event_of_our_access_is_a_reason_to_look_and_nothing_else(topic: str, content: Any) -> None:
    found = parse(topic, ENTITY[topic], content)
    assert (found.is_about_key, found.can_change, found.kind, found.gateway_id) == (True, True, None, "")
    assert (found.expected, found.is_readable) == (None, True)


@pytest.mark.parametrize(
    "topic",
    ["ACCESS_TOKEN", "access_token_expired", "X_ACCESS_TOKEN_EXPIRED", "ACCOUNT_STATUS", "MY_BILL_PAID", ""],
)
def test_what_only_sounds_like_it_is_none(topic: str) -> None:
    found = parse(topic, "accessToken", {"id": "1f0e"})
    assert (found.is_about_key, found.idle) == (False, "")
