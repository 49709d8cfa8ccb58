"""What the house scripts print: short lines, at once, readable in a log as well as on a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

_out: dict[str, TextIO] = {}


def to_stderr(is_wanted: bool) -> None:
    """Keep standard output for what a program reads."""
    _out["stream"] = sys.stderr if is_wanted else sys.stdout


def line(text: str = "") -> None:
    print(text, file=_out.get("stream", sys.stdout), flush=True)


def doing(text: str) -> None:
    line(f"-> {text}")


def fail(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def progress(text: str) -> None:
    """A line that the next one overwrites; only on a terminal."""
    if sys.stdout.isatty():
        print(f"\r\033[K   {text[:100]}", end="", flush=True)


def progress_done() -> None:
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
