"""The page a customer opens, in each of its states, of an account with a look of its own and of others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from config import clock
from connections.gateways.base import Method
from connections.models import Brand, Connection
from payments.models import Charge, Customer
from tests import factories
from tests.connections.pictures import logo
from tests.pages import sample

COLOUR = "#b3400f"
BOLETO = {
    "boleto_line": "23793381286008200000506000063307789840000015000",
    "boleto_barcode": "23797898400000150003381260082000000600006330",
    "boleto_url": "https://example.com/boleto.pdf",
}
PAGE = {"link": "https://checkout.example.com/pay/77ab"}


def make_brand(connection: Connection, **values: Any) -> Brand:
    picture = {"logo": logo(), "logo_kind": "image/png", "logo_width": 96, "logo_height": 96}
    return Brand.objects.create(
        **{"connection": connection, "name": "Padaria Aurora", "colour": COLOUR, **picture, **values}
    )


def make_states() -> dict[str, Charge]:
    """By name; the account is its own, so that other samples stay as they are."""
    asaas = factories.make_connection(
        name="Aurora", account_name="Padaria Aurora Ltda", environment="production"
    )
    plain = factories.make_connection(
        name="Doces", gateway="mercadopago", account_name="Aurora Doces", environment="production"
    )
    make_brand(asaas)
    customer = factories.make_customer(name="Diana Prado", document="39053344705")
    return {**_to_pay(asaas, plain, customer), **_received(asaas, customer), **_over(asaas, plain, customer)}


def _to_pay(asaas: Connection, plain: Connection, customer: Customer) -> dict[str, Charge]:
    pix = {"pix_text": sample.PIX_TEXT}
    soon = {**pix, "pix_expires_at": clock.now() + timedelta(minutes=29)}
    ways = {**pix, **BOLETO, **PAGE}
    dead = {**pix, "pix_expires_at": clock.now() - timedelta(days=1)}
    return {
        "pix": _charge(asaas, customer, "Pedido 101: torta de limão", **pix),
        "countdown": _charge(plain, customer, "Pedido 102", **soon),
        "late": _charge(asaas, customer, "Mensalidade de outubro", status="overdue", due=-4, **pix),
        "boleto": _charge(asaas, customer, "Pedido 103", method=Method.BOLETO, **BOLETO),
        "ways": _charge(asaas, customer, "Pedido 104: cesta de Natal", method=Method.ANY, **ways),
        "page": _charge(plain, customer, "Pedido 105", method=Method.CARD, **PAGE),
        "later": _charge(plain, customer, "Bolo de casamento", due=75),
        "gone": _charge(plain, customer, "Pedido 106", status="expired", **dead),
        "preparing": _charge(asaas, customer, "Pedido 107", status="confirming"),
    }


def _received(asaas: Connection, customer: Customer) -> dict[str, Charge]:
    paid = {"status": "paid", "received_cents": 15_000, "paid_at": clock.now() - timedelta(minutes=2)}
    back = {**paid, "refunded_cents": 15_000, "status": "refunded"}
    part = {**paid, "refunded_cents": 4_000, "status": "partially_refunded"}
    charges = {
        "receipt": _charge(asaas, customer, "Pedido 108: torta de limão", **paid),
        "part-back": _charge(asaas, customer, "Pedido 109", **part),
        "back": _charge(asaas, customer, "Pedido 110", **back),
        "in-review": _charge(asaas, customer, "Pedido 111", **{**paid, "review_reason": "amount"}),
        "authorized": _charge(asaas, customer, "Pedido 112", status="authorized"),
        "disputed": _charge(asaas, customer, "Pedido 113", **{**paid, "status": "disputed"}),
    }
    for name in ("receipt", "part-back", "back"):
        factories.make_payment(charges[name], "paid", paid_at=charges[name].paid_at)
    return charges


def _over(asaas: Connection, plain: Connection, customer: Customer) -> dict[str, Charge]:
    return {
        "charged-back": _charge(asaas, customer, "Pedido 114", status="charged_back", received_cents=15_000),
        "called-off": _charge(asaas, customer, "Pedido 115", status="cancelled"),
        "not-valid": _charge(plain, customer, "Pedido 116", status="failed", failure="Invalid"),
    }


def _charge(
    connection: Connection, customer: Customer, description: str, *, due: int = 3, **more: Any
) -> Charge:
    return factories.make_charge(
        connection,
        customer=customer,
        amount_cents=15_000,
        description=description,
        due_date=clock.today("America/Sao_Paulo") + timedelta(days=due),
        created_at=clock.now(),
        **more,
    )
