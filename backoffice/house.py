"""Look at the installation itself: its address, its proxy, its processes, its servers.

One cause makes one fault: what cannot work because of a fault that was found is not looked at.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http.request import split_domain_port, validate_host
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from backoffice import pulses
from config import clock, wakeup
from connections.gateways import http
from connections.models import Connection
from connections.problem_kinds import Area
from connections.services import problems

PROBE_SECONDS = 8.0
_LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]
# What says only that this server does not get there.
_NOT_REACHED = ("public_url_unreachable", "public_url_of_another")
_RECENT = timedelta(minutes=10)


def look(*, seconds: float = PROBE_SECONDS) -> problems.Found:
    """Everything that is wrong now, kept as the problems of the house; asks our own public address.

    That no worker is alive is told and not kept: whoever looks judges it anew, and by the time it could be
    mailed it would not be so.
    """
    broker, silent = _broker(), pulses.silent()
    faults = (_address() or _seen_from_outside(seconds), silent, broker, _tables())
    found: problems.Found = {fault: {} for fault in faults if fault}
    problems.keep(None, Area.HOUSE, {code: data for code, data in found.items() if code != "worker_silent"})
    return found


def _address() -> str:
    """Of PUBLIC_URL itself. A simulator's is the one that may be http."""
    address = urlsplit(settings.PUBLIC_URL)
    allowed = settings.ALLOWED_HOSTS or (_LOCAL_HOSTS if settings.DEBUG else [])
    if not validate_host(split_domain_port(address.netloc)[0], allowed):
        return "host_refused"
    return "" if address.scheme == "https" or settings.SIMULATOR_URL else "public_url_not_https"


def _seen_from_outside(seconds: float) -> str:
    """Knock at our own door as a gateway would, and compare what arrived with what was sent."""
    fault = _knock(seconds)
    # From inside it may not be reached at all; gateways that did prove it good.
    return "" if fault in _NOT_REACHED and _gateways_get_through() else fault


def _knock(seconds: float) -> str:
    nonce, request_id = str(uuid.uuid4()), str(uuid.uuid4())
    url = urljoin(settings.PUBLIC_URL, reverse("doctor_echo", args=[nonce]))
    answer = http.probe(url, headers={"x-request-id": request_id}, seconds=seconds)
    if answer is None or answer.status >= 500:
        return "public_url_unreachable"
    if answer.status == 400:
        return "host_altered"
    if 300 <= answer.status < 400:
        return (
            "https_not_told" if _is_same(answer.headers.get("Location", ""), url) else "public_url_of_another"
        )
    heard = _heard(answer.body)
    if not constant_time_compare(str(heard.get("proof", "")), proof(nonce)):
        return "public_url_of_another"
    if _host(str(heard.get("host", ""))) != _host(urlsplit(url).netloc):
        return "host_altered"
    if heard.get("request_id") != request_id and _somebody_signs_it():
        return "request_id_altered"
    return "" if heard.get("is_https") == settings.IS_HTTPS else "https_not_told"


def _is_same(location: str, url: str) -> bool:
    there, here = urlsplit(location), urlsplit(url)
    return (there.scheme, there.path, _host(there.netloc)) == (here.scheme, here.path, _host(here.netloc))


def _host(netloc: str) -> str:
    """As it is compared: names have no case, and the port of a scheme may be left out."""
    bare = netloc.lower().removesuffix(":443").removesuffix(":80")
    try:
        return bare.encode("idna").decode()
    except UnicodeError:
        return bare


def _gateways_get_through() -> bool:
    recent = clock.now() - _RECENT
    return Connection.objects.filter(last_event_at__gt=recent).exists()


def _somebody_signs_it() -> bool:
    active = Connection.objects.without_secrets().filter(is_active=True)
    return any(connection.capabilities.signs_request_id for connection in active)


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
    applied = MigrationRecorder(connection).applied_migrations()
    return "migrations_missing" if _migrations() - applied.keys() else ""


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Those this version brings; the files do not change while it runs."""
    return frozenset(MigrationLoader(None).disk_migrations)
