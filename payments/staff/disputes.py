"""The list of disputes: what is open, the nearest deadline first, and what was decided."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from payments.models import UNDECIDED, Dispute
from payments.staff import dispute_words

_PER_PAGE = 25
_OPEN = (*UNDECIDED, "")


@require_safe
@login_required
@permission_required("payments.view_dispute", raise_exception=True)
def disputes(request: HttpRequest) -> HttpResponse:
    """``tab`` is empty for the open ones, ``decided`` for the others."""
    listed = Dispute.objects.visible_to(request.user).select_related("connection", "charge__customer")
    listed = listed.defer("connection__credentials", "connection__webhook_secrets")
    is_decided = request.GET.get("tab") == "decided"
    if is_decided:
        listed = listed.exclude(state__in=_OPEN).order_by("-closed_at", "-pk")
    else:
        listed = listed.filter(state__in=_OPEN).order_by(F("deadline").asc(nulls_last=True), "-pk")
    page = Paginator(listed, _PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": dispute_words.lines(page), "tab": "decided" if is_decided else ""}
    return render(request, "payments/disputes.html", context)
