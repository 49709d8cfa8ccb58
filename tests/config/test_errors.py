"""While the database is away: who asks is told so, and when to come back; nobody sees a 500."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, IntegrityError, connection
from django.test import Client

from config import errors
from tests.simulator.support import free_port

ROOT = Path(django_settings.BASE_DIR)
TOKEN = "T" * 32
ADDRESSES = {
    "page": f"GET /pay/{TOKEN}/",
    "decision": "POST /charges/CB1/refund/",
    "staff": "GET /charges/?view=paid&q=%3Cb%3E",
    "form": "POST /charges/new/",
    "log in": "POST /login/",
    "admin": "GET /admin/payments/charge/",
    "live": f"GET /pay/{TOKEN}/state/",
    "api": "GET /api/v1/charges/CB1/",
    "webhook": f"POST /webhooks/{TOKEN}/",
    "ready": "GET /readyz",
    "alive": "GET /healthz",
}
# Asks every address in a process whose PostgreSQL refuses connections, with the cookie of somebody logged in.
ASK = """
import json, os, sys, django
django.setup()
from django.test import Client
found = {}
for name, asked in json.loads(sys.argv[1]).items():
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "s" * 32
    client.cookies["django_language"] = "en"
    method, address = asked.split(" ")
    accept = {"live": "application/json", "api": "*/*", "webhook": "*/*"}.get(name, "text/html")
    answer = client.generic(method, address, headers={"accept": accept})
    found[name] = {
        "status": answer.status_code,
        "headers": dict(answer.headers),
        "text": answer.content.decode(),
        "cookies": {key: morsel.value for key, morsel in answer.cookies.items()},
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    own = {
        **os.environ,
        "DATABASE_URL": f"postgres://nobody@127.0.0.1:{free_port()}/nothing",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "CRITICAL",
    }
    command = [sys.executable, "-c", ASK, json.dumps(ADDRESSES)]
    asked = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, Any]] = json.loads(asked.stdout)
    return found


def test_everybody_is_told_to_come_back(answers: dict[str, dict[str, Any]]) -> None:
    assert {name: answer["status"] for name, answer in answers.items()} == {
        **dict.fromkeys(ADDRESSES, 503),
        "alive": 200,
    }
    told = [answer for name, answer in answers.items() if name not in ("ready", "alive")]
    assert {answer["headers"]["Retry-After"] for answer in told} == {"5"}
    assert not [answer["cookies"] for answer in told if "sessionid" in answer["cookies"]]


@pytest.mark.parametrize("name", ["live", "api", "webhook"])
def test_programs_are_told_in_json(answers: dict[str, dict[str, Any]], name: str) -> None:
    assert json.loads(answers[name]["text"])["status"] == "database_away"


@pytest.mark.parametrize("name", ["page", "staff", "admin"])
def test_who_looked_may_look_again(answers: dict[str, dict[str, Any]], name: str) -> None:
    page = answers[name]["text"]
    address = ADDRESSES[name].partition(" ")[2].replace("&", "&amp;")
    assert "data-away" in page and f'href="{address}"' in page and "default-src" in str(answers[name])


@pytest.mark.parametrize("name", ["decision", "form", "log in"])
def test_who_sent_something_is_told_how_to_send_it_again(
    answers: dict[str, dict[str, Any]], name: str
) -> None:
    page = answers[name]["text"]
    assert "what you typed is still there" in page and 'href="/' not in page.partition("<body>")[2]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_cut_costs_one_answer(admin_client: Client) -> None:
    if connection.vendor != "postgresql":
        return
    admin_client.raise_request_exception = False
    assert admin_client.get("/charges/").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [mine] = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [mine])
    other.close()
    assert admin_client.get("/charges/").status_code == 503
    connection.close()
    assert admin_client.get("/charges/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_fault_of_our_own_stays_one() -> None:
    with pytest.raises(DatabaseError) as fault, connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
    assert not errors.is_database_away(fault.value)
    assert not errors.is_database_away(IntegrityError()) and not errors.is_database_away(None)
