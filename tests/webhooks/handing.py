"""What a simulated gateway really sends, taken in and handed on to our own address when a test wants it."""

from __future__ import annotations

from django.test import Client

from connections.models import Connection
from tests.payments.simulated import World
from tests.simulator.support import AsaasClient, Inbox, Received, Simulator

EVENTS = [
    f"PAYMENT_{name}"
    for name in (
        *("CREATED", "UPDATED", "CONFIRMED", "RECEIVED", "OVERDUE", "DELETED", "RESTORED"),
        *("REFUNDED", "PARTIALLY_REFUNDED", "RECEIVED_IN_CASH_UNDONE"),
        *("CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE", "AWAITING_CHARGEBACK_REVERSAL"),
    )
] + [f"SUBSCRIPTION_{name}" for name in ("CREATED", "UPDATED", "INACTIVATED", "DELETED")]


def connected(world: World, key: str, receiver: Inbox) -> Connection:
    """A connection whose gateway really signs what it sends to the receiver."""
    connection = world.connection(key)
    account = world.accounts[key]
    if connection.gateway == "asaas":
        token = connection.open_webhook_secrets()["token"]
        address = f"{receiver.url}{connection.webhook_path}"
        AsaasClient(Simulator(world.url), account).webhook(address, EVENTS, authToken=token)
    else:
        connection.seal_webhook_secrets(
            {"test": account["webhook_secret"], "production": account["webhook_secret_production"]}
        )
        connection.save()
    return connection


def hand_on(client: Client, delivery: Received) -> None:
    path = f"{delivery.path}?{delivery.query}" if delivery.query else delivery.path
    headers = {
        name: value for name, value in delivery.headers.items() if name not in ("host", "content-length")
    }
    answer = client.post(path, data=delivery.body, content_type="application/json", headers=headers)
    assert answer.status_code == 200
