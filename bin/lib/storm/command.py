"""``manage.py storm``: the whole product under fire, compared in the end with the books of the gateways."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from lib import processes, say
from lib.browser import NotAsExpected
from lib.processes import Failed
from lib.services import NotAvailable
from lib.storm import comparing, looking, report
from lib.storm.course import Course, NeverCalm
from lib.storm.ground import laid_out

BALANCED, NOT_BALANCED, NOT_RUN = 0, 1, 2


def main(root: Path, *, seed: int, charges: int, as_json: bool, keep: Path | None) -> int:
    """0: everything balances; 1: something does not; 2: it could not be carried out; 130: stopped."""
    if keep and keep.exists() and any(keep.iterdir()):
        say.fail(f"{keep} is not empty: a storm begins with nothing.")
        return NOT_RUN
    # Processes are killed and started all the time; each would compile everything anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["GUNICORN_CMD_ARGS"] = "--preload"  # one start for both web processes
    processes.stop_on_signals()
    say.to_stderr(as_json)
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="cobranca-storm-") as name:
            folder = keep or Path(name)
            with laid_out(root, folder.resolve()) as ground:
                say.doing(f"Storm {seed}: {charges} charges")
                told = _rage(Course(ground, seed, charges))
    except (Failed, NotAvailable, NotAsExpected) as failed:
        say.fail(f"\nThe storm could not be carried out: {failed}")
        return NOT_RUN
    except KeyboardInterrupt:
        say.fail("\nStopped.")
        return 130
    told.update(commit=_commit(root), seconds=round(time.monotonic() - started))
    say.line(report.in_words(told))
    if as_json:
        print(json.dumps(told, indent=1, default=str), flush=True)
    return BALANCED if told["balanced"] else NOT_BALANCED


def _rage(course: Course) -> dict[str, Any]:
    restless = ""
    try:
        course.run()
    except NeverCalm as never:
        restless = str(never)
    say.doing("Comparing with the books of the simulator")
    look = looking.look(course.ground, course.lives, course.acts.two_from_one)
    looking.keep(look, course.ground.plan.folder / "sides.json")
    return report.told(course, look, comparing.compare(look), restless=restless)


def _commit(root: Path) -> str:
    """Empty where this is no clone."""
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True)
    return answer.stdout.strip()
