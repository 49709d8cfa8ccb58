"""What is taken next: a few are sorted here, many by the database, in the same order."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from connections.gateways.base import ResourceKind
from payments.services import resources
from tests.factories import NOW, make_connection
from tests.webhooks.events import make_event
from webhooks.models import EventState
from webhooks.services import targets

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(clock: Any) -> None:
    """Of three connections, tried more or less often, some of them twice, some not due yet."""
    rng = Random(8)
    ours = [make_connection() for _number in range(3)]
    for _number in range(160):
        make_event(
            rng.choice(ours),
            state=EventState.RECEIVED,
            gateway_id=f"pay_{rng.randrange(60)}",
            attempts=rng.randrange(3),
            received_at=NOW - timedelta(seconds=rng.random() * 600),
            next_attempt_at=NOW + timedelta(seconds=rng.choice((-60, -1, 60))),
        )


def test_the_order_is_the_same_whoever_sorts(many: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_here = targets.due_targets()
    monkeypatch.setattr(targets, "_AT_ONCE", 0)
    assert sorted_here == targets.due_targets()
    assert len(sorted_here) == targets.BATCH


def test_a_few_cost_one_question_beside_that_for_pauses(many: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        targets.due_targets()


@pytest.mark.parametrize("at_once", [0, 500])
def test_what_somebody_is_at_is_left_out(at_once: int, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_AT_ONCE", at_once)
    connection = make_connection()
    for gateway_id in ("pay_1", "pay_2"):
        make_event(connection, state=EventState.RECEIVED, gateway_id=gateway_id, next_attempt_at=NOW)
    own = resources.find_or_add(connection, kind=ResourceKind.PAYMENT, gateway_id="pay_1")
    resources.lease(own.pk)
    assert [target.gateway_id for target in targets.due_targets()] == ["pay_2"]
