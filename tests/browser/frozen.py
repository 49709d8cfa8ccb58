"""The moment and the chance of the pictures, always the same, so that what they show is the same, too.

``python -m tests.browser.frozen PORT`` serves, at that moment, the database that the environment names.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import time_machine

MOMENT = datetime(2026, 11, 24, 13, 40, tzinfo=UTC)
PUBLIC_URL = "https://cobranca.example.com"
ENVIRONMENT = {
    "SECRET_KEY": "of the pictures, which guard nothing: " + "0" * 24,
    "CREDENTIALS_KEYS": "cGljdHVyZXMgZ3VhcmQgbm8ga2V5IG9mIGFueWJvZHk=",
    "PUBLIC_URL": PUBLIC_URL,
    "ALLOWED_HOSTS": "cobranca.example.com,127.0.0.1",
}
# The server itself speaks plain HTTP, as behind a proxy.
HEADERS = {"X-Forwarded-Proto": "https"}


@contextmanager
def frozen() -> Iterator[None]:
    """Time stands still, and each random reference, token and key is drawn as it was the last time."""
    drawn = random.Random("pictures").randbytes
    with (
        time_machine.travel(MOMENT, tick=False),
        patch("os.urandom", drawn),
        patch("random._urandom", drawn),
    ):
        yield


def serve(port: str) -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.CSRF_TRUSTED_ORIGINS.append(f"http://127.0.0.1:{port}")
    with frozen():
        call_command("runserver", f"127.0.0.1:{port}", use_reloader=False, use_threading=False)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    serve(sys.argv[1])
