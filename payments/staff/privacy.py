"""What the law lets a person ask for: everything that is held, and to be forgotten."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from connections.gateways.registry import gateway_class
from payments import moments
from payments.models import (
    Charge,
    Customer,
    CustomerActKind,
    CustomerAtGateway,
    Dispute,
    Payment,
    Refund,
    Subscription,
    TimelineEntry,
)
from payments.money import format_cents
from payments.services import anonymising, exporting
from payments.services.anonymising import NotPossible, Reason
from payments.services.contacting import note
from payments.services.held import Marks
from payments.services.merging import sees_all_of
from payments.staff.customers import customer_for
from payments.staff.sending_words import Sending


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.export_customer", raise_exception=True)
def export(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """A page to print; a POST is the file, and stays written."""
    own = customer_for(request, public_id)
    if not sees_all_of(own, request.user):
        messages.error(request, str(anonymising.SENTENCES[anonymising.Hindrance.NOT_ALL]))
        return redirect(own)
    if request.method == "POST":
        actor: User = request.user  # type: ignore[assignment]
        note(own, CustomerActKind.EXPORTED, actor=actor)
        name = f"customer-{own.public_id.hex[:8]}.json"
        options = {"indent": 2, "ensure_ascii": False}
        answer = JsonResponse(exporting.export(own), json_dumps_params=options)
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
    return render(request, "payments/export_customer.html", {"customer": own, "parts": [*_parts(own)]})


def _parts(own: Customer) -> Iterator[dict[str, Any]]:
    """What people read of it: a heading, the names of the columns, and the rows as text."""
    charges = Charge.objects.for_lists().filter(customer=own).order_by("created_at", "pk")
    heads = [_("Created"), _("Reference"), _("Description"), _("Amount"), _("Status"), _("Account")]
    yield _part(_("Charges"), heads, ([*_charge(one)] for one in charges))
    payments = (
        Payment.objects.filter(charge__customer=own)
        .select_related("charge", "connection")
        .defer("connection__credentials", "connection__webhook_secrets")
        .order_by("pk")
    )
    heads = [_("Charge"), _("Gateway id"), _("Received"), _("Given back"), _("Paid at")]
    yield _part(_("Payments at the gateway"), heads, ([*_payment(one)] for one in payments))
    refunds = Refund.objects.filter(charge__customer=own).select_related("charge", "payment").order_by("pk")
    heads = [_("Charge"), _("Amount"), _("Status"), _("Note"), _("Created")]
    yield _part(_("Refunds"), heads, ([*_refund(one)] for one in refunds))
    disputes = Dispute.objects.filter(charge__customer=own).select_related("charge").order_by("pk")
    heads = [_("Charge"), _("Amount"), _("Status"), _("Reason"), _("Created")]
    yield _part(_("Disputes"), heads, ([*_dispute(one)] for one in disputes))
    agreements = Subscription.objects.for_lists().filter(customer=own).order_by("pk")
    heads = [_("Created"), _("Reference"), _("Description"), _("Amount"), _("Status"), _("Account")]
    yield _part(_("Subscriptions"), heads, ([*_agreement(one)] for one in agreements))
    sent = TimelineEntry.objects.filter(code="sent", charge__customer=own).select_related("charge", "actor")
    yield _part(_("What was sent"), [_("Charge"), _("Sent"), _("When")], ([*_sent(one)] for one in sent))
    ids = CustomerAtGateway.objects.filter(customer=own).select_related("connection").order_by("pk")
    rows = ([one.connection.name, one.gateway_id] for one in ids)
    yield _part(_("At the gateways"), [_("Account"), _("Gateway id")], rows)


def _part(title: str, heads: list[str], rows: Iterator[list[str]]) -> dict[str, Any]:
    cells = [[*zip(heads, row, strict=True)] for row in rows]
    return {"title": title, "heads": heads, "rows": cells}


def _charge(one: Charge) -> Iterator[str]:
    yield from (_moment(one.created_at), one.reference, one.description)
    yield from (format_cents(one.amount_cents, one.currency), one.get_status_display(), one.connection.name)


def _payment(one: Payment) -> Iterator[str]:
    currency = one.currency or one.charge.currency
    yield from (one.charge.reference, one.gateway_id, format_cents(one.received_cents, currency))
    paid = moments.in_words(one.paid_at, one.connection.time_zone) if one.paid_at else "–"
    yield from (format_cents(one.refunded_cents, currency), paid)


def _refund(one: Refund) -> Iterator[str]:
    yield from (one.charge.reference, format_cents(one.amount_cents, one.currency))
    yield from (one.get_state_display(), one.note, _moment(one.created_at))


def _dispute(one: Dispute) -> Iterator[str]:
    yield from (one.charge.reference, format_cents(one.amount_cents, one.currency))
    yield from (one.get_state_display() or one.gateway_status, one.reason, _moment(one.opened_at))


def _agreement(one: Subscription) -> Iterator[str]:
    yield from (_moment(one.created_at), one.reference, one.description)
    yield from (format_cents(one.amount_cents, one.currency), one.get_state_display(), one.connection.name)


def _sent(one: TimelineEntry) -> Iterator[str]:
    who = one.actor.get_username() if one.actor else _("The system")
    how = str(Sending(one.data["how"]).label) % {"who": who}
    yield from (one.charge.reference if one.charge else "", how, _moment(one.at))


def _moment(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT") if moment else "–"


class AnonymiseForm(forms.Form):
    """``typed_name`` is typed once more, so that nobody forgets the wrong person."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[("", gettext_lazy("Choose one")), *Reason.choices],
        error_messages={"required": gettext_lazy("Choose why: others will read it later.")},
    )
    request_number = forms.CharField(
        label=gettext_lazy("Number of the request"), max_length=60, required=False
    )
    typed_name = forms.CharField(label=gettext_lazy("Type the name of the customer"), max_length=120)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer
        self.fields["typed_name"].widget.attrs["autocomplete"] = "off"
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                attrs = {"aria-invalid": "true", "aria-describedby": f"error-{name}"}
                self.fields[name].widget.attrs.update(attrs)

    def clean_typed_name(self) -> str:
        typed: str = self.cleaned_data["typed_name"]
        if " ".join(typed.split()).casefold() != " ".join(self.customer.name.split()).casefold():
            raise forms.ValidationError(_("This is not the name above: type it as it stands there."))
        return typed

    def clean_request_number(self) -> str:
        typed: str = self.cleaned_data["request_number"]
        if Marks(self.customer).are_in(typed):
            raise forms.ValidationError(_("This number stays: it may not name the person."))
        return typed


_KEPT: tuple[Promise, ...] = (
    gettext_lazy("Name, document, e-mail, phone and address are removed, here and in what gateways told us."),
    gettext_lazy("Amounts, dates, references and states stay, as the law asks for them."),
    gettext_lazy("In descriptions and notes the name, document, e-mail and phone are blotted out."),
    gettext_lazy("The links to pay stop working."),
    gettext_lazy("This cannot be undone. Who did it, when and why stays written."),
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.anonymise_customer", raise_exception=True)
def anonymise(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What it means and what is in the way; done by a POST with a reason and the name once more."""
    own = customer_for(request, public_id)
    actor: User = request.user  # type: ignore[assignment]
    found = anonymising.hindrances(own, actor)
    is_asked = request.method == "POST"
    form = AnonymiseForm(request.POST if is_asked else None, customer=own)
    if is_asked and not found and form.is_valid():
        return _anonymise(request, own, form)
    context = {
        "customer": own,
        "form": form,
        "hindrances": [(one.value, anonymising.SENTENCES[one]) for one in found],
        "effects": _KEPT,
        "erasures": [*_erasures(own)],
    }
    return render(request, "payments/anonymise_customer.html", context, status=422 if is_asked else 200)


def _anonymise(request: HttpRequest, own: Customer, form: AnonymiseForm) -> HttpResponse:
    actor: User = request.user  # type: ignore[assignment]
    typed = form.cleaned_data
    try:
        anonymising.anonymise(
            own, actor=actor, reason=Reason(typed["reason"]), request=typed["request_number"]
        )
    except NotPossible as refused:
        for one in refused.hindrances:
            messages.error(request, str(anonymising.SENTENCES[one]))
    else:
        messages.success(request, _("Nothing here names the person any more."))
        for label, said, ids in _erasures(own):
            messages.warning(request, f"{label}: {said} {', '.join(ids)}")
    return redirect(own)


def _erasures(own: Customer) -> Iterator[tuple[str, str, list[str]]]:
    """By gateway that charged the person: how it forgets, and the ids it knows."""
    used = {*own.charges.values_list("connection__gateway", flat=True)}
    used |= {*own.subscriptions.values_list("connection__gateway", flat=True)}
    for name in sorted(used):
        gateway = gateway_class(name)
        ids = own.at_gateways.filter(connection__gateway=name).order_by("pk")
        named = [*ids.values_list("gateway_id", flat=True)] if gateway.keeps_customers else []
        yield gateway.label, _(gateway.erasure), named
