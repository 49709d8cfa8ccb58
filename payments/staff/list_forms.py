"""The filters of the charge list as people choose them; the address keeps them."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config import clock
from connections.gateways.base import Method
from connections.models import Connection, ConnectionQuerySet
from payments.models import Charge, ChargeStatus
from payments.money import LARGEST_CENTS, NotAnAmount, parse_amount
from payments.services.choosing import PERIODS, VIEWS, Basis, Days, Filters
from payments.templatetags.wording import method_name

REAL, SANDBOX = "real", "sandbox"
# Beyond them a day more, or another time zone, is no date any more.
_DAYS = (
    MinValueValidator(date(1900, 1, 1), message=gettext_lazy("Choose a day after the year 1899.")),
    MaxValueValidator(date(9998, 12, 30), message=gettext_lazy("Choose a day before the year 9999.")),
)

BASES = [
    (Basis.CREATED.value, pgettext_lazy("charges by day", "Created")),
    (Basis.DUE.value, pgettext_lazy("charges by day", "Due")),
    (Basis.PAID.value, pgettext_lazy("charges by day", "Paid")),
]
PERIOD_NAMES = {
    "today": gettext_lazy("Today"),
    "week": gettext_lazy("This week"),
    "month": gettext_lazy("This month"),
    "last-month": gettext_lazy("Last month"),
    "30d": gettext_lazy("Last 30 days"),
}
MONEY_NAMES = {REAL: gettext_lazy("Real money"), SANDBOX: gettext_lazy("Sandbox")}


class _Account(forms.ModelChoiceField):
    def label_from_instance(self, connection: Connection) -> str:
        return f"{connection.name} · {connection.gateway_label} · {connection.get_environment_display()}"


class _Operator(forms.ModelChoiceField):
    def label_from_instance(self, person: User) -> str:
        return person.get_username()


class AmountField(forms.CharField):
    """An amount as people type it, in hundredths; None where nothing was typed."""

    def __init__(self, **kwargs: Any) -> None:
        box = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "0,00"})
        super().__init__(required=False, max_length=24, widget=box, **kwargs)

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            cents = parse_amount(text)
        except NotAnAmount:
            raise forms.ValidationError(_("Type an amount such as 150,00.")) from None
        if cents > LARGEST_CENTS:
            raise forms.ValidationError(_("Type an amount below one hundred million."))
        return cents


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, validators=_DAYS)


class FilterForm(forms.Form):
    """What is wrong is said beside its field and filters nothing; the rest still does."""

    tab = forms.ChoiceField(required=False, choices=[(name, name) for name in VIEWS])
    q = forms.CharField(
        label=gettext_lazy("Search by name, CPF or CNPJ, reference or gateway id"),
        required=False,
        max_length=120,
    )
    by = forms.ChoiceField(label=gettext_lazy("Days of"), required=False, choices=BASES)
    days = forms.ChoiceField(
        label=gettext_lazy("Period"),
        required=False,
        choices=[("", gettext_lazy("All days, or those below")), *PERIOD_NAMES.items()],
    )
    since = _day(gettext_lazy("From"))
    until = _day(gettext_lazy("To"))
    status = forms.MultipleChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=ChargeStatus.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("One of these states does not exist.")},
    )
    method = forms.ChoiceField(label=gettext_lazy("Way of paying"), required=False)
    connection = _Account(
        label=gettext_lazy("Account"),
        queryset=Connection.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=gettext_lazy("All accounts"),
        error_messages={"invalid_choice": gettext_lazy("This account is not in the list.")},
    )
    operator = _Operator(
        label=gettext_lazy("Created by"),
        queryset=User.objects.none(),
        to_field_name="username",
        required=False,
        empty_label=gettext_lazy("Everybody"),
        error_messages={"invalid_choice": gettext_lazy("This person has created no charge here.")},
    )
    least = AmountField(label=gettext_lazy("Amount from"))
    most = AmountField(label=gettext_lazy("Amount to"))
    money = forms.ChoiceField(
        label=gettext_lazy("Money"),
        required=False,
        choices=[("", gettext_lazy("Real money and sandbox")), *MONEY_NAMES.items()],
    )

    def __init__(self, data: Any, *, user: AbstractBaseUser | AnonymousUser) -> None:
        super().__init__(data)
        named: Any = self.fields
        named["method"].choices = [
            ("", _("All")),
            *((method.value, method_name(method.value)) for method in Method),
        ]
        named["connection"].queryset = accounts_of(user)
        own = Charge.objects.visible_to(user).filter(created_by=OuterRef("pk"))
        named["operator"].queryset = User.objects.filter(Exists(own)).order_by("username")
        for name, field in self.fields.items():
            if name in self.errors:
                field.widget.attrs.update({"aria-invalid": "true", "aria-describedby": f"error-{name}"})

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        since, until = typed.get("since"), typed.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day comes before the first. Choose a later one."))
        least, most = typed.get("least"), typed.get("most")
        if least is not None and most is not None and least > most:
            self.add_error("most", _("This is less than the amount from which to begin. Type a larger one."))
        return typed

    @property
    def period(self) -> Days:
        """The days that count: those that were typed come before a period with a name."""
        typed = self.cleaned_data
        own = Days(since=typed.get("since"), until=typed.get("until"))
        name = typed.get("days", "")
        return PERIODS[name](timezone.localdate(clock.now())) if name and not own else own

    def filters(self) -> Filters:
        """What was understood."""
        self.is_valid()
        typed = self.cleaned_data
        return Filters(
            zone=zone(),
            view=typed.get("tab", ""),
            basis=typed.get("by") or Basis.CREATED,
            days=self.period,
            statuses=tuple(typed.get("status") or ()),
            method=typed.get("method", ""),
            connection=str(typed["connection"].public_id) if typed.get("connection") else "",
            operator=typed["operator"].get_username() if typed.get("operator") else "",
            least_cents=typed.get("least"),
            most_cents=typed.get("most"),
            is_sandbox=typed["money"] == SANDBOX if typed.get("money") else None,
            text=typed.get("q", ""),
        )


def zone() -> tzinfo:
    """Where the reader's days are: their own time zone, or the house's."""
    return timezone.get_current_timezone()


def accounts_of(user: AbstractBaseUser | AnonymousUser) -> ConnectionQuerySet:
    return Connection.objects.without_secrets().visible_to(user).order_by("name", "pk")
