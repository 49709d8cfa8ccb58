"""Unsigned and forged notifications at a running product, and what it finds out without being told."""

from __future__ import annotations

import itertools
import random
import time
from typing import Any

import pytest

from tests.flows import loading
from tests.flows.loading import Door, Note
from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty]
_SOURCES = "list(Charge.objects.get(reference={reference!r}).timeline.filter(code='status')"
_SOURCES += ".values_list('source', flat=True))"
_SANDBOX = "__import__('payments.services.sandbox', fromlist=['*'])"
_HINTS = "WebhookEvent.objects.filter(is_hint=True, gateway_id__startswith={prefix!r}).count()"
_SIGNED = "WebhookEvent.objects.filter(is_hint=False, state='done', gateway_id__in={ids!r})"
_SIGNED += ".filter(topic='PAYMENT_RECEIVED').count() + WebhookEvent.objects.filter(is_hint=False,"
_SIGNED += " state='done', gateway_id__in={ids!r}, action='payment.updated').count()"
_WAITING = "WebhookEvent.objects.filter(is_hint=False, state__in=['received', 'retry']).count()"
# What is posted, and what the answer has to be.
Sent = tuple[Note, int]
STRANGER = "77"  # what the ids of strangers begin with


def sources(running: Running, reference: str) -> list[str]:
    return list(running.evaluate(_SOURCES.format(reference=reference)))


def test_an_unsigned_ipn_alone_has_the_charge_paid(running: Running) -> None:
    reference = running.charge("mercadopago")
    # What was told of its creation is done with, or it would find the payment first.
    running.control("flush")
    running.wait_until(lambda: running.evaluate(_WAITING) == 0, "nothing signed waits")
    running.control("faults", name="ipn_twin", unsigned=True, only=True, times=None)
    running.control("pay", reference=reference)
    running.wait_for_status(reference, "paid")
    running.no_faults()
    assert sources(running, reference)[0] == "hint"


@pytest.mark.parametrize(
    ("key", "method", "seconds"),
    [
        ("asaas", "pix", 3700),
        pytest.param("mercadopago", "pix", 3700, marks=pytest.mark.full),
        pytest.param("checkout", "card", 100, marks=pytest.mark.full),
    ],
)
def test_what_nobody_told_is_found_by_asking(running: Running, key: str, method: str, seconds: int) -> None:
    """By the charge's own check, or by the hour's comparison where that comes first.

    Where the gateway tells of a payment it is asked once an hour, where it may not (the sandbox of Mercado
    Pago) every minute.
    """
    reference, _payment = loading.paid_in_silence(running, key, method)
    planned = "(charge.check_due_at is not None or charge.status == 'paid')"
    planned = f"[{planned} for charge in Charge.objects.filter(reference={reference!r})][0]"
    running.wait_until(lambda: running.evaluate(planned), "a check is planned")
    running.control("clock", advance_seconds=seconds)
    # A charge among others that could not be asked just now is asked a minute later.
    running.wait_until(
        lambda: running.status(reference) == "paid" or not running.control("clock", advance_seconds=10),
        f"{reference} is paid",
    )
    assert sources(running, reference)[0] in ("check", "reconciliation")
    assert (
        running.evaluate(f"MissedNotification.objects.filter(charge__reference={reference!r}).count()") == 1
    )


def test_a_simulated_payment_shows_without_its_notification(running: Running) -> None:
    reference = running.charge("asaas")
    running.control("faults", name="drop", times=None)
    charge = f"Charge.objects.get(reference={reference!r})"
    running.evaluate(f"{_SANDBOX}.simulate_payment({charge}, actor=None)")
    status = running.status(reference)
    running.no_faults()
    assert (status, sources(running, reference)[0]) == ("paid", "person")


@pytest.mark.full
@pytest.mark.parametrize("strangers", [150, 10_000])
def test_strangers_at_the_door_disturb_nobody(running: Running, strangers: int) -> None:
    doors = {key: loading.door(running, key) for key in ("asaas", "mercadopago") if running.shop(key)}
    paid = {key: [loading.paid_in_silence(running, key) for _charge in range(3)] for key in doors}
    real = [doors[key].note(payment) for key, pairs in paid.items() for _reference, payment in pairs]
    sent = mixed(unsigned(doors, strangers) + forged(doors, strangers), [(note, 200) for note in real])
    since = last_call(running)
    started = time.monotonic()
    answers = loading.post_all([note for note, _status in sent], senders=6)
    posted = time.monotonic() - started
    for reference in [reference for pairs in paid.values() for reference, _payment in pairs]:
        running.wait_for_status(reference, "paid")
    payments = [payment for pairs in paid.values() for _reference, payment in pairs]
    done = _SIGNED.format(ids=payments)
    running.wait_until(lambda: running.evaluate(done) == len(real), "all signed ones are done")
    assert [answer.status for answer in answers] == [status for _note, status in sent]
    # The calls came from before the first post until now.
    minutes = (time.monotonic() - started) / 60
    calls, rows = len(foreign_calls(running, since)), running.evaluate(_HINTS.format(prefix=STRANGER))
    print(
        f"\n{len(sent)} posts in {posted:.0f} s; until done {minutes * 60:.0f} s, {calls} calls, {rows} rows"
    )
    assert calls <= 30 * minutes + 1
    # A post that comes in the same moment as others may find the last place free, too.
    assert rows <= 100 + 30 * minutes + 6


def unsigned(doors: dict[str, Door], times: int) -> list[Sent]:
    url = doors["mercadopago"].url
    return [(Note(f"{url}?id={stranger()}&topic=payment", b"{}", {}), 200) for _time in range(times)]


def forged(doors: dict[str, Door], times: int) -> list[Sent]:
    every = itertools.islice(itertools.cycle(doors.values()), times)
    return [(door.note(stranger(), secret="a guess"), 401) for door in every]


_chance = random.Random(7)


def stranger() -> str:
    return f"{STRANGER}{_chance.randrange(10**9):09d}"


def mixed(strangers: list[Sent], real: list[Sent]) -> list[Sent]:
    """The real ones evenly among the strangers, in any order of those."""
    _chance.shuffle(strangers)
    step = len(strangers) // len(real)
    chunks = [strangers[start : start + step] for start in range(0, len(strangers), step)]
    rows = itertools.zip_longest(chunks, real)
    return [one for chunk, own in rows for one in [*(chunk or []), *([own] if own else [])]]


def last_call(running: Running) -> int:
    return max((call["id"] for call in running.ask("received")["calls"]), default=0)


def foreign_calls(running: Running, since: int) -> list[Any]:
    """Calls about payments that strangers named."""
    calls = running.ask(f"received?since={since}")["calls"]
    return [call for call in calls if f"/payments/{STRANGER}" in call["path"]]
