"""Notifications for the pictures and the browser: one of each state, and many asked again together."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from config import clock
from payments.models import Charge
from webhooks.models import EventState, Replay, ReplayItem, Simulation, WebhookEvent
from webhooks.services import recording

_HEADERS = {
    "content-type": "application/json",
    "user-agent": "Java/11.0.20",
    "host": "cobranca.example.com",
}


def make_events(charges: dict[str, Charge]) -> dict[str, WebhookEvent]:
    """By what became of them; the dead one has two others about the same payment."""
    now = clock.now()
    paid, waiting, other = (charges[name].payments.first() for name in ("paid", "pending", "double"))
    assert paid and waiting and other
    dead = {
        "state": "dead",
        "attempts": 6,
        "failures": 6,
        "cause": "unreadable_answer",
        "last_error": "200 the answer is not JSON",
        "finished_at": now - timedelta(minutes=40),
        "history": _failures(6, "unreadable_answer", "200 the answer is not JSON", until=now, ends="dead"),
    }
    retry = {
        "state": "retry",
        "attempts": 3,
        "failures": 3,
        "cause": "own_fault",
        "last_error": "KeyError",
        "next_attempt_at": now + timedelta(minutes=9),
        "history": _failures(2, "own_fault", "KeyError", until=now, ends="retry"),
    }
    page = {"topic": "payment", "action": "payment.updated"}
    aside = {"state": "ignored", "reason": "not_ours", "gateway_id": "98000123460"}
    made = [
        ("done", paid, 3, {"topic": "PAYMENT_RECEIVED"}),
        ("dead", waiting, 130, {"topic": "PAYMENT_RECEIVED", "repeats": 2, "last_repeat_at": now, **dead}),
        ("first", waiting, 150, {"topic": "PAYMENT_CREATED"}),
        ("viewed", waiting, 90, {"topic": "PAYMENT_CHECKOUT_VIEWED", **_put_aside("changes_nothing")}),
        ("retry", other, 14, {**page, **retry}),
        ("aside", other, 25, {**page, **aside}),
        ("hint", other, 26, {**page, **aside, "action": "", "is_hint": True, "gateway_id": "98000123461"}),
        ("test", other, 1500, {**page, "gateway_id": "123456", "state": "test", "reason": "panel_test"}),
        ("unreadable", paid, 1600, {"topic": "", "gateway_id": "", "kind": "", **_put_aside("unreadable")}),
    ]
    for reason, times in (("wrong_token", 3), ("missing_token", 1)):
        for _time in range(times):
            recording.count(paid.connection, reason)
    return {
        name: _event(name, payment, now - timedelta(minutes=minutes), values)
        for name, payment, minutes, values in made
    }


def _failures(number: int, cause: str, says: str, *, until: datetime, ends: str) -> list[dict[str, str]]:
    """As ``webhooks.services.attempts`` keeps them."""
    return [
        {
            "at": (until - timedelta(minutes=40 + 15 * left)).isoformat(),
            "outcome": "retry" if left else ends,
            "cause": cause,
            "says": says,
        }
        for left in reversed(range(number))
    ]


def _put_aside(reason: str) -> dict[str, Any]:
    return {"state": "ignored", "reason": reason}


def _event(name: str, payment: Any, at: datetime, values: dict[str, Any]) -> WebhookEvent:
    word = values["topic"]
    body = {
        "id": f"evt_05b708f961d739ea7eba7e4db318f621&{len(name)}",
        "event": word,
        "dateCreated": "2026-11-21 09:00:00",
        "payment": {
            "object": "payment",
            "id": payment.gateway_id,
            "customer": "cus_000005219613",
            "value": payment.amount_cents / 100,
            "description": "Ana Lima, ana@example.com",
            "externalReference": payment.charge.reference,
        },
    }
    defaults: dict[str, Any] = {
        "connection": payment.connection,
        "kind": "payment",
        "gateway_id": payment.gateway_id,
        "dedupe_key": f"sample-{name}",
        "headers": _HEADERS,
        "body": b"\xff\x00 cut" if name == "unreadable" else json.dumps(body).encode(),
        "secret_name": "token:0a1b2c3d4e5f",
        "received_at": at,
        "state": "done",
        "attempts": 1,
        "delay": timedelta(seconds=2) if values.get("state", "done") == "done" else None,
        "finished_at": None if values.get("next_attempt_at") else at + timedelta(seconds=2),
    }
    return WebhookEvent.objects.create(**{**defaults, **values})


def make_simulation(event: WebhookEvent, *, actor: User, is_taken: bool) -> Simulation:
    """Sent by hand: taken and followed, or refused because of a wrong secret."""
    refused = '{"status": "wrong_token"}'
    return Simulation.objects.create(
        public_id=uuid.uuid4(),
        connection=event.connection,
        sent_by=actor,
        sent_at=clock.now(),
        topic="PAYMENT_RECEIVED",
        gateway_id=event.gateway_id,
        signed_with="token" if is_taken else "wrong",
        headers={"content-type": "application/json", "asaas-access-token": "***"},
        body=bytes(event.body).decode(),
        answered_at=clock.now(),
        http_status=200 if is_taken else 401,
        answer='{"status": "stored"}' if is_taken else refused,
        milliseconds=38,
        event=event if is_taken else None,
    )


def make_replay(events: dict[str, WebhookEvent], *, actor: User, is_over: bool) -> Replay:
    """Of which one failed again, or one is still to come."""
    now = clock.now()
    chosen = [events[name] for name in ("done", "first", "retry", "dead")]
    replay = Replay.objects.create(
        asked_by=actor,
        asked_at=now - timedelta(minutes=2),
        total=len(chosen),
        charges=3,
        handled=len(chosen) - (not is_over),
        state="done" if is_over else "running",
        finished_at=now if is_over else None,
        lease_until=None if is_over else now + timedelta(days=1),
    )
    outcomes = {EventState.DONE: "done", EventState.RETRY: "failing", EventState.DEAD: "dead"}
    for event in chosen:
        is_left = not is_over and event == chosen[-1]
        outcome = "" if is_left else outcomes[EventState(event.state)]
        ReplayItem.objects.create(replay=replay, event=event, state_before="dead", outcome=outcome, at=now)
    return replay
