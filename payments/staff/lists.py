"""The list of charges: found by filters that the address keeps, page by page, with its totals aside."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connections.models import Connection
from payments import presentation
from payments.models import Charge
from payments.models.charges import ChargeQuerySet
from payments.services import totalling
from payments.services.choosing import Days, Filters, narrowed
from payments.staff import list_words
from payments.staff.list_forms import FilterForm
from payments.staff.paging import page

_MOST_TICKED = 500
_FOR_MANY = ("payments.cancel_charge", "payments.export_charge")
# What the form asks for: it opens by itself where one of them cannot be understood.
_IN_THE_FORM = (
    *("by", "days", "since", "until", "status", "method"),
    *("connection", "operator", "least", "most", "money"),
)


def chosen_by(request: HttpRequest, filters: Filters) -> ChargeQuerySet:
    """What the filters let through of the charges a person may see."""
    return narrowed(Charge.objects.visible_to(request.user), filters)


class NotUnderstood(Exception):
    """A filter says nothing that can be understood: without it more would be meant than somebody wants."""


def meant(request: HttpRequest) -> ChargeQuerySet:
    """Those that were ticked, wherever the list has moved meanwhile; else all that match its filters.

    Raises ``NotUnderstood``.
    """
    if ticked := request.GET.getlist("chosen"):
        return Charge.objects.visible_to(request.user).filter(reference__in=ticked[:_MOST_TICKED])
    form = FilterForm(request.GET, user=request.user)
    if not form.is_valid():
        raise NotUnderstood
    return chosen_by(request, form.filters())


def ask_again(request: HttpRequest) -> HttpResponse:
    """Back to the list, which says what is wrong with its filters."""
    messages.error(request, _("One of the filters cannot be understood. Correct it first."))
    return redirect(reverse("charges") + list_words.address_of(request.GET))


@require_safe
@login_required
@permission_required("payments.view_charge", raise_exception=True)
def charges(request: HttpRequest) -> HttpResponse:
    """The newest charges first. Nothing here counts the list."""
    form = FilterForm(request.GET, user=request.user)
    filters = form.filters()
    listed = chosen_by(request, filters).for_lists()
    shown = page(listed, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    chips = list_words.chips(form, filters, request.GET)
    is_narrowed = bool(chips or filters.view)
    context = {
        "form": form,
        "filters": filters,
        "page": shown,
        "rows": [presentation.row(charge) for charge in shown.charges],
        "tabs": [
            (tab, list_words.address_of(request.GET, "tab", **_tab(tab.name))) for tab in list_words.TABS
        ],
        "chips": chips,
        "is_narrowed": is_narrowed,
        "is_wrong": any(name in form.errors for name in _IN_THE_FORM),
        "kept_in_search": _others(request, "q"),
        "kept_in_form": _others(request, *_IN_THE_FORM),
        "same": list_words.address_of(request.GET),
        "zone": timezone.get_current_timezone_name(),
        "may_choose": any(request.user.has_perm(name) for name in _FOR_MANY),
        "wider": _wider(request, filters) if is_narrowed and not shown.charges else "",
        "can_charge": Connection.objects.usable().visible_to(request.user).exists(),
    }
    return render(request, "payments/charges.html", context)


def _tab(name: str) -> dict[str, str]:
    return {"tab": name} if name else {}


def _others(request: HttpRequest, *own: str) -> list[tuple[str, str]]:
    """What a form sends along of the address, so that its own fields are all that it changes."""
    return [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if value and name not in (*own, *list_words.PLACES)
    ]


def _wider(request: HttpRequest, filters: Filters) -> str:
    """The address without the days, where something would be found there."""
    if not filters.days or not chosen_by(request, replace(filters, days=Days())).exists():
        return ""
    return list_words.address_of(request.GET, "days", "since", "until", "by")


@require_safe
@login_required
@permission_required("payments.view_charge", raise_exception=True)
def totals(request: HttpRequest) -> HttpResponse:
    """What all that match add up to: fetched after the list, or opened by who has no script."""
    form = FilterForm(request.GET, user=request.user)
    filters = form.filters()
    context = {
        "found": totalling.totals(chosen_by(request, filters)),
        "same": list_words.address_of(request.GET),
        "chips": list_words.chips(form, filters, request.GET),
        "tab": next(tab for tab in list_words.TABS if tab.name == filters.view),
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "payments/charge_totals.html", context)
