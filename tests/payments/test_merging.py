"""Two rows of one person become one, and nothing that names either of them is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db.models.deletion import ProtectedError
from django.test import Client

from backoffice.groups import FINANCE, keep_groups
from connections.gateways.base import CustomerDetails
from connections.models import Connection, ConnectionAccess
from payments.models import Charge, Customer, CustomerAct, CustomerAtGateway, Subscription
from payments.services import merging
from payments.services.customers import customer_of
from payments.services.merging import NotPossible, Obstacle
from tests.factories import make_charge, make_connection, make_customer, make_subscription

pytestmark = pytest.mark.django_db
DOCUMENT = "52998224725"


@pytest.fixture
def vera(db: None) -> User:
    keep_groups()
    user = User.objects.create_user("vera")
    user.groups.add(Group.objects.get(name=FINANCE))
    return user


@pytest.fixture
def finance(client: Client, vera: User) -> Client:
    client.force_login(vera)
    return client


def nameless(**values: Any) -> Customer:
    return make_customer(**{"document_type": "", "document": "", **values})


def known(customer: Customer, connection: Connection, gateway_id: str) -> None:
    CustomerAtGateway.objects.create(customer=customer, connection=connection, gateway_id=gateway_id)


def test_everything_moves_and_both_ids_are_found(vera: User) -> None:
    connection = make_connection()
    ana, twin = nameless(phone=""), make_customer(document=DOCUMENT, phone="11987654321")
    known(ana, connection, "cus_1")
    known(twin, connection, "cus_2")
    charge, agreement = make_charge(connection, customer=twin), make_subscription(connection, customer=twin)
    merging.merge(ana, twin, actor=vera)
    assert [*Customer.objects.all()] == [ana]
    assert Charge.objects.get(pk=charge.pk).customer == ana
    assert Subscription.objects.get(pk=agreement.pk).customer == ana
    ana.refresh_from_db()
    assert (ana.document_type, ana.document, ana.phone) == ("CPF", DOCUMENT, "11987654321")
    for gateway_id in ("cus_1", "cus_2"):
        details = CustomerDetails(reference="", name="Ana", document="", document_type="")
        assert customer_of(connection, gateway_id, details) == ana


def test_who_when_and_what_stays_written(vera: User) -> None:
    ana, twin = make_customer(), nameless()
    make_charge(customer=twin)
    CustomerAct.objects.create(customer=twin, at="2026-11-20T12:00:00Z", kind="changed")
    merging.merge(ana, twin, actor=vera)
    act = ana.acts.get(kind="merged")
    assert act.actor == vera and ana.acts.count() == 2
    assert act.data == {
        "merged": str(twin.public_id),
        "charges": 1,
        "subscriptions": 0,
        "second_ids": 0,
    }


def test_no_column_names_the_other_one_any_more(vera: User) -> None:
    """By the columns there are: one that is added later is moved, too."""
    ana, twin = make_customer(), nameless()
    charge = make_charge(customer=twin)
    known(twin, charge.connection, "cus_1")
    with pytest.raises(ProtectedError):
        twin.delete()
    old = twin.pk
    merging.merge(ana, twin, actor=vera)
    columns = list(merging.references())
    assert {(model.__name__, column) for model, column in columns} >= {
        ("Charge", "customer"),
        ("Subscription", "customer"),
        ("CustomerAtGateway", "customer"),
    }
    assert not any(model._base_manager.filter(**{column: old}).exists() for model, column in columns)


def test_two_documents_are_two_people(vera: User) -> None:
    ana, bea = make_customer(), make_customer()
    with pytest.raises(NotPossible) as refused:
        merging.merge(ana, bea, actor=vera)
    assert refused.value.obstacle == Obstacle.DOCUMENTS and Customer.objects.count() == 2


def test_waits_for_what_is_being_made(vera: User) -> None:
    ana, twin = make_customer(), nameless()
    make_charge(customer=twin, status="confirming")
    with pytest.raises(NotPossible) as refused:
        merging.merge(ana, twin, actor=vera)
    assert refused.value.obstacle == Obstacle.BEING_MADE


def test_one_that_is_gone_meanwhile(vera: User) -> None:
    ana, twin = make_customer(), nameless()
    Customer.objects.filter(pk=twin.pk).delete()
    with pytest.raises(NotPossible) as refused:
        merging.merge(ana, twin, actor=vera)
    assert refused.value.obstacle == Obstacle.GONE


def test_who_is_limited_merges_nothing_of_others(vera: User) -> None:
    theirs = make_connection()
    ConnectionAccess.objects.create(user=vera, connection=theirs)
    ana, twin = make_customer(), nameless()
    make_charge(theirs, customer=ana)
    make_charge(theirs, customer=twin)
    make_charge(customer=twin)
    with pytest.raises(NotPossible) as refused:
        merging.merge(ana, twin, actor=vera)
    assert refused.value.obstacle == Obstacle.NOT_ALL


def test_candidates_are_alike_and_can_be_one(vera: User) -> None:
    ana = make_customer(name="Ana Lima", email="ana@example.com", phone="11987654321")
    by_name = nameless(name="ANA LIMA", email="", phone="")
    by_email = nameless(name="A. Lima", email="Ana@Example.com", phone="")
    by_phone = nameless(name="Aninha", email="", phone="11987654321")
    make_customer(name="Ana Lima", email="ana@example.com")
    nameless(name="Bruno", email="", phone="")
    found = {one.customer: one.alike for one in merging.candidates(ana, vera)}
    assert found == {by_name: ("name",), by_email: ("email",), by_phone: ("phone",)}


def test_nobody_is_alike_for_having_no_name(vera: User) -> None:
    first, _second = (nameless(name="Payer without a name", email="", phone="") for _row in range(2))
    assert merging.candidates(first, vera) == []


def test_the_page_asks_before_it_merges(finance: Client) -> None:
    ana, twin = make_customer(name="Ana Lima"), nameless(name="Ana Lima", email="other@example.com")
    make_charge(customer=twin)
    address = f"{ana.get_absolute_url()}merge/"
    assert f'data-candidate="{twin.public_id}"' in finance.get(address).content.decode()
    shown = finance.get(f"{address}?other={twin.public_id}")
    assert shown.context["preview"].charges == 1 and shown.context["preview"].dropped == ("email",)
    assert finance.post(address, {"other": str(twin.public_id)}).status_code == 422
    assert Customer.objects.count() == 2
    done = finance.post(address, {"other": str(twin.public_id), "sure": "1"})
    assert done.status_code == 302 and [*Customer.objects.all()] == [ana]
    assert finance.get(twin.get_absolute_url()).headers["Location"] == ana.get_absolute_url()


def test_the_page_says_why_not(finance: Client) -> None:
    ana, bea = make_customer(), make_customer()
    address = f"{ana.get_absolute_url()}merge/"
    assert 'data-why-not="documents"' in finance.get(f"{address}?other={bea.public_id}").content.decode()
    finance.post(address, {"other": str(bea.public_id), "sure": "1"})
    assert Customer.objects.count() == 2
    assert finance.get(f"{address}?other=nobody").status_code == 200
