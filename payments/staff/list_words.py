"""The charge list in words: its saved views, and the filters in use as chips that can be taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from payments.models import ChargeStatus
from payments.money import as_typed
from payments.services.choosing import Basis, Days, Filters
from payments.staff.list_forms import MONEY_NAMES, PERIOD_NAMES, FilterForm
from payments.templatetags.wording import method_name

# Where a page begins, and which charges were ticked: no filters.
PLACES = ("before", "after", "chosen")


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A saved view of the list."""

    name: str
    label: str | Promise


TABS = (
    Tab(name="", label=pgettext_lazy("charges", "All")),
    Tab(name="waiting", label=pgettext_lazy("charges", "Waiting")),
    Tab(name="paid", label=pgettext_lazy("charges", "Paid")),
    Tab(name="overdue", label=pgettext_lazy("charges", "Overdue")),
    Tab(name="review", label=pgettext_lazy("charges", "To review")),
    Tab(name="refunded", label=pgettext_lazy("charges", "Refunded")),
)


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter in use, and the rest of the address once it is taken away."""

    name: str
    label: str
    without: str


def address_of(params: QueryDict, *left_out: str, **put: str) -> str:
    """``?…`` with some taken away and others put; ``?`` alone for none."""
    kept = params.copy()
    for name in (*PLACES, *left_out, *put):
        kept.pop(name, None)
    for name in [name for name, values in kept.lists() if not any(values)]:
        kept.pop(name)
    for name, value in put.items():
        kept[name] = value
    return f"?{kept.urlencode()}"


def chips(form: FilterForm, filters: Filters, params: QueryDict) -> list[Chip]:
    """One for each filter but the saved view; several states are one each."""
    found = [(name, label) for name, label in _said(form, filters) if label]
    own = [
        Chip(name=name, label=label, without=address_of(params, *_PARAMETERS.get(name, (name,))))
        for name, label in found
    ]
    return own + [_status(status, filters.statuses, params) for status in filters.statuses]


_PARAMETERS = {"days": ("days", "since", "until", "by"), "amount": ("least", "most")}


def _said(form: FilterForm, filters: Filters) -> Sequence[tuple[str, str]]:
    account = form.cleaned_data.get("connection")
    money = form.cleaned_data.get("money", "")
    return (
        ("days", period_in_words(form, filters) if filters.days else ""),
        ("method", method_name(filters.method) if filters.method else ""),
        ("connection", account.name if account else ""),
        ("operator", _("by %(name)s") % {"name": filters.operator} if filters.operator else ""),
        ("amount", _amounts(filters.least_cents, filters.most_cents)),
        ("money", str(MONEY_NAMES[money]) if money else ""),
        ("q", f"“{filters.text}”" if filters.text else ""),
    )


def _status(status: str, chosen: Sequence[str], params: QueryDict) -> Chip:
    kept = params.copy()
    kept.setlist("status", [other for other in chosen if other != status])
    label = str(ChargeStatus(status).label)
    return Chip(name="status", label=label[:1].upper() + label[1:], without=address_of(kept))


def period_in_words(form: FilterForm, filters: Filters) -> str:
    """``Paid: this month``; typed days as they are."""
    named = form.cleaned_data.get("days", "")
    has_own = form.cleaned_data.get("since") or form.cleaned_data.get("until")
    what = str(PERIOD_NAMES[named]).lower() if named and not has_own else _days(filters.days)
    return _BASIS[filters.basis] % {"days": what}


_BASIS: dict[str, Promise] = {
    Basis.CREATED.value: pgettext_lazy("charges by day", "Created: %(days)s"),
    Basis.DUE.value: pgettext_lazy("charges by day", "Due: %(days)s"),
    Basis.PAID.value: pgettext_lazy("charges by day", "Paid: %(days)s"),
}


def _days(days: Days) -> str:
    since = date_format(days.since, "SHORT_DATE_FORMAT") if days.since else ""
    until = date_format(days.until, "SHORT_DATE_FORMAT") if days.until else ""
    if since == until:
        return since
    if since and until:
        return _("%(since)s to %(until)s") % {"since": since, "until": until}
    return _("since %(day)s") % {"day": since} if since else _("until %(day)s") % {"day": until}


def _amounts(least: int | None, most: int | None) -> str:
    """Without a currency: accounts may have different ones."""
    low, high = (None if cents is None else as_typed(cents, "") for cents in (least, most))
    if low is None and high is None:
        return ""
    if low == high:
        return pgettext("amount", "exactly %(amount)s") % {"amount": low}
    if low is not None and high is not None:
        return pgettext("amount", "%(low)s to %(high)s") % {"low": low, "high": high}
    if low is not None:
        return pgettext("amount", "from %(amount)s") % {"amount": low}
    return pgettext("amount", "up to %(amount)s") % {"amount": high}
