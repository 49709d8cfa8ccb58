"""The command lines of the house scripts."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path

MODULES = {"demo": "demo", "test": "testing", "prepare": "prepare"}


def demo(words: list[str]) -> Namespace:
    parser = argparse.ArgumentParser(prog="bin/demo", description="Run the whole product on this machine.")
    parser.add_argument(
        "--check", action="store_true", help="do the whole walk over HTTP by itself, then stop"
    )
    parser.add_argument("--port", type=int, default=None, help="port of the product (8000; 0 = any free one)")
    parser.add_argument("--data", type=Path, default=None, help="folder for everything it keeps (var/demo)")
    parser.add_argument(
        "--drop-notifications", action="store_true", help="the simulator never sends a payment's notification"
    )
    parser.add_argument(
        "--deadline", type=float, default=30.0, help="--check: seconds to wait for an effect (30)"
    )
    return parser.parse_args(words)


def test(words: list[str]) -> Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/test", description="Run the tests on SQLite and on PostgreSQL; the rest goes to pytest."
    )
    parser.add_argument("--full", action="store_true", help="also the tests that take long")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--sqlite", dest="only", action="store_const", const="sqlite", help="only on SQLite")
    only.add_argument(
        "--postgres", dest="only", action="store_const", const="postgres", help="only on PostgreSQL"
    )
    options, rest = parser.parse_known_args(words)
    options.pytest = rest
    return options


def prepare(words: list[str]) -> Namespace:
    return argparse.ArgumentParser(prog="prepare", description="Only make the environment.").parse_args(words)


PARSERS = {"demo": demo, "test": test, "prepare": prepare}
