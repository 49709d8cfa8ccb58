"""Many notifications asked again at once: what it would mean, the confirmation, how far it is."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config import clock
from payments.presentation import digest
from webhooks.models import Replay, ReplayState
from webhooks.panel.forms import ReplayForm
from webhooks.panel.views import filter_form, visible
from webhooks.services import replaying
from webhooks.services.choosing import Filters, narrowed
from webhooks.services.replaying import Plan


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("webhooks.replay_webhookevent", raise_exception=True)
@permission_required("webhooks.view_webhookevent", raise_exception=True)
def prepare(request: HttpRequest) -> HttpResponse:
    """How many notifications about how many charges would be asked again, and the press that does it."""
    filters = filter_form(request).filters()
    if request.method == "POST":
        return _confirm(request, filters)
    now = clock.now()
    chosen = narrowed(visible(request), filters).filter(received_at__lte=now)
    planned = replaying.plan(chosen)
    initial = {"submission": uuid.uuid4(), "expected": planned.total, "seen_at": now.isoformat()}
    context = {
        "planned": planned,
        "skipped": chosen.count() - planned.matching,
        "most": replaying.MOST,
        "filters": filters,
        "form": ReplayForm(initial=initial),
    }
    return render(request, "webhooks/replay_preview.html", context)


def _confirm(request: HttpRequest, filters: Filters) -> HttpResponse:
    form = ReplayForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("This form is damaged. Look at it again and confirm anew."))
        return redirect(request.get_full_path())
    typed = form.cleaned_data
    if known := Replay.objects.filter(public_id=typed["submission"]).first():
        return redirect("replay", known.public_id)
    planned = replaying.plan(narrowed(visible(request), filters).filter(received_at__lte=typed["seen_at"]))
    if _is_more(planned, typed["expected"]):
        messages.warning(request, _("More match by now than you were shown. Look at it again."))
        return redirect(request.get_full_path())
    actor = request.user
    made = replaying.request(
        planned,
        actor=actor,  # type: ignore[arg-type]
        filters=filters.as_json(),
        public_id=typed["submission"],
    )
    return redirect("replay", made.public_id)


def _is_more(planned: Plan, expected: int) -> bool:
    return not planned.total or planned.total > expected


@never_cache
@require_safe
@login_required
@permission_required("webhooks.view_webhookevent", raise_exception=True)
def replay(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """How far a replay has come, and what came of it."""
    shown = _find(request, public_id)
    tally = replaying.tally(shown)
    context = {
        "replay": shown,
        "tally": tally,
        "left": tally.unasked + tally.asking,
        "is_over": shown.state == ReplayState.DONE,
        "live_mark": _mark(shown),
    }
    return render(request, "webhooks/replay.html", context)


@never_cache
@require_safe
@login_required
@permission_required("webhooks.view_webhookevent", raise_exception=True)
def state(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What the open page asks every few seconds."""
    return JsonResponse({"mark": _mark(_find(request, public_id))})


def _find(request: HttpRequest, public_id: uuid.UUID) -> Replay:
    found = get_object_or_404(Replay.objects.select_related("asked_by"), public_id=public_id)
    if not replaying.is_visible_to(found, request.user):
        raise Http404
    return found


def _mark(shown: Replay) -> str:
    return digest("webhooks.replay", (shown.state, replaying.tally(shown)))
