"""The page a customer opens: no login, no cookie, nothing changes by looking."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from connections.branding import Brand
from payments import presentation
from payments.breakdown import Breakdown, breakdown
from payments.models import Charge
from payments.public import sheet
from payments.public.look import look
from payments.public.origin import is_from_our_page
from payments.public.reader import reader_of
from payments.services import renewing

View = Callable[[HttpRequest, str], HttpResponse]


def _private(view: View) -> View:
    """Not to be stored, indexed or told to other sites: whoever has the address may pay."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        return response

    return wrapped


def _charge(token: str) -> Charge:
    charges = Charge.objects.for_lists().select_related("connection__brand")
    return get_object_or_404(charges, pay_token=token)


def _charge_alone(token: str) -> Charge:
    """Without the picture of the brand: open pages ask every three seconds."""
    charges = Charge.objects.for_lists().select_related("connection__brand")
    return get_object_or_404(charges.defer("connection__brand__logo"), pay_token=token)


@require_safe
@_private
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Amount, code and state; a receipt once it is paid."""
    charge = _charge(token)
    reader = reader_of(request, charge)
    with translation.override(reader.language):
        shown = look(charge)
        context = {
            "charge": charge,
            "row": presentation.row(charge),
            "look": shown,
            "reader": reader,
            "sheet_mark": sheet.mark(shown.brand) if shown.brand else "",
            "breakdown": _breakdown(charge),
            "receipt": charge.payments.filter(paid_at__isnull=False).order_by("pk").first(),
        }
        response = render(request, "payments/pay.html", context)
    response["Content-Language"] = reader.language
    if shown.shape == "renewable":
        # For the form there: without it, older browsers hide from us, too, where a form was sent from.
        response["Referrer-Policy"] = "same-origin"
    return response


def _breakdown(charge: Charge) -> Breakdown | None:
    """Only while it comes to what is asked for."""
    found = breakdown(charge)
    return found if found and found.is_current else None


@csrf_exempt
@require_POST
@_private
def code(request: HttpRequest, token: str) -> HttpResponse:
    """Make the PIX code, the first one or a new one. How many an hour is the service's rule."""
    if not is_from_our_page(request):
        return render(request, "payments/not_from_here.html", status=403)
    charge = _charge(token)
    renewing.new_code(charge, actor=None)
    page = reverse("pay", args=[charge.pay_token]) + reader_of(request, charge).query
    return HttpResponse(status=303, headers={"Location": page})


@require_safe
def stylesheet(request: HttpRequest, public_id: UUID, mark: str) -> HttpResponse:
    """The page's style in the colour of a brand: a file, as the policy of the page allows no other place."""
    brand = get_object_or_404(Brand.objects.defer("logo"), public_id=public_id)
    answer = HttpResponse(sheet.text(brand), content_type="text/css; charset=utf-8")
    is_this = mark == sheet.mark(brand)
    answer["Cache-Control"] = "public, max-age=31536000, immutable" if is_this else "no-cache"
    return answer


@require_safe
@_private
def state(request: HttpRequest, token: str) -> HttpResponse:
    """For the open page: changes when the page would look different."""
    seen = look(_charge_alone(token))
    return JsonResponse({"status": seen.shape, "mark": seen.mark})
