"""Runs pytest once on SQLite with Valkey and once on PostgreSQL with Redis, and adds the two up.

Usually both at once: each waits much of the time for processes it started. What the second says follows
what the first said.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from lib import chromium, postgres, processes, say, summary, template, valkey
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


_PYTEST = (sys.executable, "-m", "pytest", "-p", "tests.house.environment")


@dataclass
class Run:
    """One pytest on one stack: its servers, what it leaves out, what this machine lacks for it."""

    root: Path
    stack: Stack
    folder: Path
    env: dict[str, str]
    left_out: list[str]
    words: list[str]
    lacks: list[str] = field(default_factory=list)
    is_impossible: bool = False

    @property
    def report(self) -> Path:
        return self.root / "var" / "test" / f"{self.stack.name}.xml"

    @property
    def log(self) -> Path:
        return self.report.with_suffix(".log")

    @property
    def command(self) -> list[str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.house.environment",
            f"--junitxml={self.report}",
        ]
        if not _has_own("-n", self.words):
            command += ["-n", "2", "--dist", "loadgroup"]
        if not _has_own("-m", self.words) and self.left_out:
            command += ["-m", " and ".join(f"not {mark}" for mark in self.left_out)]
        return [*command, *self.words]

    def attempt(self, step: Callable[[], None]) -> None:
        """What cannot be had is reported as not run."""
        try:
            step()
        except (NotAvailable, processes.Failed) as lack:
            self.lacks.insert(0, f"everything. {lack}")
            self.is_impossible = True

    def compile_tests(self, children: Children) -> None:
        """Once for all the processes that would do it side by side; what is wrong comes out when they do."""
        log = self.folder / "collected.log"
        children.run([*_PYTEST, "--collect-only", "-q"], cwd=self.root, env=self.env, log=log)

    def make_template(self, children: Children) -> None:
        self.env["TEST_TEMPLATE"] = template.make(self.root, self.folder, self.env, children)

    def announce(self) -> None:
        say.line(f"\n== {self.stack.title} ==")
        if not self.is_impossible:
            say.doing(" ".join(["pytest", *self.command[3:]]))

    def go(self, children: Children, log: Path | None = None) -> Outcome:
        """To its end, on this terminal or into a file."""
        for old in (self.report, self.log):
            old.unlink(missing_ok=True)
        if self.is_impossible:
            return Outcome(self.stack.title, lacks=self.lacks[:1])
        started = time.monotonic()
        code = children.run(self.command, cwd=self.root, env=self.env, log=log)
        outcome = summary.read(self.stack.title, self.report, code, time.monotonic() - started)
        outcome.lacks += self.lacks
        return outcome


def main(root: Path, options: Namespace) -> int:
    processes.stop_on_signals()
    reports = root / "var" / "test"
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "summary.txt").unlink(missing_ok=True)
    try:
        with ThreadPoolExecutor() as pool, Children() as children:
            runs = _prepare(root, options, pool, children)
            is_at_once = not options.full and not options.pytest
            outcomes = _at_once(runs, pool, children) if is_at_once else _in_turn(runs, children)
    except KeyboardInterrupt:
        say.fail("Stopped; the tests did not finish.")
        return 130
    text = summary.in_words(outcomes)
    (reports / "summary.txt").write_text(text.splitlines()[-1] + "\n")
    say.line(text)
    return 0 if outcomes and all(outcome.is_good for outcome in outcomes) else 1


def _prepare(root: Path, options: Namespace, pool: ThreadPoolExecutor, children: Children) -> list[Run]:
    browser = _browser(root)
    runs: list[Run] = []
    for stack in STACKS:
        if options.only in (None, stack.name):
            is_second = any(not run.is_impossible for run in runs)
            runs.append(_run(root, stack, options, browser, _spared(stack, options, is_second), children))
    usable = [run for run in runs if not run.is_impossible]
    if usable and not options.pytest:
        say.doing("Compiling the tests and making the databases that they begin with")
        compiling = pool.submit(usable[0].compile_tests, children)
        list(pool.map(lambda run: run.attempt(lambda: run.make_template(children)), usable))
        compiling.result()
    return runs


def _run(
    root: Path,
    stack: Stack,
    options: Namespace,
    browser: str | NotAvailable | None,
    spared: list[str],
    children: Children,
) -> Run:
    folder = Path(tempfile.mkdtemp(prefix="cobranca-test-", dir=_memory()))
    children.remove_at_the_end(folder)
    is_lacking = isinstance(browser, NotAvailable)
    left_out = spared + (["browser"] if is_lacking else []) + ([] if options.full else ["full"])
    env = {**os.environ, "TEST_FOLDER": str(folder), "TEST_TEMPLATE": ""}
    # Hundreds of processes start during a run; each would compile everything anew.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env["CHROMIUM"] = "" if is_lacking else str(browser or "")
    lacks = [f"the tests in a browser. {browser}"] if is_lacking else []
    run = Run(root, stack, folder, env, left_out, options.pytest, lacks)
    run.attempt(lambda: env.update(stack.urls(children)))
    return run


def _memory(place: Path = Path("/dev/shm"), least: int = 4 * 1024**3) -> Path | None:
    """Where files live in memory, if so many bytes are free: a test's commits wait for no disk there."""
    is_usable = place.is_dir() and os.access(place, os.W_OK)
    return place if is_usable and shutil.disk_usage(place).free >= least else None


def _spared(stack: Stack, options: Namespace, is_second: bool) -> list[str]:
    """Marks of what is not run twice: what is the same everywhere and, unless all is wanted, what is long."""
    if options.pytest:
        return []  # who names tests wants just those
    if is_second:
        return ["once"] if options.full else ["once", "small"]
    is_first_of_two = options.only is None and stack is STACKS[0]
    return ["weighty"] if is_first_of_two and not options.full else []


def _in_turn(runs: Sequence[Run], children: Children) -> list[Outcome]:
    outcomes = []
    for run in runs:
        run.announce()
        outcomes.append(run.go(children))
    return outcomes


def _at_once(runs: Sequence[Run], pool: ThreadPoolExecutor, children: Children) -> list[Outcome]:
    """The first on this terminal; of the others what they wrote so far, and then what they write."""
    first, *others = runs
    later = [(run, pool.submit(run.go, children, run.log)) for run in others]
    first.announce()
    outcomes = [first.go(children)]
    for run, outcome in later:
        run.announce()
        _follow(run.log, outcome)
        outcomes.append(outcome.result())
    return outcomes


def _follow(log: Path, outcome: Future[Outcome]) -> None:
    read = 0
    is_over = False
    while not is_over:
        is_over = bool(wait([outcome], timeout=0.5).done)
        words = log.read_bytes()[read:] if log.exists() else b""
        read += len(words)
        sys.stdout.write(words.decode(errors="replace"))
        sys.stdout.flush()


def _browser(root: Path) -> str | NotAvailable | None:
    """The browser's program, when any test asks for one."""
    if not any("mark.browser" in file.read_text() for file in (root / "tests").rglob("test_*.py")):
        return None
    try:
        return chromium.for_tests().url
    except NotAvailable as lack:
        return lack


def _has_own(flag: str, words: list[str]) -> bool:
    return any(word == flag or word.startswith(flag) for word in words)
