"""How e-mails are sent is one setting; a wrong one stops the start, and none means none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

_SHOW = """
import json
from config import settings
names = ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_PASSWORD", "DEFAULT_FROM_EMAIL")
shown = {name: getattr(settings, name, None) for name in names}
print(json.dumps({**shown, "EMAIL_USE_TLS": getattr(settings, "EMAIL_USE_TLS", False)}))
"""


def start(**values: str) -> subprocess.CompletedProcess[str]:
    """The settings as a fresh process reads them."""
    env = {
        **os.environ,
        "EMAIL_URL": "",
        "DEFAULT_FROM_EMAIL": "",
        "CONTACT_EMAIL": "",
        "DEBUG": "0",
        **values,
    }
    return subprocess.run([sys.executable, "-c", _SHOW], env=env, capture_output=True, text=True)


def settings(**values: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(start(**values).stdout)
    return found


def test_reads_name_password_and_encryption_from_the_address() -> None:
    found = settings(EMAIL_URL="smtp+tls://ana%40example.com:p%40ss@smtp.example.com:587")
    assert found["EMAIL_BACKEND"].endswith("smtp.EmailBackend") and found["EMAIL_USE_TLS"] is True
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("smtp.example.com", 587)
    assert found["EMAIL_HOST_PASSWORD"] == "p@ss"


@pytest.mark.parametrize(("debug", "backend"), [("0", "dummy"), ("1", "console")])
def test_without_it_nothing_is_sent(debug: str, backend: str) -> None:
    assert settings(DEBUG=debug)["EMAIL_BACKEND"] == f"django.core.mail.backends.{backend}.EmailBackend"


def test_an_address_that_is_none_stops_the_start() -> None:
    answer = start(EMAIL_URL="smtp.example.com:587")
    assert answer.returncode != 0 and "ImproperlyConfigured" in answer.stderr


def test_the_sender_falls_back_to_the_contact() -> None:
    assert settings(CONTACT_EMAIL="ops@example.com")["DEFAULT_FROM_EMAIL"] == "ops@example.com"
    both = settings(CONTACT_EMAIL="ops@example.com", DEFAULT_FROM_EMAIL="pay@example.com")
    assert both["DEFAULT_FROM_EMAIL"] == "pay@example.com"
