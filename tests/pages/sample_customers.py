"""Customers as their pages must show them: with charges, alike to another, and forgotten."""

from __future__ import annotations

from django.contrib.auth.models import User

from payments.models import Charge, CustomerActKind, CustomerAtGateway
from payments.services import anonymising
from payments.services.contacting import note
from tests import factories


def make_customers(charges: dict[str, Charge], actor: User) -> dict[str, str]:
    """The addresses of their pages, by name."""
    paid = charges["paid"]
    ana = paid.customer
    CustomerAtGateway.objects.create(customer=ana, connection=paid.connection, gateway_id="cus_000007410933")
    note(ana, CustomerActKind.CHANGED, actor=actor, fields=["email", "street", "city"])
    twin = factories.make_customer(name="Ana Lima", document_type="", document="", email="ana.l@example.com")
    factories.make_charge(paid.connection, customer=twin, status="paid", description="Pedido 12")
    gone = factories.make_customer(name="Carlos Antunes")
    factories.make_charge(paid.connection, customer=gone, status="paid", received_cents=10_000)
    anonymising.anonymise(gone, actor=actor, reason=anonymising.Reason.REQUEST)
    own = ana.get_absolute_url()
    return {
        "customer": own,
        "customer-forgotten": gone.get_absolute_url(),
        "customer-change": f"{own}change/",
        "customer-merge": f"{own}merge/",
        "customer-merge-preview": f"{own}merge/?other={twin.public_id}",
        "customer-export": f"{own}export/",
        "customer-anonymise": f"{twin.get_absolute_url()}anonymise/",
        "customer-anonymise-open": f"{own}anonymise/",
        "new-charge-for": f"/charges/new/?customer={ana.public_id}",
    }
