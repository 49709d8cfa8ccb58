"""The cards of the form for a new charge: ways of paying, what they stand for, and why one is not offered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import Method
from connections.models import Connection

METHODS: tuple[tuple[str, str | Promise, str | Promise], ...] = (
    (Method.PIX.value, "PIX", _("QR code and copy-and-paste text; paid in seconds, at any hour.")),
    (
        Method.BOLETO.value,
        pgettext_lazy("way of paying", "Boleto"),
        _("Paid at any bank or in its app; known as paid after one to three business days."),
    ),
    (
        Method.CARD.value,
        pgettext_lazy("way of paying", "Card"),
        _("Paid on the gateway's own page; card numbers never pass through here."),
    ),
    (
        Method.ANY.value,
        pgettext_lazy("way of paying", "Customer's choice"),
        _("The customer chooses on the gateway's own page."),
    ),
)


@dataclass(frozen=True, kw_only=True)
class MethodChoice:
    """One card of the form.

    ``why_not``: why the account chosen now does not take it; ``is_never``: no account offered does. ``ways``:
    what the gateway offers there.
    """

    value: str
    label: str | Promise
    hint: str | Promise
    is_chosen: bool
    why_not: str
    is_never: bool
    ways: str


def choices(offered: Iterable[Connection], account: Connection | None, chosen: str) -> list[MethodChoice]:
    """The methods that some account offered takes, or says why not, and what was chosen."""
    accounts = list(offered)
    able = [connection.capabilities for connection in accounts]
    taken = {method for can in able for method in can.methods}
    named = {method for can in able for method in can.missing}
    return [
        MethodChoice(
            value=value,
            label=label,
            hint=hint,
            is_chosen=value == chosen,
            why_not=why_not(account, value) if account else "",
            is_never=value not in taken,
            ways=in_words(account, value) if account else "",
        )
        for value, label, hint in METHODS
        if value in taken or value in named or value == chosen
    ]


def why_not(connection: Connection, method: str) -> str:
    """Why an account does not take a method, in words; empty where it does."""
    can = connection.capabilities
    if method in can.methods:
        return ""
    said = next((reason for known, reason in can.missing.items() if known == method), "")
    return gettext(said) if said else gettext("The account chosen above does not take it.")


def in_words(connection: Connection, method: str) -> str:
    """What the gateway offers there under a method, as it names it; empty where it did not tell."""
    active = [way for way in connection.market.ways if way.is_active]
    if method == Method.CARD:
        return ", ".join(way.name for way in active if way.method is Method.CARD)
    if method != Method.ANY:
        return ""
    cards = [gettext("cards")] if any(way.method is Method.CARD for way in active) else []
    return ", ".join([*cards, *(way.name for way in active if way.method is not Method.CARD)])
