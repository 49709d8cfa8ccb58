"""The parcels of a new charge: how many may be asked for, and what each would be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.gateways.base import InstalmentRule, Method
from connections.gateways.instalments import due_dates, split
from connections.models import Connection
from payments.money import format_cents

MOST = 99


@dataclass(frozen=True, kw_only=True)
class ParcelShown:
    """One parcel as it will be."""

    number: int
    amount: str
    due: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the number typed comes to. ``most``: how many there may be, 1 where the way of paying has none."""

    most: int
    parcels: tuple[ParcelShown, ...] = ()
    total: str = ""
    said: str = ""
    why_not: str = ""


class InstalmentsForm(forms.Form):
    """Who mixes it in calls ``check_instalments`` once amount, account and way of paying are settled."""

    instalments = forms.IntegerField(
        label=gettext_lazy("Number of parcels"),
        min_value=1,
        max_value=MOST,
        required=False,
        initial=1,
        error_messages={"invalid": gettext_lazy("Type a whole number such as 3.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["instalments"].widget.attrs.update(inputmode="numeric", autocomplete="off")

    def clean_instalments(self) -> int:
        return self.cleaned_data["instalments"] or 1

    @property
    def offers_instalments(self) -> bool:
        """Whether any account offered takes parcels in some way."""
        offered = self.fields["connection"].queryset  # type: ignore[attr-defined]
        return any(connection.capabilities.instalments for connection in offered)

    @property
    def takes_parcels(self) -> bool:
        """Whether there are parcels as the form stands: on the account and by the way of paying chosen."""
        account = self.chosen_account  # type: ignore[attr-defined]
        return _rule(account, str(self["method"].value() or "")) is not None

    def parcel_base(self) -> int:
        """The sum that fine and discount are of: a parcel where each is paid by itself, else all."""
        typed = self.cleaned_data
        rule = _rule(typed.get("connection"), typed.get("method", ""))
        if rule is None or rule.is_payers_choice:
            return int(typed["amount"])
        return split(typed["amount"], typed["instalments"])[0]

    def check_instalments(self, connection: Connection) -> None:
        """Name what is wrong with the number, or with what is granted beside it."""
        typed = self.cleaned_data
        count, amount = typed.get("instalments") or 1, typed.get("amount")
        if count == 1 or not amount or not typed.get("method"):
            return
        rule = _rule(connection, typed["method"])
        if problem := _problem(connection, rule, count, amount):
            self.add_error("instalments", problem)
        elif rule and rule.is_payers_choice:
            self._refuse_terms()
        elif rule:
            self._check_discount(connection, split(amount, count)[0])

    def _refuse_terms(self) -> None:
        for name in ("discount", "fine", "interest"):
            if self.cleaned_data.get(name) and name not in self.errors:
                text = _("A card in parcels takes no discount, fine or interest: leave this empty.")
                self.add_error(name, text)

    def _check_discount(self, connection: Connection, smallest: int) -> None:
        least = connection.capabilities.minimum_cents
        discount = self.cleaned_data.get("discount") or 0
        if discount and smallest - discount < least and "discount" not in self.errors:
            text = _("Give less: it is off each parcel, and %(gateway)s takes them from %(amount)s on.")
            shown = {
                "gateway": connection.gateway_label,
                "amount": format_cents(least, connection.currency),
            }
            self.add_error("discount", text % shown)

    @property
    def preview(self) -> Preview | None:
        """What was typed as parcels; None before anything was, or while the rest says too little."""
        if not self.is_bound:
            return None
        bool(self.errors)
        typed = self.cleaned_data
        connection, method = typed.get("connection"), typed.get("method")
        if not connection or not method:
            return None
        rule, amount = _rule(connection, method), typed.get("amount")
        count = typed.get("instalments") or 1
        if rule is None:
            return Preview(most=1, why_not=_no_parcels(connection))
        if problem := _problem(connection, rule, count, amount) if amount else "":
            return Preview(most=rule.most, why_not=problem)
        if count == 1 or not amount or not typed.get("due_date"):
            return Preview(most=rule.most, said=_possible(connection, rule, amount))
        if rule.is_payers_choice:
            return Preview(most=rule.most, said=_chosen_there(connection, count))
        return self._shown(connection, rule, count)

    def _shown(self, connection: Connection, rule: InstalmentRule, count: int) -> Preview:
        typed, currency = self.cleaned_data, connection.currency
        days = due_dates(typed["due_date"], count)
        rows = tuple(
            ParcelShown(number=number, amount=format_cents(cents, currency), due=_day(day))
            for number, (cents, day) in enumerate(
                zip(split(typed["amount"], count), days, strict=True), start=1
            )
        )
        return Preview(most=rule.most, parcels=rows, total=format_cents(typed["amount"], currency))


def _rule(connection: Connection | None, method: str) -> InstalmentRule | None:
    if connection is None or not method:
        return None
    return connection.capabilities.instalments.get(Method(method))


def _problem(connection: Connection, rule: InstalmentRule | None, count: int, amount: int) -> str:
    """Why an amount cannot have so many parcels; empty where it can."""
    if count == 1:
        return ""
    if rule is None:
        return _no_parcels(connection)
    most = rule.most_of(amount)
    if count <= most:
        return ""
    shown = {"most": most, "least": format_cents(rule.least_cents, connection.currency)}
    if most == 1:
        return _("This amount is too small for parcels: each needs at least %(least)s.") % shown
    if most < rule.most:
        text = _("Choose at most %(most)s parcels: of this amount, each needs at least %(least)s.")
        return text % shown
    return _("Choose at most %(most)s parcels.") % shown


def _no_parcels(connection: Connection) -> str:
    text = _("%(account)s takes no parcels by this way of paying: leave 1, or choose another way.")
    return text % {"account": connection.name}


def _possible(connection: Connection, rule: InstalmentRule, amount: int | None) -> str:
    most = rule.most_of(amount) if amount else rule.most
    if most == 1:
        return _("Without parcels: this amount is paid at once.")
    return _("Without parcels. Up to %(most)s are possible.") % {"most": most}


def _chosen_there(connection: Connection, count: int) -> str:
    text = _("The customer chooses on the page of %(gateway)s: at once, or in up to %(count)s parcels.")
    return text % {"gateway": connection.gateway_label, "count": count}


def _day(day: Any) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
