"""Children of a house script: started with a log each, watched, and always stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 8


class Failed(Exception):
    """A child died or did not become ready; the text says which and shows the end of its log."""


@dataclass(frozen=True)
class Recipe:
    """How a process is started, so that it can be started again."""

    command: Sequence[str | Path]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    user: int | None = None


@dataclass
class Child:
    """One process that leads a group of its own, so that stopping it also stops what it started.

    A server (database, broker) is stopped only after everything that may still use it.
    """

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    stop_signal: int = signal.SIGTERM
    is_server: bool = False
    recipe: Recipe = field(default_factory=lambda: Recipe(()))

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def tail(self, lines: int = 15) -> str:
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join("   | " + line for line in text.splitlines()[-lines:])

    def ask_to_stop(self) -> None:
        self.send(self.stop_signal)

    def wait_or_kill(self, seconds: float) -> None:
        try:
            self.popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.popen.wait()

    def send(self, number: int) -> None:
        """To it and to all that it started."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, number)


@dataclass
class Children:
    """A with-block that stops, in reverse order, everything that was started in it."""

    running: list[Child] = field(default_factory=list)
    cleanups: list[Callable[[], None]] = field(default_factory=list)

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        with _undisturbed():
            self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: int | None = None,
    ) -> Child:
        log.unlink(missing_ok=True)
        recipe = Recipe(command, env, cwd, user)
        child = Child(name, _begin(recipe, log), log, recipe=recipe)
        self.running.append(child)
        return child

    def end(self, child: Child, number: int | None = None) -> None:
        """Stop one on purpose, by its own signal or this one, and forget it."""
        self.running.remove(child)
        child.send(child.stop_signal if number is None else number)
        child.wait_or_kill(STOP_SECONDS)

    def start_again(self, child: Child) -> Child:
        """What a supervisor does with one that ended; its log goes on."""
        again = replace(child, popen=_begin(child.recipe, child.log))
        self.running.append(again)
        return again

    def run(
        self, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], log: Path | None = None
    ) -> int:
        """Runs something to its end in the open, on this terminal or into a file, and returns its code."""
        with log.open("wb") if log else contextlib.nullcontext() as output:
            popen = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        child = Child(str(command[0]), popen, Path(os.devnull))
        self.running.append(child)
        code = popen.wait()
        self.running.remove(child)
        return code

    def at_the_end(self, cleanup: Callable[[], None]) -> None:
        """Called after every child has stopped, the latest first."""
        self.cleanups.append(cleanup)

    def remove_at_the_end(self, folder: Path) -> None:
        self.at_the_end(lambda: shutil.rmtree(folder, ignore_errors=True))

    def stop(self) -> None:
        for is_server in (False, True):
            stopping = [child for child in reversed(self.running) if child.is_server is is_server]
            for child in stopping:
                child.ask_to_stop()
            deadline = time.monotonic() + STOP_SECONDS
            for child in stopping:
                child.wait_or_kill(max(0.1, deadline - time.monotonic()))
        self.running.clear()
        while self.cleanups:
            with contextlib.suppress(Exception):
                self.cleanups.pop()()

    def dead(self) -> Child | None:
        return next((child for child in self.running if not child.is_running), None)

    def insist(self) -> None:
        """Raises Failed when a child is no longer running."""
        if child := self.dead():
            raise self._failed(child, f"stopped with code {child.popen.returncode}")

    def wait_until(self, is_ready: Callable[[], bool], child: Child, seconds: float = 60.0) -> None:
        """Raises Failed when a child dies meanwhile or the time is over."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.insist()
            if time.monotonic() > deadline:
                raise self._failed(child, f"was not ready after {seconds:.0f} s")
            time.sleep(0.05)

    def _failed(self, child: Child, what: str) -> Failed:
        child.ask_to_stop()
        child.wait_or_kill(5)
        self.running.remove(child)
        return Failed(f"{child.name} {what}. The end of {child.log.name}:\n{child.tail()}")


def _begin(recipe: Recipe, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in recipe.command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(recipe.env) if recipe.env is not None else None,
            cwd=recipe.cwd,
            start_new_session=True,
            **as_user(recipe.user),
        )


def as_user(user: int | None) -> dict[str, Any]:
    """What Popen and run need to start something as another user; only root can."""
    return {} if user is None else {"user": user, "extra_groups": []}


def free_port(wished: int = 0) -> int:
    """The wished port when it is free, else any free one."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Failed("This machine has no free port.")


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def stop_on_signals() -> None:
    """SIGTERM and a closed terminal end the script like Ctrl-C does: through its with-blocks."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not interrupt the stopping, which takes a few seconds at most."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
