"""Customers: one row per document, found at the gateway before being created there."""

from __future__ import annotations

from typing import TypedDict, Unpack

from connections.gateways.base import Address, CustomerDetails, Gateway
from connections.models import Connection
from payments.models import Customer, CustomerAtGateway


class Contact(TypedDict, total=False):
    """How somebody is reached: ``phone`` in national digits."""

    email: str
    phone: str
    address: Address | None


def save_customer(
    *,
    name: str,
    document_type: str,
    document: str,
    country: str = "BR",
    **contact: Unpack[Contact],
) -> Customer:
    """The customer with this document of a country, with the details just given (blank ones keep the old)."""
    email, phone = contact.get("email", ""), contact.get("phone", "")
    given = {"name": name, "email": email, "phone": phone, **_columns(contact.get("address"))}
    customer, created = Customer.objects.get_or_create(
        country=country, document_type=document_type, document=document, defaults=given
    )
    if created:
        return customer
    new = {column: value for column, value in given.items() if value}
    for column, value in new.items():
        setattr(customer, column, value)
    customer.save(update_fields=list(new))
    return customer


def _columns(address: Address | None) -> dict[str, str]:
    if address is None:
        return {}
    return {
        "zip_code": address.zip_code,
        "street": address.street,
        "street_number": address.number,
        "district": address.district,
        "city": address.city,
        "state": address.state,
    }


def address_of(customer: Customer) -> Address | None:
    if not customer.has_address:
        return None
    return Address(
        zip_code=customer.zip_code,
        street=customer.street,
        number=customer.street_number,
        district=customer.district,
        city=customer.city,
        state=customer.state,
    )


def details_of(customer: Customer) -> CustomerDetails:
    return CustomerDetails(
        reference=f"cus_{customer.public_id.hex}",
        name=customer.name,
        document=customer.document,
        document_type=customer.document_type,
        email=customer.email,
        phone=customer.phone,
        address=address_of(customer),
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
