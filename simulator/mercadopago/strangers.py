"""Things of other products that notifications point to: none of them exists here (mercadopago.md 6.1)."""

from typing import Any

from django.http import HttpRequest

from simulator.mercadopago.auth import Handler
from simulator.mercadopago.errors import not_found
from simulator.models import Account

PATHS = {
    "v1/orders/(?P<gid>[^/]+)": "order",
    "point/integration-api/payment-intents/(?P<gid>[^/]+)": "payment intent",
    "proximity-integration/v1/orders/(?P<gid>[^/]+)": "order",
}


def unknown(what: str) -> Handler:
    def handler(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
        raise not_found(what)

    return handler
