"""Runs the product: prepares its folder, starts everything, says where to log in, stops everything."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from argparse import Namespace
from pathlib import Path

from lib import accounts, check, keeping, postgres, processes, say, stack, valkey
from lib.processes import Children, Failed, accepts, free_port
from lib.stack import Plan, Stack

DEFAULT_PORT = 8000


def main(root: Path, options: Namespace) -> int:
    processes.stop_on_signals()
    try:
        with Children() as children:
            return _check(root, options, children) if options.check else _serve(root, options, children)
    except (Failed, keeping.InUse) as failed:
        say.fail(f"\nFAILED: {failed}")
        return 1
    except KeyboardInterrupt:
        say.line("\nStopped.")
        return 0 if not options.check else 130


def _serve(root: Path, options: Namespace, children: Children) -> int:
    folder = (options.data or root / "var" / "demo").resolve()
    lock = keeping.claim(folder)
    children.at_the_end(lock.close)
    plan = Plan(
        root=root,
        folder=folder,
        port=_wished_port(options.port),
        keys=keeping.keys(folder),
        database_url=given("DATABASE_URL"),
        redis_url=given("REDIS_URL"),
    )
    running = stack.start(plan, children)
    _welcome(plan, running, options)
    while True:
        time.sleep(0.5)
        children.insist()


def _wished_port(wished: int | None) -> int:
    port = DEFAULT_PORT if wished is None else wished
    if port and accepts(port):
        raise Failed(f"Port {port} is taken by another program. Stop it, or use: bin/demo --port {port + 80}")
    return free_port(port)


def given(name: str) -> str | None:
    """A setting of the environment, or of the file that NAME_FILE names."""
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text().strip() or None
    return os.environ.get(name) or None


def _check(root: Path, options: Namespace, children: Children) -> int:
    """The whole walk on a folder, ports, database and broker of its own."""
    folder = Path(options.data or tempfile.mkdtemp(prefix="cobranca-check-")).resolve()
    if options.data is None:
        children.remove_at_the_end(folder)
    lock = keeping.claim(folder)
    children.at_the_end(lock.close)
    plan = Plan(
        root=root,
        folder=folder,
        port=free_port(options.port or 0),
        keys=keeping.keys(folder),
        database_url=_fresh_database(children),
        redis_url=_fresh_broker(children),
    )
    started = time.monotonic()
    running = stack.start(plan, children)
    say.line(f"   ready after {time.monotonic() - started:.1f} s")
    passed = check.walk_all(
        running, plan.keys.passwords, drop=options.drop_notifications, deadline=options.deadline
    )
    children.insist()
    say.line(f"Stack: {'SQLite' if plan.is_sqlite else 'PostgreSQL'}, "
             f"{'Redis as given' if plan.redis_url else 'Valkey from its wheel'}")  # fmt: skip
    if not passed:
        _show_logs(folder)
    return 0 if passed else 1


def _fresh_database(children: Children) -> str | None:
    url = given("DATABASE_URL")
    if url is None or url.startswith("sqlite"):
        return None
    name = f"cobranca_check_{secrets.token_hex(4)}"
    fresh = postgres.create_database(url, name)
    children.at_the_end(lambda: postgres.drop_database(url, name))
    return fresh


def _fresh_broker(children: Children) -> str | None:
    url = given("REDIS_URL")
    if url is None:
        return None
    empty = valkey.empty_database(url)
    if empty is None:
        raise Failed(
            "No database of the Redis that REDIS_URL names is empty; the check needs one of its own."
        )
    children.at_the_end(lambda: valkey.flush(empty))
    return empty


def _show_logs(folder: Path) -> None:
    """The last lines of each log that say more than that a page was looked at."""
    for name in ("web", "worker", "simulator"):
        lines = (folder / "log" / f"{name}.log").read_text(errors="replace").splitlines()
        telling = [line for line in lines if '" 200 ' not in line and "INFO celery." not in line][-12:]
        say.line(f"The end of the log of {name}:")
        say.line("\n".join(f"   | {line}" for line in telling))


def _welcome(plan: Plan, running: Stack, options: Namespace) -> None:
    accounts.drop_nothing(running.simulator_url)
    ready = accounts.ensure_all(running.simulator_url)
    if options.drop_notifications:
        accounts.drop_notifications(running.simulator_url)
    lines = [
        "",
        f"The product runs at {running.url}/",
        *(f"  {name:<9} password {password}" for name, password in plan.keys.passwords.items()),
        f"The simulator of both gateways runs at {running.simulator_url}/ (there the customer pays).",
        "",
        "Accounts to connect:",
        *(text for kind, account in ready for text in accounts.how_to_connect(running.url, kind, account)),
        "",
        f"Then, as operator: make a charge at {running.url}/charges/new/, open its link, pay at the",
        "simulator, and watch the charge turn paid by itself.",
        f"Logs: {plan.folder / 'log'}. Ctrl-C stops everything.",
    ]
    if options.drop_notifications:
        lines.append("The simulator sends no notification: --drop-notifications.")
    say.line("\n".join(lines))
