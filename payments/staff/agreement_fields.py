"""What the forms for a subscription and for a plan have in common: account, amount, interval, end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import Cycle, Method
from connections.models import Connection, ConnectionQuerySet
from payments.models import CycleChoices
from payments.money import LARGEST_CENTS, NotAnAmount, parse_amount, smallest_cents, symbol
from payments.services.subscription_intents import MOST_TURNS, Agreement, problems
from payments.staff.people import words_for
from payments.staff.ways import METHODS, MethodChoice

_HINTS: dict[str, Promise] = {
    Method.PIX.value: _("A code for each charge; the customer pays it by hand every time."),
    Method.BOLETO.value: _("A boleto for each charge; the customer pays it by hand every time."),
    Method.CARD.value: _("The customer gives the card once, on the gateway's own page."),
    Method.ANY.value: _("The customer chooses for each charge, on the gateway's own page."),
}


def able(connections: ConnectionQuerySet) -> ConnectionQuerySet:
    """Those accounts whose gateway takes subscriptions."""
    keys = [one.pk for one in connections if one.capabilities.subscriptions]
    return connections.filter(pk__in=keys)


class _AccountSelect(forms.Select):
    """Tells the page's script what each account can do; without script the server says so afterwards."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        connection = getattr(value, "instance", None)
        rule = connection.capabilities.subscriptions if connection else None
        if connection and rule:
            attrs = {
                "methods": " ".join(sorted(rule.methods)),
                "symbol": symbol(connection.currency),
                "smallest": smallest_cents(connection.currency),
                "environment": connection.environment,
                "country": connection.country.code,
                **{name.replace("_", "-"): said for name, said in words_for(connection).items()},
                **{f"why-{method}": why_not(connection, method) for method, _label, _hint in METHODS},
            }
            option["attrs"] |= {f"data-{name}": said for name, said in attrs.items()}
        return option


class _AccountField(forms.ModelChoiceField):
    widget = _AccountSelect

    def label_from_instance(self, connection: Connection) -> str:
        return f"{connection.name} · {connection.gateway_label} · {connection.get_environment_display()}"


def why_not(connection: Connection, method: str) -> str:
    """Why subscriptions of an account are not paid like that; empty where they are."""
    rule = connection.capabilities.subscriptions
    if rule and method in rule.methods:
        return ""
    text = gettext("%(gateway)s takes no subscriptions paid like that.")
    return text % {"gateway": connection.gateway_label}


def _choices(offered: Iterable[Connection], account: Connection | None, chosen: str) -> list[MethodChoice]:
    taken = {method for one in offered if (rule := one.capabilities.subscriptions) for method in rule.methods}
    return [
        MethodChoice(
            value=value,
            label=label,
            hint=_HINTS[value],
            is_chosen=value == chosen,
            why_not=why_not(account, value) if account else "",
            is_never=value not in taken,
            ways="",
        )
        for value, label, _hint in METHODS
    ]


class AgreementForm(forms.Form):
    """Who mixes it in calls ``fit_accounts``, and ``check_agreement`` once everything is cleaned."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    connection = _AccountField(label=_("Account"), queryset=Connection.objects.none(), empty_label=None)
    method = forms.ChoiceField(
        label=_("Way of paying"), choices=[(value, label) for value, label, _hint in METHODS]
    )
    amount = forms.CharField(label=_("Amount of each charge"), max_length=24)
    cycle = forms.ChoiceField(label=_("How often"), initial=CycleChoices.MONTHLY)
    turns = forms.IntegerField(
        label=_("Number of charges"), min_value=1, max_value=MOST_TURNS, required=False
    )

    def fit_accounts(self, connections: ConnectionQuerySet) -> None:
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        rules = [rule for one in self.offered if (rule := one.capabilities.subscriptions)]
        cycles = {cycle.value for rule in rules for cycle in rule.cycles}
        self.fields["cycle"].choices = [  # type: ignore[attr-defined]
            choice for choice in CycleChoices.choices if choice[0] in cycles
        ]
        self.fields["amount"].widget.attrs.update(inputmode="decimal", autocomplete="off")
        self.fields["turns"].widget.attrs.update(inputmode="numeric")
        account = self.chosen_account
        rule = account.capabilities.subscriptions if account else None
        if rule:
            first = next((value for value, _label, _hint in METHODS if value in rule.methods), "")
            self.fields["method"].initial = first

    def name_errors(self) -> None:
        """Each field that is wrong points at its sentence."""
        for name, field in self.fields.items():
            if self.is_bound and name in self.errors:
                field.widget.attrs.update({"aria-invalid": "true", "aria-describedby": f"error-{name}"})

    def clean_amount(self) -> int:
        try:
            cents = parse_amount(self.cleaned_data["amount"])
        except NotAnAmount:
            raise forms.ValidationError(_("Type an amount such as 150,00.")) from None
        if cents > LARGEST_CENTS:
            raise forms.ValidationError(_("Type an amount above zero and below one hundred million."))
        return cents

    def check_agreement(self, *, starts_on: date | None = None, ends_on: date | None = None) -> None:
        """What the gateway would refuse later, said at the field it is about."""
        typed = self.cleaned_data
        if not all(name in typed for name in ("connection", "method", "amount", "cycle")):
            return
        asked = Agreement(
            connection=typed["connection"],
            method=Method(typed["method"]),
            amount_cents=typed["amount"],
            cycle=Cycle(typed["cycle"]),
            starts_on=starts_on,
            ends_on=ends_on,
            turns=typed.get("turns"),
        )
        for problem in problems(asked):
            field = problem.field if problem.field in self.fields else None
            if field not in self.errors:
                self.add_error(field, problem.text)

    @property
    def offered(self) -> list[Connection]:
        return list(self.fields["connection"].queryset)  # type: ignore[attr-defined]

    @property
    def chosen_account(self) -> Connection | None:
        """What is chosen now: at first that is the first account offered."""
        value, offered = str(self["connection"].value() or ""), self.offered
        chosen = next((connection for connection in offered if str(connection.pk) == value), None)
        return chosen or next(iter(offered), None)

    @property
    def method_choices(self) -> list[MethodChoice]:
        return _choices(self.offered, self.chosen_account, str(self["method"].value()))

    @property
    def is_sandbox_chosen(self) -> bool:
        return bool(self.chosen_account and self.chosen_account.is_sandbox)
