"""Who pays, asked for as in the country of the account: documents, telephone, and amounts without cents."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import Country, Market
from connections.gateways.countries import BRAZIL
from connections.gateways.documents import DocumentKind, bare
from connections.gateways.money import smallest_cents
from connections.models import Connection
from payments.models import Customer
from payments.models.customers import CustomerQuerySet
from payments.money import format_cents

_BRAZILIAN = Market(country=BRAZIL)


class PersonForm(forms.Form):
    """Who mixes it in has a field ``connection`` that is cleaned first.

    It calls ``fit_person`` once it knows the accounts. ``customer`` names one of ``customers`` that was
    chosen: name and document are those of that row, and the document is not in the page.
    """

    customer = forms.UUIDField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label=_("Customer's name"), max_length=120, min_length=2)
    document_type = forms.ChoiceField(label=_("Kind of document"), required=False)
    document = forms.CharField(label=_("CPF or CNPJ"), max_length=24)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    phone = forms.CharField(label=_("Phone (WhatsApp)"), max_length=24, required=False)
    language = forms.ChoiceField(
        label=_("Language of the page to pay"),
        choices=[("", _("As usual in the account's country")), *settings.LANGUAGES],
        required=False,
    )

    customers: CustomerQuerySet | None = None
    known: Customer | None = None

    def fit_person(self, offered: Iterable[Connection], chosen: Connection | None) -> None:
        """Ask for what the accounts offered want to know; labels are those of the one chosen now."""
        self.known = self._chosen()
        if self.known:
            self.fields["name"].required = False
            self.fields["name"].widget.attrs["readonly"] = True
            self.fields["document"].required = not self.known.document
        markets = [connection.market for connection in offered]
        self.fields["document_type"].choices = [  # type: ignore[attr-defined]
            ("", _("Found by its number")),
            *_choices(markets),
        ]
        self.is_abroad = any(market.country is not BRAZIL for market in markets)
        self.person_words = words_for(chosen)
        self.fields["document"].label = self.person_words["document_label"]
        self.fields["phone"].widget.attrs.update(inputmode="tel", autocomplete="off")
        self.fields["document"].widget.attrs.update(autocomplete="off", autocapitalize="characters")

    def _chosen(self) -> Customer | None:
        """None also for one that is not there any more, or not for this person."""
        named = str(self["customer"].value() or "")
        if not named or self.customers is None:
            return None
        with suppress(ValueError):
            return self.customers.filter(public_id=uuid.UUID(named), anonymised_at=None).first()
        return None

    def clean_customer(self) -> uuid.UUID | None:
        named: uuid.UUID | None = self.cleaned_data["customer"]
        if named and self.known is None:
            self.add_error(
                "name", _("This customer was merged or removed: choose again, or type the details.")
            )
        return named

    def clean_name(self) -> str:
        return self.known.name if self.known else str(self.cleaned_data["name"])

    def clean_document(self) -> str:
        """Letters and digits only; sets country and kind."""
        market = self._market()
        if self.known and self.known.document:
            return self._document_of(self.known, market)
        number = bare(self.cleaned_data["document"])
        country, _dash, code = (self.cleaned_data.get("document_type") or "").partition("-")
        self.cleaned_data["country"] = market.country.code
        if "document_type" not in self.cleaned_data:  # what is wrong with it was said
            return number
        if code and country != market.country.code:
            self.add_error("document_type", _("Choose a document of %(country)s.") % _named(market.country))
            return number
        kind = _kind_named(market, code) if code else self._found(market, number)
        if kind is None:
            if code:
                text = _("This account does not take this kind of document. It takes: %(kinds)s.")
                self.add_error("document_type", text % {"kinds": _kinds(market)})
            return number
        if not kind.fits(number):
            raise forms.ValidationError(_wrong(kind))
        self.cleaned_data["document_type"] = kind.code
        return number

    def _document_of(self, known: Customer, market: Market) -> str:
        """Of a chosen customer, as long as the account takes it."""
        self.cleaned_data |= {"country": known.country, "document_type": known.document_type}
        if known.country != market.country.code:
            text = _("This is a document of %(theirs)s: choose an account there, or type one of %(country)s.")
            shown = {"theirs": gettext(known.home.name), **_named(market.country)}
            raise forms.ValidationError(text % shown)
        if _kind_named(market, known.document_type) is None:
            text = _("This account does not take this kind of document. It takes: %(kinds)s.")
            raise forms.ValidationError(text % {"kinds": _kinds(market)})
        return known.document

    def _found(self, market: Market, number: str) -> DocumentKind | None:
        """The kind that the number can only be; of several without check digits the country's usual one."""
        kinds = market.documents
        able = [kind for kind in kinds if kind.name != _other(market) and kind.fits(number)]
        is_usual = bool(able) and able[0] is kinds[0]
        if len(able) == 1 or (is_usual and not any(kind.is_checked for kind in able)):
            return able[0]
        if able:
            self.add_error("document_type", _("The number can be of several documents: choose which it is."))
            return None
        if market.country is BRAZIL:
            raise forms.ValidationError(_("This is not a CPF or CNPJ: check the digits."))
        raise forms.ValidationError(
            _("This is no document of %(country)s that we know (%(kinds)s): check it, or choose its kind.")
            % {**_named(market.country), "kinds": _kinds(market)}
        )

    def clean_phone(self) -> str:
        """National digits."""
        typed, country = self.cleaned_data["phone"].strip(), self._market().country
        national = country.phone(typed)
        if typed and not national:
            text = _("Type the phone with its area code, for example %(example)s.")
            raise forms.ValidationError(text % {"example": country.phone_example})
        return national

    def _market(self) -> Market:
        connection = self.cleaned_data.get("connection")
        return connection.market if connection else _BRAZILIAN

    def check_whole(self, connection: Connection, *names: str) -> None:
        """Name the amounts with cents where the currency has none."""
        for name in names:
            cents = self.cleaned_data.get(name) or 0
            if cents % smallest_cents(connection.currency) and name not in self.errors:
                self.add_error(name, _("This currency has no cents: type a whole amount."))

    def check_most(self, connection: Connection, method: str) -> None:
        """The most that any of the account's ways takes."""
        cents, most = self.cleaned_data.get("amount"), connection.capabilities.most_cents(method)
        if cents and most is not None and cents > most:
            shown = {"gateway": connection.gateway_label, "amount": format_cents(most, connection.currency)}
            self.add_error("amount", _("%(gateway)s takes charges up to %(amount)s this way.") % shown)


def words_for(connection: Connection | None) -> dict[str, str]:
    """Labels and hints as the country of an account wants them, by the name the page's script knows."""
    market = connection.market if connection else _BRAZILIAN
    is_whole = smallest_cents(market.country.currency) > 1
    example = market.country.phone_example
    return {
        "document_label": gettext("CPF or CNPJ") if market.country is BRAZIL else gettext("Document"),
        "document_hint": _document_hint(market),
        "phone_hint": gettext("With area code: %(example)s.") % {"example": example},
        "amount_blank": "0" if is_whole else "0,00",
        "amount_hint": gettext("Whole amounts only, for example 15000.")
        if is_whole
        else gettext("For example 150,00."),
    }


def _document_hint(market: Market) -> str:
    if market.country is BRAZIL:
        return gettext("Dots and dashes may stay.")
    first = market.documents[0]
    example = gettext("for example %(example)s") % {"example": first.example} if first.example else ""
    return " · ".join(filter(None, (f"{gettext(market.country.name)}: {_kinds(market)}", example)))


def _kinds(market: Market) -> str:
    return ", ".join(gettext(kind.name) for kind in market.documents if kind.name != _other(market))


def _other(market: Market) -> str:
    """The name of the kind that takes anything, where there is one."""
    return next((kind.name for kind in market.country.documents if kind.code == "Otro"), "")


def _choices(markets: Iterable[Market]) -> list[tuple[str, list[tuple[str, str]]]]:
    """By country, every kind that any of its accounts takes."""
    found: dict[str, dict[str, str]] = {}
    for market in markets:
        kinds = found.setdefault(market.country.name, {})
        for kind in market.documents:
            kinds.setdefault(f"{market.country.code}-{kind.code}", gettext(kind.name))
    return [(gettext(country), list(kinds.items())) for country, kinds in found.items()]


def _kind_named(market: Market, code: str) -> DocumentKind | None:
    return next((kind for kind in market.documents if kind.code == code), None)


def _named(country: Country) -> dict[str, str]:
    return {"country": gettext(country.name)}


def _wrong(kind: DocumentKind) -> str:
    name = gettext(kind.name)
    if kind.example:
        text = gettext("This is not a %(kind)s: check the digits. One is written like %(example)s.")
        return text % {"kind": name, "example": kind.example}
    text = gettext("This is not a %(kind)s: it has %(shortest)s to %(longest)s characters.")
    return text % {"kind": name, "shortest": kind.shortest, "longest": kind.longest}
