"""A customer about whom there is a row in every table there is, each text of it naming the person."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models

from payments.models import (
    AgreementChange,
    BatchRow,
    Cancellation,
    CancellationItem,
    Charge,
    ChargeBatch,
    ChargeChange,
    ChargeImport,
    ChargeLine,
    ChargeTerms,
    CreationAttempt,
    Customer,
    CustomerAct,
    CustomerAtGateway,
    Dispute,
    Finding,
    ImportedPayment,
    MissedNotification,
    Refund,
    ReviewDecision,
    TimelineEntry,
)
from payments.services.held import references, rows_of, text_columns
from tests.factories import NOW, make_charge, make_customer, make_payment, make_subscription
from webhooks.models import Replay, ReplayItem, Simulation, WebhookEvent

NAME, DOCUMENT, EMAIL, PHONE = (
    "Zulmira Quevedo Brandão",
    "52998224725",
    "zulmira.qb@example.com",
    "11955512345",
)
WRITTEN = f"{NAME} ZULMIRA BRANDÃO 529.982.247-25 {EMAIL} (11) 95551-2345"
# What is searched for afterwards, in small letters.
MARKS = ("zulmira", "brandão", r"brand\u00e3o", "52998224725", "529.982.247-25", "11955512345", "95551-2345")


def make_person() -> Customer:
    return make_customer(name=NAME, document=DOCUMENT, email=EMAIL, phone=PHONE, street="Rua das Acácias")


def make_everything(person: Customer, actor: User) -> Charge:
    charge = make_charge(customer=person, status="paid", received_cents=10_000)
    payment = make_payment(charge, "paid")
    agreement = make_subscription(charge.connection, customer=person, state="cancelled")
    here: dict[str, Any] = {"connection": charge.connection}
    at: dict[str, Any] = {"created_at": NOW}
    CustomerAtGateway.objects.create(customer=person, gateway_id="cus_1", **here)
    CustomerAct.objects.create(customer=person, at=NOW, kind="changed", actor=actor)
    CreationAttempt.objects.create(charge=charge, kind="payment", state="answered")
    ChargeLine.objects.create(charge=charge, position=1, quantity=1, unit_cents=10_000)
    agreed = {"is_agreed": True, "amount_cents": 10_000}
    ChargeTerms.objects.create(charge=charge, since=NOW, origin="ours", due_date=date(2026, 12, 1), **agreed)
    ChargeChange.objects.create(charge=charge, kind="description", state="done", **at)
    many = Cancellation.objects.create(asked_by=actor, asked_at=NOW, total=1, state="done")
    CancellationItem.objects.create(cancellation=many, charge=charge, state="left")
    AgreementChange.objects.create(subscription=agreement, kind="cancel", state="done", **at)
    Refund.objects.create(payment=payment, charge=charge, amount_cents=100, state="done", **at)
    Dispute.objects.create(
        charge=charge,
        payment=payment,
        resource=payment.resource,
        kind="claim",
        gateway_id="9",
        state="won",
        amount_cents=100,
        opened_at=NOW,
        seen_at=NOW,
        **here,
    )
    ReviewDecision.objects.create(charge=charge, at=NOW, actor=actor, reason="amount")
    for thing in ({"charge": charge}, {"subscription": agreement}):
        TimelineEntry.objects.create(**thing, at=NOW, kind="people", code="sent", data={"how": "link"})
    run = ChargeImport.objects.create(since=NOW, state="done", requested_at=NOW, **here)
    ImportedPayment.objects.create(run=run, gateway_id="8", charge=charge)
    seen = {"found_at": NOW, **here}
    MissedNotification.objects.create(resource=payment.resource, charge=charge, source="check", **seen)
    Finding.objects.create(kind="difference", gateway_id="8", charge=charge, seen_at=NOW, **seen)
    _make_notifications(charge, actor)
    _make_files(charge, actor)
    return charge


def _make_notifications(charge: Charge, actor: User) -> None:
    resource = charge.resources.get()
    told = {"connection": charge.connection, "received_at": NOW, "topic": "PAYMENT_RECEIVED", "state": "done"}
    told |= {"body": WRITTEN.encode(), "query": WRITTEN, "headers": {"x": WRITTEN}}
    event = WebhookEvent.objects.create(resource=resource, dedupe_key="1", **told)
    # Never matched: it is known by what it is about.
    WebhookEvent.objects.create(gateway_id=resource.gateway_id, dedupe_key="2", note=WRITTEN, **told)
    replay = Replay.objects.create(asked_at=NOW, state="done", filters={"q": NAME})
    ReplayItem.objects.create(replay=replay, event=event, state_before="dead")
    Simulation.objects.create(
        public_id=uuid.uuid4(), connection=charge.connection, sent_at=NOW, event=event, body=WRITTEN
    )
    here = ContentType.objects.get_for_model(Customer)
    LogEntry.objects.create(
        user=actor, content_type=here, object_id=str(charge.customer_id), object_repr=NAME, action_flag=2
    )


def _make_files(charge: Charge, actor: User) -> None:
    """One row was made into the charge, another one of the same file was left out."""
    batch = ChargeBatch.objects.create(
        connection=charge.connection,
        method="pix",
        created_by=actor,
        created_at=NOW,
        file_name=f"{NAME}.csv",
        content_hash="0" * 64,
        checked_on=NOW.date(),
        state="done",
    )
    BatchRow.objects.create(batch=batch, line=2, state="made", charge=charge)
    typed = {"name": NAME, "document": "529.982.247-25"}
    BatchRow.objects.create(batch=batch, line=3, state="left_out", typed=typed, problems=[{"text": EMAIL}])


def write_everywhere(person: Customer) -> None:
    """Into every text of every row about the person, as much as fits; ids are made by the gateways."""
    for model, keys in rows_of(person).items():
        for key in () if model is Customer else keys:
            row = model._base_manager.filter(pk=key)
            row.update(
                **{name: _text(model, name, key) for name in text_columns(model) if _fits(model, name)}
            )


def _fits(model: type[models.Model], name: str) -> bool:
    if name == "gateway_id":
        return False
    longest = getattr(model._meta.get_field(name), "max_length", None)
    return longest is None or longest >= len(DOCUMENT) + 5


def _text(model: type[models.Model], name: str, key: int) -> Any:
    field = model._meta.get_field(name)
    if isinstance(field, models.JSONField):
        return {"who": WRITTEN, "list": [{NAME: [EMAIL]}], "body": '{"name":"Zulmira Quevedo Brand\\u00e3o"}'}
    longest = getattr(field, "max_length", None) or 1_000
    texts = (f"{WRITTEN} {key}", f"{NAME} {key}", f"{DOCUMENT} {key}")
    return next(text for text in texts if len(text) <= longest)


def reachable() -> set[type[models.Model]]:
    """Every table whose rows may be about a customer."""
    found, waiting = {Customer}, [Customer]
    while waiting:
        for model, _column in references(waiting.pop()):
            if model not in found:
                found.add(model)  # type: ignore[arg-type]
                waiting.append(model)  # type: ignore[arg-type]
    return set(found)


def traces() -> list[tuple[str, str, str]]:
    """Where in the whole database one of the marks stands."""
    found = []
    for model in apps.get_models():
        for row in model._base_manager.values():
            for name, value in row.items():
                is_bytes = isinstance(value, bytes | memoryview)
                text = bytes(value).decode("utf-8", "replace") if is_bytes else str(value)
                found += [(model.__name__, name, mark) for mark in MARKS if mark in text.casefold()]
    return found
