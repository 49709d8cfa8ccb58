"""The settings of a test run, put in place before Django reads them.

pytest-django reads the settings before any ``conftest.py``, so this is a plugin that comes earlier:
``pytest -p tests.house.environment`` (``bin/test`` says it by itself).
"""

from __future__ import annotations

import atexit
import base64
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

HOUSE = str(Path(__file__).resolve().parent.parent.parent / "bin")


def prepare() -> None:
    if HOUSE not in sys.path:
        sys.path.append(HOUSE)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("CREDENTIALS_KEYS", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
    os.environ.update(DEMO="1", DEBUG="0", SIMULATOR_URL="", PUBLIC_URL="http://127.0.0.1:8000")
    folder = _folder()
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'run.sqlite3'}"
    os.environ["STATIC_ROOT"] = str(folder / "static")
    os.environ["REDIS_URL"] = of_this_worker(os.environ.get("REDIS_URL", ""), worker_number())
    for name in ("SECRET_KEY", "CREDENTIALS_KEYS", "DATABASE_URL", "REDIS_URL", "SIMULATOR_URL"):
        os.environ[f"{name}_FILE"] = ""


def _folder() -> Path:
    """Where the run keeps its files: given, or made here and removed when this process ends."""
    if "TEST_FOLDER" not in os.environ:
        os.environ["TEST_FOLDER"] = tempfile.mkdtemp(prefix="cobranca-test-")
        atexit.register(shutil.rmtree, os.environ["TEST_FOLDER"], ignore_errors=True)
    return Path(os.environ["TEST_FOLDER"])


def is_sqlite() -> bool:
    return os.environ["DATABASE_URL"].startswith("sqlite")


def worker_number() -> int:
    """0 without xdist, then 1, 2, ..."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(name.removeprefix("gw")) + 1 if name else 0


def of_this_worker(url: str, number: int) -> str:
    """Each worker process uses a numbered database of its own on the same Redis."""
    if not url.startswith(("redis://", "rediss://")):
        return url
    parts = urlsplit(url)
    own = int(parts.path.strip("/") or 0) + number
    return urlunsplit(parts._replace(path=f"/{own}"))


prepare()
