"""Operators' pages about customers: list, one of them with all their charges, change of details."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from connections.models import reachable_by
from payments import presentation
from payments.models import Charge, Customer, CustomerAct, Dispute, Subscription
from payments.services import contacting
from payments.services.contacting import Told
from payments.staff import customer_choice, customer_words, dispute_words, subscription_words
from payments.staff.customer_forms import ContactForm

_PER_PAGE = 25
_MOST_BESIDE = 50


@require_safe
@login_required
@permission_required("payments.view_customer", raise_exception=True)
def customers(request: HttpRequest) -> HttpResponse:
    """The newest first. ``q``: name, document, e-mail or phone. ``before``: the last one that was seen."""
    text = request.GET.get("q", "").strip()[:120]
    listed = Customer.objects.visible_to(request.user).order_by("-pk")
    listed = customer_choice.narrowed(listed, text)
    if last := _named(request.GET.get("before", "")):
        listed = listed.filter(pk__lt=last.pk)
    found = list(listed[: _PER_PAGE + 1])
    context = {
        "rows": customer_words.rows(found[:_PER_PAGE], request.user),
        "q": text,
        "older": found[_PER_PAGE - 1].public_id if len(found) > _PER_PAGE else None,
        "is_further": bool(last),
    }
    return render(request, "payments/customers.html", context)


def _named(written: str) -> Customer | None:
    try:
        return Customer.objects.filter(public_id=uuid.UUID(written)).only("pk").first()
    except ValueError:
        return None


def customer_for(request: HttpRequest, public_id: uuid.UUID) -> Customer:
    """The one named, if this person may see it."""
    return get_object_or_404(Customer.objects.visible_to(request.user), public_id=public_id)


@never_cache
@require_safe
@login_required
@permission_required("payments.view_customer", raise_exception=True)
def customer(request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
    """Who it is, what is open, and every charge; ``before`` is the last charge seen."""
    if merged := _merged_into(request, public_id):
        return redirect(merged)
    own = customer_for(request, public_id)
    charges = Charge.objects.for_lists().visible_to(request.user).filter(customer=own)
    found, older = _charges(charges, request.GET.get("before", ""))
    known = own.at_gateways.filter(reachable_by(request.user)).select_related("connection").order_by("pk")
    agreements = Subscription.objects.for_lists().visible_to(request.user).filter(customer=own)
    disputes = Dispute.objects.visible_to(request.user).filter(charge__customer=own)
    context = {
        "customer": own,
        "sums": customer_words.sums(own, request.user),
        "charges": [presentation.row(charge) for charge in found],
        "older": older,
        "is_further": bool(request.GET.get("before")),
        "known_there": known.defer("connection__credentials", "connection__webhook_secrets"),
        "subscriptions": [
            subscription_words.row(one) for one in agreements.order_by("-created_at", "-pk")[:_MOST_BESIDE]
        ],
        "disputes": dispute_words.lines(disputes.select_related("connection", "charge")[:_MOST_BESIDE]),
        "acts": customer_words.acts(own),
    }
    return render(request, "payments/customer.html", context)


def _merged_into(request: HttpRequest, public_id: uuid.UUID) -> Customer | None:
    """Who a customer of this name was merged into; links to it go on working."""
    if Customer.objects.filter(public_id=public_id).exists():
        return None
    act = CustomerAct.objects.filter(kind="merged", data__merged=str(public_id)).select_related("customer")
    found = act.first()
    people = Customer.objects.visible_to(request.user)
    return found.customer if found and people.filter(pk=found.customer_id).exists() else None


def _charges(charges: Any, before: str) -> tuple[list[Charge], str]:
    """A page of charges, newest first, and where the next one begins (empty where there is none)."""
    last = charges.filter(reference=before).first() if before else None
    if last:
        same = Q(created_at=last.created_at, pk__lt=last.pk)
        charges = charges.filter(Q(created_at__lt=last.created_at) | same)
    found = list(charges.order_by("-created_at", "-pk")[: _PER_PAGE + 1])
    return found[:_PER_PAGE], found[_PER_PAGE - 1].reference if len(found) > _PER_PAGE else ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.change_customer", raise_exception=True)
def change(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Name, e-mail, phone and address; gateways that keep customers are told."""
    own = customer_for(request, public_id)
    if own.anonymised_at:
        messages.error(request, _("This customer was anonymised: nothing of it can be changed any more."))
        return redirect(own)
    actor: User = request.user  # type: ignore[assignment]
    form = ContactForm(request.POST if request.method == "POST" else None, customer=own)
    if request.method == "POST" and form.is_valid():
        _tell(request, contacting.change(own, form.cleaned_data, actor=actor))
        return redirect(own)
    context = {"customer": own, "form": form, "told_there": contacting.told_there(own, actor)}
    return render(request, "payments/change_customer.html", context, status=422 if form.errors else 200)


def _tell(request: HttpRequest, told: list[Told] | None) -> None:
    if told is None:
        messages.info(request, _("Nothing was different: nothing was changed."))
        return
    messages.success(request, _("Saved."))
    for one in told:
        shown = {"gateway": one.connection.gateway_label, "account": one.connection.name}
        if one.problem:
            text = _("%(gateway)s (%(account)s) was not told: %(problem)s")
            messages.warning(request, text % {**shown, "problem": one.problem})
        elif one.differs:
            text = _("%(gateway)s (%(account)s) was told, and still has another: %(fields)s.")
            fields = ", ".join(customer_words.field_names(one.differs))
            messages.warning(request, text % {**shown, "fields": fields})
        else:
            messages.success(request, _("%(gateway)s (%(account)s) knows it too.") % shown)
