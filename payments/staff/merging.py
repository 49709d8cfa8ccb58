"""The page on which two customers that are one person become one."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from payments.models import Customer
from payments.services import merging
from payments.services.merging import NotPossible, Obstacle
from payments.staff import customer_words
from payments.staff.customers import customer_for

_WHY_NOT: dict[Obstacle, Promise] = {
    Obstacle.SAME: gettext_lazy("This is the same customer: choose another one."),
    Obstacle.DOCUMENTS: gettext_lazy("Both have a document, and not the same one: they are two people."),
    Obstacle.GONE: gettext_lazy("One of the two was anonymised or merged meanwhile: open the list again."),
    Obstacle.BEING_MADE: gettext_lazy(
        "Something is being made for the other one at a gateway: wait until it is certain, and try again."
    ),
    Obstacle.NOT_ALL: gettext_lazy(
        "They were charged on accounts that you do not work with, too: ask somebody who works with all."
    ),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.merge_customer", raise_exception=True)
def merge(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Who may be the same; ``other`` shows what would move, and a confirmed POST does it."""
    own = customer_for(request, public_id)
    other = _other(request)
    is_asked = request.method == "POST"
    if is_asked and other and "sure" in request.POST:
        return _merge(request, own, other)
    if is_asked:
        said = _("Tick the box to say that it is the same person.") if other else _("Choose a customer.")
        messages.error(request, said)
    preview = merging.preview(own, other, request.user) if other else None
    context = {
        "customer": own,
        "other": other,
        "preview": preview,
        "filled": customer_words.field_names(preview.filled) if preview else [],
        "dropped": customer_words.field_names(preview.dropped) if preview else [],
        "why_not": _WHY_NOT[preview.obstacle] if preview and preview.obstacle else "",
        "candidates": [] if other else _candidates(request, own),
    }
    return render(request, "payments/merge_customer.html", context, status=422 if is_asked else 200)


def _other(request: HttpRequest) -> Customer | None:
    typed = request.POST if request.method == "POST" else request.GET
    try:
        named = uuid.UUID(typed.get("other", ""))
    except ValueError:
        return None
    return Customer.objects.visible_to(request.user).filter(public_id=named).first()


def _candidates(request: HttpRequest, own: Customer) -> list[tuple[Customer, list[str]]]:
    found = merging.candidates(own, request.user)
    return [(one.customer, customer_words.field_names(one.alike)) for one in found]


def _merge(request: HttpRequest, own: Customer, other: Customer) -> HttpResponse:
    actor: User = request.user  # type: ignore[assignment]
    try:
        merging.merge(own, other, actor=actor)
    except NotPossible as refused:
        messages.error(request, str(_WHY_NOT[refused.obstacle]))
    else:
        messages.success(request, _("The two are one customer now."))
    return redirect(own)
