"""Mercado Pago's countries, and what an account may take there (mercadopago.md 1.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo
from zoneinfo import ZoneInfo

from connections.gateways import countries
from connections.gateways.base import (
    Capabilities,
    Country,
    Market,
    Method,
    PaymentWay,
)
from connections.gateways.texts import gettext_noop as _

_ONLY_BRAZIL = {
    Method.PIX: _("PIX exists in Brazil only."),
    Method.BOLETO: _("Boletos exist in Brazil only."),
}
_NOT_ACTIVE = {
    Method.PIX: _("This account has no PIX key at Mercado Pago: make one there and check the connection."),
    Method.BOLETO: _("Mercado Pago does not offer this account boletos at the moment."),
    Method.CARD: _("Mercado Pago does not offer this account cards at the moment."),
}
_CARDS = ("credit_card", "debit_card", "prepaid_card")
_CODES = ("ticket", "atm")


@dataclass(frozen=True, kw_only=True)
class Site:
    """The time zone is our choice: the country's most people live by it. ``home``: the page of its people."""

    country: Country
    time_zone: str
    home: str


SITES = {
    "MLB": Site(
        country=countries.BRAZIL, time_zone="America/Sao_Paulo", home="https://www.mercadopago.com.br"
    ),
    "MLA": Site(
        country=countries.ARGENTINA,
        time_zone="America/Argentina/Buenos_Aires",
        home="https://www.mercadopago.com.ar",
    ),
    "MLM": Site(
        country=countries.MEXICO, time_zone="America/Mexico_City", home="https://www.mercadopago.com.mx"
    ),
    "MLC": Site(country=countries.CHILE, time_zone="America/Santiago", home="https://www.mercadopago.cl"),
    "MCO": Site(
        country=countries.COLOMBIA, time_zone="America/Bogota", home="https://www.mercadopago.com.co"
    ),
    "MPE": Site(country=countries.PERU, time_zone="America/Lima", home="https://www.mercadopago.com.pe"),
    "MLU": Site(
        country=countries.URUGUAY, time_zone="America/Montevideo", home="https://www.mercadopago.com.uy"
    ),
}
_BY_CURRENCY = {site.country.currency: site for site in SITES.values()}


def zone_of(currency: str) -> tzinfo:
    """Where the accounts that charge in a currency are."""
    return ZoneInfo(_BY_CURRENCY.get(currency, SITES["MLB"]).time_zone)


def home_of(currency: str) -> str:
    """Mercado Pago's own page for the people of the country."""
    return _BY_CURRENCY.get(currency, SITES["MLB"]).home


def method_of(code: str, kind: str, currency: str) -> Method | None:
    """Our word for a way of paying: what is a boleto in Brazil is a code for a shop elsewhere (2.1)."""
    if code == "pix":
        return Method.PIX
    if kind in _CARDS:
        return Method.CARD
    if currency != countries.BRAZIL.currency:
        return Method.TICKET if kind in _CODES else None
    return Method.BOLETO if kind == "ticket" else None


def capabilities_in(market: Market, whole: Capabilities) -> Capabilities:
    """Of all that Mercado Pago can, what it can in this country for this account."""
    can = whole if market.country is countries.BRAZIL else _abroad(whole, market.country)
    if not market.ways:
        return can
    taken = [way for way in market.ways if way.is_active]
    inactive = {
        method: _NOT_ACTIVE[method]
        for method in can.methods & _NOT_ACTIVE.keys()
        if not any(way.method is method for way in taken)
    }
    return replace(
        can,
        methods=can.methods - inactive.keys(),
        missing={**can.missing, **inactive},
        limits={method: limits for method in can.methods if (limits := _limits(method, taken))},
        subscriptions=can.subscriptions if Method.CARD not in inactive else None,
    )


def _abroad(whole: Capabilities, country: Country) -> Capabilities:
    """In Peru payments are given back as a whole only (3.6)."""
    refunds = frozenset({Method.CARD, Method.TICKET})
    return replace(
        whole,
        methods=whole.methods - _ONLY_BRAZIL.keys(),
        missing=_ONLY_BRAZIL,
        pix_minutes=None,
        boleto_days=None,
        needs_address=frozenset(),
        refunds=refunds,
        partial_refunds=frozenset() if country is countries.PERU else refunds,
    )


def _limits(method: Method, taken: list[PaymentWay]) -> tuple[int, int] | None:
    """A page that offers everything takes what any way takes."""
    ways = taken if method is Method.ANY else [way for way in taken if way.method is method]
    if not ways:
        return None
    mosts = [way.most_cents for way in ways]
    return min(way.least_cents for way in ways), max(mosts) if all(mosts) else 0
