"""Forms that are checked while they are filled in: what is wrong, and what it comes to. Nothing is stored."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import Form
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from connections.models import Connection
from payments import presentation
from payments.models import Charge, ChargeTerms, Customer
from payments.services import refundable
from payments.staff.forms import ChargeForm
from payments.staff.refund_forms import RefundForm
from payments.staff.subscription_forms import SubscriptionForm
from payments.staff.subscriptions import accounts_for

_NEEDED = (
    "connection",
    "amount",
    "due_date",
    "instalments",
    "discount",
    "discount_days",
    "fine",
    "interest",
)


@never_cache
@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def new_charge(request: HttpRequest) -> JsonResponse:
    """The form for a new charge as typed so far, with its parcels and its terms."""
    form = ChargeForm(
        request.POST,
        connections=Connection.objects.usable().visible_to(request.user).order_by("-is_default", "name"),
        customers=Customer.objects.visible_to(request.user),
    )
    found = problems(form)
    for item in form.items.forms if form.has_items else ():
        found |= {item.add_prefix(name): texts for name, texts in problems(item).items()}
    previews = {
        "parcels-preview": render_to_string("payments/_parcels_preview.html", {"preview": form.preview}),
        "terms-preview": render_to_string("payments/_terms_preview.html", {"terms": _terms(form)}),
    }
    return JsonResponse({"problems": found, "previews": previews})


@never_cache
@require_POST
@login_required
@permission_required("payments.add_subscription", raise_exception=True)
def new_subscription(request: HttpRequest) -> JsonResponse:
    """The form for a new subscription as typed so far."""
    people = Customer.objects.visible_to(request.user)
    form = SubscriptionForm(request.POST, connections=accounts_for(request), customers=people)
    return JsonResponse({"problems": problems(form), "previews": {}})


@never_cache
@require_POST
@login_required
@permission_required("payments.refund_charge", raise_exception=True)
def refund(request: HttpRequest, reference: str) -> JsonResponse:
    """The form for giving money back as typed so far."""
    charge = get_object_or_404(Charge.objects.for_lists().visible_to(request.user), reference=reference)
    offers = refundable.offers(charge)
    if not offers:
        return JsonResponse({"problems": {}, "previews": {}})
    form = RefundForm(request.POST, charge=charge, offers=offers, chosen=offers[-1].payment.gateway_id)
    return JsonResponse({"problems": problems(form), "previews": {}})


def problems(form: Form) -> dict[str, list[str]]:
    """What is wrong with each box, by its name; what is wrong with the whole is said when it is sent."""
    told = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
    told.pop(NON_FIELD_ERRORS, None)
    return told


def _terms(form: ChargeForm) -> tuple[str, ...]:
    """Discount, fine and interest as the customer will read them; empty while something is missing."""
    typed = form.cleaned_data
    if any(name not in typed for name in _NEEDED):
        return ()
    terms = form.terms()
    agreed = ChargeTerms(
        amount_cents=form.parcel_base(),
        due_date=typed["due_date"],
        discount_cents=terms.discount_cents,
        discount_until=terms.discount_until,
        fine_cents=terms.fine_cents,
        interest_bp=terms.interest_bp,
    )
    return presentation.terms_to_come(agreed, typed["connection"].currency)
