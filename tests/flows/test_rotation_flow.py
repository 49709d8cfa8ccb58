"""Whatever a webhook is known by is replaced while notifications come in: none is refused, none is lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from lib import accounts
from lib.pages import Page

from tests.flows import loading
from tests.flows.loading import Door, Note, Traffic
from tests.flows.running import KINDS, Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty]
BEFORE, AFTER = 80, 120  # with what the simulator sends by itself more than 1000 for the five kinds
BY_THE_GATEWAY = 40
STORED = "WebhookEvent.objects.filter(gateway_id={payment!r}).count()"
WAITS = (
    "[(event.next_attempt_at - __import__('config.clock', fromlist=['now']).now()).total_seconds()"
    " for event in WebhookEvent.objects.filter(gateway_id={payment!r}, state__in=['received', 'retry'])]"
)
REFUSED = "sum(row.times for row in RejectedNotification.objects.all())"


class Rotation:
    """A paid charge nobody was told of, and notifications about it while something is replaced."""

    def __init__(self, running: Running, key: str) -> None:
        self.running, self.key = running, key
        self.shop = running.shop(key)
        self.reference, self.payment = loading.paid_in_silence(running, key)
        self._ways: list[Callable[[], Note]] = []
        self._turns = itertools.count()

    def use(self, door: Door, secret: str = "") -> None:
        """From now on the gateway also notifies here, signed with this."""
        self._ways.append(lambda: door.note(self.payment, secret=secret))

    def use_only_the_last(self) -> None:
        self._ways = self._ways[-1:]

    def _note(self) -> Note:
        ways = self._ways
        return ways[next(self._turns) % len(ways)]()

    def page(self) -> str:
        return self.shop.connection_page

    def press(self, button: str, **values: str) -> None:
        """A button of the connection's page, as the administrator presses it."""
        page = self.shop.admin.open(self.page())
        form = next(form for form in page.forms if form.action.endswith(f"/{button}/"))
        self.shop.admin.send(form, values)

    def paste(self, **values: str) -> Page:
        """Type into the connection's form and save it, with the administrator's password where it asks."""
        form = self.shop.admin.open(self.page()).form_with(next(iter(values)))
        assert form
        if "current_password" in form.offered:
            values["current_password"] = self.shop.people.passwords["admin"]
        return self.shop.admin.send(form, values)

    @contextmanager
    def under_traffic(self) -> Iterator[None]:
        """Every notification around what is done inside is taken, kept and worked through."""
        refused = self.running.evaluate(REFUSED)
        with Traffic(self._note) as traffic:
            traffic.flow(self.running, BEFORE)
            yield
            traffic.flow(self.running, AFTER // 2)
            self.use_only_the_last()
            traffic.flow(self.running, AFTER // 2)
        answers = traffic.answers
        assert {answer.status for answer in answers} == {200}
        assert self.running.evaluate(STORED.format(payment=self.payment)) >= len(answers) >= BEFORE + AFTER
        assert self.running.evaluate(REFUSED) == refused

    def wait_until_worked_through(self) -> None:
        """What was refused with a dead key waits, its connection too: the clock moves on to it."""
        self.running.wait_until(self._is_worked_through, "nothing is open")
        self.running.wait_for_status(self.reference, "paid")

    def _is_worked_through(self) -> bool:
        waits = self.running.evaluate(WAITS.format(payment=self.payment))
        if waits:
            self.running.control("clock", advance_seconds=max(0, min(waits)) + 1)
        return not waits

    def notify(self) -> None:
        """The gateway itself sends some, with the token it has at that moment."""
        made = self.running.control("notify", reference=self.reference, times=BY_THE_GATEWAY)
        self._sent_by_the_gateway = set(made["deliveries"])

    def assert_the_gateways_own_arrived(self) -> None:
        def sent() -> list[Any]:
            rows = self.running.ask(f"deliveries?resource_id={self.payment}")["deliveries"]
            return [row for row in rows if row["id"] in self._sent_by_the_gateway]

        self.running.wait_until(lambda: all(row["state"] == "delivered" for row in sent()), "all delivered")
        assert [len(row["attempts"]) for row in sent()] == [1] * BY_THE_GATEWAY


@pytest.mark.full
def test_a_new_token_under_traffic(running: Running) -> None:
    rotation = Rotation(running, "asaas")
    old = loading.door(running, "asaas")
    rotation.use(old)
    with rotation.under_traffic():
        rotation.notify()
        rotation.press("new-token")
        new = loading.door(running, "asaas")
        rotation.use(new)
    assert new.secrets["token"] != old.secrets["token"]
    rotation.assert_the_gateways_own_arrived()
    rotation.wait_until_worked_through()


@pytest.mark.full
def test_a_new_address_under_traffic(running: Running) -> None:
    rotation = Rotation(running, "asaas")
    old = loading.door(running, "asaas")
    rotation.use(old)
    with rotation.under_traffic():
        rotation.notify()
        rotation.press("new-address")
        new = loading.door(running, "asaas")
        rotation.use(new)
    assert new.url != old.url
    rotation.assert_the_gateways_own_arrived()
    rotation.wait_until_worked_through()
    rotation.press("drop-old-address")


@pytest.mark.full
def test_a_pasted_secret_under_traffic(running: Running) -> None:
    """A new one and, when that was a mistake, the old one again."""
    rotation = Rotation(running, "mercadopago")
    door = loading.door(running, "mercadopago")
    rotation.use(door, door.secrets["test"])
    with rotation.under_traffic():
        rotation.paste(webhook_secret_test="a-new-secret-of-the-test-tab")
        rotation.use(door, "a-new-secret-of-the-test-tab")
    with rotation.under_traffic():
        rotation.paste(webhook_secret_test=door.secrets["test"])
        rotation.use(door, door.secrets["test"])
    rotation.wait_until_worked_through()


@pytest.mark.parametrize("key", ["asaas", pytest.param("mercadopago", marks=pytest.mark.full)])
def test_a_new_key_of_the_account_under_traffic(running: Running, key: str) -> None:
    """The old key is dead at once; what could not be fetched meanwhile is fetched with the new one."""
    rotation = Rotation(running, key)
    box = "api_key" if key == "asaas" else "access_token"
    rotation.use(loading.door(running, key))
    with rotation.under_traffic():
        stranger = accounts.create(running.stack.simulator_url, replace(KINDS[key], name="Another shop"))
        new = running.control(f"accounts/{rotation.shop.account['id']}", renew_key=True)
        refused = rotation.paste(**{f"credential_{box}": stranger[box]})
        assert refused.errors, "the key of another account was taken"
        rotation.paste(**{f"credential_{box}": new[box]})
    running.shop(key).see_ready()
    rotation.wait_until_worked_through()
