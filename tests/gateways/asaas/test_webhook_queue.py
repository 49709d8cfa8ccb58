"""The queue of our webhook, let flow again with as little as possible (asaas.md 5.1, 5.2)."""

from __future__ import annotations

from typing import Any

import pytest

from connections.gateways.asaas.notifications import EVENTS
from connections.gateways.errors import CredentialsRefused, GatewayUnavailable, NotFound
from tests.gateways import sample
from tests.gateways.asaas.desk import URL, add, gateway, listed, sent

HOOK = "/webhooks/hook-1"


def hook(**changes: Any) -> dict[str, Any]:
    healthy = {**sample.body("asaas", "webhook"), "id": "hook-1", "url": URL, "events": list(EVENTS)}
    return {**healthy, **changes}


def calls(mocked: Any) -> list[str]:
    return [f"{call.request.method} {call.request.url.split('/v3')[1]}" for call in mocked.calls]


def codes(found: Any) -> list[str]:
    return [notice.code for notice in found.problems]


def test_a_queue_that_flows_is_not_written_to(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(hook()))
    assert gateway().resume_webhook(url=URL).is_healthy
    assert len(asaas.calls) == 1


def test_a_stopped_queue_is_told_nothing_but_to_go_on(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(hook(url=URL + "x", id="other"), hook(interrupted=True)))
    add(asaas, "PUT", HOOK, hook())
    found = gateway().resume_webhook(url=URL)
    assert (found.is_healthy, found.webhook_id) == (True, "hook-1")
    assert sent(asaas) == {"interrupted": False}
    assert len(asaas.calls) == 2


def test_a_slowed_queue_loses_its_penalty(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(hook(penalizedRequestsCount=4)))
    add(asaas, "POST", f"{HOOK}/removeBackoff", {})
    add(asaas, "GET", HOOK, hook())
    assert gateway().resume_webhook(url=URL).is_healthy
    assert calls(asaas)[1:] == [f"POST {HOOK}/removeBackoff", f"GET {HOOK}"]


def test_a_stopped_and_slowed_queue_is_freed_of_both(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(hook(interrupted=True, penalizedRequestsCount=15)))
    add(asaas, "PUT", HOOK, hook(penalizedRequestsCount=15))
    add(asaas, "POST", f"{HOOK}/removeBackoff")
    add(asaas, "GET", HOOK, hook())
    assert gateway().resume_webhook(url=URL).is_healthy
    assert calls(asaas)[1:] == [f"PUT {HOOK}", f"POST {HOOK}/removeBackoff", f"GET {HOOK}"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"enabled": False}, "webhook_disabled"),
        ({"apiVersion": 2}, "webhook_wrong_version"),
        ({"events": []}, "webhook_missing_events"),
        ({"hasAuthToken": False}, "webhook_no_token"),
    ],
)
def test_what_needs_a_new_registration_is_named_and_left(
    asaas: Any, changes: dict[str, Any], code: str
) -> None:
    add(asaas, "GET", "/webhooks", listed(hook(**changes)))
    found = gateway().resume_webhook(url=URL)
    assert (codes(found), found.is_healthy, len(asaas.calls)) == ([code], False, 1)


def test_says_when_asaas_did_not_let_it_flow(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(hook(interrupted=True)))
    add(asaas, "PUT", HOOK, hook(interrupted=True))
    assert codes(gateway().resume_webhook(url=URL)) == ["webhook_interrupted"]


def test_names_a_second_webhook_with_the_same_address(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(hook(interrupted=True), hook(id="hook-2")))
    add(asaas, "PUT", HOOK, hook())
    assert codes(gateway().resume_webhook(url=URL)) == ["webhook_duplicate"]


@pytest.mark.parametrize("data", [[], None, [hook(url=URL + "x", interrupted=True)]])
def test_knows_no_webhook_under_another_address(asaas: Any, data: Any) -> None:
    add(asaas, "GET", "/webhooks", {"object": "list", "hasMore": False, "totalCount": 0, "data": data})
    with pytest.raises(NotFound) as caught:
        gateway().resume_webhook(url=URL)
    assert caught.value.text
    assert len(asaas.calls) == 1


@pytest.mark.parametrize(("status", "expected"), [(403, CredentialsRefused), (503, GatewayUnavailable)])
def test_raises_what_the_caller_acts_on(asaas: Any, status: int, expected: type[Exception]) -> None:
    add(asaas, "GET", "/webhooks", listed(hook(interrupted=True)))
    add(asaas, "PUT", HOOK, status=status)
    with pytest.raises(expected):
        gateway().resume_webhook(url=URL)
