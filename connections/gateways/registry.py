"""The gateways we speak to: one line each, loaded by name on first use."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from connections.gateways.base import Gateway, Registration

REGISTRY: dict[str, Registration] = {
    "asaas": Registration(name="asaas", label="Asaas", path="connections.gateways.asaas.client:AsaasGateway"),
    "mercadopago": Registration(
        name="mercadopago",
        label="Mercado Pago",
        path="connections.gateways.mercadopago.client:MercadoPagoGateway",
    ),
}


@cache
def gateway_class(name: str) -> type[Gateway]:
    """The adapter of a registered gateway; raises ``KeyError`` for a name nobody registered."""
    module, _, attribute = REGISTRY[name].path.partition(":")
    loaded: type[Gateway] = getattr(import_module(module), attribute)
    return loaded
