"""Dates, amounts and words as the pages say them."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

from django import template
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import get_language, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from config import clock
from connections.gateways.base import PaymentStatus
from connections.gateways.countries import BRAZIL
from payments import moments
from payments.models import Charge, Customer, Payment
from payments.money import format_cents

register = template.Library()


@register.filter
def ago(moment: datetime) -> str:
    """``3 minutes ago``, by the product's own clock (which the simulator may have moved)."""
    now = clock.now()
    if now - moment < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, now, depth=1)}


@register.filter
def when(moment: datetime | None, zone: str) -> str:
    """When money came on an account of that zone: the day alone where the gateway tells no time."""
    return moments.in_words(moment, zone) if moment else ""


@register.filter
def when_for_machines(moment: datetime | None, zone: str) -> str:
    """The same for the ``datetime`` of a ``time`` element."""
    return moments.for_machines(moment, zone) if moment else ""


@register.filter
def due_in_words(charge: Charge) -> str:
    """The due date with its distance from today, where the account is."""
    day = _in_full(charge.due_date)
    days = (charge.due_date - clock.today(charge.connection.time_zone)).days
    if days == 0:
        return _("today, %(day)s") % {"day": day}
    if days == 1:
        return _("tomorrow, %(day)s") % {"day": day}
    return day


def _in_full(day: date) -> str:
    """Portuguese and Spanish write months small; Django's catalogues capitalise them."""
    text = date_format(day, "DATE_FORMAT")
    return text if (get_language() or "").startswith("en") else text.lower()


@register.filter
def is_late(charge: Charge) -> bool:
    """Whether the due date has passed for a charge that still waits for money."""
    return charge.is_open and charge.due_date < clock.today(charge.connection.time_zone)


@register.filter
def masked(document: str) -> str:
    """All but the last three characters hidden."""
    return "•" * max(0, len(document) - 3) + document[-3:]


@register.filter
def method_name(method: str) -> str:
    names = {
        "pix": "PIX",
        "boleto": pgettext("way of paying", "Boleto"),
        "card": pgettext("way of paying", "Card"),
        "any": pgettext("way of paying", "Customer's choice"),
        "ticket": pgettext("way of paying", "Cash, with a code"),
    }
    return names.get(method, method)


_PAYMENT_WORDS = {
    PaymentStatus.PENDING: pgettext_lazy("payment", "waiting"),
    PaymentStatus.AUTHORIZED: pgettext_lazy("payment", "under review"),
    PaymentStatus.PAID: pgettext_lazy("payment", "paid"),
    PaymentStatus.OVERDUE: pgettext_lazy("payment", "overdue"),
    PaymentStatus.EXPIRED: pgettext_lazy("payment", "expired"),
    PaymentStatus.CANCELLED: pgettext_lazy("payment", "cancelled"),
    PaymentStatus.FAILED: pgettext_lazy("payment", "refused"),
    PaymentStatus.REFUNDED: pgettext_lazy("payment", "refunded"),
    PaymentStatus.DISPUTED: pgettext_lazy("payment", "disputed"),
    PaymentStatus.CHARGED_BACK: pgettext_lazy("payment", "charged back"),
}


@register.filter
def payment_status(payment: Payment) -> str:
    """Our word for a payment's state, or nothing for a word of the gateway that we do not know."""
    return str(_PAYMENT_WORDS.get(payment.status, "–"))  # type: ignore[call-overload]


@register.filter
def money(cents: int | None, currency: str) -> str:
    return "–" if cents is None else format_cents(cents, currency)


@register.filter
def pretty(body: str) -> str:
    """A JSON body with one value a line; anything else as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


@register.filter
def phone_number(customer: Customer) -> str:
    """``(11) 98765-4321`` in Brazil, ``+56 987654321`` elsewhere; what is no number as it is."""
    digits, home = customer.phone, customer.home
    if home is not BRAZIL:
        return f"+{home.dial} {digits}"
    if len(digits) not in (10, 11) or not digits.isdigit():
        return digits
    return f"({digits[:2]}) {digits[2:-4]}-{digits[-4:]}"
