"""The forms for a new subscription and a new plan. What a gateway would refuse later is said here."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config import clock
from connections.gateways.base import Cycle, Method
from connections.models import ConnectionQuerySet
from payments.models import Plan, Subscription
from payments.models.customers import CustomerQuerySet
from payments.money import as_typed
from payments.services.planning import NewPlan
from payments.staff.agreement_fields import AgreementForm
from payments.staff.people import PersonForm, words_for


class SubscriptionForm(PersonForm, AgreementForm):
    """``plan`` names the one it was filled in from. Without a last day and a number of charges: no end."""

    plan = forms.SlugField(widget=forms.HiddenInput, required=False)
    description = forms.CharField(label=_("Description"), max_length=200)
    starts_on = forms.DateField(
        label=_("First due date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=pgettext_lazy("subscription", "Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        connections: ConnectionQuerySet,
        customers: CustomerQuerySet | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.connections, self.customers = connections, customers
        self.fields["submission"].initial = uuid.uuid4
        self.fields["starts_on"].initial = lambda: clock.today("America/Sao_Paulo")
        # Documents, telephones and amounts are those of the account's country.
        self.order_fields(["submission", "plan", "connection"])
        self.fit_accounts(connections)
        self.fit_person(self.offered, self.chosen_account)
        self.name_errors()

    @staticmethod
    def from_plan(plan: Plan) -> dict[str, Any]:
        """The initial values that a plan gives."""
        return {
            "plan": plan.reference,
            "connection": plan.connection_id,
            "method": plan.method,
            "amount": as_typed(plan.amount_cents, plan.currency),
            "description": plan.name,
            "cycle": plan.cycle,
            "turns": plan.turns,
        }

    def clean(self) -> dict[str, Any]:
        super().clean()
        typed = self.cleaned_data
        self.check_agreement(starts_on=typed.get("starts_on"), ends_on=typed.get("ends_on"))
        return typed

    def asks_for(self, own: Subscription) -> bool:
        """Whether this (valid) form asks for exactly what a subscription was made for."""
        typed, customer = self.cleaned_data, own.customer
        first = own.amounts.first()
        asked = tuple(typed[name] for name in _COMPARED)
        person = (customer.country, customer.document_type, customer.document)
        made = (own.connection, own.method, own.cycle, own.starts_on, own.ends_on, own.turns)
        cents = first.amount_cents if first else own.amount_cents
        is_known = all(typed[name] in ("", getattr(customer, name)) for name in _KEPT_OF_PERSON)
        is_same = asked == (*made, own.description, *person, cents) and is_known
        return is_same and (own.plan is None or typed["plan"] == own.plan.reference)

    def renewed(self) -> SubscriptionForm:
        """The same form under a new submission: sent again it makes another subscription."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data["submission"] = str(uuid.uuid4())
        return SubscriptionForm(data, connections=self.connections, customers=self.customers)


_KEPT_OF_PERSON = ("name", "email", "phone", "language")
_COMPARED = (
    "connection",
    "method",
    "cycle",
    "starts_on",
    "ends_on",
    "turns",
    "description",
    "country",
    "document_type",
    "document",
    "amount",
)


class PlanForm(AgreementForm):
    name = forms.CharField(label=_("Name of the plan"), max_length=120, min_length=2)

    def __init__(self, *args: Any, connections: ConnectionQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections = connections
        self.fields["submission"].initial = uuid.uuid4
        self.fit_accounts(connections)
        self.words = words_for(self.chosen_account)
        self.fields["amount"].widget.attrs["placeholder"] = self.words["amount_blank"]
        self.name_errors()

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.check_agreement()
        return self.cleaned_data

    def asks_for(self, own: Plan) -> bool:
        """Whether this (valid) form asks for exactly what a plan was made for."""
        asked = tuple(self.cleaned_data[name] for name in ("connection", "method", "cycle", "turns", "name"))
        made = (own.connection, own.method, own.cycle, own.turns, own.name)
        return asked == made and self.cleaned_data["amount"] == own.amount_cents

    def renewed(self) -> PlanForm:
        """The same form under a new submission: sent again it makes another plan."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data["submission"] = str(uuid.uuid4())
        return PlanForm(data, connections=self.connections)

    def new_plan(self, actor: Any) -> NewPlan:
        """What this (valid) form asks for."""
        typed = self.cleaned_data
        return NewPlan(
            connection=typed["connection"],
            method=Method(typed["method"]),
            amount_cents=typed["amount"],
            cycle=Cycle(typed["cycle"]),
            turns=typed["turns"],
            name=typed["name"],
            submission=typed["submission"],
            actor=actor,
        )
