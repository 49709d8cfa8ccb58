from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lib.processes import Children, Failed, free_port

FOREVER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
PARENT = [sys.executable, "-c", f"import subprocess; subprocess.run({FOREVER!r})"]


def has_printed(log: Path, text: str) -> bool:
    return text in log.read_text()


def living(group: int) -> list[str]:
    """The processes of a group that are not merely waiting to be collected."""
    answer = subprocess.run(["ps", "-o", "stat=,pid=", "-g", str(group)], capture_output=True, text=True)
    return [line for line in answer.stdout.splitlines() if not line.startswith("Z")]


def test_stops_a_child_and_what_the_child_started(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Children() as children:
        child = children.start("parent", PARENT, log=log)
        children.wait_until(lambda: has_printed(log, "up"), child)
        assert len(living(child.popen.pid)) == 2
    assert living(child.popen.pid) == []


def test_names_the_child_that_died_and_shows_its_last_lines(tmp_path: Path) -> None:
    with Children() as children:
        command = [sys.executable, "-c", "print('no disk left'); raise SystemExit(7)"]
        child = children.start("worker", command, log=tmp_path / "log")
        child.popen.wait()
        with pytest.raises(Failed, match="worker stopped with code 7(.|\n)*no disk left"):
            children.insist()


def test_a_child_that_is_never_ready_is_a_failure(tmp_path: Path) -> None:
    with Children() as children:
        child = children.start("web", FOREVER, log=tmp_path / "log")
        with pytest.raises(Failed, match="web was not ready"):
            children.wait_until(lambda: False, child, seconds=0.1)
        assert not child.is_running


def test_cleans_up_latest_first_and_goes_on_after_a_failing_one() -> None:
    done: list[int] = []
    with Children() as children:
        children.at_the_end(lambda: done.append(1))
        children.at_the_end(lambda: [][0])
        children.at_the_end(lambda: done.append(2))
    assert done == [2, 1]


def test_a_taken_port_is_not_free() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
