"""The form for a new charge. Everything a gateway would refuse later is said here, in the reader's words."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from config import clock
from connections.gateways.base import Capabilities, Method, Terms
from connections.models import Connection
from payments.models import Charge, TermsOrigin
from payments.models.customers import CustomerQuerySet
from payments.money import LARGEST_CENTS, NotAnAmount, format_cents, parse_amount, smallest_cents, symbol
from payments.staff import ways
from payments.staff.addresses import AddressForm, needing
from payments.staff.amounts import AmountsForm
from payments.staff.instalments import InstalmentsForm
from payments.staff.people import PersonForm, words_for
from payments.staff.ways import METHODS, MethodChoice

_LATEST_DAYS = 365
_MOST_BP = 100_00


class _AccountSelect(forms.Select):
    """Tells the page's script what each account can do; without script the server says so afterwards."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        connection = getattr(value, "instance", None)
        if connection:
            can: Capabilities = connection.capabilities
            option["attrs"]["data-methods"] = " ".join(sorted(can.methods))
            option["attrs"]["data-address"] = needing(connection)
            option["attrs"]["data-terms"] = "yes" if can.takes_terms else "no"
            option["attrs"]["data-symbol"] = symbol(connection.currency)
            option["attrs"]["data-smallest"] = smallest_cents(connection.currency)
            option["attrs"]["data-environment"] = connection.environment
            option["attrs"]["data-country"] = connection.country.code
            option["attrs"] |= {
                f"data-{name.replace('_', '-')}": said for name, said in words_for(connection).items()
            }
            for method, _label, _hint in METHODS:
                option["attrs"][f"data-why-{method}"] = ways.why_not(connection, method)
                option["attrs"][f"data-ways-{method}"] = ways.in_words(connection, method)
        return option


class AccountField(forms.ModelChoiceField):
    widget = _AccountSelect

    def label_from_instance(self, connection: Connection) -> str:
        return f"{connection.name} · {connection.gateway_label} · {connection.get_environment_display()}"


class _PercentField(forms.CharField):
    """Typed like an amount, kept as hundredths of a percent."""

    def clean(self, value: Any) -> int:
        text = super().clean(value).removesuffix("%").strip()
        try:
            hundredths = parse_amount(text) if text else 0
        except NotAnAmount:
            raise forms.ValidationError(_("Type a percentage such as 2 or 0,5.")) from None
        if hundredths > _MOST_BP:
            raise forms.ValidationError(_("Type a percentage of at most 100."))
        return hundredths


class ChargeForm(AmountsForm, InstalmentsForm, PersonForm, AddressForm):
    submission = forms.UUIDField(widget=forms.HiddenInput)
    connection = AccountField(label=_("Account"), queryset=Connection.objects.none(), empty_label=None)
    method = forms.ChoiceField(
        label=_("Way of paying"),
        choices=[(value, label) for value, label, _hint in METHODS],
        initial=Method.PIX.value,
    )
    amount = forms.CharField(label=_("Amount"), max_length=24)
    description = forms.CharField(label=_("Description"), max_length=200)
    due_date = forms.DateField(
        label=_("Due date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    discount = forms.CharField(label=_("Discount for paying early"), max_length=24, required=False)
    discount_days = forms.IntegerField(
        label=_("Given until so many days before the due date"),
        min_value=0,
        max_value=_LATEST_DAYS,
        required=False,
    )
    fine = _PercentField(label=_("Fine, in percent"), max_length=8, required=False)
    interest = _PercentField(label=_("Interest, in percent a month"), max_length=8, required=False)

    def __init__(
        self, *args: Any, connections: Any, customers: CustomerQuerySet | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.customers = customers
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        self.fields["submission"].initial = uuid.uuid4
        self.fields["due_date"].initial = lambda: clock.today("America/Sao_Paulo") + timedelta(days=3)
        # Documents, telephones and amounts are those of the account's country.
        self.order_fields(["submission", "connection"])
        for name in ("amount", "discount", "fine", "interest"):
            self.fields[name].widget.attrs.update(inputmode="decimal", placeholder="0,00", autocomplete="off")
        self.fit_person(self._offered, self.chosen_account)
        self.show_blank(self.person_words["amount_blank"], "amount", "discount")
        self.fields["discount_days"].widget.attrs.update(inputmode="numeric", placeholder="0")
        for name, field in self.fields.items():
            if self.is_bound and name in self.errors:
                field.widget.attrs.update({"aria-invalid": "true", "aria-describedby": f"error-{name}"})

    def clean_amount(self) -> int:
        if self.has_items:  # they decide
            return 0
        cents = _typed_cents(self.cleaned_data["amount"])
        if not 0 < cents <= LARGEST_CENTS:
            raise forms.ValidationError(_("Type an amount above zero and below one hundred million."))
        return cents

    def clean_discount(self) -> int:
        text = self.cleaned_data["discount"].strip()
        return _typed_cents(text) if text else 0

    def clean_discount_days(self) -> int:
        return self.cleaned_data["discount_days"] or 0

    @property
    def method_choices(self) -> list[MethodChoice]:
        return ways.choices(self._offered, self.chosen_account, str(self["method"].value()))

    @property
    def offers_address(self) -> bool:
        """Whether any account offered wants to know where the customer lives."""
        return any(connection.capabilities.needs_address for connection in self._offered)

    @property
    def offers_terms(self) -> bool:
        """Whether any account offered takes a discount, a fine or interest."""
        return any(connection.capabilities.takes_terms for connection in self._offered)

    @property
    def shows_terms(self) -> bool:
        """Whether something was typed there already, so that the section must be open."""
        names = ("discount", "discount_days", "fine", "interest")
        return any(self[name].value() for name in names)

    @property
    def chosen_account(self) -> Connection | None:
        """What is chosen now: at first that is the first account offered."""
        value = str(self["connection"].value() or "")
        offered = list(self._offered)
        chosen = next((connection for connection in offered if str(connection.pk) == value), None)
        return chosen or next(iter(offered), None)

    @property
    def is_sandbox_chosen(self) -> bool:
        return bool(self.chosen_account and self.chosen_account.is_sandbox)

    @property
    def _offered(self) -> Any:
        return self.fields["connection"].queryset  # type: ignore[attr-defined]

    def terms(self) -> Terms:
        """Those of this (valid) form, of each parcel; a fine is rounded to the cent, halves up."""
        typed = self.cleaned_data
        discount = typed["discount"]
        return Terms(
            discount_cents=discount,
            discount_until=typed["due_date"] - timedelta(days=typed["discount_days"]) if discount else None,
            fine_cents=(self.parcel_base() * typed["fine"] + 5_000) // 10_000,
            interest_bp=typed["interest"],
        )

    def asks_for(self, charge: Charge) -> bool:
        """Whether this (valid) form asks for exactly what a charge was made for."""
        typed = self.cleaned_data
        asked = (
            typed["connection"],
            typed["country"],
            typed["document_type"],
            typed["document"],
            typed["amount"],
            typed["description"],
            typed["due_date"],
            typed["method"],
            self.terms(),
            (self.lines, typed["discount_cents"], typed["discount_reason"]),
            typed["instalments"],
        )
        return asked == _made_for(charge)

    def renewed(self) -> ChargeForm:
        """The same form under a new submission: sent again it makes another charge."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data["submission"] = str(uuid.uuid4())
        return ChargeForm(data, connections=self._offered, customers=self.customers)

    def clean(self) -> dict[str, Any]:
        super().clean()
        connection = self.cleaned_data.get("connection")
        if connection:
            self.settle_amounts(connection)
            self._check_method(connection)
            self._check_due_date(connection)
            self._check_terms(connection)
            self._check_minimum(connection)
            self.check_most(connection, self.cleaned_data.get("method", ""))
            self.check_whole(connection, "amount", "discount")
            self.check_instalments(connection)
            self.check_address(connection, self.cleaned_data.get("method", ""))
        return self.cleaned_data

    def _check_method(self, connection: Connection) -> None:
        method = self.cleaned_data.get("method")
        if method and method not in connection.capabilities.methods:
            text = _("%(account)s does not take this: choose another way of paying or another account.")
            said = text % {"account": connection.name}
            if method in connection.capabilities.missing:
                said = f"{ways.why_not(connection, method)} {said}"
            self.add_error("method", said)

    def _check_minimum(self, connection: Connection) -> None:
        """Asaas counts what is left after the discount (asaas.md 8, number 10)."""
        cents, discount = self.cleaned_data.get("amount"), self.cleaned_data.get("discount") or 0
        least = connection.capabilities.least_cents(self.cleaned_data.get("method", ""))
        if cents is None or cents - discount >= least:
            return
        shown = {"gateway": connection.gateway_label, "amount": format_cents(least, connection.currency)}
        if cents < least:
            self.add_error("amount", _("%(gateway)s takes charges from %(amount)s on.") % shown)
        else:
            text = _("Give less: %(gateway)s takes charges from %(amount)s on, after the discount.")
            self.add_error("discount", text % shown)

    def _check_due_date(self, connection: Connection) -> None:
        due, today = self.cleaned_data.get("due_date"), clock.today(connection.time_zone)
        latest = today + timedelta(days=_LATEST_DAYS)
        if due and due >= today and self.cleaned_data.get("method") == Method.BOLETO:
            self._check_boleto_days(connection, due, today)
        if due and due < today:
            self.add_error("due_date", _("The due date has passed: choose today or a later day."))
        elif due and due > latest:
            text = _("Choose a day up to %(day)s: this account takes no later one.")
            self.add_error("due_date", text % {"day": date_format(latest, "SHORT_DATE_FORMAT")})

    def _check_boleto_days(self, connection: Connection, due: date, today: date) -> None:
        days = connection.capabilities.boleto_days
        if days is None or days[0] <= (due - today).days <= days[1]:
            return
        text = _("For a boleto of this account choose a day from %(first)s to %(last)s.")
        first, last = (today + timedelta(days=number) for number in days)
        shown = {
            "first": date_format(first, "SHORT_DATE_FORMAT"),
            "last": date_format(last, "SHORT_DATE_FORMAT"),
        }
        self.add_error("due_date", text % shown)

    def _check_terms(self, connection: Connection) -> None:
        typed = self.cleaned_data
        if not connection.capabilities.takes_terms:
            text = _("%(gateway)s takes no discount, fine or interest: leave this empty.")
            for name in ("discount", "fine", "interest"):
                if typed.get(name):
                    self.add_error(name, text % {"gateway": connection.gateway_label})
            return
        due, days = typed.get("due_date"), typed.get("discount_days") or 0
        is_over = due and due - timedelta(days=days) < clock.today(connection.time_zone)
        if typed.get("discount") and is_over and "due_date" not in self.errors:
            self.add_error("discount_days", _("So early the discount would be over: choose fewer days."))


def _typed_cents(text: str) -> int:
    """Raises ``ValidationError`` for what is not one amount."""
    try:
        return parse_amount(text)
    except NotAnAmount:
        raise forms.ValidationError(_("Type an amount such as 150,00.")) from None


def _made_for(charge: Charge) -> tuple[object, ...]:
    """What was asked for when it was made: the gateway may ask for something else by now."""
    first = charge.terms.filter(origin=TermsOrigin.OURS).first()
    customer, description, method = charge.customer, charge.description, charge.method
    if first is None:
        amount, due, terms = charge.amount_cents, charge.due_date, Terms()
    else:
        amount, due = first.amount_cents, first.due_date
        terms = Terms(
            discount_cents=first.discount_cents,
            discount_until=first.discount_until,
            fine_cents=first.fine_cents,
            interest_bp=first.interest_bp,
        )
    person = (customer.country, customer.document_type, customer.document)
    lines = tuple(row.line for row in charge.lines.all())
    given = (lines, charge.discount_cents, charge.discount_reason)
    return (
        charge.connection,
        *person,
        amount,
        description,
        due,
        method,
        terms,
        given,
        charge.instalments,
    )
