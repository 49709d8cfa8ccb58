"""Look at the installation itself: its address, its proxy, its processes, its servers.

One cause makes one fault: what cannot work because of a fault that was found is not looked at.
"""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http.request import split_domain_port, validate_host
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from backoffice import pulses
from config import wakeup
from connections.gateways import http
from connections.problem_kinds import Area
from connections.services import problems

PROBE_SECONDS = 8.0
_LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


def look() -> problems.Found:
    """Everything that is wrong now, kept as the problems of the house; asks our own public address."""
    found: problems.Found = {}
    for fault in (_address() or _seen_from_outside(), pulses.silent(), _broker(), _tables()):
        if fault:
            found[fault] = {}
    problems.keep(None, Area.HOUSE, found)
    return found


def _address() -> str:
    """Of PUBLIC_URL itself. A simulator's is the one that may be http."""
    address = urlsplit(settings.PUBLIC_URL)
    allowed = settings.ALLOWED_HOSTS or (_LOCAL_HOSTS if settings.DEBUG else [])
    if not validate_host(split_domain_port(address.netloc)[0], allowed):
        return "host_refused"
    return "" if address.scheme == "https" or settings.SIMULATOR_URL else "public_url_not_https"


def _seen_from_outside() -> str:
    """Knock at our own door as a gateway would, and compare what arrived with what was sent."""
    nonce, request_id = str(uuid.uuid4()), str(uuid.uuid4())
    url = urljoin(settings.PUBLIC_URL, reverse("doctor_echo", args=[nonce]))
    answer = http.probe(url, headers={"x-request-id": request_id}, seconds=PROBE_SECONDS)
    if answer is None or answer.status >= 500:
        return "public_url_unreachable"
    if answer.status == 400:
        return "host_altered"
    if 300 <= answer.status < 400:
        return "https_not_told" if answer.headers.get("Location") == url else "public_url_of_another"
    heard = _heard(answer.body)
    if not constant_time_compare(str(heard.get("proof", "")), proof(nonce)):
        return "public_url_of_another"
    if heard.get("host") != urlsplit(settings.PUBLIC_URL).netloc:
        return "host_altered"
    if heard.get("request_id") != request_id:
        return "request_id_altered"
    return "" if heard.get("is_https") == settings.IS_HTTPS else "https_not_told"


def proof(nonce: str) -> str:
    """What only this installation can answer."""
    return salted_hmac("backoffice.house.echo", nonce, algorithm="sha256").hexdigest()


def _heard(body: bytes) -> dict[str, Any]:
    try:
        heard = json.loads(body)
    except ValueError:
        return {}
    return heard if isinstance(heard, dict) else {}


def _broker() -> str:
    return "" if wakeup.answers() else "broker_away"


def _tables() -> str:
    executor = MigrationExecutor(connection)
    return "migrations_missing" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else ""
