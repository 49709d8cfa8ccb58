"""To be forgotten: no text of any table names the person any more, and nothing brings it back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from backoffice.groups import ADMINISTRATOR, keep_groups
from config import clock
from connections.gateways.base import CustomerDetails
from connections.models import ConnectionAccess
from payments.models import Charge, Customer, TimelineEntry
from payments.services import anonymising, exporting, noting, refreshing, resources
from payments.services.anonymising import Hindrance, NotPossible, Reason
from payments.services.customers import customer_of
from payments.services.held import Marks, rows_of, text_columns
from payments.staff import sentences
from tests.factories import (
    NOW,
    make_charge,
    make_connection,
    make_customer,
    make_payment,
    make_subscription,
)
from tests.payments import everything
from tests.payments.simulated import World
from webhooks.models import WebhookEvent
from webhooks.services import forgetting

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(db: None) -> User:
    keep_groups()
    user = User.objects.create_user("root", is_staff=True)
    user.groups.add(Group.objects.get(name=ADMINISTRATOR))
    return user


@pytest.fixture
def browser(client: Client, root: User) -> Client:
    client.force_login(root)
    return client


def forget(person: Customer, actor: User) -> Customer:
    return anonymising.anonymise(person, actor=actor, reason=Reason.REQUEST, request="2026/17")


def test_no_text_of_any_table_names_the_person(root: User) -> None:
    """By the tables there are: a new one must stand in ``everything``, a new column is filled by itself."""
    person = everything.make_person()
    charge = everything.make_everything(person, root)
    assert {*rows_of(person)} == everything.reachable(), "make a row of it in everything.py"
    everything.write_everywhere(person)
    assert len({(table, column) for table, column, _mark in everything.traces()}) > 50
    forget(person, root)
    assert everything.traces() == []
    charge.refresh_from_db()
    assert (charge.status, charge.amount_cents, charge.received_cents) == ("paid", 10_000, 10_000)


def test_notes_of_colleagues_go_whole(root: User) -> None:
    """No mark finds who is only described."""
    charge = make_charge(customer=make_customer(document="52998224725"), status="paid")
    noting.add_note(charge, "The tall one from the corner", actor=root)
    kept = make_charge(status="paid")
    noting.add_note(kept, "Pays late", actor=root)
    forget(charge.customer, root)
    assert [entry.data for entry in charge.timeline.filter(code="note")] == [{"text": ""}]
    assert kept.timeline.get(code="note").data == {"text": "Pays late"}
    assert str(sentences.story(charge)[0].sentence)


def test_others_stay_who_they_are(root: User) -> None:
    bea = make_customer(name="Beatriz Reis")
    charge = make_charge(customer=bea, description="Para Beatriz Reis")
    person = everything.make_person()
    everything.make_everything(person, root)
    forget(person, root)
    charge.refresh_from_db()
    bea.refresh_from_db()
    assert (bea.name, charge.description) == ("Beatriz Reis", "Para Beatriz Reis")


def test_references_stay_and_links_stop(root: User, client: Client) -> None:
    person = everything.make_person()
    charge = make_charge(customer=person, status="paid", description=f"Aula de {everything.NAME}, dezembro")
    assert client.get(f"/pay/{charge.pay_token}/").status_code == 200
    forget(person, root)
    assert client.get(f"/pay/{charge.pay_token}/").status_code == 404
    after = Charge.objects.get(pk=charge.pk)
    assert (after.reference, after.description) == (charge.reference, "Aula de ***, dezembro")


def test_what_was_done_stays_written_and_names_nobody(root: User) -> None:
    person = forget(everything.make_person(), root)
    act = person.acts.get()
    assert (act.kind, act.actor, act.data) == (
        "anonymised",
        root,
        {"reason": "request", "request": "2026/17"},
    )


@pytest.mark.parametrize(
    ("hindrance", "values"),
    [
        (Hindrance.CHARGE, {"status": "pending"}),
        (Hindrance.CHARGE, {"status": "overdue"}),
        (Hindrance.CHARGE, {"status": "confirming"}),
        (Hindrance.REVIEW, {"status": "paid", "review_reason": "amount"}),
    ],
)
def test_waits_for_charges(root: User, hindrance: Hindrance, values: dict[str, str]) -> None:
    person = everything.make_person()
    make_charge(customer=person, **values)
    refused(person, root, hindrance)


@pytest.mark.parametrize(
    ("hindrance", "model", "values"),
    [
        (Hindrance.SUBSCRIPTION, "Subscription", {"state": "paused"}),
        (Hindrance.REFUND, "Refund", {"state": "unsure"}),
        (Hindrance.DISPUTE, "Dispute", {"state": "documents"}),
        (Hindrance.DISPUTE, "Dispute", {"state": ""}),
        (Hindrance.CHANGE, "ChargeChange", {"state": "open"}),
        (Hindrance.FILE, "BatchRow", {"state": "ready", "asked": {"document": everything.DOCUMENT}}),
    ],
)
def test_waits_for_what_moves(root: User, hindrance: Hindrance, model: str, values: dict[str, Any]) -> None:
    person = everything.make_person()
    everything.make_everything(person, root)
    known = {one.__name__: (one, keys) for one, keys in rows_of(person).items()}
    table, keys = known[model]
    table._base_manager.filter(pk__in=keys).update(**values)
    refused(person, root, hindrance)


def refused(person: Customer, actor: User, hindrance: Hindrance) -> None:
    with pytest.raises(NotPossible) as raised:
        forget(person, actor)
    assert raised.value.hindrances == [hindrance]
    person.refresh_from_db()
    assert person.name == everything.NAME


def test_who_is_limited_forgets_nobody_of_others(root: User) -> None:
    person = everything.make_person()
    make_charge(customer=person, status="paid")
    ConnectionAccess.objects.create(user=root, connection=make_connection())
    refused(person, root, Hindrance.NOT_ALL)


def test_happens_once(root: User) -> None:
    person = forget(everything.make_person(), root)
    with pytest.raises(NotPossible):
        forget(person, root)


def look(charge: Charge) -> str:
    """As a notification does it."""
    payment = charge.payments.get()
    held = resources.lease(payment.resource_id)
    assert held
    refreshing.refresh(payment.connection, payment.resource, held, source="webhook", cause="PAYMENT_X")
    resources.release(held)
    charge.refresh_from_db()
    return charge.status


def test_a_look_at_the_gateway_brings_nothing_back(world: World, root: User) -> None:
    """The gateway still knows the name, in the description too, and tells it with every answer."""
    person = everything.make_person()
    charge = world.charge("asaas", customer=person, description=f"Aula de {everything.NAME}")
    world.control("pay", reference=charge.reference)
    assert look(charge) == "paid"
    forget(person, root)
    lines = TimelineEntry.objects.filter(code="exchange").count()
    world.control("refund", reference=charge.reference, amount=100, force=True)
    assert look(charge) == "refunded"
    assert TimelineEntry.objects.filter(code="exchange").count() > lines
    assert everything.traces() == []


def test_a_payment_found_later_brings_nothing_back(root: User) -> None:
    person = everything.make_person()
    charge = everything.make_everything(person, root)
    forget(person, root)
    told = CustomerDetails(
        reference="", name=everything.NAME, document=everything.DOCUMENT, document_type="CPF"
    )
    assert customer_of(charge.connection, "cus_1", told) == person
    assert everything.traces() == []


def test_what_is_told_later_is_cleared_within_the_hour(root: User, monkeypatch: pytest.MonkeyPatch) -> None:
    person = everything.make_person()
    charge = make_charge(customer=person, status="paid")
    payment = make_payment(charge, "paid")
    other = make_payment(make_charge(status="paid"), "paid")
    forget(person, root)
    for number, about in enumerate((payment, other)):
        WebhookEvent.objects.create(
            connection=about.connection,
            gateway_id=about.gateway_id,
            resource=about.resource,
            dedupe_key=str(number),
            body=everything.WRITTEN.encode(),
            received_at=clock.now(),
            state="done",
        )
    monkeypatch.setitem(forgetting._looked, "at", NOW.replace(year=2020))
    assert forgetting.clear_late() == 1 and forgetting.clear_late() == 0
    kept = WebhookEvent.objects.get(resource=other.resource)
    assert bytes(kept.body) == everything.WRITTEN.encode()


def test_marks_are_found_however_they_are_written() -> None:
    marks = Marks(everything.make_person())
    assert marks.blot("de Zulmira  Quevedo\nBrandão e") == "de *** e"
    assert marks.blot("CPF 529.982.247-25, fone +55 (11) 95551 2345") == "CPF ***, fone +55 (***"
    assert marks.blot('{"name":"Zulmira Quevedo Brand\\u00e3o"}') == '{"name":"***"}'
    assert marks.blot("?q=zulmira.qb%40example.com") == "?q=***"
    assert marks.blot({"a": ["Bruno", "", 7, None]}) == {"a": ["Bruno", "", 7, None]}


def test_a_person_without_details_hides_nothing() -> None:
    nobody = make_customer(name="", document="", document_type="", email="", phone="")
    assert Marks(nobody).blot("anything") == "anything"


def test_the_page_wants_a_reason_and_the_name_once_more(browser: Client) -> None:
    person = everything.make_person()
    make_charge(customer=person, status="paid")
    address = f"{person.get_absolute_url()}anonymise/"
    right = {"reason": "request", "request_number": "17", "typed_name": "zulmira  quevedo brandão"}
    for wrong in ({"reason": ""}, {"typed_name": "Zulmira"}, {"request_number": everything.DOCUMENT}):
        answer = browser.post(address, {**right, **wrong})
        assert answer.status_code == 422 and next(iter(wrong)) in answer.context["form"].errors
    assert "data-erasure" in browser.get(address).content.decode()
    done = browser.post(address, right, follow=True)
    person.refresh_from_db()
    assert person.anonymised_at and "data-anonymised" in done.content.decode()
    assert everything.traces() == []


def test_the_page_says_what_is_open(browser: Client) -> None:
    person = everything.make_person()
    make_subscription(customer=person)
    address = f"{person.get_absolute_url()}anonymise/"
    assert 'data-hindrance="subscription"' in browser.get(address).content.decode()
    typed = {"reason": "request", "typed_name": everything.NAME}
    assert browser.post(address, typed).status_code == 422 and not Customer.objects.get().anonymised_at


def test_the_file_holds_every_text_about_the_person(browser: Client, root: User) -> None:
    """What is left out is named; a column that is added later goes into the file by itself."""
    person = everything.make_person()
    everything.make_everything(person, root)
    everything.write_everywhere(person)
    told = json.loads(browser.post(f"{person.get_absolute_url()}export/").content)
    missing = []
    for model, keys in rows_of(person).items():
        for column in text_columns(model):
            is_told = all(column in row for row in told[model.__name__]) and told[model.__name__]
            if not is_told and column not in exporting._LEFT_OUT:
                missing.append((model.__name__, column))
        assert len(told[model.__name__]) == len(keys)
    assert missing == [] and told["Customer"][0]["document"] == everything.DOCUMENT
    assert not {"id", "pay_token", "submission", "created_by"} & set(told["Charge"][0])
    assert everything.WRITTEN in told["WebhookEvent"][0]["body"]
    assert person.acts.filter(kind="exported", actor=root).count() == 1


def test_the_page_to_print_changes_nothing(browser: Client, root: User) -> None:
    person = everything.make_person()
    charge = everything.make_everything(person, root)
    shown = browser.get(f"{person.get_absolute_url()}export/").content.decode()
    assert everything.DOCUMENT in shown and charge.reference in shown and "cus_1" in shown
    assert not person.acts.filter(kind="exported").exists()
