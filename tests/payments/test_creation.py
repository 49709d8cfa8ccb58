"""Making a charge: the intent first, one charge from one click, no "failed" without the gateway's word."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import responses

from connections import waiting
from connections.gateways.base import Terms
from connections.models import Connection, ConnectionState
from payments.models import Charge, GatewayResource, ReviewReason, TimelineEntry
from payments.services import doubt, resources
from payments.services.creation import create_charge
from payments.services.intents import find_look_alike
from payments.services.refreshing import refresh
from tests.factories import make_customer
from tests.payments.creating import (
    ASAAS,
    EMPTY,
    MERCADOPAGO,
    PAYMENT,
    at_asaas,
    at_mercado_pago,
    code,
    created,
    new,
    posts,
    qr,
    refresh_charge,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_creates_at_the_gateway_and_keeps_its_code(connection: Connection, gateway: Any) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    charge = create_charge(new(connection))
    assert (charge.status, charge.pix_text, charge.link) == ("pending", code(), at_asaas("")["invoiceUrl"])
    assert charge.creation_due_at is None
    sent = json.loads(posts(gateway, "/payments")[0].body)
    assert (sent["externalReference"], sent["value"], sent["billingType"]) == (charge.reference, 100.0, "PIX")


def test_the_intent_is_stored_before_the_gateway_hears_of_it(connection: Connection, gateway: Any) -> None:
    seen: list[tuple[str, str]] = []

    def look(request: Any) -> tuple[int, dict[str, str], str]:
        reference = json.loads(request.body)["externalReference"]
        charge = Charge.objects.get(reference=reference)
        seen.append((charge.status, charge.creation_attempts.get().body))
        return created(request)

    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=look)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    create_charge(new(connection))
    assert seen[0][0] == "confirming"
    assert json.loads(seen[0][1])["value"] == 100.0


def test_its_terms_are_kept_and_told_to_the_gateway(connection: Connection, gateway: Any) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    asked = Terms(discount_cents=500, discount_until=date(2026, 11, 28), fine_cents=200, interest_bp=100)
    charge = create_charge(new(connection, terms=asked))
    version = charge.terms.order_by("pk")[0]
    assert (version.origin, version.is_agreed, version.amount_cents) == ("ours", True, 10_000)
    sent = json.loads(posts(gateway, "/payments")[0].body)
    assert sent["discount"]["value"] == 5 and sent["fine"]["value"] == 2 and sent["interest"]["value"] == 1


def test_the_same_form_sent_twice_makes_one_charge(connection: Connection, gateway: Any) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    form = new(connection)
    assert create_charge(form) == create_charge(form)
    assert len(posts(gateway, "/payments")) == 1


def test_a_refusal_fails_with_the_gateways_sentence(connection: Connection, gateway: Any) -> None:
    refusal = {
        "errors": [{"code": "invalid_dueDate", "description": "Não é permitido vencimento inferior a hoje."}]
    }
    gateway.post(f"{ASAAS}/payments", status=400, json=refusal)
    charge = create_charge(new(connection))
    assert (charge.status, charge.failure) == ("failed", refusal["errors"][0]["description"])
    assert charge.creation_due_at is None


def test_a_test_seller_gets_the_hosted_page(gateway: Any) -> None:
    connection = at_mercado_pago()
    refusal = {"message": "Unauthorized use of live credentials", "status": 401, "cause": [{"code": 7}]}
    gateway.post(f"{MERCADOPAGO}/v1/payments", status=401, json=refusal)
    preference = {
        "id": "1402558877-6f1d3c9a",
        "init_point": "https://www.mercadopago.com.br/checkout?pref_id=1",
    }
    gateway.post(f"{MERCADOPAGO}/checkout/preferences", status=201, json=preference)
    charge = create_charge(new(connection))
    assert (charge.status, charge.link) == ("pending", preference["init_point"])
    assert list(charge.creation_attempts.values_list("kind", "state")) == [
        ("payment", "refused"),
        ("preference", "answered"),
    ]
    assert GatewayResource.objects.get(charge=charge).kind == "preference"


def test_the_notification_may_beat_the_answer(connection: Connection, gateway: Any) -> None:
    def paid_before_the_answer(request: Any) -> tuple[int, dict[str, str], str]:
        reference = json.loads(request.body)["externalReference"]
        paid = at_asaas(reference, status="RECEIVED", clientPaymentDate="2026-11-21")
        gateway.get(f"{ASAAS}/payments/{PAYMENT}", json=paid)
        resource = resources.find_or_add(connection, kind="payment", gateway_id=PAYMENT)  # type: ignore[arg-type]
        held = resources.lease(resource.pk)
        assert held
        refresh(connection, resource, held, source="webhook")
        resources.release(held)
        return created(request)

    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=paid_before_the_answer)
    charge = create_charge(new(connection))
    assert charge.status == "paid"
    after = TimelineEntry.objects.filter(charge=charge, code="status").order_by("pk")
    assert [entry.data["after"] for entry in after] == ["confirming", "paid"]


@pytest.mark.parametrize("wrong", [code("99.99"), code()[:-1] + "0", "not a code"])
def test_a_code_that_does_not_fit_is_never_shown(connection: Connection, gateway: Any, wrong: str) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json={**qr(), "payload": wrong})
    charge = create_charge(new(connection))
    assert (charge.pix_text, charge.review_reason) == ("", ReviewReason.PIX_CODE)
    assert not charge.is_payable


def test_a_code_that_is_not_ready_is_fetched_later(connection: Connection, gateway: Any, clock: Any) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    not_ready = gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", status=404)
    charge = create_charge(new(connection))
    assert (charge.status, charge.pix_text) == ("pending", "")
    gateway.remove(not_ready)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    clock.shift(16)
    doubt.settle(charge.pk)
    assert refresh_charge(charge).pix_text == code()


def test_a_refused_key_says_so_and_marks_the_connection(connection: Connection, gateway: Any) -> None:
    refused = {
        "errors": [{"code": "invalid_access_token", "description": "A chave de API fornecida é inválida"}]
    }
    gateway.replace(responses.GET, f"{ASAAS}/customers", status=401, json=refused)
    charge = create_charge(new(connection))
    connection.refresh_from_db()
    assert (charge.status, connection.state) == ("failed", ConnectionState.REFUSED)
    assert "inválida" in charge.failure


def test_the_customer_is_found_before_being_made(connection: Connection, gateway: Any) -> None:
    customer = make_customer()
    known = {"object": "customer", "id": "cus_known", "cpfCnpj": customer.document, "deleted": False}
    gateway.replace(responses.GET, f"{ASAAS}/customers", json={**EMPTY, "totalCount": 1, "data": [known]})
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    create_charge(new(connection, customer=customer))
    assert posts(gateway, "/customers") == []
    assert json.loads(posts(gateway, "/payments")[0].body)["customer"] == "cus_known"


def test_the_exchange_is_kept_without_secret_or_person(connection: Connection, gateway: Any) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    customer = make_customer(name="Beatriz Segredo", email="beatriz@example.com")
    charge = create_charge(new(connection, customer=customer))
    kept = json.dumps(list(charge.timeline.values_list("exchange", flat=True)))
    assert charge.timeline.filter(code="exchange").count() >= 3
    for hidden in ("Beatriz", "beatriz@", customer.document, connection.open_credentials()["api_key"]):
        assert hidden not in kept


def test_a_full_waiting_room_leaves_the_call_to_a_worker(
    connection: Connection, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr("payments.services.creation.wake", lambda name: woken.append(name))
    monkeypatch.setattr(waiting, "room", waiting.WaitingRoom(1))
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    with waiting.room.seat() as is_seated:
        assert is_seated
        charge = create_charge(new(connection))
        assert charge.status == "confirming" and posts(gateway, "/payments") == []
    assert woken == ["payments.tasks.settle_doubts"]
    doubt.settle(charge.pk)
    assert refresh_charge(charge).status == "pending"


def test_two_of_the_same_are_noticed(connection: Connection, gateway: Any) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    form = new(connection)
    first = create_charge(form)
    second = new(connection, customer=form.customer)
    assert find_look_alike(second) == first
    assert find_look_alike(new(connection, customer=form.customer, amount_cents=10_001)) is None
    assert find_look_alike(form) is None
