"""Operators' pages: list, new charge, detail."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from connections.gateways.base import Method
from connections.models import Connection
from payments import presentation
from payments.models import Charge, ChargeStatus
from payments.services.creation import NewCharge, create_charge
from payments.services.customers import save_customer
from payments.staff.forms import ChargeForm
from payments.staff.sentences import story

_PER_PAGE = 25


@require_safe
@login_required
@permission_required("payments.view_charge", raise_exception=True)
def charges(request: HttpRequest) -> HttpResponse:
    """The newest charges; ``tab`` narrows them, ``q`` finds one by name, reference or document."""
    listed = Charge.objects.for_lists().order_by("-created_at", "-pk")
    tab = presentation.tab_named(request.GET.get("tab", ""))
    listed = presentation.narrowed(listed, tab=tab, text=request.GET.get("q", "").strip())
    page = Paginator(listed, _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [presentation.row(charge) for charge in page],
        "tab": tab.name,
        "tabs": presentation.TABS,
        "q": request.GET.get("q", "").strip(),
        "can_charge": Connection.objects.usable().exists(),
    }
    return render(request, "payments/charges.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def new_charge(request: HttpRequest) -> HttpResponse:
    """One page: customer, amount, description, due date; afterwards straight to sending the link."""
    connections = Connection.objects.usable().order_by("-is_default", "name")
    form = ChargeForm(request.POST or None, connections=connections)
    if request.method == "POST" and form.is_valid():
        charge = create_charge(_new_charge(form, request))
        if charge.status == ChargeStatus.FAILED:
            messages.error(request, _("The gateway refused this charge. Correct it and create a new one."))
        return redirect(charge)
    context = {"form": form, "has_connections": connections.exists()}
    return render(request, "payments/new_charge.html", context, status=422 if form.errors else 200)


def _new_charge(form: ChargeForm, request: HttpRequest) -> NewCharge:
    typed = form.cleaned_data
    customer = save_customer(
        name=typed["name"],
        document_type=typed["document_type"],
        document=typed["document"],
        email=typed["email"],
        phone=typed["phone"],
    )
    return NewCharge(
        connection=typed["connection"],
        customer=customer,
        amount_cents=typed["amount"],
        description=typed["description"],
        due_date=typed["due_date"],
        submission=typed["submission"],
        method=Method(typed["method"]),
        actor=request.user if request.user.is_authenticated else None,
    )


@require_safe
@login_required
@permission_required("payments.view_charge", raise_exception=True)
def charge(request: HttpRequest, reference: str) -> HttpResponse:
    """One charge: amount and state, what to send, facts, and its story."""
    shown = get_object_or_404(Charge.objects.for_lists(), reference=reference)
    context = {
        "charge": shown,
        "row": presentation.row(shown),
        "payments": shown.payments.order_by("pk"),
        "sending": presentation.sending(shown),
        "story": story(shown),
    }
    return render(request, "payments/charge.html", context)
