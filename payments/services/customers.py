"""Customers: one row per document, found at the gateway before being created there."""

from __future__ import annotations

from contextlib import suppress
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from connections.gateways.base import Address, CustomerDetails, Gateway
from connections.gateways.documents import bare
from connections.gateways.errors import NotFound, RequestRefused
from connections.models import Connection
from payments.models import Customer, CustomerAtGateway

_LONGEST_EMAIL = 254


class Contact(TypedDict, total=False):
    """How somebody is reached: ``phone`` in national digits, ``language`` one of ``settings.LANGUAGES``."""

    email: str
    phone: str
    address: Address | None
    language: str


def save_customer(
    *,
    name: str,
    document_type: str,
    document: str,
    country: str = "BR",
    known: Customer | None = None,
    **contact: Unpack[Contact],
) -> Customer:
    """The customer with this document of a country, with the details just given (blank ones keep the old).

    ``known`` is one that was chosen and may have no document yet: it gets this one, unless somebody has it.
    """
    email, phone = contact.get("email", ""), contact.get("phone", "")
    given = {"name": name, "email": email, "phone": phone, **columns_of(contact.get("address"))}
    given["language"] = contact.get("language", "")
    named = {"country": country, "document_type": document_type, "document": document}
    if known and not known.document:
        _give_document(known, named)
    customer, created = Customer.objects.get_or_create(**named, defaults=given)
    if created:
        return customer
    new = {column: value for column, value in given.items() if value}
    for column, value in new.items():
        setattr(customer, column, value)
    customer.save(update_fields=list(new))
    return customer


def _give_document(known: Customer, named: dict[str, str]) -> None:
    """Nothing happens where another row has it: that one is the customer, and the two may be merged."""
    nameless = Customer.objects.filter(pk=known.pk, document="", anonymised_at=None)
    with suppress(IntegrityError), transaction.atomic():
        nameless.update(**named)


def columns_of(address: Address | None) -> dict[str, str]:
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
    known = CustomerAtGateway.objects.filter(connection=connection, customer=customer).order_by("pk").first()
    if known:
        return known.gateway_id
    details = details_of(customer)
    gateway_id = gateway.find_customer(details) or gateway.create_customer(details)
    if not gateway_id:
        return ""
    CustomerAtGateway.objects.get_or_create(
        connection=connection, gateway_id=gateway_id, defaults={"customer": customer}
    )
    return gateway_id


def drop_id(connection: Connection, customer: Customer) -> None:
    """The gateway refuses the id that is used there: the next charge looks the customer up anew."""
    used = CustomerAtGateway.objects.filter(connection=connection, customer=customer).order_by("pk")[:1]
    CustomerAtGateway.objects.filter(pk__in=list(used.values_list("pk", flat=True))).delete()


def payer_of(
    connection: Connection, gateway: Gateway, customer_id: str, told: CustomerDetails | None
) -> CustomerDetails | None:
    """None where the customer is known already, or the gateway knows nothing of one.

    Raises a ``GatewayError``.
    """
    if not customer_id:
        return told
    if CustomerAtGateway.objects.filter(connection=connection, gateway_id=customer_id).exists():
        return None
    try:
        return gateway.fetch_customer(customer_id)
    except (NotFound, RequestRefused):
        return told


def customer_of(connection: Connection, customer_id: str, details: CustomerDetails | None) -> Customer:
    """The one with this gateway's id or this document, else a new one; one we know is not changed.

    Whoever pays with another document than the one we know under the id is another one.
    """
    name_there = customer_id or (details.reference if details else "")
    same = CustomerAtGateway.objects.filter(connection=connection, gateway_id=name_there)
    known = same.select_related("customer").first() if name_there else None
    document = _document(connection, details) if details else ""
    if known and document in ("", known.customer.document or document):
        return known.customer
    nobody = CustomerDetails(reference="", name="", document="", document_type="")
    customer = _by_details(connection, details or nobody)
    if name_there and not known:
        CustomerAtGateway.objects.get_or_create(
            connection=connection, gateway_id=name_there, defaults={"customer": customer}
        )
    return customer


def _by_details(connection: Connection, details: CustomerDetails) -> Customer:
    """By document; without one by e-mail, among those that have no document either."""
    country = connection.country
    email = details.email if len(details.email) <= _LONGEST_EMAIL else ""
    given = {
        "name": (details.name or details.email or _("Payer without a name"))[:120],
        "email": email,
        "phone": country.phone(details.phone),
    }
    if document := _document(connection, details):
        return Customer.objects.get_or_create(
            country=country.code,
            document_type=details.document_type,
            document=document,
            defaults=given,
        )[0]
    nameless = Customer.objects.filter(country=country.code, document="", email=email)
    return (email and nameless.first()) or Customer.objects.create(country=country.code, **given)


def _document(connection: Connection, details: CustomerDetails) -> str:
    """One that can be somebody's: a placeholder such as 00000000000 would make one person of strangers."""
    number = bare(details.document)
    kinds = (kind for kind in connection.country.documents if kind.code == details.document_type)
    is_real = len(set(number)) > 1 and any(kind.fits(number) for kind in kinds)
    return number if is_real else ""
