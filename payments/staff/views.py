"""Operators' pages: new charge, and what is pressed on the page of one."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from connections.gateways.base import Method
from connections.models import Connection, ConnectionQuerySet
from connections.waiting import AllSeatsTaken
from payments.models import Charge, ChargeStatus, Customer
from payments.services import doubt, links, renewing, sandbox
from payments.services.creation import create_charge
from payments.services.customers import save_customer
from payments.services.intents import NewCharge, find_look_alike
from payments.staff import customer_choice
from payments.staff.forms import ChargeForm
from payments.staff.items import rearranged


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def new_charge(request: HttpRequest) -> HttpResponse:
    """One page: customer, amount, description, due date; afterwards straight to sending the link."""
    connections = Connection.objects.usable().visible_to(request.user).order_by("-is_default", "name")
    if request.method == "POST" and "rows" in request.POST:
        return _with_rows(request, connections)
    people = Customer.objects.visible_to(request.user)
    form = ChargeForm(
        request.POST or None,
        connections=connections,
        customers=people,
        initial=customer_choice.initial(request),
    )
    look_alike = None
    if request.method == "POST" and form.is_valid():
        if known := Charge.objects.filter(submission=form.cleaned_data["submission"]).first():
            return _answer_sent_form(request, form, known)
        new = _new_charge(form, request)
        look_alike = None if "look_alike_seen" in request.POST else find_look_alike(new)
        if look_alike is None:
            return redirect(_create(request, new))
    context = {"form": form, "has_connections": connections.exists(), "look_alike": look_alike}
    return render(request, "payments/new_charge.html", context, status=422 if form.errors else 200)


def _with_rows(request: HttpRequest, connections: ConnectionQuerySet) -> HttpResponse:
    """What was typed, with its sums worked out, perhaps an item more or less: for who has no script."""
    data = rearranged(request.POST, request.POST["rows"])
    context = {
        "form": ChargeForm(
            data,
            connections=connections,
            customers=Customer.objects.visible_to(request.user),
            is_draft=True,
        ),
        "has_connections": connections.exists(),
    }
    return render(request, "payments/new_charge.html", context)


def _answer_sent_form(request: HttpRequest, form: ChargeForm, known: Charge) -> HttpResponse:
    """The same form once more is the same charge; changed meanwhile, it is sent back under a new number."""
    if form.asks_for(known):
        messages.info(request, _("This form had already made this charge. Nothing new was created."))
        return redirect(known)
    fresh = form.renewed()
    context = {"form": fresh, "has_connections": True, "sent_before": known}
    return render(request, "payments/new_charge.html", context, status=422)


def _create(request: HttpRequest, new: NewCharge) -> Charge:
    charge = create_charge(new)
    if charge.status == ChargeStatus.FAILED:
        messages.error(request, _("The gateway refused this charge. Correct it and create a new one."))
    return charge


def _new_charge(form: ChargeForm, request: HttpRequest) -> NewCharge:
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
        address=form.address(),
    )
    return NewCharge(
        connection=typed["connection"],
        customer=customer,
        amount_cents=typed["amount"],
        description=typed["description"],
        due_date=typed["due_date"],
        submission=typed["submission"],
        method=Method(typed["method"]),
        terms=form.terms(),
        instalments=typed["instalments"],
        lines=form.lines,
        discount_cents=typed["discount_cents"],
        discount_reason=typed["discount_reason"],
        actor=request.user if request.user.is_authenticated else None,
    )


@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def send_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Nothing was found at the gateway after the last look-up, and a person decides to create it anew."""
    shown = _charge_to_act_on(request, reference)
    try:
        doubt.send_again(shown, actor=request.user)  # type: ignore[arg-type]
    except AllSeatsTaken:
        messages.warning(request, _("Many calls are waiting for gateways right now. Try again in a moment."))
    return redirect(shown)


@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def new_code(request: HttpRequest, reference: str) -> HttpResponse:
    """A PIX code that has expired is followed by another; one that is made on demand is made now."""
    shown = _charge_to_act_on(request, reference)
    renewing.new_code(shown, actor=request.user)  # type: ignore[arg-type]
    return redirect(shown)


@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def new_link(request: HttpRequest, reference: str) -> HttpResponse:
    """The link went to somebody it was not for: from now on another one leads to the page."""
    shown = _charge_to_act_on(request, reference)
    links.new_link(shown, actor=request.user)  # type: ignore[arg-type]
    messages.success(request, _("The old link leads nowhere now. Send the customer the new one."))
    return redirect(shown)


@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def simulate_payment(request: HttpRequest, reference: str) -> HttpResponse:
    """Sandbox charges only: the gateway acts as if the customer had paid."""
    said = _("The sandbox has paid this charge.")
    return _simulated(request, reference, sandbox.simulate_payment, said=said)


@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def simulate_overdue(request: HttpRequest, reference: str) -> HttpResponse:
    """Sandbox charges only: the gateway acts as if the due date had passed."""
    said = _("The sandbox has made this charge overdue.")
    return _simulated(request, reference, sandbox.simulate_overdue, said=said)


def _simulated(request: HttpRequest, reference: str, act: Callable[..., None], *, said: str) -> HttpResponse:
    shown = _charge_to_act_on(request, reference)
    try:
        act(shown, actor=request.user)
    except sandbox.NotPossible as err:
        messages.error(request, err.text)
    else:
        messages.success(request, said)
    return redirect(shown)


def _charge_to_act_on(request: HttpRequest, reference: str) -> Charge:
    charges = Charge.objects.select_related("connection", "customer").visible_to(request.user)
    return get_object_or_404(charges, reference=reference)
