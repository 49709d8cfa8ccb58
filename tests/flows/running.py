"""A running product as a test drives it: by HTTP, by the simulator's controls, by its processes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import redis
from lib import accounts, check
from lib.browser import Browser
from lib.pages import Page
from lib.processes import Child, Children
from lib.stack import Plan, Stack, environment

KINDS = {kind.key: kind for kind in accounts.KINDS}
PATIENCE = 60.0
_INSIDE = """
import json, sys, django
django.setup()
from connections.models import *
from payments.models import *
from webhooks.models import *
from django.db import connection as database
for line in sys.stdin:
    print(json.dumps(eval(json.loads(line)), default=str), flush=True)
"""


@dataclass
class Running:
    """One product with its processes; what tests share is made once (connections)."""

    plan: Plan
    children: Children
    stack: Stack

    def __post_init__(self) -> None:
        self.people = check.People(Browser(self.stack.url), Browser(self.stack.url), self.plan.keys.passwords)
        self._shops: dict[str, check.Walk] = {}
        self._cents = itertools.count()
        self._inside: subprocess.Popen[str] | None = None

    # -- people ---------------------------------------------------------------------------------

    def shop(self, key: str) -> check.Walk:
        """An administrator's and an operator's browser, with an account of this kind connected."""
        if key not in self._shops:
            shop = check.Walk(self.stack, KINDS[key], self.people, False, PATIENCE, Decimal("10.00"))
            for name in ("admin", "operator"):
                self.people.log_in(name)
            for step in (shop.open_account, shop.connect, shop.see_ready):
                step()
            self._shops[key] = shop
        return self._shops[key]

    def charge(self, key: str, method: str = "pix") -> str:
        """The reference of a new charge that can be paid, over an amount no other one has."""
        reference = self.ask_for_charge(key, method)
        self.shop(key).see_pay_link()
        return reference

    def ask_for_charge(self, key: str, method: str = "pix") -> str:
        """The reference of a charge the operator just asked for, whatever its gateway makes of it."""
        shop = self.shop(key)
        shop.amount, shop.method = Decimal(1000 + next(self._cents)) / 100, method
        shop.create_charge()
        return shop.reference

    # -- the simulator --------------------------------------------------------------------------

    def control(self, path: str, /, **body: Any) -> Any:
        return accounts.control(self.stack.simulator_url, "POST", path, json=body)

    def ask(self, path: str) -> Any:
        return accounts.control(self.stack.simulator_url, "GET", path)

    def no_faults(self) -> None:
        accounts.control(self.stack.simulator_url, "DELETE", "faults")

    def reads(self, gateway_id: str) -> int:
        """How often the product asked the gateway for this payment."""
        calls = self.ask("received")
        rows = calls["calls"] if isinstance(calls, dict) else calls
        return len(
            [call for call in rows if call["method"] == "GET" and call["path"].endswith(f"/{gateway_id}")]
        )

    # -- our own side ---------------------------------------------------------------------------

    def evaluate(self, code: str) -> Any:
        """The value of a Python expression inside the product, as JSON."""
        if self._inside is None:
            self._inside = subprocess.Popen(
                [sys.executable, "-c", _INSIDE],
                cwd=self.plan.root,
                env=self.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self.children.at_the_end(self._inside.kill)
        assert self._inside.stdin and self._inside.stdout
        self._inside.stdin.write(json.dumps(code) + "\n")
        self._inside.stdin.flush()
        return json.loads(self._inside.stdout.readline())

    def environment(self) -> dict[str, str]:
        return environment(self.plan, self.stack, str(self.plan.redis_url))

    def status(self, reference: str) -> str:
        """As the operator's page shows it."""
        page = self.people.operator.open(f"/charges/{reference}/")
        return str(page.data.get("data-status", ""))

    def pay_page(self, reference: str) -> Page:
        """As the customer sees it."""
        charge = f"Charge.objects.get(reference={reference!r})"
        return Browser(self.stack.url).open(self.evaluate(f"{charge}.pay_url"))

    def wait_for_status(self, reference: str, status: str) -> None:
        self.wait_until(lambda: self.status(reference) == status, f"{reference} is {status}")

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Asks ever more rarely: what it asks takes time from those it waits for."""
        end = time.monotonic() + PATIENCE
        pause = 0.05
        while not is_so():
            assert time.monotonic() < end, f"waited {PATIENCE:.0f} s for: {what}"
            self.children.insist()
            time.sleep(pause)
            pause = min(pause * 1.4, 0.5)

    def wait_for_none(self, count: Callable[[], int], what: str) -> None:
        """Patience begins anew whenever fewer are left than ever before: many take their time."""
        least = count()
        while least:
            self.wait_until(lambda below=least: count() < below, f"{what}: fewer than {least}")
            least = count()

    # -- processes ------------------------------------------------------------------------------

    def child(self, name: str) -> Child:
        return next(child for child in reversed(self.children.running) if child.name == name)

    def kill(self, name: str) -> None:
        """SIGKILL, and forget it: it was meant to die."""
        child = self.child(name)
        os.killpg(child.popen.pid, signal.SIGKILL)
        child.popen.wait()
        self.children.running.remove(child)

    def restart(self, name: str) -> None:
        """What a supervisor does after a process died."""
        command = self.commands[name]
        log = self.plan.folder / "log" / f"{name}-again.log"
        self.children.start(name, command, log=log, env=self.environment(), cwd=self.plan.root)

    @property
    def commands(self) -> dict[str, list[str]]:
        celery = [sys.executable, "-m", "celery", "-A", "config"]
        flags = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
        return {"worker": [*celery, "worker", "-P", "threads", "-c", "4", *flags]}

    def flush_broker(self) -> None:
        redis.Redis.from_url(str(self.plan.redis_url)).flushall()
