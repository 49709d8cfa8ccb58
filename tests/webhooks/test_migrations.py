"""Notifications stored before a migration are kept, and get what newer rows have."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor

from tests.factories import NOW

BEFORE = [("webhooks", "0003_unsigned_hints"), ("connections", "0004_problems")]
AFTER = [("webhooks", "0004_replays"), ("connections", "0005_gateway_pause")]


@pytest.fixture
def newest() -> Any:
    yield
    executor = MigrationExecutor(database)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
@pytest.mark.weighty
def test_each_notification_gets_an_id_of_its_own(newest: None) -> None:
    executor = MigrationExecutor(database)
    executor.migrate(BEFORE)
    old = executor.loader.project_state(BEFORE).apps
    connection = old.get_model("connections", "Connection").objects.create(gateway="asaas", name="Shop")
    events = old.get_model("webhooks", "WebhookEvent").objects
    for number in range(3):
        events.create(
            connection=connection,
            topic="PAYMENT_RECEIVED",
            dedupe_key=str(number),
            body=b"{}",
            received_at=NOW,
            state="dead",
        )
    executor = MigrationExecutor(database)
    executor.migrate(AFTER)
    new = executor.loader.project_state(AFTER).apps
    stored = new.get_model("webhooks", "WebhookEvent").objects.all()
    assert len({event.public_id for event in stored}) == 3
    assert {(event.failures, event.cause, event.note) for event in stored} == {(0, "", "")}
