"""Customers that Asaas keeps (asaas.md 2)."""

from __future__ import annotations

from connections.gateways.asaas.api import AsaasApi, quoted, required_id
from connections.gateways.base import CustomerDetails
from connections.gateways.values import text

_DOCUMENT_TYPES = {11: "CPF", 14: "CNPJ"}


def fetch(api: AsaasApi, gateway_id: str) -> CustomerDetails:
    """One by its id, also one that was deleted there. A document may be missing (2)."""
    answer = api.ask("GET", f"/customers/{quoted(gateway_id)}")
    if required_id(answer) != gateway_id:
        raise answer.unreadable()
    raw = answer.record()
    document = "".join(letter for letter in text(raw.get("cpfCnpj"), 32) if letter.isalnum()).upper()
    return CustomerDetails(
        reference=text(raw.get("externalReference"), 100),
        name=text(raw.get("name"), 120),
        document=document,
        document_type=_DOCUMENT_TYPES.get(len(document), ""),
        email=text(raw.get("email"), 254),
        phone=text(raw.get("mobilePhone"), 32) or text(raw.get("phone"), 32),
    )
