"""The pages on which money is given back, and on which a person says what became of a refund in doubt."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from connections.waiting import AllSeatsTaken
from payments import presentation
from payments.models import Charge, Refund, RefundProgress, RefundReason
from payments.money import format_cents
from payments.services import refund_doubt, refundable, refunding
from payments.services.refund_doubt import Decided
from payments.services.refundable import NotPossible, Offer
from payments.services.refunding import NewRefund
from payments.staff import refund_words
from payments.staff.refund_forms import DoubtForm, RefundForm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.refund_charge", raise_exception=True)
def give_back(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Which payment, how much and why; then once more with what it means, and only then it is asked for."""
    charge = _charge(request, reference)
    if sent := _sent_before(request, charge):
        messages.info(request, _("This form had already been sent: nothing more was given back."))
        return redirect(sent.charge)
    offers = refundable.offers(charge)
    if not offers:
        messages.info(request, str(refund_words.NO_OFFER))
        return redirect(charge)
    chosen = _chosen(offers, request.GET.get("payment", ""))
    typed = request.POST if request.method == "POST" else None
    form = RefundForm(typed, charge=charge, offers=offers, chosen=chosen)
    is_right = request.method == "POST" and "change" not in request.POST and form.is_valid()
    if is_right and "confirmed" in request.POST:
        return _ask(request, charge, form)
    context = {**_context(charge, form), "is_confirming": is_right}
    is_wrong = bool(form.errors) and "change" not in request.POST
    return render(request, "payments/refund.html", context, status=422 if is_wrong else 200)


def _ask(request: HttpRequest, charge: Charge, form: RefundForm) -> HttpResponse:
    typed = form.cleaned_data
    try:
        refund = refunding.give_back(
            NewRefund(
                payment=form.offer.payment,
                amount_cents=typed["amount"],
                reason=RefundReason(typed["reason"]),
                submission=typed["submission"],
                note=typed["note"].strip(),
                actor=request.user,  # type: ignore[arg-type]
            )
        )
    except NotPossible as refused:
        messages.error(request, refund_words.obstacle(charge, refused))
        return redirect("refund_charge", charge.reference)
    _tell(request, refund)
    return redirect(charge)


def _tell(request: HttpRequest, refund: Refund) -> None:
    amount = {"amount": format_cents(refund.amount_cents, refund.currency)}
    if refund.state == RefundProgress.DONE:
        messages.success(request, _("%(amount)s was given back.") % amount)
    elif refund.state == RefundProgress.DENIED:
        messages.error(request, _("%(amount)s was not given back. The reason is below.") % amount)
    elif refund.payer_link:
        messages.warning(request, _("Send the customer the link below: without their form nothing moves."))
    else:
        messages.info(request, _("%(amount)s is on its way. The state below changes by itself.") % amount)


def _context(charge: Charge, form: RefundForm) -> dict[str, Any]:
    amount = form.cleaned_data.get("amount") if form.is_bound and form.is_valid() else None
    reason = form.cleaned_data.get("reason") if amount else ""
    return {
        "charge": charge,
        "row": presentation.row(charge),
        "form": form,
        "chosen": refund_words.row(charge, form.offer),
        "payments": [refund_words.row(charge, offer) for offer in form.offers.values()],
        "effects": refund_words.effects(charge, form.offer),
        "amount": format_cents(amount, charge.currency) if amount else "",
        "reason": RefundReason(reason).label if reason else "",
    }


def _chosen(offers: Sequence[Offer], wanted: str) -> str:
    """The payment that was asked for, else the newest that something can be given back of."""
    names = [offer.payment.gateway_id for offer in offers]
    possible = [offer.payment.gateway_id for offer in offers if not offer.obstacle]
    return wanted if wanted in names else [*names[-1:], *possible][-1]


def _sent_before(request: HttpRequest, charge: Charge) -> Refund | None:
    try:
        submission = uuid.UUID(request.POST.get("submission", ""))
    except ValueError:
        return None
    return charge.refunds.filter(submission=submission).first()


def _charge(request: HttpRequest, reference: str) -> Charge:
    return get_object_or_404(Charge.objects.for_lists().visible_to(request.user), reference=reference)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.refund_charge", raise_exception=True)
def refund(request: HttpRequest, reference: str, refund_id: uuid.UUID) -> HttpResponseBase:
    """A refund nobody knows of: what we know, and a person's word about it."""
    charge = _charge(request, reference)
    shown = get_object_or_404(charge.refunds.select_related("payment", "requested_by"), public_id=refund_id)
    if not shown.is_for_person:
        return redirect(charge)
    form = DoubtForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _decide(request, charge, shown, was_made=form.cleaned_data["was_made"])
    context = {
        "charge": charge,
        "row": presentation.row(charge),
        "line": refund_words.line(charge, shown),
        "form": form,
    }
    return render(request, "payments/refund_doubt.html", context, status=422 if form.errors else 200)


def _decide(request: HttpRequest, charge: Charge, shown: Refund, *, was_made: bool) -> HttpResponse:
    try:
        outcome = refund_doubt.decide(shown, was_made=was_made, actor=request.user)  # type: ignore[arg-type]
    except AllSeatsTaken:
        messages.warning(request, _("Many calls are waiting for gateways right now. Try again in a moment."))
        return redirect(shown)
    if outcome == Decided.NOT_ASKED:
        text = _("The gateway could not be asked just now, so nothing was decided. Try again in a moment.")
        messages.warning(request, text)
    elif outcome == Decided.NOT_THERE:
        text = _("The gateway shows no refund of this amount, so it cannot be taken for this one.")
        messages.error(request, text)
    elif outcome == Decided.FOUND:
        messages.success(request, _("The gateway shows it by now: it is this refund."))
    elif outcome == Decided.CHANGED:
        messages.info(request, _("This had been settled meanwhile. Nothing was changed."))
    else:
        messages.success(request, _("Your decision is kept with the charge."))
    return redirect(shown) if outcome in (Decided.NOT_ASKED, Decided.NOT_THERE) else redirect(charge)
