"""Operators' pages about plans: list, new, detail, close."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections.gateways.errors import GatewayError, GatewayUnavailable, RequestRefused
from connections.waiting import AllSeatsTaken
from payments.models import Plan, PlanState, Subscription
from payments.models.subscriptions import PlanQuerySet
from payments.services import plan_states, planning
from payments.staff import subscription_words
from payments.staff.subscription_forms import PlanForm
from payments.staff.subscriptions import accounts_for

_PER_PAGE = 25


def _plans(request: HttpRequest) -> PlanQuerySet:
    sealed = ("connection__credentials", "connection__webhook_secrets")
    return Plan.objects.visible_to(request.user).select_related("connection").defer(*sealed)


def _plan(request: HttpRequest, reference: str) -> Plan:
    return get_object_or_404(_plans(request), reference=reference)


@require_safe
@login_required
@permission_required("payments.view_plan", raise_exception=True)
def plans(request: HttpRequest) -> HttpResponse:
    listed = _plans(request).annotate(used=Count("subscriptions")).order_by("-pk")
    page = Paginator(listed, _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [subscription_words.plan_row(plan) for plan in page],
        "can_subscribe": accounts_for(request).exists(),
    }
    return render(request, "payments/plans.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.add_plan", raise_exception=True)
def new_plan(request: HttpRequest) -> HttpResponse:
    """One page; afterwards straight to the plan and its link. The same form is the same plan."""
    form = PlanForm(request.POST or None, connections=accounts_for(request))
    if request.method == "POST" and form.is_valid():
        if known := Plan.objects.filter(submission=form.cleaned_data["submission"]).first():
            return _answer_sent_form(request, form, known)
        plan = planning.create_plan(form.new_plan(request.user))
        if plan.state == PlanState.FAILED:
            messages.error(request, _("The gateway refused this plan. Correct it and create a new one."))
        return redirect(plan)
    context = {"form": form, "has_connections": bool(form.offered)}
    return render(request, "payments/new_plan.html", context, status=422 if form.errors else 200)


def _answer_sent_form(request: HttpRequest, form: PlanForm, known: Plan) -> HttpResponse:
    """The same form once more is the same plan; changed meanwhile, it is sent back under a new number."""
    if form.asks_for(known):
        messages.info(request, _("This form had already made this plan. Nothing new was created."))
        return redirect(known)
    context = {"form": form.renewed(), "has_connections": True, "sent_before": known}
    return render(request, "payments/new_plan.html", context, status=422)


@require_safe
@login_required
@permission_required("payments.view_plan", raise_exception=True)
def plan(request: HttpRequest, reference: str) -> HttpResponse:
    """One plan: its link, or that only we know it; who subscribed by it."""
    shown = _plan(request, reference)
    listed = Subscription.objects.for_lists().filter(plan=shown).order_by("-created_at", "-pk")
    page = Paginator(listed, _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "plan": shown,
        "row": subscription_words.plan_row(shown),
        "sending": subscription_words.plan_sending(shown),
        "page": page,
        "rows": [subscription_words.row(own) for own in page],
        "mark": subscription_words.plan_mark(shown),
        "may_send_again": planning.may_send_again(shown),
    }
    return render(request, "payments/plan.html", context)


@require_POST
@login_required
@permission_required("payments.add_plan", raise_exception=True)
def send_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Nothing was found at the gateway after the last look-up, and a person decides to make it anew."""
    shown = _plan(request, reference)
    try:
        planning.send_again(shown)
    except AllSeatsTaken:
        messages.warning(request, _("Many calls are waiting for gateways right now. Try again in a moment."))
    return redirect(shown)


@require_safe
@login_required
@permission_required("payments.view_plan", raise_exception=True)
def state(request: HttpRequest, reference: str) -> HttpResponse:
    """What the open page asks every few seconds."""
    shown = _plan(request, reference)
    return JsonResponse({"state": shown.state, "mark": subscription_words.plan_mark(shown)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.change_plan", raise_exception=True)
def close(request: HttpRequest, reference: str) -> HttpResponse:
    """What it means, then it is done by a POST."""
    shown = _plan(request, reference)
    if shown.state != PlanState.ACTIVE:
        messages.info(request, _("This plan is not open: there is nothing to close."))
        return redirect(shown)
    if request.method != "POST":
        context = {"plan": shown, "row": subscription_words.plan_row(shown)}
        return render(request, "payments/close_plan.html", context)
    try:
        plan_states.close_plan(Plan.objects.select_related("connection").get(pk=shown.pk))
    except AllSeatsTaken:
        messages.warning(request, _("Many calls are waiting for gateways right now. Try again in a moment."))
    except GatewayError as err:
        messages.error(request, _not_closed(err))
    else:
        messages.success(request, _("The plan is closed: nobody begins a subscription by it any more."))
    return redirect(shown)


def _not_closed(error: GatewayError) -> str:
    """The gateway's own sentence where it gave one, or what we have to say about its answer."""
    if isinstance(error, GatewayUnavailable) and error.maybe_sent:
        return _(
            "The plan may still be open: the gateway gave no answer. Look again in a moment, and close it"
            " once more if it is."
        )
    if advice := getattr(error, "advice", ""):
        return _("The plan is still open. %(advice)s") % {"advice": _(advice)}
    if isinstance(error, RequestRefused) and error.text:
        return _("The plan is still open. The gateway says: “%(text)s”") % {"text": _(error.text)}
    return _("The plan is still open: the gateway could not be asked. Try again in a moment.")
