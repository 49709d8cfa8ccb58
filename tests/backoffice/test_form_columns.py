"""Whatever a form takes fits into the column it is kept in: a database must never be the first to say no."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django import forms
from django.db import models

import payments.staff
from payments.models import (
    AgreementChange,
    Charge,
    ChargeChange,
    ChargeLine,
    Customer,
    Plan,
    Refund,
    ReviewDecision,
    Subscription,
)
from webhooks.models import Simulation
from webhooks.panel import forms as panel_forms

KEPT: dict[str, tuple[type[models.Model], str]] = {
    "SimulateForm.gateway_id": (Simulation, "gateway_id"),
    "PersonForm.name": (Customer, "name"),
    "PersonForm.document": (Customer, "document"),
    "PersonForm.email": (Customer, "email"),
    "PersonForm.phone": (Customer, "phone"),
    "ContactForm.name": (Customer, "name"),
    "ContactForm.email": (Customer, "email"),
    "ContactForm.phone": (Customer, "phone"),
    "AddressForm.zip_code": (Customer, "zip_code"),
    "AddressForm.street": (Customer, "street"),
    "AddressForm.street_number": (Customer, "street_number"),
    "AddressForm.district": (Customer, "district"),
    "AddressForm.city": (Customer, "city"),
    "AmountsForm.discount_reason": (Charge, "discount_reason"),
    "ChargeForm.description": (Charge, "description"),
    "ItemForm.description": (ChargeLine, "description"),
    "ChangeForm.text": (ChargeChange, "text"),
    "RefundForm.note": (Refund, "note"),
    "DecisionForm.note": (ReviewDecision, "note"),
    "DecisionForm.mark": (ReviewDecision, "mark"),
    "SubscriptionForm.description": (Subscription, "description"),
    "AgreementChangeForm.text": (AgreementChange, "text"),
    "PlanForm.name": (Plan, "name"),
}
# Read as numbers, or only looked for.
NOT_KEPT = {"amount", "discount", "fine", "interest", "total_discount", "seen_total", "unit", "q", "topic"}
NOT_KEPT |= {"plan", "typed_name", "least", "most"}
# In the lines of the story, which are text without end; the mark is compared only.
ELSEWHERE = {"AnonymiseForm.request_number", "IgnoreForm.note", "NoteForm.text"}
ELSEWHERE |= {"ReviewForm.note", "ReviewForm.mark"}


def every_form() -> Iterator[type[forms.Form]]:
    modules = [importlib.import_module(one.name) for one in _modules()]
    for module in [*modules, panel_forms]:
        for found in vars(module).values():
            is_form = isinstance(found, type) and issubclass(found, forms.Form)
            if is_form and found.__module__ == module.__name__:
                yield found


def _modules() -> Iterator[pkgutil.ModuleInfo]:
    return pkgutil.iter_modules(payments.staff.__path__, "payments.staff.")


def own_texts(form: type[forms.Form]) -> Iterator[tuple[str, forms.CharField]]:
    inherited = {name for base in form.__bases__ for name in getattr(base, "base_fields", {})}
    for name, field in form.base_fields.items():  # type: ignore[attr-defined]
        is_text = isinstance(field, forms.CharField) and not isinstance(field, forms.UUIDField)
        if is_text and name not in inherited:
            yield name, field


def test_every_text_of_every_form_is_known() -> None:
    named = {f"{form.__name__}.{name}" for form in every_form() for name, _field in own_texts(form)}
    kept = {name for name in named if name.partition(".")[2] not in NOT_KEPT}
    assert kept == {*KEPT, *ELSEWHERE}


@pytest.mark.parametrize("name", KEPT)
def test_takes_no_more_than_its_column(name: str) -> None:
    form_name, _dot, field_name = name.partition(".")
    form = next(form for form in every_form() if form.__name__ == form_name)
    field, (model, column) = dict(own_texts(form))[field_name], KEPT[name]
    longest = model._meta.get_field(column).max_length  # type: ignore[union-attr]
    assert field.max_length is not None
    assert longest is None or field.max_length <= longest
