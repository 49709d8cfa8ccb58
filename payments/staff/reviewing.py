"""The page on which a person decides about a charge to review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from payments import gate, presentation
from payments.models import Charge, Payment, ReviewReason
from payments.money import format_cents
from payments.services import reviewing
from payments.services.reviewing import Compared, Decision, Outcome, Review

_WHY = {
    ReviewReason.AMOUNT: gettext_lazy(
        "A payment came in, but its amount is not what was agreed for the day it was paid."
    ),
    ReviewReason.CURRENCY: gettext_lazy("A payment came in, but in another currency than the charge."),
    ReviewReason.ACCOUNT: gettext_lazy(
        "A payment came in, but to another account than the one this charge was made on."
    ),
    ReviewReason.REFERENCE: gettext_lazy(
        "A payment came in, but at the gateway it carries another reference than this charge."
    ),
    ReviewReason.MOVED_BACK: gettext_lazy(
        "The gateway had shown money for this charge and shows none any more. That happens when a receipt"
        " in cash is undone there."
    ),
    ReviewReason.TERMS: gettext_lazy(
        "Somebody changed this charge in the gateway's panel: it asks the customer for other terms than ours."
    ),
    ReviewReason.PIX_CODE: gettext_lazy(
        "The gateway gave a PIX code that no bank would read, or that asks for another amount. The customer"
        " does not see it."
    ),
    ReviewReason.DOUBLE_PAYMENT: gettext_lazy("The customer paid this charge more than once."),
    ReviewReason.TWIN: gettext_lazy(
        "The gateway holds this charge more than once, so the customer could pay it twice."
    ),
    ReviewReason.REFUND: gettext_lazy("Nobody knows whether a refund was made."),
    ReviewReason.DO_NOT_DELIVER: gettext_lazy(
        "The gateway suspects fraud behind this payment. Do not hand over what was sold; the gateway may take"
        " the money back."
    ),
    ReviewReason.UNKNOWN_STATUS: gettext_lazy(
        "The gateway uses a word for the state of this payment that we do not know. The status here stays"
        " as it is until the gateway says something else."
    ),
}
_BUTTONS = {
    Decision.COUNT: gettext_lazy("Count this money as the payment"),
    Decision.FOLLOW: gettext_lazy("Follow the gateway"),
    Decision.AGREE: gettext_lazy("Agree with the gateway's terms"),
    Decision.WITHOUT_CODE: gettext_lazy("Go on without the code"),
    Decision.SEEN: gettext_lazy("I have seen it: close the review"),
}
_EFFECTS = {
    Decision.COUNT: gettext_lazy(
        "The charge becomes paid with what was received. Nothing more is asked of the customer."
    ),
    Decision.FOLLOW: gettext_lazy(
        "The charge takes the status the gateway shows now, and may ask the customer for money again."
    ),
    Decision.AGREE: gettext_lazy(
        "The charge takes over amount, due date, discount, fine and interest as the gateway asks for them."
        " The PIX code is fetched anew, and the customer can pay again."
    ),
    Decision.WITHOUT_CODE: gettext_lazy(
        "The customer can pay again, on the gateway's own page instead of with the code."
    ),
    Decision.SEEN: gettext_lazy("Nothing moves. The review comes back only if something changes again."),
}
_BACK = gettext_lazy(
    "Money can also be given back instead, from the charge's page or in the gateway's panel: it shows up"
    " here by itself."
)
_ELSEWHERE = {
    ReviewReason.TERMS: gettext_lazy(
        "To keep our terms, change the charge back in the gateway's panel: the review closes by itself."
    ),
    ReviewReason.PIX_CODE: gettext_lazy("A new charge gets a new code; cancel this one at the gateway then."),
    ReviewReason.TWIN: gettext_lazy(
        "Delete the one that is not needed in the gateway's panel. Money is given back there, too."
    ),
    ReviewReason.UNKNOWN_STATUS: gettext_lazy("Look at the payment in the gateway's panel."),
    ReviewReason.DO_NOT_DELIVER: gettext_lazy(
        "Ask the customer, and look at the payment in the gateway's panel. Giving the money back is the way"
        " out where the sale is called off."
    ),
    ReviewReason.MOVED_BACK: gettext_lazy(
        "If the money did arrive, mend it in the gateway's panel: a payment shown there again counts here."
    ),
}


class DecisionForm(forms.Form):
    mark = forms.CharField(widget=forms.HiddenInput, max_length=64)
    note = forms.CharField(
        label=gettext_lazy("Why you decide so"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "class": "input"}),
        error_messages={"required": gettext_lazy("Write a few words: others will read them later.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        note = self.fields["note"].widget.attrs
        note["aria-describedby"] = "error-note" if self["note"].errors else "hint-note"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A payment as the page compares it: in words, ready to show."""

    compared: Compared
    expected: str
    received: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.review_charge", raise_exception=True)
def review(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Expected against received, what can be decided, and the decision."""
    charges = Charge.objects.for_lists().visible_to(request.user)
    charge = get_object_or_404(charges, reference=reference)
    shown = reviewing.review(charge)
    if shown is None:
        return redirect(charge)
    if shown.reason == ReviewReason.REFUND and (lost := charge.refunds.filter(is_for_person=True).first()):
        return redirect(lost)
    form = DecisionForm(request.POST or None, initial={"mark": shown.mark})
    if request.method == "POST" and form.is_valid():
        return _decide(request, charge, form)
    context = _context(charge, shown, form)
    return render(request, "payments/review.html", context, status=422 if form.errors else 200)


def _decide(request: HttpRequest, charge: Charge, form: DecisionForm) -> HttpResponse:
    outcome = reviewing.accept(
        charge,
        mark=form.cleaned_data["mark"],
        actor=request.user,  # type: ignore[arg-type]
        note=form.cleaned_data["note"],
    )
    if outcome == Outcome.DECIDED:
        messages.success(request, _("Your decision is kept with the charge."))
    elif outcome == Outcome.ALREADY:
        messages.info(request, _("Somebody had already decided this. Nothing was changed."))
    else:
        messages.warning(
            request, _("The charge changed while you were looking at it. Nothing was decided: look again.")
        )
    charge.refresh_from_db()
    return redirect("review", charge.reference) if charge.review_reason else redirect(charge)


def _context(charge: Charge, shown: Review, form: DecisionForm) -> dict[str, Any]:
    (decision,) = reviewing.decisions_for(shown.reason)
    return {
        "charge": charge,
        "row": presentation.row(charge),
        "review": shown,
        "why": _WHY[shown.reason],
        "payments": [_row(charge, compared) for compared in shown.payments],
        "changes": _changes(charge, shown) if shown.reason == ReviewReason.TERMS else [],
        "button": _BUTTONS[decision],
        "effect": _EFFECTS[decision],
        "elsewhere": _ELSEWHERE.get(shown.reason, _BACK),
        "form": form,
        "to_give_back": _second(shown) if shown.reason == ReviewReason.DOUBLE_PAYMENT else None,
    }


def _second(shown: Review) -> Payment | None:
    """Of several payments the one that came last."""
    concerned = [compared.payment for compared in shown.payments if compared.is_concerned]
    by_time = sorted(
        concerned, key=lambda payment: (payment.paid_at is not None, payment.paid_at, payment.pk)
    )
    return by_time[-1] if by_time else None


def _row(charge: Charge, compared: Compared) -> Row:
    payment = compared.payment
    return Row(
        compared=compared,
        expected=_(" or ").join(_range(one, charge.currency) for one in compared.expected),
        received=format_cents(payment.received_cents, payment.currency or charge.currency),
    )


def _range(one: gate.Range, currency: str) -> str:
    low, high = format_cents(one.low, currency), format_cents(one.high, currency)
    return low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}


def _changes(charge: Charge, shown: Review) -> list[tuple[str, str, str]]:
    """Name, ours and the gateway's, of every term that differs."""
    ours, theirs = shown.ours, shown.theirs
    if ours is None or theirs is None:
        return []
    both = zip(_terms(ours, charge.currency), _terms(theirs, charge.currency), strict=True)
    return [(name, before, after) for (name, before), (_same, after) in both if before != after]


def _terms(version: gate.Terms, currency: str) -> list[tuple[str, str]]:
    return [
        (_("Amount"), format_cents(version.amount_cents, currency)),
        (_("Due date"), _day(version.due_date)),
        (_("Discount"), _discount(version, currency)),
        (_("Fine"), format_cents(version.fine_cents, currency)),
        (_("Interest a month"), presentation.percent(version.interest_bp)),
    ]


def _discount(version: gate.Terms, currency: str) -> str:
    if not version.discount_cents or version.discount_until is None:
        return _("none")
    discount = format_cents(version.discount_cents, currency)
    return _("%(discount)s until %(day)s") % {"discount": discount, "day": _day(version.discount_until)}


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
