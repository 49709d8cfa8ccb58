"""Journeys through a whole running product: web, worker, beat, broker and simulator as real processes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lib import keeping, postgres, stack, valkey
from lib.processes import Children, free_port

from tests.flows.running import Running
from tests.house import environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="package")
def running() -> Iterator[Running]:
    """One product for all modules that leave it as they found it."""
    with product() as running:
        yield running


@contextmanager
def product() -> Iterator[Running]:
    """The product on the stack of this run, with logs at DEBUG and a broker of its own to be killed."""
    with tempfile.TemporaryDirectory(prefix="cobranca-flow-") as name, Children() as children:
        folder = Path(name)
        children.at_the_end(keeping.claim(folder).close)
        plan = stack.Plan(
            root=ROOT,
            folder=folder,
            port=free_port(0),
            keys=keeping.keys(folder),
            database_url=_fresh_database(folder, children),
            redis_url=valkey.embedded(children, folder / "broker").url,
        )
        before = os.environ.get("LOG_LEVEL")
        os.environ["LOG_LEVEL"] = "DEBUG"
        try:
            yield Running(plan, children, stack.start(plan, children))
        finally:
            os.environ.pop("LOG_LEVEL") if before is None else os.environ.update(LOG_LEVEL=before)


def _fresh_database(folder: Path, children: Children) -> str | None:
    """With all its tables where the run has a template, else the product makes them."""
    url, template = os.environ["DATABASE_URL"], os.environ.get("TEST_TEMPLATE", "")
    if environment.is_sqlite():
        if template:
            shutil.copyfile(template, folder / "demo.sqlite3")
        return None
    name = f"flow_{os.getpid()}_{free_port(0)}"
    fresh = postgres.create_database(url, name, template)
    children.at_the_end(lambda: postgres.drop_database(url, name))
    return fresh
