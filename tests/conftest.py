"""What every test may use: a database of this run, a simulator, and no network but loopback."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.utils import translation
from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts

from tests.browser.chromium import browser  # noqa: F401
from tests.house import environment  # first: it makes bin/lib importable
from tests.house.emptying import replace_flush
from tests.house.rendering import tell_of_whole_pages

from lib.processes import free_port  # isort: skip

ROOT = Path(__file__).resolve().parent.parent
SIMULATOR_START_SECONDS = 20
# What asks no database, or only to show what is in it: never twice.
_ON_ONE_STACK = ("browser", "gateways", "house", "pages", "simulator", "structure")
# What holds on any database: pages and who may see them, forms and sums, and lives at a gateway of which one
# process alone knows. What two do at once, and what a database must refuse by itself, is on PostgreSQL.
_SMALL = ("backoffice", "config")
_SMALL_ENDS = (
    *("_admin", "_page", "_pages", "_panel", "_view", "_recent_login", "_details", "_figures", "_stories"),
    *("_cancelling", "_changing", "_importing", "_new_amount", "_plans", "_remaking", "_sandbox"),
    *("_agreement_looks", "_agreement_questions", "_agreement_trouble", "_planning", "_mirroring"),
    *("_amounts", "_amounts_form", "_charge_form", "_spreadsheets", "_terms", "_problems", "_replay_command"),
    *("_batch_making", "_batch_trouble", "_change_parcels", "_creation_doubt", "_renewing"),
    *("_apart", "_boletos", "_creation", "_dispute_ends", "_disputing", "_gate", "_health", "_parcels"),
    *("_pausing", "_subscribing", "_subscription_twins", "_waiting"),
)


# Between two looks for garbage: with the usual seven hundred they take a tenth of the time.
_ALLOCATIONS = 50_000


# How long generated examples take says nothing on a machine that does something else meanwhile. Each run
# draws others, so that a usual one needs fewer.
for profile, examples in (("usual", 30), ("full", 100)):
    settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
replace_flush()


def pytest_configure(config: pytest.Config) -> None:
    is_usual = "not full" in str(config.getoption("markexpr")).split(" and ")
    settings.load_profile("usual" if is_usual else "full")
    config.addinivalue_line("markers", "full: takes long; only with bin/test --full")
    config.addinivalue_line("markers", "weighty: of both stacks only on PostgreSQL, unless --full")
    config.addinivalue_line("markers", "small: of both stacks only on SQLite, unless --full")
    config.addinivalue_line("markers", "both: on both stacks, though the rest of its file is small")
    config.addinivalue_line(
        "markers", "once: no database and no broker makes a difference to it; one stack is enough"
    )
    config.addinivalue_line("markers", "proves(gateway, *cells): what of docs/capabilities.md it shows")
    config.addinivalue_line("markers", "browser: drives the Chromium that the variable CHROMIUM names")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """What is collected stays to the end: looking through it for garbage takes a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(_ALLOCATIONS)
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A folder that is left out as a whole need not be read."""
    is_out = "not once" in str(config.getoption("markexpr")).split(" and ")
    is_on_one = collection_path.parent == ROOT / "tests" and collection_path.name in _ON_ONE_STACK
    return True if is_out and is_on_one else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in _ON_ONE_STACK:
            item.add_marker("once")
        # What is weighty is left out of the other stack; left out of both it would never run.
        is_small = folder in _SMALL or item.path.stem.endswith(_SMALL_ENDS)
        if is_small and not any(item.get_closest_marker(name) for name in ("weighty", "both")):
            item.add_marker("small")


def pytest_runtest_setup() -> None:
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """On SQLite a file, as in use: the in-memory database of Django's tests knows no locks."""
    from django.conf import settings as django_settings

    database: dict[str, Any] = django_settings.DATABASES["default"]
    own = database.setdefault("TEST", {})
    template = os.environ.get("TEST_TEMPLATE", "")
    if database["ENGINE"].endswith("sqlite3"):
        name = f"test-{environment.worker_number()}-{os.getpid()}.sqlite3"
        own["NAME"] = str(Path(os.environ["TEST_FOLDER"]) / name)
        if template:
            shutil.copyfile(template, own["NAME"])
    elif template:
        own["TEMPLATE"] = template


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """True where the file is there already; it goes with the run's folder."""
    is_copied = environment.is_sqlite() and bool(os.environ.get("TEST_TEMPLATE"))
    return is_copied or bool(request.config.getvalue("reuse_db"))


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hashing a password well takes half a second on purpose; these guard nothing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def no_list_of_static_files() -> None:
    """Every test client builds the middleware anew; reading all static files took longer than its page."""
    from django.conf import settings as django_settings

    django_settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session", autouse=True)
def whole_pages(django_test_environment: None) -> None:
    tell_of_whole_pages()


@pytest.fixture(autouse=True)
def own_language() -> None:
    """A request leaves its language behind in the thread."""
    translation.deactivate()


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """The address of a simulator of this worker process, fresh and stopped at the end."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="cobranca-simulator-") as folder:
        log = Path(folder) / "log"
        command = [str(ROOT / "bin" / "simulator"), "--port", str(port), "--data", folder]
        with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
            try:
                url = f"http://127.0.0.1:{port}"
                _wait_for(f"{url}/_control/clock", process, log)
                yield url
            finally:
                process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SIMULATOR_START_SECONDS
    while True:
        try:
            with urlopen(url, timeout=1) as answer:
                json.load(answer)
                return
        except (URLError, OSError, ValueError):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the simulator did not start:\n{log.read_text()}")
            time.sleep(0.05)
