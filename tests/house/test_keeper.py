"""Who keeps a worker running: another follows one that was killed, and nobody one that ended by itself."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from lib.processes import Child, Children

ROOT = Path(__file__).resolve().parents[2]
KEEP = """
import sys, time
from pathlib import Path
from lib.storm import keeper
def body():
    print("began", flush=True)
    {body}
keeper.keep(body, Path(sys.argv[1]))
"""


def kept(children: Children, folder: Path, body: str) -> Child:
    command = [sys.executable, "-c", KEEP.format(body=body), folder / "pid"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "bin")}
    return children.start("kept", command, log=folder / "log", env=env, cwd=ROOT)


def wait_for(children: Children, child: Child, times: int) -> int:
    """The number of the one that began as the so-manieth."""
    children.wait_until(lambda: child.log.read_text().count("began") == times, child)
    return int((child.log.parent / "pid").read_text())


def test_another_follows_one_that_was_killed_until_both_are_told_to_stop(tmp_path: Path) -> None:
    with Children() as children:
        child = kept(children, tmp_path, "time.sleep(600)")
        first = wait_for(children, child, 1)
        os.kill(first, signal.SIGKILL)
        second = wait_for(children, child, 2)
        assert first != second != child.popen.pid
        child.send(signal.SIGTERM)
        child.popen.wait()
    assert child.log.read_text().count("began") == 2


def test_one_that_fails_is_not_hidden_by_another(tmp_path: Path) -> None:
    with Children() as children:
        child = kept(children, tmp_path, "raise ValueError('no disk left')")
        assert child.popen.wait() == 1
        assert "no disk left" in child.log.read_text() and child.log.read_text().count("began") == 1
