"""What a new charge comes to: an amount, or items, less what is given as a discount at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _

from connections.models import Connection
from payments import amounts
from payments.amounts import Line
from payments.money import LARGEST_CENTS, as_typed, format_cents, smallest_cents
from payments.staff.items import (
    COUNT,
    MOST_ITEMS,
    NO_CENTS,
    PREFIX,
    TOO_LARGE,
    ItemFormSet,
    ReductionField,
)

_OWN = ("total_discount", "discount_reason", "seen_total")


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What was worked out, in hundredths; put into words only where a page shows it."""

    currency: str
    subtotal_cents: int
    discount_cents: int

    @property
    def subtotal(self) -> str:
        return format_cents(self.subtotal_cents, self.currency)

    @property
    def discount(self) -> str:
        return format_cents(-self.discount_cents, self.currency)

    @property
    def total(self) -> str:
        return format_cents(self.subtotal_cents - self.discount_cents, self.currency)


class AmountsForm(forms.Form):
    """Who mixes it in has a field ``amount``, and calls ``settle_amounts`` before anything reads that.

    ``is_draft``: a person only wants the sums, or another row; then nothing else is found fault with.
    ``seen_total`` is the total the person saw, in hundredths: nothing is charged that nobody saw.
    """

    total_discount = ReductionField(label=_("Discount on the total"), max_length=24, required=False)
    discount_reason = forms.CharField(label=_("Why the discount is given"), max_length=200, required=False)
    seen_total = forms.CharField(widget=forms.HiddenInput, max_length=24, required=False)

    def __init__(self, *args: Any, is_draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_draft = is_draft
        self.sums: Sums | None = None
        has_rows = self.is_bound and COUNT in self.data
        self.items = ItemFormSet(self.data if has_rows else None, prefix=PREFIX)
        self.has_items = has_rows and any(item.has_changed() for item in self.items.forms)
        self.fields["total_discount"].widget.attrs.update(inputmode="decimal", autocomplete="off")
        self.fields["discount_reason"].widget.attrs.update(autocomplete="off")
        for item in self.items.forms if is_draft else ():
            item.forgive()
        if self.has_items:
            self.fields["amount"].required = False
            self.fields["amount"].widget.attrs["readonly"] = True

    def show_blank(self, blank: str, *names: str) -> None:
        """What the empty boxes for amounts show, these among them; the page's script knows them, too."""
        for name in (*names, "total_discount"):
            self.fields[name].widget.attrs.update({"placeholder": blank, "data-amount": ""})
        self.items.form_kwargs["blank"] = blank
        for item in self.items.forms:
            item.show_blank(blank)

    @property
    def shows_amounts(self) -> bool:
        """Whether something was typed there already, so that the section must be open."""
        return bool(self.items.forms) or any(self[name].value() for name in _OWN[:2])

    @property
    def separators(self) -> tuple[str, str]:
        """Of decimals and of thousands, for the page's script."""
        decimal = get_format("DECIMAL_SEPARATOR")
        return decimal, get_format("THOUSAND_SEPARATOR")

    @property
    def lines(self) -> tuple[Line, ...]:
        """The items of this (valid) form."""
        return tuple(self.cleaned_data["lines"])

    @property
    def most_items(self) -> int:
        return MOST_ITEMS

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_draft and self.errors:
            for name in [name for name in self.errors if name not in _OWN]:
                del self.errors[name]

    def settle_amounts(self, connection: Connection) -> None:
        """Work out the net, from now on the ``amount``; without one what is wrong was said."""
        typed = self.cleaned_data
        lines = self._read_items(connection.currency)
        subtotal = typed.pop("amount", None)
        if self.has_items:
            subtotal = self._subtotal(lines)
        if subtotal is None or "total_discount" not in typed:
            return
        discount = self._discount(connection, subtotal)
        if discount is None:
            return
        net = subtotal - discount
        typed.update(amount=net, discount_cents=discount, lines=lines)
        is_reduced = bool(discount or any(line.discount_cents for line in lines))
        self._show(connection, subtotal, discount)
        if is_reduced and connection.require_discount_reason and not typed.get("discount_reason"):
            text = _("Say why: on %(account)s every discount needs a reason.")
            self.add_error("discount_reason", text % {"account": connection.name})
        if not is_reduced:
            typed["discount_reason"] = ""
        if discount or lines:
            self._insist_on_seen(net, connection)

    def _read_items(self, currency: str) -> list[Line]:
        """Empty where one of them is wrong, or there is none."""
        if not self.items.is_bound:
            return []
        read = [item.read(currency) for item in self.items.forms if item.has_changed()]
        lines = [line for line in read if line]
        if len(lines) < len(read):
            self.add_error(None, _("Correct the items marked below."))
            return []
        for problem in self.items.non_form_errors():
            self.add_error(None, problem)
        return lines

    def _subtotal(self, lines: list[Line]) -> int | None:
        """None without items, or where they come to too much."""
        subtotal = amounts.subtotal(lines)
        if subtotal > LARGEST_CENTS:
            self.add_error(None, TOO_LARGE)
        return subtotal if lines and subtotal <= LARGEST_CENTS else None

    def _discount(self, connection: Connection, subtotal: int) -> int | None:
        """What is off the total; None where it cannot be given."""
        smallest = smallest_cents(connection.currency)
        discount: int = self.cleaned_data["total_discount"].of(subtotal, unit=smallest)
        least = connection.capabilities.least_cents(self.cleaned_data.get("method", ""))
        if discount % smallest:
            self.add_error("total_discount", NO_CENTS)
        elif discount and subtotal - discount < least:
            text = _("Give less: %(gateway)s takes charges from %(amount)s on, after the discount.")
            shown = format_cents(least, connection.currency)
            self.add_error("total_discount", text % {"gateway": connection.gateway_label, "amount": shown})
        else:
            return discount
        return None

    def _show(self, connection: Connection, subtotal: int, discount: int) -> None:
        currency = connection.currency
        self.sums = Sums(currency=currency, subtotal_cents=subtotal, discount_cents=discount)
        if self.has_items:
            self._replace("amount", as_typed(subtotal, currency))

    def _insist_on_seen(self, net: int, connection: Connection) -> None:
        seen = self.cleaned_data.get("seen_total", "")
        self._replace("seen_total", str(net))
        if seen != str(net) and not self.errors and not self.is_draft:
            text = _("It comes to %(total)s now. Look at the sums below, then create it.")
            self.add_error(None, text % {"total": format_cents(net, connection.currency)})

    def _replace(self, name: str, value: str) -> None:
        """What the page shows in a box from now on."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix(name)] = value
        self.data = data
