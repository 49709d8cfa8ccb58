"""The page on which a person decides about a subscription to review."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from payments.models import Subscription, SubscriptionReview
from payments.money import format_cents
from payments.services import agreement_reviewing
from payments.staff import subscription_words
from payments.staff.subscriptions import subscription_for

_WHY = {
    SubscriptionReview.AMOUNT: gettext_lazy(
        "Somebody changed the amount at the gateway. What it charges from now on stays under review until"
        " you decide."
    ),
    SubscriptionReview.UNKNOWN_STATUS: gettext_lazy(
        "The gateway uses a word for the state of this subscription that we do not know. The state here stays"
        " as it is until the gateway says something else."
    ),
    SubscriptionReview.TWIN: gettext_lazy(
        "The gateway holds this subscription more than once, so the customer could be charged twice. Cancel"
        " the one that is not needed in the gateway's panel, and give back there what it charged."
    ),
    SubscriptionReview.LANDED: gettext_lazy(
        "It was given up here because the gateway refused it, but a call sent before had made it, so it goes"
        " on. If another was made in its place, the customer could be charged twice: cancel one of the two,"
        " and give back what it charged."
    ),
    SubscriptionReview.NOT_APPLIED: gettext_lazy(
        "Something that was to change does not show at the gateway, or not all of it: the story of the"
        " subscription tells what. Look at the subscription in the gateway's panel."
    ),
    SubscriptionReview.MISSING: gettext_lazy(
        "The gateway answered twice that it does not know this subscription. Look in its panel: what was"
        " erased there charges nobody any more. We ask again once a month."
    ),
}


class ReviewForm(forms.Form):
    """``cents`` is the gateway's amount as it was shown: that one is agreed to, and no other."""

    mark = forms.CharField(widget=forms.HiddenInput, max_length=64)
    cents = forms.IntegerField(widget=forms.HiddenInput, required=False)
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
        if self["note"].errors:
            note["aria-invalid"] = "true"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.review_charge", raise_exception=True)
def review(request: HttpRequest, reference: str) -> HttpResponseBase:
    """What differs, and one decision; one that rests on what is no longer so is not taken."""
    own = subscription_for(request, reference)
    if not own.review_reason:
        messages.info(request, _("This review is closed: there is nothing left to decide."))
        return redirect(own)
    asked = agreement_reviewing.theirs(own)
    shown = {
        "mark": subscription_words.live_mark(own),
        "cents": asked.amount_cents if asked and own.review_reason == SubscriptionReview.AMOUNT else None,
    }
    form = ReviewForm(request.POST if request.method == "POST" else None, initial=shown)
    is_changed = False
    if request.method == "POST" and form.is_valid():
        is_same = form.cleaned_data["mark"] == shown["mark"]
        if is_same and _decide(request, own, form.cleaned_data["note"], form.cleaned_data["cents"]):
            return redirect(own)
        is_changed = True
        form = ReviewForm({**shown, "note": form.cleaned_data["note"]})
    reason = SubscriptionReview(own.review_reason)
    agreed = own.amounts.filter(is_agreed=True).last()
    context = {
        "subscription": own,
        "row": subscription_words.row(own),
        "reason": reason,
        "why": _WHY[reason],
        "is_about_amount": reason == SubscriptionReview.AMOUNT,
        "theirs": format_cents(asked.amount_cents, own.currency) if asked else "",
        "ours": format_cents(agreed.amount_cents, own.currency) if agreed else "",
        "form": form,
        "is_changed": is_changed,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "payments/subscription_review.html", context, status=status)


def _decide(request: HttpRequest, own: Subscription, note: str, cents: int | None) -> bool:
    """False where what was agreed to is not what the gateway asks for any more."""
    actor: Any = request.user
    if own.review_reason != SubscriptionReview.AMOUNT:
        agreement_reviewing.close_review(own, actor=actor, note=note)
        said = _("The review is closed. It comes back only if the gateway shows the same again.")
        messages.success(request, said)
        return True
    if cents is None or not agreement_reviewing.agree_amount(own, cents=cents, actor=actor, note=note):
        return False
    amount = {"amount": format_cents(cents, own.currency)}
    messages.success(request, _("You agreed: each charge is %(amount)s from now on.") % amount)
    return True
