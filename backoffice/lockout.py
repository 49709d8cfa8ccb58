"""Five wrong passwords for one name from one address, and both wait a quarter of an hour (django-axes).

Its times are the machine's, never the simulator's: nobody unlocks a login by moving that clock.
"""

from __future__ import annotations

import ipaddress
import math
from datetime import datetime
from typing import Any

from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_IPV6_SITE = 64


def client_ip(request: HttpRequest) -> str | None:
    """The visitor's address, from what our own proxies added; of IPv6 the /64 one visitor commands."""
    nearest = request.META.get("REMOTE_ADDR", "")
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    hops = settings.TRUSTED_PROXIES
    named = told[-hops].strip() if 0 < hops <= len(told) else ""
    return _address(named) or _address(nearest)


def _address(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    site = ipaddress.ip_network((int(address), _IPV6_SITE), strict=False)
    return str(site.network_address)


def locked_out(request: Any, _answer: HttpResponse | None, credentials: dict[str, Any]) -> HttpResponse:
    """The page that says when to try again."""
    until = _until(request, credentials)
    seconds = (until - request.axes_attempt_time).total_seconds()
    context = {"until": until, "minutes": max(1, math.ceil(seconds / 60))}
    answer = render(request, "backoffice/locked.html", context, status=429)
    answer["Retry-After"] = str(max(1, math.ceil(seconds)))
    answer["Cache-Control"] = "no-store"
    return answer


def _until(request: Any, credentials: dict[str, Any]) -> datetime:
    """When enough failures are forgotten. There is one row per browser; each lapses as a whole."""
    wait, now = settings.AXES_COOLOFF_TIME, request.axes_attempt_time
    name = get_client_username(request, credentials)
    rows = AccessAttempt.objects.filter(
        username=name, ip_address=request.axes_ip_address, attempt_time__gte=now - wait
    ).order_by("attempt_time")
    counted = [(row.attempt_time, row.failures_since_start) for row in rows]
    left = sum(failures for _at, failures in counted)
    for at, failures in counted:
        left -= failures
        if left < settings.AXES_FAILURE_LIMIT:
            return at + wait
    return now + wait


def forget_forms() -> None:
    """Axes stores what was posted: on the page of a connection that is a gateway's key."""
    pre_save.connect(_blank, sender=AccessAttempt, dispatch_uid="backoffice.lockout")


def _blank(instance: AccessAttempt, **_signal: Any) -> None:
    instance.get_data = instance.post_data = ""
