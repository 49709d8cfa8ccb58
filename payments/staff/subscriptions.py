"""Operators' pages about subscriptions: list, new, detail."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections.gateways.base import Cycle, Method
from connections.models import Connection, ConnectionQuerySet
from connections.waiting import AllSeatsTaken
from payments import presentation
from payments.models import Customer, Plan, Subscription, SubscriptionState
from payments.services import subscribing
from payments.services.customers import save_customer
from payments.services.subscription_alike import find_look_alike
from payments.services.subscription_intents import NewSubscription
from payments.staff import agreement_words, customer_choice, stories, subscription_words
from payments.staff.agreement_fields import able
from payments.staff.subscription_forms import SubscriptionForm
from payments.staff.subscription_story import story

_PER_PAGE = 25


def accounts_for(request: HttpRequest) -> ConnectionQuerySet:
    """Those a person may make subscriptions on."""
    usable = Connection.objects.usable().visible_to(request.user)
    return able(usable).order_by("-is_default", "name")


@require_safe
@login_required
@permission_required("payments.view_subscription", raise_exception=True)
def subscriptions(request: HttpRequest) -> HttpResponse:
    """The newest ones; ``tab`` narrows them, ``q`` finds one by name, reference, document or gateway id."""
    text = request.GET.get("q", "").strip()
    tab = subscription_words.tab_named(request.GET.get("tab", ""))
    listed = Subscription.objects.for_lists().visible_to(request.user).order_by("-created_at", "-pk")
    listed = subscription_words.narrowed(listed, tab=tab, text=text)
    page = Paginator(listed, _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [subscription_words.row(own) for own in page],
        "tab": tab.name,
        "tabs": subscription_words.TABS,
        "q": text,
        "can_subscribe": accounts_for(request).exists(),
    }
    return render(request, "payments/subscriptions.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.add_subscription", raise_exception=True)
def new_subscription(request: HttpRequest) -> HttpResponse:
    """One page, filled in from a plan where ``plan`` names one; afterwards straight to what to send."""
    connections = accounts_for(request)
    plan = _plan(request, request.GET.get("plan", ""))
    initial = {**customer_choice.initial(request), **(SubscriptionForm.from_plan(plan) if plan else {})}
    people = Customer.objects.visible_to(request.user)
    form = SubscriptionForm(request.POST or None, connections=connections, customers=people, initial=initial)
    look_alike = None
    if request.method == "POST" and form.is_valid():
        if known := Subscription.objects.filter(submission=form.cleaned_data["submission"]).first():
            return _answer_sent_form(request, form, known)
        new = _new_subscription(request, form)
        look_alike = None if "look_alike_seen" in request.POST else find_look_alike(new)
        if look_alike is None:
            return _create(request, new)
    context = {
        "form": form,
        "has_connections": bool(form.offered),
        "look_alike": look_alike,
        "plan": plan or _plan(request, str(form["plan"].value() or "")),
    }
    return render(request, "payments/new_subscription.html", context, status=422 if form.errors else 200)


def _plan(request: HttpRequest, reference: str) -> Plan | None:
    plans = Plan.objects.visible_to(request.user).select_related("connection")
    return plans.filter(reference=reference, state="active").first() if reference else None


def _answer_sent_form(request: HttpRequest, form: SubscriptionForm, known: Subscription) -> HttpResponse:
    """The same form once more is the same one; changed meanwhile, it is sent back under a new number."""
    if form.asks_for(known):
        messages.info(request, _("This form had already made this subscription. Nothing new was created."))
        return redirect(known)
    context = {"form": form.renewed(), "has_connections": True, "sent_before": known}
    return render(request, "payments/new_subscription.html", context, status=422)


def _new_subscription(request: HttpRequest, form: SubscriptionForm) -> NewSubscription:
    typed = form.cleaned_data
    customer = save_customer(
        name=typed["name"],
        document_type=typed["document_type"],
        document=typed["document"],
        country=typed["country"],
        known=form.known,
        email=typed["email"],
        phone=typed["phone"],
        language=typed["language"],
    )
    plan = _plan(request, typed["plan"])
    return NewSubscription(
        connection=typed["connection"],
        customer=customer,
        method=Method(typed["method"]),
        amount_cents=typed["amount"],
        description=typed["description"],
        cycle=Cycle(typed["cycle"]),
        starts_on=typed["starts_on"],
        ends_on=typed["ends_on"],
        turns=typed["turns"],
        submission=typed["submission"],
        plan=plan if plan and plan.connection_id == typed["connection"].pk else None,
        actor=request.user if request.user.is_authenticated else None,
    )


def _create(request: HttpRequest, new: NewSubscription) -> HttpResponse:
    own = subscribing.create_subscription(new)
    if own.state == SubscriptionState.FAILED:
        messages.error(request, _("The gateway refused this subscription. Correct it and create a new one."))
    return redirect(own)


def subscription_for(request: HttpRequest, reference: str) -> Subscription:
    """The one named, if this person may see it."""
    listed = Subscription.objects.for_lists().select_related("plan", "created_by")
    return get_object_or_404(listed.visible_to(request.user), reference=reference)


@require_safe
@login_required
@permission_required("payments.view_subscription", raise_exception=True)
def subscription(request: HttpRequest, reference: str) -> HttpResponse:
    """One subscription: state, what to send, facts, every charge of it, and its story."""
    own = subscription_for(request, reference)
    charges = own.charges.for_lists().order_by("-due_date", "-pk")
    page = Paginator(charges, _PER_PAGE).get_page(request.GET.get("page"))
    may_change = request.user.has_perm("payments.change_agreement")
    part = stories.chosen(request)
    context = {
        "subscription": own,
        "row": subscription_words.row(own),
        "end": subscription_words.end_in_words(own),
        "live_mark": subscription_words.live_mark(own),
        "rule": own.connection.capabilities.subscriptions,
        "sending": subscription_words.sending(own),
        "page": page,
        "charges": [presentation.row(charge) for charge in page],
        "newest_amount": own.amounts.last(),
        "actions": agreement_words.actions(own) if may_change else [],
        "news": agreement_words.news(own),
        "may_send_again": subscribing.may_send_again(own),
        "story": stories.whole(own, story(own, only=part.entries), reader=request.user, part=part),
        "part": part,
        "story_parts": stories.PARTS,
    }
    return render(request, "payments/subscription.html", context)


@require_safe
@login_required
@permission_required("payments.view_subscription", raise_exception=True)
def state(request: HttpRequest, reference: str) -> HttpResponse:
    """What the open page asks every few seconds."""
    own = subscription_for(request, reference)
    return JsonResponse({"state": own.state, "mark": subscription_words.live_mark(own)})


@require_POST
@login_required
@permission_required("payments.add_subscription", raise_exception=True)
def send_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Nothing was found at the gateway after the last look-up, and a person decides to make it anew."""
    own = subscription_for(request, reference)
    try:
        subscribing.send_again(own, actor=request.user)  # type: ignore[arg-type]
    except AllSeatsTaken:
        messages.warning(request, _("Many calls are waiting for gateways right now. Try again in a moment."))
    return redirect(own)
