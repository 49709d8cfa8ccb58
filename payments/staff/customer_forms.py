"""The form in which a customer's details are changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from connections.gateways.countries import BRAZIL
from payments.models import Customer
from payments.services.contacting import COLUMNS
from payments.staff.addresses import PARTS, AddressForm


class ContactForm(AddressForm):
    """``customer`` is whose details they are: phones are those of that country, addresses Brazilian ones."""

    name = forms.CharField(label=_("Customer's name"), max_length=120, min_length=2)
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    phone = forms.CharField(label=_("Phone (WhatsApp)"), max_length=24, required=False)

    language = forms.ChoiceField(
        label=_("Language of the page to pay"),
        choices=[("", _("As usual in the account's country")), *settings.LANGUAGES],
        required=False,
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, initial={name: getattr(customer, name) for name in COLUMNS}, **kwargs)
        self.customer = customer
        self.order_fields(["name", "email", "phone", "language"])
        self.fields["phone"].widget.attrs.update(inputmode="tel", autocomplete="off")
        self.has_address = customer.home is BRAZIL
        if not self.has_address:
            for name in PARTS:
                del self.fields[name]
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                attrs = {"aria-invalid": "true", "aria-describedby": f"error-{name}"}
                self.fields[name].widget.attrs.update(attrs)

    def clean_phone(self) -> str:
        """National digits. What a gateway told of it may be no number, and stays as it is."""
        typed, home = self.cleaned_data["phone"].strip(), self.customer.home
        national = home.phone(typed)
        if typed and not national and typed != self.customer.phone:
            text = _("Type the phone with its area code, for example %(example)s.")
            raise forms.ValidationError(text % {"example": home.phone_example})
        return national or typed

    def clean(self) -> dict[str, Any]:
        super().clean()
        typed = self.cleaned_data
        if any(typed.get(name) for name in PARTS):
            for name in PARTS:
                if not typed.get(name) and name not in self.errors:
                    self.add_error(name, _("Type the whole address, or leave all of it empty."))
        return typed
