"""Runs pytest once on SQLite with Valkey and once on PostgreSQL with Redis, and adds the two up."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lib import chromium, postgres, processes, say, summary, valkey
from lib.processes import Children
from lib.services import NotAvailable
from lib.summary import Outcome


@dataclass(frozen=True)
class Stack:
    """One database and one broker to run every test on."""

    name: str
    title: str
    urls: Callable[[Children], Mapping[str, str]]


def sqlite_urls(children: Children) -> Mapping[str, str]:
    return {"DATABASE_URL": "", "REDIS_URL": valkey.embedded(children).url}


def postgres_urls(children: Children) -> Mapping[str, str]:
    return {"DATABASE_URL": postgres.for_tests(children).url, "REDIS_URL": valkey.for_tests(children).url}


STACKS = (
    Stack("sqlite", "SQLite + Valkey", sqlite_urls),
    Stack("postgres", "PostgreSQL + Redis", postgres_urls),
)


def main(root: Path, options: Namespace) -> int:
    processes.stop_on_signals()
    reports = root / "var" / "test"
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "summary.txt").unlink(missing_ok=True)
    outcomes = []
    try:
        with Children() as children:
            browser = _browser(root)
            for stack in STACKS:
                if options.only in (None, stack.name):
                    spared = _spared(stack, options, outcomes)
                    outcomes.append(_run(root, stack, options, browser, children, spared))
    except KeyboardInterrupt:
        say.fail("Stopped; the tests did not finish.")
        return 130
    text = summary.in_words(outcomes)
    (reports / "summary.txt").write_text(text.splitlines()[-1] + "\n")
    say.line(text)
    return 0 if outcomes and all(outcome.is_good for outcome in outcomes) else 1


def _spared(stack: Stack, options: Namespace, outcomes: list[Outcome]) -> list[str]:
    """Marks of what is not run twice: what is the same everywhere and, unless all is wanted, what is long."""
    if options.pytest:
        return []  # who names tests wants just those
    if any(outcome.passed for outcome in outcomes):
        return ["once"] if options.full else ["once", "small"]
    is_first_of_two = options.only is None and stack is STACKS[0]
    return ["weighty"] if is_first_of_two and not options.full else []


def _browser(root: Path) -> str | NotAvailable | None:
    """The browser's program, when any test asks for one."""
    if not any("mark.browser" in file.read_text() for file in (root / "tests").rglob("test_*.py")):
        return None
    try:
        return chromium.for_tests().url
    except NotAvailable as lack:
        return lack


def _run(
    root: Path,
    stack: Stack,
    options: Namespace,
    browser: str | NotAvailable | None,
    children: Children,
    spared: list[str],
) -> Outcome:
    say.line(f"\n== {stack.title} ==")
    started = time.monotonic()
    report = root / "var" / "test" / f"{stack.name}.xml"
    report.unlink(missing_ok=True)
    try:
        urls = stack.urls(children)
    except (NotAvailable, processes.Failed) as lack:
        return Outcome(stack.title, lacks=[f"everything. {lack}"])
    is_lacking = isinstance(browser, NotAvailable)
    left_out = spared + (["browser"] if is_lacking else []) + ([] if options.full else ["full"])
    with tempfile.TemporaryDirectory(prefix="cobranca-test-") as folder:
        program = "" if is_lacking else browser or ""
        env = {**os.environ, **urls, "TEST_FOLDER": folder, "CHROMIUM": str(program)}
        code = _pytest(root, report, left_out, options.pytest, env, children)
    outcome = summary.read(stack.title, report, code, time.monotonic() - started)
    if is_lacking:
        outcome.lacks.append(f"the tests in a browser. {browser}")
    return outcome


def _pytest(
    root: Path,
    report: Path,
    left_out: list[str],
    words: list[str],
    env: Mapping[str, str],
    children: Children,
) -> int:
    command = [sys.executable, "-m", "pytest", "-p", "tests.house.environment", f"--junitxml={report}"]
    if not _has_own("-n", words):
        command += ["-n", "2", "--dist", "loadgroup"]
    if not _has_own("-m", words) and left_out:
        command += ["-m", " and ".join(f"not {mark}" for mark in left_out)]
    say.doing(" ".join(["pytest", *command[3:], *words]))
    return children.run([*command, *words], cwd=root, env=env)


def _has_own(flag: str, words: list[str]) -> bool:
    return any(word == flag or word.startswith(flag) for word in words)
