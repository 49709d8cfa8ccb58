"""A database with all its tables, made once a run; every process of the tests begins with a copy of it.

The migrations take ten seconds, a copy none.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lib import postgres
from lib.processes import Children, Failed

MIGRATE = """
import tests.house.environment, django
from django.core.management import call_command
django.setup()
call_command("migrate", interactive=False, verbosity=0)
"""


def make(root: Path, folder: Path, urls: Mapping[str, str], children: Children) -> str:
    """The path of a SQLite file, or the name of a database on the server of ``urls``. Raises Failed."""
    given = urls["DATABASE_URL"]
    if not given:
        file = folder / "template.sqlite3"
        _migrate(root, folder, f"sqlite:///{file}")
        return str(file)
    name = f"template_{os.getpid()}"
    url = postgres.create_database(given, name)
    children.at_the_end(lambda: postgres.drop_database(given, name))
    _migrate(root, folder, url)
    return name


def _migrate(root: Path, folder: Path, url: str) -> None:
    own = {"DATABASE_URL": url, "REDIS_URL": "", "TEST_FOLDER": str(folder)}
    env = {**os.environ, **own, "DJANGO_SETTINGS_MODULE": "config.settings"}
    answer = subprocess.run(
        [sys.executable, "-c", MIGRATE], cwd=root, env=env, capture_output=True, text=True
    )
    if answer.returncode:
        raise Failed(f"The migrations failed:\n{answer.stderr[-2000:]}")
