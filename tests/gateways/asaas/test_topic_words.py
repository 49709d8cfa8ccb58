"""Every event we ask Asaas for is announced to people in words."""

from __future__ import annotations

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.asaas.notifications import EVENTS


def test_every_event_we_ask_for_has_words() -> None:
    assert [event for event in EVENTS if event not in AsaasGateway.topic_words] == []


def test_no_two_events_are_told_in_the_same_words() -> None:
    words = list(AsaasGateway.topic_words.values())
    assert sorted({text for text in words if words.count(text) > 1}) == []
