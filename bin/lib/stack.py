"""The processes of a running product: broker, simulator, web, worker and beat."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from lib import say, valkey
from lib.keeping import Keys
from lib.processes import LOOPBACK, Child, Children, Failed, free_port

# As gunicorn, Celery and Django are run in production; see docs/operations.md.
GUNICORN_FLAGS = ("--worker-class", "gthread", "--no-control-socket", "--access-logfile", "-")
WORKER_FLAGS = ("--without-gossip", "--without-mingle", "--without-heartbeat")
PREPARE = """
import sys, django
from django.core.management import call_command
django.setup()
call_command("migrate", interactive=False)
call_command("demo_users", passwords_file=sys.argv[1])
call_command("collectstatic", interactive=False, verbosity=0)
"""
READY_LINE = re.compile(r"\S+@\S+ ready\.")


@dataclass(frozen=True)
class Stack:
    """Where a running product and its simulator answer."""

    url: str
    simulator_url: str


@dataclass(frozen=True)
class Plan:
    """What is to be started, where, and on which database and broker (None: SQLite, a Valkey of its own).

    ``workers``: so many worker processes, the first called ``worker``, the second ``worker-2``.
    ``keeper``: what keeps each of them running, and notes its number, where they are to be killed.
    """

    root: Path
    folder: Path
    port: int
    keys: Keys
    database_url: str | None
    redis_url: str | None
    workers: int = 1
    keeper: Path | None = None

    def pid_file(self, worker: str) -> Path:
        return self.folder / f"{worker}.pid"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url is None or self.database_url.startswith("sqlite")


def start(plan: Plan, children: Children) -> Stack:
    """Starts everything and returns when everything is ready. Raises Failed."""
    simulator_port = free_port(plan.port + 1)
    stack = Stack(f"http://{LOOPBACK}:{plan.port}", f"http://{LOOPBACK}:{simulator_port}")
    simulator = _start_simulator(plan, children, simulator_port)
    redis_url = plan.redis_url or valkey.embedded(children, plan.folder / "broker").url
    env = environment(plan, stack, redis_url)
    _prepare_database(plan, env)
    web, *workers = _start_product(plan, children, env)
    say.doing("Waiting until everything is ready")
    children.wait_until(lambda: answers(f"{stack.simulator_url}/_control/clock"), simulator)
    children.wait_until(lambda: answers(f"{stack.url}/healthz"), web)
    for worker in workers:
        children.wait_until(lambda worker=worker: says_ready(worker), worker)
    children.insist()
    return stack


def environment(plan: Plan, stack: Stack, redis_url: str) -> dict[str, str]:
    """The product's settings; an empty NAME_FILE keeps a ``.env`` from overruling them."""
    settings = {
        "SECRET_KEY": plan.keys.secret_key,
        "CREDENTIALS_KEYS": plan.keys.credentials_keys,
        "DATABASE_URL": plan.database_url or f"sqlite:///{plan.folder / 'demo.sqlite3'}",
        "REDIS_URL": redis_url,
        "PUBLIC_URL": stack.url,
        "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
        "STATIC_ROOT": str(plan.folder / "static"),
        "SIMULATOR_URL": stack.simulator_url,
        "DEMO": "1",
        "DEBUG": "0",
    }
    files = {f"{name}_FILE": "" for name in settings}
    own = {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **settings, **files, **own}


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def says_ready(worker: Child, *, since: int = 0) -> bool:
    """Whether it said so in its log; of one that was started again, after so many bytes of it."""
    return READY_LINE.search(worker.log.read_bytes()[since:].decode(errors="replace")) is not None


def _start_simulator(plan: Plan, children: Children, port: int) -> Child:
    program, folder = str(plan.root / "bin" / "simulator"), str(plan.folder / "simulator")
    command = [program, "--port", str(port), "--data", folder]
    return _start(plan, children, "simulator", command, os.environ)


def _prepare_database(plan: Plan, env: Mapping[str, str]) -> None:
    """Tables, users and static files, in one process: each start of Django takes a second or two."""
    say.doing("Preparing the database and the static files")
    command = [sys.executable, "-c", PREPARE, str(plan.keys.passwords_file)]
    answer = subprocess.run(command, cwd=plan.root, env=env, capture_output=True, text=True)
    output = answer.stdout + answer.stderr
    (plan.folder / "log" / "prepare.log").write_text(output)
    if answer.returncode:
        raise Failed(f"The database could not be prepared:\n{output[-2000:]}")


def _start_product(plan: Plan, children: Children, env: Mapping[str, str]) -> list[Child]:
    """The web processes, then each worker; the beat beside them."""
    # On SQLite one process writes at a time, so more of them would only wait for each other.
    processes, threads, worker_threads = ("1", "8", "4") if plan.is_sqlite else ("2", "8", "8")
    python, app = [sys.executable, "-m"], ["-A", "config"]
    gunicorn = [*python, "gunicorn", "config.wsgi", "--bind", f"{LOOPBACK}:{plan.port}", *GUNICORN_FLAGS]
    worker = [*app, "worker", "-P", "threads", "-c", worker_threads, *WORKER_FLAGS, "--loglevel", "INFO"]
    web = [*gunicorn, "--workers", processes, "--threads", threads]
    beat = [*python, "celery", *app, "beat", "--pidfile", ""]
    beat += ["--schedule", str(plan.folder / "beat-schedule")]
    names = ["worker", *(f"worker-{number}" for number in range(2, plan.workers + 1))]
    commands = {"web": web} | {
        name: [*_celery(plan, name), *worker, "--hostname", f"{name}@%h"] for name in names
    }
    started = [_start(plan, children, name, command, env) for name, command in commands.items()]
    _start(plan, children, "beat", beat, env)
    return started


def _celery(plan: Plan, worker: str) -> list[str]:
    if plan.keeper:
        return [sys.executable, str(plan.keeper), str(plan.pid_file(worker))]
    return [sys.executable, "-m", "celery"]


def _start(
    plan: Plan, children: Children, name: str, command: Sequence[str], env: Mapping[str, str]
) -> Child:
    log = plan.folder / "log" / f"{name}.log"
    return children.start(name, command, log=log, env=env, cwd=plan.root)
