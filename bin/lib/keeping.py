"""What a demo keeps between two runs: its keys and passwords, readable by its owner only."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO


class InUse(Exception):
    """Another demo runs on the same folder."""


@dataclass(frozen=True)
class Keys:
    """Made once for a folder; a variable of the environment wins."""

    secret_key: str
    credentials_keys: str
    passwords: dict[str, str]
    passwords_file: Path


def new_key() -> str:
    """32 bytes, as CREDENTIALS_KEYS wants them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def keys(folder: Path) -> Keys:
    made = _once(
        folder / "keys.json", lambda: {"secret": secrets.token_urlsafe(48), "credentials": new_key()}
    )
    passwords_file = folder / "passwords.json"
    passwords = _once(
        passwords_file, lambda: {name: secrets.token_urlsafe(9) for name in ("admin", "operator")}
    )
    return Keys(
        secret_key=os.environ.get("SECRET_KEY") or made["secret"],
        credentials_keys=os.environ.get("CREDENTIALS_KEYS") or made["credentials"],
        passwords=passwords,
        passwords_file=passwords_file,
    )


def _once(file: Path, make: Callable[[], dict[str, str]]) -> dict[str, str]:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(json.dumps(make(), indent=1) + "\n")
    return dict(json.loads(file.read_text()))


def claim(folder: Path) -> IO[str]:
    """Makes the folder and holds it until the file returned is closed. Raises InUse."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("log", "broker", "simulator"):
        (folder / name).mkdir(exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InUse(
            f"A demo is already running on {folder}. Stop it first, or give this one --data."
        ) from None
    return lock
