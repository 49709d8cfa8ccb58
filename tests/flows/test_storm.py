"""A whole product under fire: it balances, and one tampered cent would have been told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lib.storm import looking
from lib.storm.comparing import compare
from lib.storm.looking import Look

pytestmark = [pytest.mark.xdist_group("storm"), pytest.mark.weighty]
ROOT = Path(__file__).resolve().parents[2]


def storm(folder: Path, *, seed: int, charges: int) -> tuple[int, dict[str, Any], str]:
    """The code it ended with, its report, and what it said meanwhile."""
    command = [sys.executable, "manage.py", "storm", "--json", "--keep", str(folder)]
    numbers = ["--seed", str(seed), "--charges", str(charges)]
    answer = subprocess.run([*command, *numbers], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    return answer.returncode, json.loads(answer.stdout or "{}"), answer.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, dict[str, Any], str, Look]]:
    folder = tmp_path_factory.mktemp("storm") / "kept"
    code, told, said = storm(folder, seed=7, charges=100)
    assert told, said
    yield code, told, said, looking.kept(folder / "sides.json")


def test_a_hundred_charges_balance_to_the_cent(small: tuple[int, dict[str, Any], str, Look]) -> None:
    code, told, said, _look = small
    assert (code, told["findings"], told["restless"]) == (0, [], ""), said
    assert told["balanced"] and told["dead"] == [] and "BALANCED to the cent" in said
    assert told["made"]["charges"] >= 100 and told["made"]["refunds"] and told["made"]["disputes"]
    assert {"workers killed", "Redis flushed", "Redis restarted", "PostgreSQL restarted"} <= set(
        told["blows"]
    )
    assert all(told["struck"][name] for name in ("drop", "duplicate", "reorder", "delay", "error 500"))
    assert told["missed"]["not_told"] == told["missed"]["named"] == len(told["missed"]["changes"])


def test_one_cent_or_one_refund_too_many_would_have_been_told(
    small: tuple[int, dict[str, Any], str, Look],
) -> None:
    look = small[3]
    assert compare(look) == []
    refunded = next(row for row in look.books["payments"] if row["refunds"])
    refunded["refunds"].append(refunded["refunds"][0])
    look.charges[0]["received_cents"] += 1
    assert {finding.kind for finding in compare(look)} == {"charge", "refund"}


@pytest.mark.full
def test_five_hundred_charges_balance_to_the_cent(tmp_path: Path) -> None:
    code, told, said = storm(tmp_path / "kept", seed=11, charges=500)
    assert (code, told.get("findings"), told.get("restless")) == (0, [], ""), said
