"""A notification composed and sent by hand: what to send, what was sent, the answer, the effect."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config import clock
from connections.gateways.registry import gateway_class
from connections.models import Connection, reachable_by
from connections.sealed import CannotOpen
from connections.waiting import AllSeatsTaken
from payments.presentation import digest
from webhooks.models import OPEN_STATES, Simulation, WebhookEvent
from webhooks.panel import checking, figures, presentation
from webhooks.panel.accounts import address_of, old_address_of
from webhooks.panel.forms import SimulateForm
from webhooks.panel.views import connections_of, for_rows
from webhooks.services import simulating
from webhooks.services.simulating import Wanted

_PERMISSION = "webhooks.simulate_webhookevent"
_OK = 200
# The names of the addresses in the form.
_CURRENT, _REPLACED = "current", "old"
_ASKED = ("topic", "gateway_id", "signed_with", "address")
# For so long the answer, or the notification itself, may still come; the open page waits for it.
_AWAITED = timedelta(minutes=1)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(_PERMISSION, raise_exception=True)
def simulate(request: HttpRequest) -> HttpResponse:
    """Choose the account and what to send; the press sends it."""
    offered = list(connections_of(request))
    connection = _chosen(request, offered)
    context: dict[str, Any] = {"offered": offered, "connection": connection}
    if connection is None:
        return render(request, "webhooks/simulate.html", context, status=_status(request))
    try:
        secrets = _secrets(connection)
    except CannotOpen:
        context["is_sealed"] = True
        return render(request, "webhooks/simulate.html", context, status=_status(request))
    form = _form(request, connection, secrets=secrets, addresses=_addresses(connection))
    if request.method == "POST" and form.is_valid():
        return _send(request, connection, form)
    context |= {
        "sample_id": gateway_class(connection.gateway).sample_id,
        "form": form,
        "has_secret": len(secrets) > 1,
    }
    return render(request, "webhooks/simulate.html", context, status=_status(request))


def _status(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else _OK


def _chosen(request: HttpRequest, offered: list[Connection]) -> Connection | None:
    wanted = request.GET.get("connection", "")
    if not wanted and len(offered) == 1:
        return offered[0]
    return next((one for one in offered if str(one.public_id) == wanted), None)


def _secrets(connection: Connection) -> list[tuple[str, str]]:
    """What it can be signed with, and last the secret that nobody knows."""
    connection = Connection.objects.get(pk=connection.pk)
    names = [(name, presentation.secret_name(name)) for name in simulating.secret_names(connection)]
    return [*names, (simulating.WRONG, _("a wrong secret, to see it refused"))]


def _addresses(connection: Connection) -> list[tuple[str, str]]:
    """Where it can be sent; for its time also the address that was replaced."""
    found = [(_CURRENT, address_of(connection, is_whole=False))]
    until = connection.old_path_until
    if connection.old_path_token and until and until > clock.now():
        day = date_format(timezone.localtime(until), "SHORT_DATETIME_FORMAT")
        said = _("The old one, taken until %(day)s: %(address)s")
        found.append((_REPLACED, said % {"address": old_address_of(connection), "day": day}))
    return found


def _form(request: HttpRequest, connection: Connection, **offered: list[tuple[str, str]]) -> SimulateForm:
    if request.method == "POST":
        return SimulateForm(request.POST, connection=connection, **offered)
    adapter = gateway_class(connection.gateway)
    asked = {
        name: request.GET[name]
        for name in ("topic", "gateway_id", "signed_with", "address")
        if name in request.GET
    }
    initial = {"submission": uuid.uuid4(), "gateway_id": adapter.sample_id, **asked}
    return SimulateForm(initial=initial, connection=connection, **offered)


def _send(request: HttpRequest, connection: Connection, form: SimulateForm) -> HttpResponse:
    typed = form.cleaned_data
    actor: Any = request.user
    is_replaced = typed["address"] == _REPLACED
    try:
        sent = simulating.send(
            Connection.objects.get(pk=connection.pk),
            Wanted(
                topic=typed["topic"],
                gateway_id=typed["gateway_id"],
                signed_with=typed["signed_with"],
                path=connection.old_webhook_path if is_replaced else connection.webhook_path,
            ),
            actor=actor,
            public_id=typed["submission"],
        )
    except AllSeatsTaken:
        messages.warning(
            request, _("Too many others wait for an answer at this moment. Nothing was sent: try again.")
        )
        return redirect(request.get_full_path())
    return redirect("simulation", sent.public_id)


@never_cache
@require_safe
@login_required
@permission_required(_PERMISSION, raise_exception=True)
def simulation(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What was sent, what was answered and what came of it."""
    shown = _find(request, public_id)
    event = _event(shown)
    is_open = bool(event and event.state in OPEN_STATES)
    said = simulating.said(shown)
    rejection = "" if said == simulating.STORED else said
    words = gateway_class(shown.connection.gateway).topic_words.get(shown.topic, "")
    context = {
        "simulation": shown,
        "topic": _(words) if words else shown.topic,
        "address": _address(shown),
        "public_url": settings.PUBLIC_URL,
        "outcome": _outcome(shown, said),
        "rejection": rejection,
        "is_wrong_on_purpose": shown.signed_with == simulating.WRONG,
        "refusal": figures.refusal_in_words(rejection) if rejection else ("", ""),
        "secret": _signed_with(shown),
        "headers": sorted(shown.headers.items()),
        "steps": checking.steps_of_simulation(shown, rejection, event),
        "row": presentation.rows([event])[0] if event else None,
        "is_open": is_open,
        "is_live": is_open or _is_awaited(shown),
        "live_mark": _mark(shown, event),
    }
    return render(request, "webhooks/simulation.html", context)


@never_cache
@require_safe
@login_required
@permission_required(_PERMISSION, raise_exception=True)
def state(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What the open page asks every few seconds."""
    shown = _find(request, public_id)
    return JsonResponse({"mark": _mark(shown, _event(shown))})


def _find(request: HttpRequest, public_id: uuid.UUID) -> Simulation:
    known = Simulation.objects.filter(reachable_by(request.user)).select_related("connection", "sent_by")
    sealed = ("connection__credentials", "connection__webhook_secrets")
    return get_object_or_404(known.defer(*sealed), public_id=public_id)


def _event(shown: Simulation) -> WebhookEvent | None:
    return for_rows(WebhookEvent.objects.filter(pk__in=simulating.events_of(shown).values("pk"))).first()


def _address(shown: Simulation) -> str:
    if not shown.is_to_old_address:
        return address_of(shown.connection, is_whole=False)
    return old_address_of(shown.connection) or _("(an address that is not taken any more)")


def _is_awaited(shown: Simulation) -> bool:
    return shown.sent_at > clock.now() - _AWAITED and not simulating.said(shown)


def _outcome(shown: Simulation, said: str) -> str:
    """``taken`` or ``refused`` by us, answered by some ``other``, ``none``, or still ``awaited``."""
    if said:
        return "taken" if said == simulating.STORED else "refused"
    if shown.http_status:
        return "other"
    return "awaited" if shown.answered_at is None and _is_awaited(shown) else "none"


def _mark(shown: Simulation, event: WebhookEvent | None) -> str:
    seen = (event.progress, event.attempts, event.cause, event.reason) if event else ()
    answered = (shown.http_status, shown.answered_at, _is_awaited(shown))
    return digest("webhooks.simulation", (answered, seen))


def _signed_with(shown: Simulation) -> str:
    if shown.signed_with == simulating.WRONG:
        return _("a wrong secret, to see it refused")
    return presentation.secret_name(shown.signed_with)
