"""Charges as a file for spreadsheets: those ticked in the list, or all that match its filters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config import clock
from payments import csv_lines, moments
from payments.models import Charge, ReviewReason
from payments.models.charges import ChargeQuerySet
from payments.staff import lists, paging
from payments.staff.list_forms import zone
from payments.templatetags.wording import method_name


@require_safe
@login_required
@permission_required("payments.export_charge", raise_exception=True)
@permission_required("payments.view_charge", raise_exception=True)
def export(request: HttpRequest) -> HttpResponseBase:
    """One line for each charge, the newest first, as Brazilian spreadsheets read it."""
    try:
        meant = lists.meant(request).filter(created_at__lte=clock.now())
    except lists.NotUnderstood:
        return lists.ask_again(request)
    if "chosen" in request.GET and not meant.exists():
        messages.info(request, _("No charge was chosen: tick some in the list first."))
        return redirect("charges")
    rows = _in_language(_rows(meant, zone(), timezone.get_current_timezone_name()))
    response = StreamingHttpResponse(csv_lines.lines(rows), content_type="text/csv; charset=utf-8")
    name = f"{_('charges')}-{timezone.localdate(clock.now()).isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _in_language(rows: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    """The reader's, which is no longer the thread's by the time the lines are sent."""
    language = translation.get_language()
    while True:
        with translation.override(language):
            row = next(rows, None)
        if row is None:
            return
        yield row


def _rows(charges: ChargeQuerySet, where: tzinfo, zone_name: str) -> Iterator[Sequence[str]]:
    def moment(title: str) -> str:
        return f"{title} ({zone_name})"

    yield (
        *(_("Charge"), _("Status"), _("To review"), _("Account"), _("Gateway"), _("Environment")),
        *(_("Customer"), _("Document"), _("Description"), _("Way of paying"), _("Parcels")),
        *(_("Currency"), _("Amount"), _("Received"), _("Refunded"), _("Fee"), _("Net")),
        *(moment(_("Created at")), _("Due date"), moment(_("Paid at")), moment(_("Settled at"))),
        *(_("Created by"), _("Reference at the gateway")),
    )
    listed = charges.for_lists().select_related("created_by")
    for charge in paging.in_portions(listed):
        yield _row(charge, where)


def _row(charge: Charge, where: tzinfo) -> Sequence[str]:
    account, customer = charge.connection, charge.customer
    review = str(ReviewReason(charge.review_reason).label) if charge.review_reason else ""
    sums = (charge.amount_cents, charge.received_cents, charge.refunded_cents)
    costs = (charge.fee_cents, charge.net_cents)
    return (
        *(charge.reference, str(charge.get_status_display()), review),
        *(csv_lines.text(account.name), account.gateway_label, str(account.get_environment_display())),
        *(csv_lines.text(text) for text in (customer.name, customer.document, charge.description)),
        *(str(method_name(charge.method)), str(charge.instalments), charge.currency),
        *(csv_lines.amount(cents) for cents in sums),
        *("" if cents is None else csv_lines.amount(cents) for cents in costs),
        *(_when(charge.created_at, where), charge.due_date.isoformat()),
        *(_came(moment, where, account.time_zone) for moment in (charge.paid_at, charge.settled_at)),
        csv_lines.text(charge.created_by.get_username() if charge.created_by else ""),
        csv_lines.text(charge.foreign_reference),
    )


def _came(moment: datetime | None, where: tzinfo, zone: str) -> str:
    """A day without a time is the account's own day, whatever the zone of the file."""
    if moment and moments.is_day_alone(moment, zone):
        return moments.for_machines(moment, zone)
    return _when(moment, where)


def _when(moment: datetime | None, where: tzinfo) -> str:
    return moment.astimezone(where).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
