"""Where the customer lives, asked for only where a gateway wants it on a boleto."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from connections.gateways.base import Address, Method
from connections.models import Connection
from payments.models import Customer

# fmt: off
_STATES = (
    "AC", "AL", "AP", "AM", "BA", "CE", "DF", "ES", "GO", "MA", "MT", "MS", "MG", "PA",
    "PB", "PR", "PE", "PI", "RJ", "RN", "RS", "RO", "RR", "SC", "SP", "SE", "TO",
)
# fmt: on
_ZIP_DIGITS = 8
PARTS = ("zip_code", "street", "street_number", "district", "city", "state")


class AddressForm(forms.Form):
    """All six parts or none. Who mixes it in calls ``check_address``."""

    zip_code = forms.CharField(label=_("Postal code (CEP)"), max_length=12, required=False)
    street = forms.CharField(label=_("Street"), max_length=120, required=False)
    street_number = forms.CharField(label=_("Number"), max_length=20, required=False)
    district = forms.CharField(label=_("District"), max_length=80, required=False)
    city = forms.CharField(label=_("City"), max_length=80, required=False)
    state = forms.ChoiceField(
        label=pgettext_lazy("address", "State"),
        choices=[("", "–"), *((state, state) for state in _STATES)],
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zip_code"].widget.attrs.update(inputmode="numeric", autocomplete="off")
        for name in ("street", "street_number", "district", "city"):
            self.fields[name].widget.attrs.update(autocomplete="off")

    def clean_zip_code(self) -> str:
        digits = re.sub(r"\D", "", self.cleaned_data["zip_code"])
        if digits and len(digits) != _ZIP_DIGITS:
            raise forms.ValidationError(_("A postal code has 8 digits, for example 01310-100."))
        return digits

    @property
    def shows_address(self) -> bool:
        """Whether something was typed there already, so that the section must be open."""
        return any(self[name].value() for name in PARTS)

    def address(self) -> Address | None:
        """The one that was typed, of a valid form."""
        typed = self.cleaned_data
        if not typed.get("zip_code"):
            return None
        return Address(
            zip_code=typed["zip_code"],
            street=typed["street"],
            number=typed["street_number"],
            district=typed["district"],
            city=typed["city"],
            state=typed["state"],
        )

    def check_address(self, connection: Connection, method: str) -> None:
        """Name what is missing: of one that was begun, or of one that this account needs and we lack."""
        is_begun = any(self.cleaned_data.get(name) for name in PARTS)
        if not is_begun and not self._lacks_address(connection, method):
            return
        for name in PARTS:
            if not self.cleaned_data.get(name) and name not in self.errors:
                text = _("For a boleto %(gateway)s needs the whole address.")
                self.add_error(name, text % {"gateway": connection.gateway_label})

    def _lacks_address(self, connection: Connection, method: str) -> bool:
        if method not in connection.capabilities.needs_address:
            return False
        document = self.cleaned_data.get("document")
        return not (document and self.is_address_known(document))

    def is_address_known(self, document: str) -> bool:
        return with_address([document]).exists()


def with_address(documents: Sequence[str]) -> QuerySet[Customer, str]:
    """Those documents whose customer's address we have."""
    known = Customer.objects.filter(country="BR", document__in=documents).exclude(zip_code="")
    return known.values_list("document", flat=True)


def needing(connection: Connection) -> str:
    """The ways of paying for which an account wants the address, for the page's script."""
    return " ".join(sorted(Method(method).value for method in connection.capabilities.needs_address))
