from __future__ import annotations

import os
from pathlib import Path

import pytest
from lib import chromium, packages, postgres, services, valkey
from lib.processes import Children, Failed
from lib.services import NotAvailable, Way


def program(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def broken() -> str:
    raise Failed("does not start")


def test_takes_the_first_way_that_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    ways = [
        Way("given", lambda: None),
        Way("broken", broken),
        Way("installed", lambda: "here"),
        Way("wheel", broken),
    ]
    found = services.first("Redis", ways, remedy="")
    assert (found.url, found.origin) == ("here", "installed")
    assert "Redis: broken does not work. does not start" in capsys.readouterr().out


def test_no_way_is_a_lack_with_its_remedy() -> None:
    with pytest.raises(NotAvailable, match="Redis is not available. Install it."):
        services.first("Redis", [Way("given", lambda: None)], remedy="Install it.")


def test_finds_an_installed_redis_before_a_valkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert valkey.installed() is None
    program(tmp_path, "valkey-server", "redis-server")
    assert valkey.installed() == str(tmp_path / "redis-server")


def test_a_given_redis_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/3")
    with Children() as children:
        assert valkey.for_tests(children).url == "redis://elsewhere/3"
        assert not children.running


def test_finds_the_newest_complete_postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for version in ("9.6", "15", "14"):
        program(tmp_path / version / "bin", "initdb", "postgres")
    program(tmp_path / "16" / "bin", "psql")
    assert postgres.installed(f"{tmp_path}/*/bin") == tmp_path / "15" / "bin"


def test_finds_postgres_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program(tmp_path / "bin", "initdb", "postgres")))
    assert postgres.installed(f"{tmp_path}/none/*/bin") == (tmp_path / "bin").resolve()


@pytest.mark.parametrize(
    ("url", "is_used"), [("postgres://u:p@h/d", True), ("sqlite:///file", False), ("", False)]
)
def test_only_a_postgres_url_counts_as_given(
    url: str, is_used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert postgres.given() == (url if is_used else None)


def test_finds_an_installed_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program(tmp_path, "chromium")))
    assert chromium.installed() == str(tmp_path / "chromium")


def test_apt_is_for_root_on_a_debian_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not packages.apt_install("redis-server")
    program(tmp_path, "apt-get")
    assert packages.can_use_apt()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not packages.can_use_apt()
