"""The inbox for people: the list, one notification, and what can be done with it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config import clock
from connections.models import Connection, ConnectionQuerySet, reachable_by
from payments import presentation as charges
from webhooks.models import OPEN_STATES, EventState, WebhookEvent, WebhookEventQuerySet
from webhooks.panel import checking, details, figures, presentation, tries
from webhooks.panel.forms import FilterForm, IgnoreForm, PressForm
from webhooks.panel.paging import page
from webhooks.services import ignoring, measuring, replaying
from webhooks.services.choosing import narrowed

_MOST_OTHERS = 20
_MOST_REPLAYS = 10
# What a search keeps of the other filters.
_KEPT = ("view", "connection", "topic", "since", "until", "period", "replay")


def visible(request: HttpRequest) -> WebhookEventQuerySet:
    """Those of the connections a person may work with."""
    return WebhookEvent.objects.filter(reachable_by(request.user))


def connections_of(request: HttpRequest) -> ConnectionQuerySet:
    return Connection.objects.without_secrets().visible_to(request.user).order_by("name", "pk")


def filter_form(request: HttpRequest) -> FilterForm:
    return FilterForm(request.GET, connections=connections_of(request))


def for_rows(events: WebhookEventQuerySet) -> WebhookEventQuerySet:
    """With what a row shows, and without what only the page of one does."""
    unshown = ("body", "headers", "query", "history")
    sealed = ("connection__credentials", "connection__webhook_secrets")
    return events.with_progress().select_related("connection").defer(*unshown, *sealed)


@require_safe
@login_required
@permission_required("webhooks.view_webhookevent", raise_exception=True)
def events(request: HttpRequest) -> HttpResponse:
    """The newest notifications; the address keeps the filters."""
    form = filter_form(request)
    filters = form.filters()
    listed = narrowed(for_rows(visible(request)), filters)
    measured = measuring.measure(connections_of(request), measuring.period(filters))
    shown = page(listed, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    context = {
        "form": form,
        "filters": filters,
        "is_narrowed": bool(filters.as_json()),
        "has_more_filters": any((filters.connection, filters.topic, filters.since, filters.until)),
        "kept": [(name, request.GET[name]) for name in _KEPT if request.GET.get(name)],
        "tabs": presentation.TABS,
        "periods": figures.PERIODS,
        "period": form.period_name,
        "is_usual_period": not (form.period_name or form.has_days),
        "figures": figures.in_words(measured.total),
        "dead": visible(request).filter(state=EventState.DEAD).count(),
        "page": shown,
        "rows": presentation.rows(shown.events),
        "under_way": replaying.under_way(request.user),
    }
    return render(request, "webhooks/events.html", context)


@never_cache
@require_safe
@login_required
@permission_required("webhooks.view_webhookevent", raise_exception=True)
def event(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One notification: what came, what became of it and why, and what can be done."""
    return _page_of(request, _find(request, public_id), IgnoreForm())


@never_cache
@require_safe
@login_required
@permission_required("webhooks.view_webhookevent", raise_exception=True)
def state(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What the open page asks every few seconds."""
    shown = _find(request, public_id)
    return JsonResponse({"mark": presentation.live_mark(shown, _replays(shown))})


@require_POST
@login_required
@permission_required("webhooks.replay_webhookevent", raise_exception=True)
def replay(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Have one asked again; the same press twice is one."""
    shown = _find(request, public_id)
    form = PressForm(request.POST)
    if not form.is_valid() or not replaying.may_be_replayed(shown):
        messages.error(request, _("This notification cannot be asked again."))
        return redirect("event", public_id)
    replaying.request_one(
        shown,
        actor=request.user,  # type: ignore[arg-type]
        public_id=form.cleaned_data["submission"],
    )
    messages.info(request, _("The gateway is asked again. What comes of it shows here by itself."))
    return redirect("event", public_id)


@require_POST
@login_required
@permission_required("webhooks.ignore_webhookevent", raise_exception=True)
def ignore(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take one out of the queue or the dead list, with a reason."""
    shown = _find(request, public_id)
    form = IgnoreForm(request.POST)
    if not form.is_valid():
        return _page_of(request, shown, form)
    actor: Any = request.user
    if ignoring.ignore(shown, actor=actor, note=form.cleaned_data["note"]):
        messages.success(request, _("It is ignored, and your reason is kept with it."))
    else:
        messages.warning(request, _("It had left the queue by then. Nothing was changed."))
    return redirect("event", public_id)


def _find(request: HttpRequest, public_id: uuid.UUID) -> WebhookEvent:
    known = visible(request).with_progress().select_related("connection", "ignored_by")
    sealed = ("connection__credentials", "connection__webhook_secrets")
    return get_object_or_404(known.defer(*sealed), public_id=public_id)


def _replays(shown: WebhookEvent) -> list[Any]:
    return list(replaying.of_event(shown, most=_MOST_REPLAYS))


def _page_of(request: HttpRequest, shown: WebhookEvent, form: IgnoreForm) -> HttpResponse:
    asked = _replays(shown)
    charge = presentation.charges_of([shown]).get((shown.connection_id, shown.kind, shown.gateway_id))
    others = visible(request).filter(
        connection=shown.connection_id, kind=shown.kind, gateway_id=shown.gateway_id
    )
    others = for_rows(others.exclude(pk=shown.pk)).order_by("-received_at", "-pk")[:_MOST_OTHERS]
    may_see_content = request.user.has_perm("payments.view_customer")
    context = {
        "event": shown,
        "row": presentation.row(shown, charge=charge),
        "cause": presentation.cause(shown),
        "cure": presentation.cure(shown),
        "reason": presentation.reason(shown),
        "secret": presentation.secret_in_words(shown),
        "may_see_content": may_see_content,
        "content": presentation.content(shown) if may_see_content else None,
        "curl": details.curl(shown) if may_see_content else "",
        "notification_id": details.notification_id(shown),
        "delay": figures.span(shown.delay),
        "tries": tries.tries(shown),
        "forgotten_tries": tries.forgotten(shown),
        "steps": checking.steps_of(shown),
        "changes": details.changes(shown, charge) if charge else [],
        "charge_row": charges.row(charge) if charge else None,
        "others": presentation.rows(list(others)) if shown.gateway_id else [],
        "replays": presentation.replays(asked),
        "live_mark": presentation.live_mark(shown, asked),
        "is_open": shown.state in OPEN_STATES,
        "is_due": bool(shown.next_attempt_at and shown.next_attempt_at <= clock.now()),
        "away_until": presentation.away_until(shown),
        "is_live": presentation.is_live(shown, asked),
        "may_be_replayed": replaying.may_be_replayed(shown),
        "may_be_ignored": ignoring.may_be_ignored(shown),
        "press": PressForm(initial={"submission": uuid.uuid4()}),
        "form": form,
    }
    return render(request, "webhooks/event.html", context, status=422 if form.errors else 200)
