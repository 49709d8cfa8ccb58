"""The rows for items on the page for a new charge, and how they come and go without a script."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.amounts import WHOLE, Line, Reduction
from payments.money import LARGEST_CENTS, NotAnAmount, format_cents, parse_amount, smallest_cents

MOST_ITEMS = 50
MOST_OF_ONE = 99_999
PREFIX = "items"
COUNT = f"{PREFIX}-TOTAL_FORMS"
_BOXES = ("description", "quantity", "unit", "discount")
NO_AMOUNT = _("Type an amount such as 150,00.")
TOO_LARGE = _("Type an amount above zero and below one hundred million.")
NO_CENTS = _("This currency has no cents.")


class ReductionField(forms.CharField):
    """A sum such as ``5,00`` or a percentage such as ``10%``; nothing typed is nothing off."""

    def clean(self, value: Any) -> Reduction:
        typed = super().clean(value).strip()
        text = typed.removesuffix("%").strip()
        try:
            number = parse_amount(text) if text else 0
        except NotAnAmount:
            raise forms.ValidationError(_("Type a sum such as 5,00 or a percentage such as 10%.")) from None
        if not typed.endswith("%"):
            return Reduction(cents=number)
        if number > WHOLE:
            raise forms.ValidationError(_("Type a percentage of at most 100."))
        return Reduction(hundredths=number)


class ItemForm(forms.Form):
    """One item. ``line`` is what it came to, once it was read."""

    description = forms.CharField(label=_("Item"), max_length=120)
    quantity = forms.IntegerField(
        label=_("Quantity"),
        initial=1,
        min_value=1,
        max_value=MOST_OF_ONE,
        error_messages={"invalid": _("Type a whole number such as 2.")},
    )
    unit = forms.CharField(label=_("Price each"), max_length=24)
    discount = ReductionField(label=_("Discount"), max_length=24, required=False)
    line: Line | None = None
    shown_total = ""

    def __init__(self, *args: Any, blank: str = "0,00", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["quantity"].widget = forms.TextInput()
        self.fields["quantity"].widget.attrs.update(inputmode="numeric", autocomplete="off")
        for name in ("unit", "discount"):
            self.fields[name].widget.attrs.update(inputmode="decimal", autocomplete="off")
        self.show_blank(blank)

    def show_blank(self, blank: str) -> None:
        """What an empty box for an amount shows."""
        for name in ("unit", "discount"):
            self.fields[name].widget.attrs.update({"placeholder": blank, "data-amount": ""})

    def forgive(self) -> None:
        """What is not typed yet is no mistake."""
        self.fields["description"].required = self.fields["unit"].required = False

    def clean_unit(self) -> int | None:
        typed = self.cleaned_data["unit"]
        if not typed:
            return None
        try:
            cents = parse_amount(typed)
        except NotAnAmount:
            raise forms.ValidationError(NO_AMOUNT) from None
        if not 0 < cents <= LARGEST_CENTS:
            raise forms.ValidationError(TOO_LARGE)
        return cents

    def read(self, currency: str) -> Line | None:
        """The item in this currency; None, with its reasons, where it cannot be."""
        if not self.is_valid() or self.cleaned_data["unit"] is None:
            return None
        typed, smallest = self.cleaned_data, smallest_cents(currency)
        gross = typed["quantity"] * typed["unit"]
        off = typed["discount"].of(gross, unit=smallest)
        if typed["unit"] % smallest:
            self.add_error("unit", NO_CENTS)
        if off % smallest:
            self.add_error("discount", NO_CENTS)
        if off > gross:
            text = _("Give at most %(amount)s: that is what it costs.")
            self.add_error("discount", text % {"amount": format_cents(gross, currency)})
        if self.errors:
            return None
        self.line = Line(
            description=typed["description"],
            quantity=typed["quantity"],
            unit_cents=typed["unit"],
            discount_cents=off,
        )
        self.shown_total = format_cents(self.line.total_cents, currency)
        return self.line

    @property
    def boxes(self) -> list[tuple[forms.BoundField, str | Promise]]:
        """Its fields, each with a hint; a wrong one says so to a screen reader."""
        hints = {"discount": _("5,00 or 10%.")}
        for name in _BOXES if self.is_bound else ():
            if name in self.errors:
                attrs = {"aria-invalid": "true", "aria-describedby": f"error-{self.add_prefix(name)}"}
                self.fields[name].widget.attrs.update(attrs)
        return [(self[name], hints.get(name, "")) for name in _BOXES]


ItemFormSet = forms.formset_factory(
    ItemForm, extra=0, max_num=MOST_ITEMS, absolute_max=MOST_ITEMS, validate_max=True
)


def rearranged(data: QueryDict, wanted: str) -> QueryDict:
    """The same form with a row more (``add``), without one (``remove-2``), or as it is.

    The first item begins with the amount that was typed.
    """
    rows = [{name: data.get(f"{PREFIX}-{number}-{name}", "") for name in _BOXES} for number in _numbers(data)]
    if wanted == "add" and len(rows) < MOST_ITEMS:
        unit = "" if rows else data.get("amount", "")
        rows.append({"description": "", "quantity": "1", "unit": unit, "discount": ""})
    elif wanted in (removals := [f"remove-{number}" for number in range(len(rows))]):
        del rows[removals.index(wanted)]
    changed = data.copy()
    for name in [name for name in changed if name.startswith(f"{PREFIX}-")]:
        del changed[name]
    changed[COUNT], changed[f"{PREFIX}-INITIAL_FORMS"] = str(len(rows)), "0"
    for number, row in enumerate(rows):
        for name, value in row.items():
            changed[f"{PREFIX}-{number}-{name}"] = value
    return changed


def _numbers(data: QueryDict) -> range:
    text = data.get(COUNT, "")
    return range(min(int(text), MOST_ITEMS) if text.isascii() and text.isdecimal() and len(text) < 6 else 0)
