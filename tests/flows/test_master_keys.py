"""The master keys are replaced by rolling restarts: at every step old and new processes serve together."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from lib import check, keeping, stack
from lib.browser import Browser
from lib.processes import LOOPBACK, free_port

from tests.flows import loading
from tests.flows.conftest import product
from tests.flows.running import KINDS, PATIENCE, Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.full]
SEALED_WITH = (
    "[bytes(value)[:4].hex() for c in Connection.objects.all()"
    " for value in (c.credentials, c.webhook_secrets) if value]"
)


@pytest.fixture
def rotating() -> Iterator[Running]:
    """A product of its own: at the end nothing opens with the keys it began with."""
    with product() as running:
        for key in ("asaas", "mercadopago"):
            running.shop(key)
        running.control("faults", name="drop", times=None)  # only what the test sends comes in
        yield running


@dataclass
class Web:
    """A web process and what an administrator and an operator see of it."""

    running: Running
    name: str
    url: str

    def __post_init__(self) -> None:
        self.admin, self.operator = self._browser("admin"), self._browser("operator")

    def _browser(self, who: str) -> Browser:
        """Logged in at one process is logged in at all of them."""
        browser = Browser(self.url)
        browser.session.cookies.update(getattr(self.running.people, who).session.cookies)
        return browser

    def create_charge(self) -> str:
        """This process calls the gateway; the reference of the charge, which has its code."""
        people = check.People(self.admin, self.operator, self.running.plan.keys.passwords)
        at_home = stack.Stack(self.url, self.running.stack.simulator_url)
        walk = check.Walk(at_home, KINDS["asaas"], people, False, PATIENCE, loading.new_amount())
        walk.create_charge()
        assert self.operator.open(walk.charge_page).data["data-status"] == "pending"
        return walk.reference

    def save_connection(self) -> None:
        """Paste the key and a webhook secret: both are sealed by this process."""
        page = self.running.shop("mercadopago").connection_page.replace(self.running.stack.url, self.url)
        token = self.running.shop("mercadopago").account["access_token"]
        values = {"credential_access_token": token, "webhook_secret_test": keeping.new_key()}
        form = self.admin.open(page).form_with("credential_access_token")
        assert form
        if "current_password" in form.offered:
            values["current_password"] = self.running.plan.keys.passwords["admin"]
        assert not self.admin.send(form, values).errors
        assert self.admin.open(page).data["data-state"] == "ready"


class Fleet:
    """The processes of the running product while its keys are being replaced."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.number = 0

    def _environment(self, keys: list[str]) -> dict[str, str]:
        return {**self.running.environment(), "CREDENTIALS_KEYS": ",".join(keys)}

    def _start(self, name: str, command: list[str], keys: list[str]) -> None:
        plan = self.running.plan
        log = plan.folder / "log" / f"{name.replace(' ', '-')}.log"
        self.running.children.start(name, command, log=log, env=self._environment(keys), cwd=plan.root)

    def start_web(self, keys: list[str]) -> Web:
        self.number += 1
        name, url = f"web {self.number}", f"http://{LOOPBACK}:{free_port()}"
        bind = ["--bind", url.removeprefix("http://"), "--workers", "1", "--threads", "4"]
        self._start(
            name, [sys.executable, "-m", "gunicorn", "config.wsgi", *bind, *stack.GUNICORN_FLAGS], keys
        )
        self.running.wait_until(lambda: stack.answers(f"{url}/healthz"), f"{name} is up")
        return Web(self.running, name, url)

    def replace_worker(self, old: str, keys: list[str]) -> str:
        """A supervisor stops the old one as soon as the new one works."""
        name = f"worker {self.number}"
        self._start(name, self.running.commands["worker"], keys)
        log = self.running.child(name).log
        self.running.wait_until(lambda: bool(stack.READY_LINE.search(log.read_text())), f"{name} is up")
        self.stop(old)
        return name

    def stop(self, name: str) -> None:
        child = self.running.child(name)
        child.ask_to_stop()
        child.wait_or_kill(10)
        self.running.children.running.remove(child)

    def rotate_keys(self, keys: list[str], *options: str) -> tuple[dict[str, int], int]:
        """What the command reports, and its exit code."""
        command = [sys.executable, "manage.py", "rotate_keys", "--json", *options]
        answer = subprocess.run(
            command, cwd=self.running.plan.root, env=self._environment(keys), capture_output=True, text=True
        )
        return json.loads(answer.stdout), answer.returncode


@dataclass(frozen=True)
class Proof:
    """What must hold at every moment; so many notifications go to each web process each time."""

    running: Running
    door: loading.Door
    times: int

    def of_webs(self, *webs: Web) -> None:
        """Each accepts notifications, calls the gateway and saves a connection; the worker fetches."""
        for web in webs:
            web.save_connection()
        self._of_charges([web.create_charge() for web in webs], webs)

    def of_the_worker(self, *webs: Web) -> None:
        """What the webs accepted and sealed is fetched by it."""
        self._of_charges([webs[0].create_charge()], webs)

    def _of_charges(self, references: list[str], webs: tuple[Web, ...]) -> None:
        paid = [str(self.running.control("pay", reference=reference)["id"]) for reference in references]
        doors = [
            replace(self.door, url=self.door.url.replace(self.running.stack.url, web.url)) for web in webs
        ]
        payments = itertools.cycle(paid)
        notes = [door.note(next(payments)) for door in doors for _time in range(self.times)]
        assert [answer.status for answer in loading.post_all(notes)] == [200] * len(notes)

        def is_paid() -> bool:
            return set(loading.statuses(self.running, references).values()) == {"paid"}

        self.running.wait_until(is_paid, "the worker fetched them")


@pytest.mark.parametrize("times", [10, pytest.param(100, marks=pytest.mark.full)])
def test_a_rolling_restart_under_traffic(rotating: Running, times: int) -> None:
    old, new = rotating.plan.keys.credentials_keys, keeping.new_key()
    fleet, proof = Fleet(rotating), Proof(rotating, loading.door(rotating, "asaas"), times)
    web, worker = Web(rotating, "web", rotating.stack.url), "worker"
    for keys in ([old, new], [new, old], [new]):
        newer = fleet.start_web(keys)
        proof.of_webs(web, newer)
        worker = fleet.replace_worker(worker, keys)
        proof.of_the_worker(web, newer)
        if keys == [new, old]:  # first while a process of the step before still seals with the old one
            fleet.rotate_keys(keys)
            proof.of_webs(web, newer)
        fleet.stop(web.name)
        web = newer
        if keys == [new, old]:
            assert fleet.rotate_keys(keys)[0]["left"] == 0
            assert fleet.rotate_keys([new], "--check")[1] == 0
    assert len(set(rotating.evaluate(SEALED_WITH))) == 1
    assert rotating.evaluate("RejectedNotification.objects.count()") == 0
