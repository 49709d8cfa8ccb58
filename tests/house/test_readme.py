from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def two_commands() -> list[str]:
    text = (ROOT / "README.md").read_text()
    block = re.search(r"^## Two commands\n.*?^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block, "README.md has no fenced block under 'Two commands'"
    return [line.split("#")[0].strip() for line in block[1].splitlines() if line.strip()]


def test_the_readme_promises_exactly_two_commands() -> None:
    assert two_commands() == ["bin/demo", "bin/test"]


def test_both_commands_can_be_run() -> None:
    for command in two_commands():
        assert os.access(ROOT / command, os.X_OK)
        answer = subprocess.run([ROOT / command, "--help"], capture_output=True, text=True)
        assert answer.returncode == 0
        assert command in answer.stdout


def test_a_machine_without_python_is_told_what_is_missing(tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    for tool in ("dirname", "sh"):
        (tmp_path / tool).symlink_to(f"/bin/{tool}" if Path(f"/bin/{tool}").exists() else f"/usr/bin/{tool}")
    answer = subprocess.run([ROOT / "bin" / "demo"], env=env, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "MISSING: Python 3.11" in answer.stderr


def test_the_pictures_it_shows_are_there() -> None:
    shown = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert shown and [name for name in shown if not (ROOT / name).is_file()] == []


def test_every_requirement_is_justified() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    for file in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / file).read_text().split("\n")
        names = [re.split(r"[=\[<>~]", line)[0] for line in lines if line and line[0] not in "-#"]
        assert [name for name in names if f"`{name}`" not in text] == []
