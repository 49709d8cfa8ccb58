"""The doctor's pages: what is wrong, what to do, and a press that looks again or mends."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress

from django.contrib import admin, messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from backoffice import doctor, doctor_words, house
from backoffice.doctor_help import HELP
from connections import waiting
from connections.gateways.registry import REGISTRY, gateway_class
from connections.models import Connection
from connections.problem_kinds import KINDS, Area
from connections.sealed import CannotOpen
from connections.services import keeping
from connections.services.accounts import WEB_DEADLINE_SECONDS, patience

_LOOKS = "connections.view_connection"
_MENDS = "connections.change_connection"


@require_safe
@login_required
@permission_required(_LOOKS, raise_exception=True)
def ward(request: HttpRequest) -> HttpResponse:
    """The installation and every account, with what is wrong with each."""
    patients = doctor.patients(request.user)
    context = {
        "patients": [(patient, doctor_words.checks_of(patient.connection)) for patient in patients],
        "faults": sum(len(patient.faults) for patient in patients),
        "may_mend": request.user.has_perm(_MENDS),
        "can_open": request.user.is_staff,
    }
    return render(request, "backoffice/doctor.html", context)


@require_POST
@login_required
@permission_required(_MENDS, raise_exception=True)
def look_again(request: HttpRequest) -> HttpResponse:
    """Look at everything now, and mend what is safe to mend."""
    try:
        with waiting.room.insist():
            left_over = doctor.examine_all(request.user, seconds_left=patience(WEB_DEADLINE_SECONDS))
    except waiting.AllSeatsTaken:
        messages.warning(request, _too_many())
        return redirect("doctor")
    if left_over:
        messages.warning(request, _("The gateways are slow. What is left is looked at within a minute."))
    else:
        messages.success(request, _("Everything was looked at just now."))
    return redirect("doctor")


@require_POST
@login_required
@permission_required(_MENDS, raise_exception=True)
def mend(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Mend the webhook of one account, or look at the account again."""
    connections = Connection.objects.filter(is_active=True).visible_to(request.user)
    connection = get_object_or_404(connections, public_id=public_id)
    try:
        with waiting.room.insist():
            seconds_left = patience(WEB_DEADLINE_SECONDS)
            if request.POST.get("remedy") in (doctor.SWITCH_ON, doctor.REGISTER):
                _register(request, connection, seconds_left)
            doctor.examine(connection, seconds_left=seconds_left)
    except waiting.AllSeatsTaken:
        messages.warning(request, _too_many())
        return redirect("doctor")
    if connection.problems.open().exists():
        messages.warning(
            request, _("Something is still wrong with %(name)s: see below.") % {"name": connection.name}
        )
    else:
        messages.success(request, _("%(name)s is well.") % {"name": connection.name})
    return redirect("doctor")


def _register(request: HttpRequest, connection: Connection, seconds_left: Callable[[], float]) -> None:
    """Register the webhook anew; that its token does not open is said by the look that follows."""
    with suppress(CannotOpen):
        keeping.keep_webhook(connection, seconds_left=seconds_left, is_background=True)
        page = admin.site.get_model_admin(Connection)
        page.log_change(request, connection, str(_("Webhook registered anew")))


def _too_many() -> str:
    return _("Many people are waiting for gateways just now. Try again in a moment.")


@require_safe
@login_required
@permission_required(_LOOKS, raise_exception=True)
def help_page(request: HttpRequest, code: str) -> HttpResponse:
    """One fault: what it means, how it shows itself, what to do, how to see that it is mended."""
    if code not in KINDS:
        raise Http404
    kind, words = KINDS[code], HELP[code]
    context = {
        "code": code,
        "kind": kind,
        "help": words,
        "places": list(_places(code, words.place)),
        "found": doctor_words.FOUND[kind.area],
        "mended": words.mended or doctor_words.MENDED[kind.area],
    }
    return render(request, "backoffice/doctor_help.html", context)


def _places(code: str, place: str) -> Iterator[tuple[str, str]]:
    """The gateways that may have this fault, and the way to that page of their panels."""
    is_of_webhook = KINDS[code].area == Area.WEBHOOK
    for name, known in REGISTRY.items():
        gateway = gateway_class(name)
        # A secret to paste is only where the gateway has no API for webhooks; all others only where it has.
        has_it = gateway.capabilities.registers_webhook != (code == "webhook_secret_missing")
        if place in gateway.panel_places and (has_it or not is_of_webhook):
            yield known.label, gateway.panel_places[place]


@require_safe
@never_cache
def echo(request: HttpRequest, nonce: uuid.UUID) -> HttpResponse:
    """What of a request arrives here, for the doctor who sent it; nothing that the sender does not know."""
    return JsonResponse(
        {
            "proof": house.proof(str(nonce)),
            "host": request.headers.get("Host", "")[:255],
            "request_id": request.headers.get("X-Request-Id", "")[:100],
            "is_https": request.is_secure(),
        }
    )
