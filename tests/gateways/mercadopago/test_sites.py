"""Seven countries through the real adapter against the simulator, and what it makes of their lists."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.base import (
    Access,
    ChargeOrder,
    Environment,
    Gateway,
    Market,
    Method,
    PaymentStatus,
    PaymentWay,
    RefundOrder,
    Secrets,
)
from connections.gateways.countries import BRAZIL, CHILE, COUNTRIES, PERU
from connections.gateways.errors import RequestRefused
from connections.gateways.mercadopago.client import MercadoPagoGateway
from tests.gateways import sample
from tests.gateways.controls import Simulator
from tests.gateways.mercadopago.desk import add, gateway, prepared

REFERENCE = "chg-abroad-1"
# Site, country, currency, time zone, a code of that country and a document that it lists.
SITES = [
    ("MLA", "AR", "ARS", "America/Argentina/Buenos_Aires", "rapipago", "DNI"),
    ("MLM", "MX", "MXN", "America/Mexico_City", "oxxo", None),
    ("MLC", "CL", "CLP", "America/Santiago", "servipag", "RUT"),
    ("MCO", "CO", "COP", "America/Bogota", "efecty", "NIT"),
    ("MPE", "PE", "PEN", "America/Lima", "pagoefectivo_atm", "RUC"),
    ("MLU", "UY", "UYU", "America/Montevideo", "abitab", "CI"),
]
each_site = pytest.mark.parametrize(("site", "land", "currency", "zone", "code", "document"), SITES)


def speaker(simulator: Simulator, site: str, **switches: Any) -> Gateway:
    account = simulator.account("mercadopago", name="Tienda", site=site, **switches)
    access = Access(
        credentials=Secrets({"access_token": account["access_token"]}),
        environment=Environment.PRODUCTION,
        now=simulator.now,
        account_id=str(account["user_id"]),
        simulator_url=simulator.url,
    )
    return MercadoPagoGateway(access)


def order_of(simulator: Simulator, currency: str, **changes: Any) -> ChargeOrder:
    defaults: dict[str, Any] = {
        "reference": REFERENCE,
        "currency": currency,
        "amount_cents": 600_000,
        "method": Method.ANY,
        "notification_url": "",
        "due_date": (simulator.now() + timedelta(days=3)).date(),
    }
    return sample.order(**{**defaults, **changes})


@each_site
def test_learns_country_ways_and_documents(
    simulator: Simulator, site: str, land: str, currency: str, zone: str, code: str, document: str | None
) -> None:
    found = speaker(simulator, site).check_credentials()
    assert (found.site, found.currency, found.time_zone) == (site, currency, zone)
    market = Market(country=COUNTRIES[land], ways=found.ways or (), rules=found.documents or ())
    can = MercadoPagoGateway.capabilities_in(market)
    assert can.methods == {Method.CARD, Method.ANY} and set(can.missing) == {Method.PIX, Method.BOLETO}
    shop = next(way for way in found.ways or () if way.code == code)
    assert (shop.method, shop.is_active) == (Method.TICKET, True)
    assert can.least_cents(Method.ANY) <= can.least_cents(Method.CARD) > 0
    codes = [kind.code for kind in market.documents]
    assert document in codes if document else codes == ["RFC", "CURP"]


@each_site
def test_a_page_of_the_country_is_paid_and_given_back(
    simulator: Simulator, site: str, land: str, currency: str, zone: str, code: str, document: str | None
) -> None:
    adapter = speaker(simulator, site)
    page = adapter.submit_charge(adapter.prepare_charge(order_of(simulator, currency)))
    simulator.act("pay", reference=REFERENCE, method=code)
    (payment,) = adapter.fetch_charge(page.kind, page.gateway_id).payments
    assert (payment.status, payment.method, payment.currency) == (PaymentStatus.PAID, Method.TICKET, currency)
    assert (payment.amount_cents, payment.received_cents, payment.boleto) == (600_000, 600_000, None)
    assert adapter.fetch_boleto(payment.gateway_id) is None
    part = RefundOrder(
        payment_id=payment.gateway_id,
        method=payment.method,
        amount_cents=600_000 if land == "PE" else 10_000,
        currency=currency,
        idempotency_key="one",
        is_rest=land == "PE",
    )
    adapter.submit_refund(adapter.prepare_refund(part))
    assert adapter.fetch_payment(payment.gateway_id).refunded_cents == part.amount_cents


@pytest.mark.parametrize("currency", ["CLP", "COP"])
def test_cents_are_refused_before_the_call(currency: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        gateway().prepare_charge(sample.order(currency=currency, amount_cents=600_050, method=Method.ANY))
    assert caught.value.field == "amount"


def test_the_gateway_refuses_cents_too(simulator: Simulator) -> None:
    """What the simulator demands is what the adapter writes."""
    adapter = speaker(simulator, "MLC")
    call = adapter.prepare_charge(order_of(simulator, "CLP"))
    assert '"unit_price":6000}' in call.body
    assert adapter.submit_charge(call).link.startswith("http")


@pytest.mark.parametrize(
    ("currency", "excluded", "identification"),
    [("BRL", False, True), ("CLP", True, True), ("MXN", True, False)],
)
def test_a_page_for_cards_offers_no_machine_abroad(
    currency: str, excluded: bool, identification: bool
) -> None:
    body = prepared(method=Method.CARD, currency=currency, amount_cents=600_000)
    names = [one["id"] for one in body["payment_methods"]["excluded_payment_types"]]
    assert ("atm" in names) is excluded
    assert ("identification" in body["payer"]) is identification


def market(*ways: PaymentWay, **changes: Any) -> Market:
    return Market(**{"country": BRAZIL, "ways": ways, **changes})


def way(code: str, method: Method | None, least: int = 100, most: int = 0, **changes: Any) -> PaymentWay:
    known = {"code": code, "name": code.title(), "method": method, "is_active": True}
    return PaymentWay(**{**known, "least_cents": least, "most_cents": most, **changes})


def test_brazil_without_lists_can_all() -> None:
    assert MercadoPagoGateway.capabilities_in(market()) is MercadoPagoGateway.capabilities


def test_what_the_account_may_not_use_is_said() -> None:
    ways = (way("pix", Method.PIX, is_active=False), way("visa", Method.CARD, 50, 1_000))
    can = MercadoPagoGateway.capabilities_in(market(*ways))
    assert can.methods == {Method.CARD, Method.ANY}
    assert "PIX key" in can.missing[Method.PIX] and can.missing[Method.BOLETO]
    assert (can.least_cents("card"), can.most_cents("card")) == (50, 1_000)
    assert can.most_cents("any") == 1_000


def test_the_widest_limits_of_its_ways_are_a_pages() -> None:
    ways = (way("visa", Method.CARD, 100, 500), way("master", Method.CARD, 50, 0))
    can = MercadoPagoGateway.capabilities_in(market(*ways, country=CHILE))
    assert (can.least_cents("card"), can.most_cents("card")) == (50, None)
    assert can.most_cents("pix") is None


def test_in_peru_nothing_goes_back_in_parts() -> None:
    can = MercadoPagoGateway.capabilities_in(market(country=PERU))
    assert (can.partial_refunds, Method.TICKET in can.refunds) == (frozenset(), True)


@pytest.mark.parametrize("status", [404, 500, 403])
def test_lists_that_do_not_come_leave_the_key_good(mercado: Any, status: int) -> None:
    add(mercado, "GET", "/users/me", sample.body("mercadopago", "user", site_id="MLM"))
    add(mercado, "GET", "/v1/payment_methods", {"message": "no"}, status=status)
    add(mercado, "GET", "/v1/identification_types", {"message": "no"}, status=status)
    found = gateway().check_credentials()
    assert (found.currency, found.ways, found.documents) == ("MXN", None, None)


def test_reads_lists_of_any_shape(mercado: Any) -> None:
    add(mercado, "GET", "/users/me", sample.body("mercadopago", "user", site_id="MLA"))
    odd = {"id": "rapipago", "payment_type_id": "ticket", "min_allowed_amount": "50.5", "new": {}}
    add(mercado, "GET", "/v1/payment_methods", [odd, {"name": "nameless"}, None, 3])
    add(mercado, "GET", "/v1/identification_types", [{"id": "DNI", "min_length": "7"}, {}, "x"])
    found = gateway().check_credentials()
    assert [(one.code, one.name, one.least_cents, one.is_active) for one in found.ways or ()] == [
        ("rapipago", "rapipago", 5_050, False)
    ]
    (rule,) = found.documents or ()
    assert (rule.code, rule.shortest, rule.longest, rule.is_numeric) == ("DNI", 7, 32, False)


def test_whole_numbers_and_decimals_are_the_same_money() -> None:
    """Mercado Pago writes 1500, never 1500.00."""
    body = prepared(currency="COP", amount_cents=150_000, method=Method.ANY)
    assert body["items"][0]["unit_price"] == 1500
    body = prepared(currency="UYU", amount_cents=150_050, method=Method.ANY)
    assert body["items"][0]["unit_price"] == Decimal("1500.50")
