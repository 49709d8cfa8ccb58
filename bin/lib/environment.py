"""The virtual environment: made once, made anew when the requirements or the Python change.

Runs before anything is installed, so it uses the standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib import say

REQUIREMENTS = {"runtime": ("requirements.txt",), "development": ("requirements.txt", "requirements-dev.txt")}
STAMP = ".requirements.json"
OFFLINE_WORDS = ("name resolution", "connection", "timed out", "no matching distribution", "proxy", "ssl")


class Missing(Exception):
    """Something this machine lacks; the text says what and how to get it."""


def fingerprint(root: Path, kind: str, python: str = "") -> str:
    """Changes when a requirements file of this kind or the version of Python changes."""
    digest = hashlib.sha256((python or ".".join(map(str, sys.version_info[:2]))).encode())
    for name in REQUIREMENTS[kind]:
        digest.update(b"\0" + (root / name).read_bytes())
    return digest.hexdigest()


def enter(root: Path, *, development: bool) -> None:
    """Go on inside the virtual environment; it is made or refreshed first when it has to be."""
    folder = root / ".venv"
    kind = "development" if development else "runtime"
    with _one_at_a_time(root):
        if not is_fresh(root, folder, kind):
            make(root, folder, kind)
    if Path(sys.prefix).resolve() != folder.resolve():
        python = str(folder / "bin" / "python")
        os.execv(python, [python, *sys.argv])


def is_fresh(root: Path, folder: Path, kind: str) -> bool:
    return _stamps(folder).get(kind) == fingerprint(root, kind) and _works(folder)


def make(root: Path, folder: Path, kind: str) -> None:
    if not _works(folder):
        say.doing(f"Making the virtual environment {folder.name} (Python {sys.version.split()[0]})")
        _create(folder)
    names = [name for name in REQUIREMENTS[kind] if (root / name).exists()]
    say.doing(f"Installing what {names[-1]} lists; the first time this takes a minute")
    _install(root, folder, names[-1])
    stamps = {each: fingerprint(root, each) for each in REQUIREMENTS if each in (kind, "runtime")}
    (folder / STAMP).write_text(json.dumps(stamps))


def pip_command(folder: Path) -> list[str]:
    """pip of the environment, else this machine's pip working on it."""
    python = folder / "bin" / "python"
    if subprocess.run([python, "-c", "import pip"], capture_output=True).returncode == 0:
        return [str(python), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(python)]


def _stamps(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / STAMP).read_text()))
    except (OSError, ValueError):
        return {}


def _works(folder: Path) -> bool:
    """False also for an environment that was moved or whose Python went away or is another version."""
    code = "import sys; print(sys.version_info[:2], sys.prefix)"
    try:
        answer = subprocess.run([folder / "bin" / "python", "-c", code], capture_output=True, text=True)
    except OSError:
        return False
    return answer.stdout.strip() == f"{sys.version_info[:2]} {folder}"


def _create(folder: Path) -> None:
    if importlib.util.find_spec("venv") is None:
        raise Missing("the Python module venv. On Debian or Ubuntu: apt-get install python3-venv")
    has_own_pip = importlib.util.find_spec("ensurepip") is not None
    if not has_own_pip and importlib.util.find_spec("pip") is None:
        raise Missing("pip. On Debian or Ubuntu: apt-get install python3-venv python3-pip")
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    answer = subprocess.run(
        command if has_own_pip else [*command, "--without-pip"], capture_output=True, text=True
    )
    if answer.returncode:
        raise Missing(f"a working Python module venv. It says: {_end(answer.stdout + answer.stderr)}")


def _install(root: Path, folder: Path, name: str) -> None:
    command = [*pip_command(folder), "install", "--disable-pip-version-check", "-r", name]
    lines = []
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout is not None
        for text in pip.stdout:
            lines.append(text)
            _show(text)
    say.progress_done()
    if pip.returncode:
        raise Missing(_why_pip_failed("".join(lines)))


def _show(text: str) -> None:
    words = text.split()
    if words[:1] == ["Collecting"]:
        say.progress(f"fetching {words[1]}")
    elif words[:2] == ["Installing", "collected"]:
        say.progress_done()
        say.line(f"   putting {text.count(',') + 1} packages in place")


def _why_pip_failed(output: str) -> str:
    is_network = any(word in output.lower() for word in OFFLINE_WORDS)
    hint = (
        " Check the network, the proxy, and pip's own settings for its package index." if is_network else ""
    )
    return f"a package that pip could not install.{hint} pip says:\n{_end(output)}"


def _end(output: str, lines: int = 12) -> str:
    return "\n".join(output.strip().splitlines()[-lines:])


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Two house scripts started together do not build the same environment twice."""
    (root / "var").mkdir(exist_ok=True)
    with (root / "var" / "environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
