"""Every event name of asaas.md 5.3, whether we asked for it or a person ticked it in the panel."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.asaas.notifications import EVENTS
from connections.gateways.base import Notification, ResourceKind
from tests.gateways import sample

PAYMENT_EVENTS = (
    *("CREATED", "UPDATED", "AUTHORIZED", "CONFIRMED", "RECEIVED", "ANTICIPATED", "OVERDUE", "DELETED"),
    *("AWAITING_RISK_ANALYSIS", "APPROVED_BY_RISK_ANALYSIS", "REPROVED_BY_RISK_ANALYSIS"),
    *("CREDIT_CARD_CAPTURE_REFUSED", "RESTORED", "REFUNDED", "PARTIALLY_REFUNDED", "REFUND_IN_PROGRESS"),
    *("REFUND_DENIED", "RECEIVED_IN_CASH_UNDONE", "CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE"),
    *("AWAITING_CHARGEBACK_REVERSAL", "DUNNING_REQUESTED", "DUNNING_RECEIVED", "BANK_SLIP_VIEWED"),
    *("CHECKOUT_VIEWED", "BANK_SLIP_CANCELLED", "SPLIT_CANCELLED", "SPLIT_DIVERGENCE_BLOCK"),
    "SPLIT_DIVERGENCE_BLOCK_FINISHED",
)
# Name of the family, key of its object, endings. Of families the document only names, one ending we made up.
OTHER_FAMILIES = (
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
    ("BILL", "bill", "PAID"),
    ("RECEIVABLE_ANTICIPATION", "anticipation", "CREDITED"),
    ("MOBILE_PHONE_RECHARGE", "mobilePhoneRecharge", "CONFIRMED"),
    ("PHONE_RECHARGE", "mobilePhoneRecharge", "CONFIRMED"),
    ("ACCOUNT_STATUS", "accountStatus", "GENERAL_APPROVAL_APPROVED"),
    ("BALANCE_VALUE", "balance", "BLOCKED UNBLOCKED"),
    ("INTERNAL_TRANSFER", "internalTransfer", "CREDIT DEBIT"),
    ("PIX_AUTOMATIC_RECURRING", "pixAutomatic", "AUTHORIZATION_CREATED"),
)
KEY_EVENTS = ("CREATED", "DISABLED", "ENABLED", "EXPIRING_SOON", "EXPIRED", "DELETED")


def parse(topic: str, entity: str, content: object) -> Notification:
    mark = hashlib.md5(topic.encode(), usedforsecurity=False).hexdigest()
    body = {
        "id": f"evt_{mark}&18200572",
        "event": topic,
        "dateCreated": "2026-09-08 10:00:00",
        "account": {"id": "3f2c0a77-0000-4000-8000-000000000001", "ownerId": None},
        entity: content,
    }
    return AsaasGateway.parse(sample.delivery(json.dumps(body).encode()))


@pytest.mark.parametrize("ending", PAYMENT_EVENTS)
def test_an_event_of_a_payment_leads_to_it(ending: str) -> None:
    found = parse(f"PAYMENT_{ending}", "payment", {"id": "pay_1", "status": "PENDING"})
    assert (found.kind, found.gateway_id, found.is_about_key) == (ResourceKind.PAYMENT, "pay_1", False)
    assert found.is_readable and found.dedupe_key.endswith("&18200572")


@pytest.mark.parametrize(
    ("topic", "entity"),
    [(f"{family}_{ending}", key) for family, key, endings in OTHER_FAMILIES for ending in endings.split()],
)
@pytest.mark.parametrize(
    "content",
    [
        {"object": "x", "id": "x_1", "status": "PAID", "payment": "pay_1", "externalReference": "chg-1"},
        None,
        "x_1",
        [],
    ],
)
def test_an_event_of_anything_else_leads_nowhere(topic: str, entity: str, content: Any) -> None:
    found = parse(topic, entity, content)
    assert (found.topic, found.kind, found.gateway_id, found.reference) == (topic, None, "", "")
    assert (found.expected, found.is_about_key, found.is_order, found.is_readable) == (
        None,
        False,
        False,
        True,
    )


@pytest.mark.parametrize("ending", KEY_EVENTS)
@pytest.mark.parametrize("content", [{"id": "1f0e", "enabled": False}, None, "x"])
def test_an_event_of_a_key_is_a_reason_to_look_and_nothing_else(ending: str, content: Any) -> None:
    found = parse(f"ACCESS_TOKEN_{ending}", "accessToken", content)
    assert (found.is_about_key, found.can_change, found.kind, found.gateway_id) == (True, True, None, "")
    assert (found.expected, found.is_readable) == (None, True)


@pytest.mark.parametrize("topic", ["ACCESS_TOKEN", "access_token_expired", "X_ACCESS_TOKEN_EXPIRED", ""])
def test_what_only_sounds_like_a_key_is_none(topic: str) -> None:
    assert parse(topic, "accessToken", {"id": "1f0e"}).is_about_key is False


def test_asks_for_every_event_of_a_key() -> None:
    assert {f"ACCESS_TOKEN_{ending}" for ending in KEY_EVENTS} <= set(EVENTS)
