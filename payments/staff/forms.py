"""The form for a new charge. Everything a gateway would refuse later is said here, in the reader's words."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from validate_docbr import CNPJ, CPF

from config import clock
from connections.gateways.base import Method
from connections.models import Connection
from payments.models import Charge, DocumentType
from payments.money import NotAnAmount, format_cents, parse_amount

_LARGEST_CENTS = 100_000_000_00
_LATEST_DAYS = 365


class _AccountField(forms.ModelChoiceField):
    def label_from_instance(self, connection: Connection) -> str:
        return f"{connection.name} · {connection.gateway_label} · {connection.get_environment_display()}"


class ChargeForm(forms.Form):
    submission = forms.UUIDField(widget=forms.HiddenInput)
    connection = _AccountField(label=_("Account"), queryset=Connection.objects.none(), empty_label=None)
    method = forms.ChoiceField(
        label=_("Way of paying"), choices=[(Method.PIX.value, "PIX")], initial=Method.PIX.value
    )
    name = forms.CharField(label=_("Customer's name"), max_length=120, min_length=2)
    document = forms.CharField(label=_("CPF or CNPJ"), max_length=24)
    email = forms.EmailField(label=_("E-mail"))
    phone = forms.CharField(label=_("Phone (WhatsApp)"), max_length=24, required=False)
    amount = forms.CharField(label=_("Amount"), max_length=24)
    description = forms.CharField(label=_("Description"), max_length=200)
    due_date = forms.DateField(
        label=_("Due date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, connections: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        self.fields["submission"].initial = uuid.uuid4
        self.fields["due_date"].initial = lambda: clock.today("America/Sao_Paulo") + timedelta(days=3)
        self.fields["phone"].widget.attrs.update(inputmode="tel", autocomplete="off")
        self.fields["document"].widget.attrs.update(autocomplete="off", autocapitalize="characters")
        self.fields["amount"].widget.attrs.update(inputmode="decimal", placeholder="0,00", autocomplete="off")
        for name, field in self.fields.items():
            if self.is_bound and name in self.errors:
                field.widget.attrs.update({"aria-invalid": "true", "aria-describedby": f"error-{name}"})

    def clean_document(self) -> str:
        """Letters and digits only; sets the type. CNPJs issued since 2026 may carry letters."""
        document = re.sub(r"[^0-9A-Za-z]", "", self.cleaned_data["document"]).upper()
        if CPF().validate(document) and len(document) == 11:
            self.cleaned_data["document_type"] = DocumentType.CPF
        elif len(document) == 14 and CNPJ().validate(document):
            self.cleaned_data["document_type"] = DocumentType.CNPJ
        else:
            raise forms.ValidationError(_("This is not a CPF or CNPJ: check the digits."))
        return document

    def clean_phone(self) -> str:
        digits = re.sub(r"\D", "", self.cleaned_data["phone"])
        digits = digits.removeprefix("55") if len(digits) in (12, 13) else digits
        if digits and (len(digits) not in (10, 11) or len(set(digits[2:])) == 1):
            raise forms.ValidationError(_("Type the phone with its area code, for example 11 98765-4321."))
        return digits

    def clean_amount(self) -> int:
        try:
            cents = parse_amount(self.cleaned_data["amount"])
        except NotAnAmount:
            raise forms.ValidationError(_("Type an amount such as 150,00.")) from None
        if not 0 < cents <= _LARGEST_CENTS:
            raise forms.ValidationError(_("Type an amount above zero and below one hundred million."))
        return cents

    def asks_for(self, charge: Charge) -> bool:
        """Whether this (valid) form asks for exactly what a charge already is."""
        typed = self.cleaned_data
        asked = (
            typed["connection"],
            typed["document"],
            typed["amount"],
            typed["description"],
            typed["due_date"],
        )
        document = charge.customer.document
        known = (charge.connection, document, charge.amount_cents, charge.description, charge.due_date)
        return asked == known

    def renewed(self) -> ChargeForm:
        """The same form under a new submission: sent again it makes another charge."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data["submission"] = str(uuid.uuid4())
        return ChargeForm(data, connections=self.fields["connection"].queryset)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        super().clean()
        connection = self.cleaned_data.get("connection")
        if connection:
            self._check_minimum(connection)
            self._check_due_date(connection)
        return self.cleaned_data

    def _check_minimum(self, connection: Connection) -> None:
        cents, least = self.cleaned_data.get("amount"), connection.capabilities.minimum_cents
        if cents and cents < least:
            text = _("%(gateway)s takes charges from %(amount)s on.")
            shown = {"gateway": connection.gateway_label, "amount": format_cents(least, connection.currency)}
            self.add_error("amount", text % shown)

    def _check_due_date(self, connection: Connection) -> None:
        due, today = self.cleaned_data.get("due_date"), clock.today(connection.time_zone)
        if due and due < today:
            self.add_error("due_date", _("The due date has passed: choose today or a later day."))
        elif due and due > latest_due_date(connection, today):
            text = _("Choose a day up to %(day)s: this account takes no later one.")
            self.add_error(
                "due_date", text % {"day": latest_due_date(connection, today).strftime("%d/%m/%Y")}
            )


def latest_due_date(connection: Connection, today: date) -> date:
    """A PIX code of Mercado Pago lives 30 days at most (mercadopago.md 3.1)."""
    pix = connection.capabilities.pix_minutes
    days = pix[1] // (24 * 60) - 1 if pix else _LATEST_DAYS
    return today + timedelta(days=days)
