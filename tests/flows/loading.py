"""Load for a running product: signed and timed notifications at its door, operators who press at once."""

from __future__ import annotations

import itertools
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from lib import check
from lib.browser import Browser

from tests.flows.running import KINDS, PATIENCE, Running
from tests.webhooks import signing

SENDERS = 3
_A_MOMENT = 11
_cents = itertools.count(50_000)
_DOOR = (
    "[[c.path_token, dict(c.open_webhook_secrets())] for c in Connection.objects.filter(name={name!r})][0]"
)
_STATUSES = "dict(Charge.objects.filter(reference__in={references!r}).values_list('reference', 'status'))"


@dataclass(frozen=True)
class Note:
    """One signed notification, ready to be posted."""

    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Answered:
    """What our side answered, and the seconds it took from the first byte sent to the last one read."""

    status: int
    seconds: float
    at: float


@dataclass(frozen=True)
class Door:
    """A connection as its gateway knows it: where to notify, and what to sign with."""

    gateway: str
    url: str
    secrets: dict[str, str]

    def note(self, payment_id: str, *, secret: str = "") -> Note:
        """About a payment; each one is another event. Signed with the stored secret unless told otherwise."""
        if self.gateway == "asaas":
            body = signing.asaas_body("PAYMENT_RECEIVED", payment_id)
            return self._note(self.url, body, {"asaas-access-token": secret or self.secrets["token"]})
        headers = signing.mercadopago_headers(secret or self.secrets["test"], payment_id)
        return self._note(
            f"{self.url}?data.id={payment_id}&type=payment", signing.mercadopago_body(payment_id), headers
        )

    def _note(self, url: str, body: dict[str, Any], headers: dict[str, str]) -> Note:
        return Note(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})


def door(running: Running, key: str) -> Door:
    """The door of the shared connection of this kind."""
    path_token, secrets = running.evaluate(_DOOR.format(name=KINDS[key].name))
    return Door(KINDS[key].gateway, f"{running.stack.url}/webhooks/{path_token}/", secrets)


def post(note: Note) -> Answered:
    """On a connection of its own, as gateways do."""
    address = urlsplit(note.url)
    path = address.path + (f"?{address.query}" if address.query else "")
    http = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
    started = time.monotonic()
    try:
        http.request("POST", path, body=note.body, headers=note.headers)
        answer = http.getresponse()
        answer.read()
    finally:
        http.close()
    ended = time.monotonic()
    return Answered(answer.status, ended - started, ended)


def post_all(notes: Iterable[Note], *, senders: int = SENDERS) -> list[Answered]:
    """Several senders, each with the next one as soon as the last is answered."""
    with ThreadPoolExecutor(senders) as pool:
        return list(pool.map(post, notes))


class Traffic:
    """Notifications that never cease while something is done; ``note`` makes each one when it is its turn."""

    def __init__(self, note: Callable[[], Note]) -> None:
        self._note = note
        self.answers: list[Answered] = []
        self._is_over = threading.Event()
        self._pool = ThreadPoolExecutor(SENDERS)
        self._senders = [self._pool.submit(self._send) for _sender in range(SENDERS)]

    def _send(self) -> None:
        while not self._is_over.is_set():
            self.answers.append(post(self._note()))

    def flow(self, running: Running, times: int) -> None:
        """Go on until so many more were answered."""
        enough = len(self.answers) + times
        running.wait_until(lambda: self._is_stuck() or len(self.answers) >= enough, f"{times} more answers")

    def _is_stuck(self) -> bool:
        return any(sender.done() for sender in self._senders)

    def __enter__(self) -> Traffic:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for sender in self._senders:
            sender.result()


def median(answers: Sequence[Answered]) -> float:
    """Milliseconds."""
    return statistics.median(answer.seconds for answer in answers) * 1000


def slowest(answers: Sequence[Answered]) -> float:
    """Milliseconds."""
    return max(answer.seconds for answer in answers) * 1000


def times_slower(
    what: str, before: Sequence[Answered], meanwhile: Sequence[Answered], after: Sequence[Answered]
) -> float:
    """The median meanwhile by the median of the runs around it; the figures are printed for ``-s``."""
    slower = median(meanwhile) / median([*before, *after])
    runs = (f"{len(run)} in {median(run):.1f} ms" for run in (before, meanwhile, after))
    print(f"\n{what}: {slower:.2f} times ({', '.join(runs)}; slowest meanwhile {slowest(meanwhile):.0f} ms)")
    return slower


def about(running: Running, payments: Mapping[str, str], times: int) -> list[Note]:
    """So many notifications, in turns about the payment of each kind of account."""
    doors = [(door(running, key), payment) for key, payment in payments.items()]
    return [each.note(payment) for each, payment in itertools.islice(itertools.cycle(doors), times)]


def paid_in_silence(running: Running, key: str, method: str = "pix") -> tuple[str, str]:
    """A charge that the customer paid and the gateway told nobody of: its reference, the payment's id."""
    reference = running.charge(key, method)
    work_off_creation(running, reference)
    running.control("faults", name="drop", times=None)
    pay = "pay_card" if method == "card" else "pay"
    payment = running.control(pay, reference=reference)["id"]
    running.no_faults()
    return reference, str(payment)


def work_off_creation(running: Running, reference: str) -> None:
    """What was told of the creation says nothing new and waits a moment; it would find the payment first."""
    running.control("flush")
    running.control("clock", advance_seconds=_A_MOMENT)
    ids = f"[r.gateway_id for r in Charge.objects.get(reference={reference!r}).resources.all()]"
    waiting = f"WebhookEvent.objects.filter(gateway_id__in={ids}, state__in=['received', 'retry']).count()"
    running.wait_until(lambda: running.evaluate(waiting) == 0, "what was told of the creation is worked off")


def statuses(running: Running, references: Sequence[str]) -> dict[str, str]:
    return dict(running.evaluate(_STATUSES.format(references=list(references))))


def new_amount() -> Decimal:
    """One that no other charge is over."""
    return Decimal(next(_cents)) / 100


class Crowd:
    """Operators at browsers of their own. Those who logged in once stay so: the test is about waiting."""

    def __init__(self, running: Running, keys: Sequence[str]) -> None:
        self._walks = [self._walk(running, key) for key in keys]
        self._pool = ThreadPoolExecutor(len(keys))

    def _walk(self, running: Running, key: str) -> check.Walk:
        shop = running.shop(key)
        browser = Browser(running.stack.url)
        browser.session.cookies.update(shop.operator.session.cookies)
        people = check.People(shop.admin, browser, running.plan.keys.passwords)
        return check.Walk(running.stack, shop.kind, people, False, PATIENCE, new_amount())

    def create_at_once(self) -> list[Future[None]]:
        """Each opens the form and sends it; the futures end when their page is there."""
        return [self._pool.submit(walk.create_charge) for walk in self._walks]

    def references(self) -> list[str]:
        return [walk.reference for walk in self._walks]


def advancing(running: Running, is_so: Callable[[], bool], *, seconds: int) -> Callable[[], bool]:
    """The same question; every three real seconds the clock of everybody moves on by so much."""
    last = time.monotonic()

    def ask() -> bool:
        nonlocal last
        if is_so():
            return True
        if time.monotonic() - last > 3:
            running.control("clock", advance_seconds=seconds)
            last = time.monotonic()
        return False

    return ask
