from __future__ import annotations

import base64
from pathlib import Path

import pytest
from lib import keeping


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "CREDENTIALS_KEYS"):
        monkeypatch.delenv(name, raising=False)


def test_keys_and_passwords_are_made_once(tmp_path: Path) -> None:
    first = keeping.keys(tmp_path)
    assert keeping.keys(tmp_path) == first
    assert len(base64.urlsafe_b64decode(first.credentials_keys)) == 32
    assert set(first.passwords) == {"admin", "operator"}


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    keeping.claim(tmp_path / "demo").close()
    keeping.keys(tmp_path / "demo")
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "demo").glob("*.json")}
    assert modes == {"keys.json": 0o600, "passwords.json": 0o600}
    assert (tmp_path / "demo").stat().st_mode & 0o777 == 0o700


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with keeping.claim(tmp_path), pytest.raises(keeping.InUse, match="already running"):
        keeping.claim(tmp_path)


def test_keys_of_the_environment_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "given")
    assert keeping.keys(tmp_path).secret_key == "given"
