"""Every event whose name we know is announced to people in words."""

from __future__ import annotations

from connections.gateways.asaas.client import AsaasGateway
from tests.gateways.asaas.test_topics import ENTITY


def test_every_event_that_is_known_by_name_has_words() -> None:
    without = [event for event in ENTITY if event not in AsaasGateway.topic_words]
    assert [event for event in without if not event.endswith("*")] == []


def test_no_words_are_kept_for_what_nobody_sends() -> None:
    assert sorted(set(AsaasGateway.topic_words) - set(ENTITY)) == []


def test_no_two_events_are_told_in_the_same_words() -> None:
    words = list(AsaasGateway.topic_words.values())
    assert sorted({text for text in words if words.count(text) > 1}) == []
