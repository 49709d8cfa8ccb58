from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from lib import environment


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("django==5.2\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\npytest\n")
    return tmp_path


def stamp(project: Path, kind: str) -> Path:
    folder = project / ".venv"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    version = sys.version_info[:2]
    python.write_text(f"#!/bin/sh\necho '{version} {folder}'\n")
    python.chmod(0o755)
    (folder / environment.STAMP).write_text(json.dumps({kind: environment.fingerprint(project, kind)}))
    return folder


def test_fingerprint_follows_the_files_it_installs(project: Path) -> None:
    before = {kind: environment.fingerprint(project, kind) for kind in environment.REQUIREMENTS}
    (project / "requirements-dev.txt").write_text("pytest==9\n")
    assert environment.fingerprint(project, "runtime") == before["runtime"]
    assert environment.fingerprint(project, "development") != before["development"]


def test_fingerprint_follows_the_version_of_python(project: Path) -> None:
    first, second = (environment.fingerprint(project, "runtime", python) for python in ("3.11", "3.12"))
    assert first != second


def test_is_fresh_until_a_requirement_changes(project: Path) -> None:
    folder = stamp(project, "runtime")
    assert environment.is_fresh(project, folder, "runtime")
    (project / "requirements.txt").write_text("django==5.3\n")
    assert not environment.is_fresh(project, folder, "runtime")


def test_a_moved_environment_is_not_fresh(project: Path) -> None:
    folder = stamp(project, "runtime").rename(project / "moved")
    assert not environment.is_fresh(project, folder, "runtime")


def test_development_is_not_fresh_after_a_runtime_install(project: Path) -> None:
    assert not environment.is_fresh(project, stamp(project, "runtime"), "development")


def test_says_what_is_missing_without_venv(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(environment.Missing, match="python3-venv"):
        environment.make(project, project / ".venv", "runtime")


def test_says_that_a_failed_download_may_be_the_network(project: Path) -> None:
    output = "ERROR: Temporary failure in name resolution\nERROR: No matching distribution found for django"
    assert "Check the network" in environment._why_pip_failed(output)
    assert "Check the network" not in environment._why_pip_failed("ERROR: conflicting dependencies")
