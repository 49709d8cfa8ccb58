"""The page a customer opens: no login, no cookie, nothing changes by looking."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from payments import presentation
from payments.models import Charge, Payment

View = Callable[[HttpRequest, str], HttpResponse]


def _private(view: View) -> View:
    """Not to be stored, indexed or told to other sites: whoever has the address may pay."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return wrapped


def _charge(token: str) -> Charge:
    return get_object_or_404(Charge.objects.for_lists(), pay_token=token)


@require_safe
@_private
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Amount, code and state; a receipt once it is paid."""
    charge = _charge(token)
    context = {
        "charge": charge,
        "row": presentation.row(charge),
        "look": presentation.look(charge),
        "receipt": Payment.objects.filter(charge=charge, paid_at__isnull=False).first(),
    }
    return render(request, "payments/pay.html", context)


@require_safe
@_private
def state(request: HttpRequest, token: str) -> HttpResponse:
    """For the open page: changes when the page would look different."""
    look = presentation.look(_charge(token))
    return JsonResponse({"status": look.shape, "mark": look.mark})
