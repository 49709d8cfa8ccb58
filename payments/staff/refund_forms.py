"""The form for giving money back, and the one for saying what became of a refund in doubt."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connections.gateways.money import smallest_cents
from payments.models import Charge, RefundReason
from payments.money import NotAnAmount, as_typed, parse_amount
from payments.services import refundable
from payments.services.refundable import NotPossible, Offer
from payments.staff import refund_words


class RefundForm(forms.Form):
    submission = forms.UUIDField(widget=forms.HiddenInput)
    payment = forms.ChoiceField(label=_("Payment"))
    amount = forms.CharField(label=_("Amount to give back"), max_length=24)
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose one")), *RefundReason.choices],
        error_messages={"required": _("Choose why: others will read it later.")},
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
    )

    def __init__(
        self, *args: Any, charge: Charge, offers: Sequence[Offer], chosen: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.charge, self.offers = charge, {offer.payment.gateway_id: offer for offer in offers}
        self.fields["payment"].choices = [(name, name) for name in self.offers]  # type: ignore[attr-defined]
        self.fields["payment"].initial = chosen
        self.fields["submission"].initial = uuid.uuid4
        self.fields["amount"].initial = as_typed(self.offers[chosen].left_cents, charge.currency)
        self.fields["amount"].widget.attrs.update(inputmode="decimal", placeholder="0,00", autocomplete="off")
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                attrs = {"aria-invalid": "true", "aria-describedby": f"error-{name}"}
                self.fields[name].widget.attrs.update(attrs)

    @property
    def offer(self) -> Offer:
        """Of the payment that is chosen now."""
        value = str(self["payment"].value() or "")
        return self.offers.get(value) or self.offers[str(self.fields["payment"].initial)]

    def clean_amount(self) -> int:
        try:
            cents = parse_amount(self.cleaned_data["amount"])
        except NotAnAmount:
            raise forms.ValidationError(_("Type an amount such as 150,00.")) from None
        if cents <= 0:
            raise forms.ValidationError(_("Type an amount above zero."))
        if cents % smallest_cents(self.charge.currency):
            raise forms.ValidationError(_("This currency has no cents: type a whole amount."))
        return cents

    def clean(self) -> dict[str, Any]:
        super().clean()
        typed = self.cleaned_data
        if typed.get("reason") == RefundReason.OTHER and not typed.get("note", "").strip():
            self.add_error("note", _("Write a few words: another reason says nothing to who reads it later."))
        if typed.get("amount") and typed.get("payment"):
            try:
                refundable.insist(self.charge, self.offers[typed["payment"]].payment, typed["amount"])
            except NotPossible as refused:
                self.add_error("amount", refund_words.obstacle(self.charge, refused))
        return typed


class DoubtForm(forms.Form):
    was_made = forms.TypedChoiceField(
        choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes", empty_value=None
    )
