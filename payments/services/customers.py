"""Customers: one row per document, found at the gateway before being created there."""

from __future__ import annotations

from connections.gateways.base import CustomerDetails, Gateway
from connections.models import Connection
from payments.models import Customer, CustomerAtGateway


def save_customer(
    *, name: str, document_type: str, document: str, email: str = "", phone: str = ""
) -> Customer:
    """The customer with this document, with the contact details just given (blank ones keep the old)."""
    customer, created = Customer.objects.get_or_create(
        document_type=document_type,
        document=document,
        defaults={"name": name, "email": email, "phone": phone},
    )
    if created:
        return customer
    customer.name = name
    customer.email = email or customer.email
    customer.phone = phone or customer.phone
    customer.save(update_fields=["name", "email", "phone"])
    return customer


def details_of(customer: Customer) -> CustomerDetails:
    return CustomerDetails(
        reference=f"cus_{customer.public_id.hex}",
        name=customer.name,
        document=customer.document,
        document_type=customer.document_type,
        email=customer.email,
        phone=customer.phone,
    )


def id_at_gateway(gateway: Gateway, connection: Connection, customer: Customer) -> str:
    """The gateway's id of this customer, found by document before being created; empty where it has none.

    Raises a ``GatewayError``. Asaas accepts the same document twice, so the look-up comes first.
    """
    known = CustomerAtGateway.objects.filter(connection=connection, customer=customer).first()
    if known:
        return known.gateway_id
    details = details_of(customer)
    gateway_id = gateway.find_customer(details) or gateway.create_customer(details)
    if not gateway_id:
        return ""
    row, _created = CustomerAtGateway.objects.get_or_create(
        connection=connection, customer=customer, defaults={"gateway_id": gateway_id}
    )
    return row.gateway_id
