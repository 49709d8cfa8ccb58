"""Administrators' pages for taking over what an account charged before it was connected."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config import clock
from connections.models import Connection
from payments.models import ChargeImport
from payments.presentation import digest, row
from payments.services import importing

_PER_PAGE = 50
_A_YEAR = timedelta(days=365)


class ImportForm(forms.Form):
    since = forms.DateField(
        label=gettext_lazy("What changed from this day on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._today = today
        self.fields["since"].initial = today - _A_YEAR
        if self.is_bound and self.errors:
            self.fields["since"].widget.attrs.update(
                {"aria-invalid": "true", "aria-describedby": "error-since"}
            )

    def clean_since(self) -> date:
        since: date = self.cleaned_data["since"]
        if not importing.OLDEST <= since <= self._today:
            raise forms.ValidationError(_("Choose a day that has passed."))
        return since


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("connections.change_connection", raise_exception=True)
def account(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """From which day on; one import of an account runs at a time."""
    own = Connection.objects.without_secrets().filter(is_active=True).exclude(account_id="")
    connection = get_object_or_404(own.visible_to(request.user), public_id=connection_id)
    sent = (request.POST,) if request.method == "POST" else ()
    form = ImportForm(*sent, today=clock.today(connection.time_zone))
    if sent and form.is_valid():
        begin = datetime.combine(form.cleaned_data["since"], time(), tzinfo=ZoneInfo(connection.time_zone))
        actor: Any = request.user
        run = importing.request(connection, since=begin.astimezone(UTC), actor=actor)
        return redirect("charge_import", run.public_id)
    context = {
        "connection": connection,
        "form": form,
        "runs": ChargeImport.objects.filter(connection=connection).order_by("-pk")[:10],
    }
    return render(request, "backoffice/import_account.html", context, status=422 if form.errors else 200)


@never_cache
@require_safe
@login_required
@permission_required("connections.change_connection", raise_exception=True)
def run(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """How far an import has come, what it took over, and what it left and why."""
    shown = _find(request, public_id)
    taken = importing.taken_over(shown).for_lists().order_by("-created_at", "-pk")
    page = Paginator(taken, _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "run": shown,
        "taken": page.paginator.count,
        "page": page,
        "charges": [row(charge) for charge in page],
        "left": shown.items.filter(charge=None)[:_PER_PAGE],
        "left_count": shown.items.filter(charge=None).count(),
        "live_mark": _mark(shown),
    }
    return render(request, "backoffice/import_run.html", context)


@never_cache
@require_safe
@login_required
@permission_required("connections.change_connection", raise_exception=True)
def state(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What the open page asks every few seconds."""
    return JsonResponse({"mark": _mark(_find(request, public_id))})


def _find(request: HttpRequest, public_id: uuid.UUID) -> ChargeImport:
    runs = ChargeImport.objects.visible_to(request.user).select_related("connection", "asked_by")
    return get_object_or_404(runs, public_id=public_id)


def _mark(shown: ChargeImport) -> str:
    facts = (shown.state, shown.listed, shown.matched, shown.error, shown.items.count())
    return digest("backoffice.import", facts)
