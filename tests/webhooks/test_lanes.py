"""A connection whose gateway hangs leaves threads to the others."""

from __future__ import annotations

import pytest

from payments.services.refreshing import Outcome, Refreshed
from tests.factories import NOW, make_charge, make_payment
from webhooks.lanes import Lanes
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox


def test_so_many_at_once_and_no_more_for_one_connection() -> None:
    lanes = Lanes(most=2)
    with lanes.lane(1) as first, lanes.lane(1) as second, lanes.lane(1) as third, lanes.lane(2) as other:
        assert (first, second, third, other) == (True, True, False, True)
    with lanes.lane(1) as again:
        assert again


def test_a_lane_is_given_back_when_the_work_breaks() -> None:
    lanes = Lanes(most=1)
    with pytest.raises(ValueError), lanes.lane(1):
        raise ValueError
    with lanes.lane(1) as again:
        assert again


@pytest.mark.django_db
def test_what_finds_no_lane_stays_in_its_row_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.clock.now", lambda: NOW)
    charges = [make_charge(), make_charge()]
    for charge in charges:
        payment = make_payment(charge)
        WebhookEvent.objects.create(
            connection=charge.connection,
            topic="PAYMENT_RECEIVED",
            kind="payment",
            gateway_id=payment.gateway_id,
            dedupe_key=payment.gateway_id,
            body=b"{}",
            received_at=NOW,
            next_attempt_at=NOW,
            state=EventState.RECEIVED,
        )
    narrow = Lanes(most=1)
    monkeypatch.setattr(inbox, "lanes", narrow)
    monkeypatch.setattr(inbox.asking, "ask", lambda *_args, **_options: Refreshed(outcome=Outcome.APPLIED))
    with narrow.lane(charges[0].connection_id):
        inbox.work()
        states = [charge.connection.events.get().state for charge in charges]
        assert states == [EventState.RECEIVED, EventState.DONE]
    inbox.work()
    assert charges[0].connection.events.get().state == EventState.DONE
