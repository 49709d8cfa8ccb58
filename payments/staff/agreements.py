"""The pages on which a subscription is paused, resumed, changed and cancelled."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from payments.models import AgreementChange, AgreementChangeKind, Subscription
from payments.money import LARGEST_CENTS, NotAnAmount, as_typed, parse_amount
from payments.services import agreement_changing, agreement_hindrances
from payments.services.agreement_hindrances import NewAgreementChange, NotPossible
from payments.staff import agreement_words, subscription_words
from payments.staff.subscriptions import subscription_for


class AgreementChangeForm(forms.Form):
    """``submission`` names the filled form; the others are there where the kind of change has them."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    amount = forms.CharField(label=gettext_lazy("New amount"), max_length=24)
    with_open = forms.BooleanField(
        label=gettext_lazy("Also for what was issued and is not paid"), required=False
    )
    text = forms.CharField(label=gettext_lazy("Description"), max_length=200)

    def __init__(self, *args: Any, own: Subscription, kind: AgreementChangeKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own, self.kind = own, kind
        self.fields["submission"].initial = uuid.uuid4
        self.fields["text"].initial = own.description
        self.fields["amount"].initial = as_typed(own.amount_cents, own.currency)
        self.fields["amount"].widget.attrs.update(inputmode="decimal", autocomplete="off")
        rule = own.connection.capabilities.subscriptions
        if kind != AgreementChangeKind.AMOUNT:
            del self.fields["amount"]
        if kind != AgreementChangeKind.AMOUNT or not (rule and rule.moves_open):
            del self.fields["with_open"]
        if kind != AgreementChangeKind.DESCRIPTION:
            del self.fields["text"]
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                attrs = {"aria-invalid": "true", "aria-describedby": f"error-{name}"}
                self.fields[name].widget.attrs.update(attrs)

    def clean_amount(self) -> int:
        try:
            cents = parse_amount(self.cleaned_data["amount"])
        except NotAnAmount:
            raise forms.ValidationError(_("Type an amount such as 150,00.")) from None
        if cents > LARGEST_CENTS:
            raise forms.ValidationError(_("Type an amount above zero and below one hundred million."))
        return cents

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors and (found := agreement_hindrances.typed_hindrance(self.asked(None))):
            field = "text" if self.kind == AgreementChangeKind.DESCRIPTION else "amount"
            self.add_error(field, agreement_words.hindrance(self.own, found))
        return self.cleaned_data

    def asked(self, actor: Any) -> NewAgreementChange:
        """What a form without errors asks for."""
        typed = self.cleaned_data
        return NewAgreementChange(
            subscription=self.own,
            kind=self.kind,
            submission=typed["submission"],
            amount_cents=typed.get("amount"),
            with_open=typed.get("with_open", False),
            text=typed.get("text", ""),
            actor=actor,
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.change_agreement", raise_exception=True)
def change(request: HttpRequest, reference: str, kind: AgreementChangeKind) -> HttpResponseBase:
    """What it means, then it is asked for by a POST; where it cannot be done, why."""
    own = subscription_for(request, reference)
    if _was_sent(request, own):
        messages.info(request, _("This form had already been sent: it was not done a second time."))
        return redirect(own)
    form = AgreementChangeForm(request.POST if request.method == "POST" else None, own=own, kind=kind)
    found = agreement_hindrances.hindrance(own, kind)
    if request.method == "POST" and not found and form.is_valid():
        return _ask(request, own, form)
    context = {
        "subscription": own,
        "row": subscription_words.row(own),
        "end": subscription_words.end_in_words(own),
        "words": agreement_words.WORDS[kind],
        "effects": agreement_words.effects(own, kind),
        "kind": kind.value,
        "form": form,
        "hindrance": found,
        "why_not": agreement_words.hindrance(own, found) if found else "",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "payments/agreement_change.html", context, status=status)


def _ask(request: HttpRequest, own: Subscription, form: AgreementChangeForm) -> HttpResponse:
    try:
        done = agreement_changing.change(form.asked(request.user))
    except NotPossible as refused:
        messages.error(request, agreement_words.hindrance(own, refused.hindrance))
    else:
        _tell(request, own, done)
    return redirect(own)


def _tell(request: HttpRequest, own: Subscription, done: AgreementChange) -> None:
    """A refusal is told by the page itself, with its reason."""
    if done.state == "done":
        messages.success(request, agreement_words.done(done, own))
    elif done.state == "open":
        text = _("The gateway has not confirmed it yet. We go on by ourselves; it shows below.")
        messages.info(request, text)


def _was_sent(request: HttpRequest, own: Subscription) -> bool:
    try:
        submission = uuid.UUID(request.POST.get("submission", ""))
    except ValueError:
        return False
    return own.changes.filter(submission=submission).exists()
