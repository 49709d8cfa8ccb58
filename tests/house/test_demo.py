"""Runs the real ``bin/demo --check``, on the stack of this run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GIVEN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIALS_KEYS")
WHOLE_RUN_SECONDS = 240


def check(*words: str) -> subprocess.CompletedProcess[str]:
    """On SQLite nothing is given, so that the demo brings its own; on PostgreSQL the run's servers are."""
    env = dict(os.environ)
    if env["DATABASE_URL"].startswith("sqlite"):
        for name in GIVEN:
            env.pop(name)
    return subprocess.run(
        [ROOT / "bin" / "demo", "--check", *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=WHOLE_RUN_SECONDS,
    )


def test_the_whole_walk_passes_on_both_gateways() -> None:
    answer = check()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "walks passed" in answer.stdout
    assert "FAIL" not in answer.stdout
    expected = "SQLite" if os.environ["DATABASE_URL"].startswith("sqlite") else "PostgreSQL"
    assert f"Stack: {expected}" in answer.stdout


@pytest.mark.full
def test_dropped_notifications_fail_the_walk_and_name_the_step() -> None:
    answer = check("--drop-notifications", "--deadline", "4")
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "FAILED" in answer.stdout
    assert "asaas: the notification turns the charge paid" in answer.stdout
    assert "mercadopago: the notification turns the charge paid" in answer.stdout
