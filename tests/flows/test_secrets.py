"""Nothing that a run leaves behind holds a credential: not the database, not the logs, not a page."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from lib.browser import Browser

from tests.flows.running import KINDS, Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty]
TOKENS = "[connection.open_webhook_secrets().get('token', '') for connection in Connection.objects.all()]"
ROWS = """
[[bytes(value).decode('latin-1') if isinstance(value, (bytes, memoryview)) else str(value) for value in row]
 for table in database.introspection.table_names()
 for cursor in [database.cursor()]
 for row in [cursor.execute('SELECT * FROM "' + table + '"')] and cursor.fetchall()]
"""


@pytest.fixture(scope="module")
def used(running: Running) -> Running:
    """A run in which every kind of account was connected, charged, paid, and refused once."""
    for key in KINDS:
        reference = running.charge(key)
        running.control("pay", reference=reference)
        running.wait_for_status(reference, "paid")
    running.control("faults", name="error_500", times=1, method="GET", path="/payments/")
    reference = running.charge("asaas")
    running.control("pay", reference=reference)
    running.control("clock", advance_seconds=31)
    running.wait_for_status(reference, "paid")
    return running


def secrets_of(running: Running) -> dict[str, str]:
    """Everything that opens something: keys, tokens, signing secrets, passwords, our own keys."""
    found: dict[str, str] = {}
    for account in running.ask("accounts")["accounts"]:
        for name, value in account.items():
            if re.search(r"(api_key|token)$|secret", name) and isinstance(value, str) and len(value) > 15:
                found[f"{account['name']} {name}"] = value
        for hook in account.get("webhooks", []):
            found[f"{account['name']} webhook"] = hook.get("auth_token") or hook.get("authToken", "")
    found |= {f"token {number}": value for number, value in enumerate(running.evaluate(TOKENS)) if value}
    found |= {f"password {name}": value for name, value in running.plan.keys.passwords.items()}
    keys = running.plan.keys
    return {**found, "secret key": keys.secret_key, "credentials key": keys.credentials_keys}


def assert_holds_none(text: str, secrets: dict[str, str], where: str) -> None:
    leaked = [name for name, value in secrets.items() if value in text or value in unescape(text)]
    assert leaked == [], f"{where} holds {leaked}"


def test_there_is_something_to_look_for(used: Running) -> None:
    secrets = secrets_of(used)
    assert len(secrets) >= 10 and all(len(value) > 11 for value in secrets.values())


def test_the_database_holds_no_secret(used: Running) -> None:
    dump = json.dumps(used.evaluate(" ".join(ROWS.split())), ensure_ascii=False)
    assert "Maria da Silva" in dump
    assert_holds_none(dump, secrets_of(used), "the database")


def test_the_logs_hold_no_secret_and_no_person(used: Running) -> None:
    secrets = secrets_of(used)
    for name in ("web", "worker", "beat", "migrate", "demo_users"):
        for log in (used.plan.folder / "log").glob(f"{name}*.log"):
            text = log.read_text(errors="replace")
            assert_holds_none(text, secrets, log.name)
            assert_holds_none(text, {"name": "Maria da Silva", "document": "52998224725"}, log.name)
    assert "DEBUG" in (used.plan.folder / "log" / "web.log").read_text(errors="replace")


# What names one thing in an address.
NAMES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?:chg|pay)_\w+|(?<=/pay/)[\w-]+|\d+")
A_FEW = 3


def pages(browser: Browser, base: str) -> Iterator[tuple[str, Any]]:
    """Every page that links lead to from the start, each kind of address a few times."""
    waiting, seen, kinds = ["/", "/charges/", "/admin/", "/charges/new/"], set(), Counter[str]()
    while waiting:
        path = waiting.pop()
        kind = NAMES.sub("*", path.partition("?")[0])
        if path in seen or kinds[kind] == A_FEW:
            continue
        seen.add(path)
        kinds[kind] += 1
        answer = browser.session.get(base + path, timeout=30)
        assert answer.status_code < 500, f"{path}: {answer.status_code}"
        yield path, answer
        links = re.findall(r'href="(/[^"#]*)"', answer.text)
        waiting += [unescape(link) for link in links if "logout" not in link and "/static/" not in link]


def test_no_page_holds_a_secret(used: Running) -> None:
    secrets = secrets_of(used)
    seen = []
    for path, answer in pages(used.people.admin, used.stack.url):
        seen.append(path)
        assert_holds_none(answer.text + json.dumps(dict(answer.headers)), secrets, path)
    assert any(path.startswith("/admin/connections/connection/") for path in seen)
    assert any(re.fullmatch(r"/charges/chg_\w+/", path) for path in seen)
    assert any(path.startswith("/admin/webhooks/webhookevent/") for path in seen)
