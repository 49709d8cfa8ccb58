"""A customer found while typing, for the forms of a new charge and a new subscription."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from connections.gateways.documents import bare
from payments.models import Customer
from payments.models.customers import CustomerQuerySet
from payments.staff.addresses import PARTS
from payments.templatetags.wording import masked

SHORTEST = 2
_MOST = 8
_SHORTEST_NUMBER = 4


def narrowed(listed: CustomerQuerySet, text: str) -> CustomerQuerySet:
    """Those whose name or e-mail has a text in it, whose document or phone begins with its digits."""
    if not text:
        return listed
    found = Q(name__icontains=text) | Q(email__icontains=text)
    number = bare(text)
    if len(number) >= _SHORTEST_NUMBER and any(letter.isdigit() for letter in number):
        found |= Q(document__startswith=number) | Q(phone__contains=number)
    return listed.filter(found)


def initial(request: HttpRequest) -> dict[str, Any]:
    """What a form begins with when the address names a customer."""
    try:
        named = uuid.UUID(request.GET.get("customer", ""))
    except ValueError:
        return {}
    people = Customer.objects.visible_to(request.user)
    known = people.filter(public_id=named, anonymised_at=None).first()
    if known is None:
        return {}
    parts = {name: getattr(known, name) for name in (*PARTS, "language")}
    return {
        "customer": known.public_id,
        "name": known.name,
        "email": known.email,
        "phone": known.phone,
        **parts,
    }


@never_cache
@require_safe
@login_required
@permission_required("payments.view_customer", raise_exception=True)
def search(request: HttpRequest) -> JsonResponse:
    """The newest few that fit ``q``. No document leaves the house: the form names the row instead."""
    text = request.GET.get("q", "").strip()[:120]
    found: list[Customer] = []
    if len(text) >= SHORTEST:
        people = Customer.objects.visible_to(request.user).filter(anonymised_at=None)
        found = list(narrowed(people, text).order_by("-pk")[: _MOST + 1])
    return JsonResponse({"customers": [_told(one) for one in found[:_MOST]], "has_more": len(found) > _MOST})


def _told(customer: Customer) -> dict[str, Any]:
    fills = ("name", "email", "phone", "language", *PARTS)
    return {
        "id": str(customer.public_id),
        "document": masked(customer.document),
        "country": customer.country,
        "fields": {name: getattr(customer, name) for name in fills},
    }
