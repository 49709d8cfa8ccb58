"""What a storm rages over: a stack of its own, whose every part can be killed and comes back."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import redis
import requests

from lib import check, keeping, postgres, stack, valkey
from lib.browser import Browser
from lib.processes import Child, Children, free_port
from lib.stack import Plan, Stack
from lib.storm import lives
from lib.storm.rows import Database

WORKERS = 2
_READY_SECONDS = 60.0
_CONTROL_SECONDS = 60


class Refused(Exception):
    """The simulator will not do that now; the text says why."""


class Ground:
    """The running stack. Processes are killed and started from one thread at a time."""

    def __init__(self, plan: Plan, children: Children, running: Stack) -> None:
        self.plan, self.children, self.stack = plan, children, running
        self.database = Database(str(plan.database_url))
        self.accounts: dict[str, dict[str, Any]] = {}
        self.blows: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._log_read: dict[str, int] = {}

    # -- the simulator --------------------------------------------------------------------------

    def control(self, path: str, /, **body: Any) -> Any:
        """Raises ``Refused``."""
        answer = requests.post(self._address(path), json=body, timeout=_CONTROL_SECONDS)
        if answer.status_code in (400, 404, 409):
            raise Refused(answer.text[:300])
        answer.raise_for_status()
        return answer.json()

    def ask(self, path: str) -> Any:
        answer = requests.get(self._address(path), timeout=_CONTROL_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def no_faults(self) -> None:
        requests.delete(self._address("faults"), timeout=_CONTROL_SECONDS).raise_for_status()

    def _address(self, path: str) -> str:
        return f"{self.stack.simulator_url}/_control/{path}"

    @property
    def now(self) -> datetime:
        """By the clock everybody here goes by."""
        return datetime.fromisoformat(self.ask("clock")["now"])

    # -- blows ----------------------------------------------------------------------------------

    def kill_worker(self, number: int) -> None:
        """One that is at work; one that is only starting is spared. Its keeper has another follow it."""
        name = "worker" if number == 0 else f"worker-{number + 1}"
        with self._lock:
            child = self._child(name)
            if not stack.says_ready(child, since=self._log_read.get(name, 0)):
                return
            self._log_read[name] = child.log.stat().st_size
            os.kill(int(self.plan.pid_file(name).read_text()), signal.SIGKILL)
        self.blows["workers killed"] += 1

    def restart_web(self) -> None:
        """Both processes at once, in the middle of whatever they were answering."""
        with self._lock:
            web = self._child("web")
            self.children.end(web, signal.SIGKILL)
            again = self.children.start_again(web)
            self._wait(lambda: stack.answers(f"{self.stack.url}/healthz"), again)
        self.blows["web processes killed"] += 1

    def flush_broker(self) -> None:
        with redis.Redis.from_url(str(self.plan.redis_url)) as client:
            client.flushall()
        self.blows["Redis flushed"] += 1

    def restart_broker(self) -> None:
        with self._lock:
            broker = self._child("the broker")
            self.children.end(broker, signal.SIGKILL)
            again = self.children.start_again(broker)
            self._wait(lambda: valkey.answers(str(self.plan.redis_url)), again)
        self.blows["Redis restarted"] += 1

    def restart_database(self) -> None:
        with self._lock:
            server = self._child("PostgreSQL")
            self.children.end(server)
            again = self.children.start_again(server)
            self._wait(lambda: postgres.answers(str(self.plan.database_url)), again)
        self.blows["PostgreSQL restarted"] += 1

    def drop_all(self) -> None:
        """At the end nothing is worth a farewell, and nobody waits for one."""
        for child in self.children.running:
            if not child.is_server:
                child.send(signal.SIGKILL)

    def _child(self, name: str) -> Child:
        return next(child for child in self.children.running if child.name == name)

    def _wait(self, is_ready: Any, child: Child) -> None:
        self.children.wait_until(is_ready, child, _READY_SECONDS)

    def insist(self) -> None:
        """Raises Failed when something died that was not killed."""
        with self._lock:
            self.children.insist()


@contextmanager
def laid_out(root: Path, folder: Path) -> Iterator[Ground]:
    """Everything started and four accounts connected; all of it is gone at the end. Raises Failed."""
    with Children() as children:
        children.at_the_end(keeping.claim(folder).close)
        server = postgres.of_its_own(children).url
        plan = Plan(
            root=root,
            folder=folder,
            port=free_port(),
            keys=keeping.keys(folder),
            database_url=postgres.create_database(server, "storm"),
            redis_url=valkey.of_its_own(children).url,
            workers=WORKERS,
            keeper=Path(__file__).with_name("keeper.py"),
        )
        ground = Ground(plan, children, stack.start(plan, children))
        _connect(ground)
        try:
            yield ground
        finally:
            ground.drop_all()


def _connect(ground: Ground) -> None:
    """As an administrator does it, by the form of the admin; the panel's test tells that it works."""
    people = check.People(Browser(ground.stack.url), Browser(ground.stack.url), ground.plan.keys.passwords)
    people.log_in("admin")
    for kind in lives.ACCOUNTS:
        walk = check.Walk(ground.stack, kind, people, False, _READY_SECONDS, amount=Decimal(10))
        for step in (walk.open_account, walk.connect, walk.see_ready):
            step()
        if not kind.is_asaas:
            walk.test_webhook()
        ground.accounts[kind.key] = walk.account
