"""Making a charge: the intent first, one charge from one click, no "failed" without the gateway's word."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests
import responses
import time_machine
from django.contrib.auth.models import User

from connections import waiting
from connections.gateways.base import Method
from connections.models import Connection, ConnectionState
from payments import brcode
from payments.models import Charge, CreationAttempt, GatewayResource, ReviewReason, TimelineEntry
from payments.services import doubt, resources
from payments.services.creation import NewCharge, create_charge, find_look_alike
from payments.services.refreshing import refresh
from tests.factories import NOW, make_connection, make_customer

pytestmark = pytest.mark.django_db
ASAAS = "https://api-sandbox.asaas.com/v3"
MERCADOPAGO = "https://api.mercadopago.com"
PAYMENT = "pay_k3v9x0q2m7d1r5tz"
EMPTY = {"object": "list", "hasMore": False, "totalCount": 0, "limit": 10, "offset": 0, "data": []}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{ASAAS}/customers", json=EMPTY)
        mock.post(f"{ASAAS}/customers", json={"object": "customer", "id": "cus_000007410933"})
        yield mock


@pytest.fixture
def connection() -> Connection:
    return make_connection()


def code(amount: str = "100.00") -> str:
    text = f"00020126260014br.gov.bcb.pix0104abcd52040000530398654{len(amount):02d}{amount}5802BR6304"
    return text + brcode.crc16(text)


def new(connection: Connection, **values: Any) -> NewCharge:
    defaults: dict[str, Any] = {
        "connection": connection,
        "customer": make_customer(),
        "amount_cents": 10_000,
        "description": "Pedido 77",
        "due_date": date(2026, 12, 1),
        "submission": uuid.uuid4(),
        "method": Method.PIX,
    }
    return NewCharge(**{**defaults, **values})


def created(request: Any) -> tuple[int, dict[str, str], str]:
    """Asaas's answer to a PIX charge, with what was sent."""
    sent = json.loads(request.body)
    return 200, {}, json.dumps(at_asaas(sent["externalReference"]))


def at_asaas(reference: str, **values: Any) -> dict[str, Any]:
    return {
        "object": "payment",
        "id": PAYMENT,
        "status": "PENDING",
        "value": 100.0,
        "netValue": 98.01,
        "billingType": "PIX",
        "externalReference": reference,
        "invoiceUrl": "https://sandbox.asaas.com/i/k3v9x0q2m7d1r5tz",
        "deleted": False,
        "refunds": None,
        **values,
    }


def qr(amount: str = "100.00") -> dict[str, Any]:
    return {
        "success": True,
        "encodedImage": "",
        "payload": code(amount),
        "expirationDate": "2027-12-01 23:59:59",
    }


def posts(gateway: responses.RequestsMock, path: str) -> list[Any]:
    return [
        call.request
        for call in gateway.calls
        if call.request.method == "POST" and (call.request.url or "").endswith(path)
    ]


def refresh_charge(charge: Charge) -> Charge:
    charge.refresh_from_db()
    return charge


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


def test_no_answer_is_not_a_failure(connection: Connection, gateway: Any, clock: Any) -> None:
    gateway.post(f"{ASAAS}/payments", body=requests.ReadTimeout("slow"))
    charge = create_charge(new(connection))
    assert (charge.status, charge.creation_attempts.get().state) == ("confirming", "unknown")
    gateway.get(f"{ASAAS}/payments", json={**EMPTY, "totalCount": 1, "data": [at_asaas(charge.reference)]})
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    assert doubt.due_charge_ids() == []
    clock.shift(16)
    doubt.settle(charge.pk)
    assert (refresh_charge(charge).status, charge.pix_text) == ("pending", code())
    assert len(posts(gateway, "/payments")) == 1


def test_asaas_is_never_asked_twice_to_create(connection: Connection, gateway: Any, clock: Any) -> None:
    gateway.post(f"{ASAAS}/payments", status=500)
    gateway.get(f"{ASAAS}/payments", json=EMPTY)
    charge = create_charge(new(connection))
    waits = []
    for _look in range(4):
        due = refresh_charge(charge).creation_due_at
        assert due is not None
        waits.append(due - NOW)
        clock.move_to(due + timedelta(seconds=1), tick=False)
        doubt.settle(charge.pk)
    assert refresh_charge(charge).status == "confirming"
    assert len(posts(gateway, "/payments")) == 1
    assert waits[0] == timedelta(seconds=15) and waits == sorted(waits)


def test_what_was_never_sent_is_sent_later(connection: Connection, gateway: Any, clock: Any) -> None:
    refused = gateway.post(f"{ASAAS}/payments", body=requests.ConnectionError())
    charge = create_charge(new(connection))
    assert charge.status == "confirming"
    gateway.remove(refused)
    gateway.get(f"{ASAAS}/payments", json=EMPTY)
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    CreationAttempt.objects.update(state="prepared")
    clock.shift(16)
    doubt.settle(charge.pk)
    assert refresh_charge(charge).status == "pending"


def test_mercado_pago_gets_the_same_bytes_with_the_same_key(gateway: Any, clock: Any) -> None:
    connection = make_connection(
        gateway="mercadopago",
        account_id="1402558877",
        credentials={"access_token": "APP_USR-1-112112-0-1402558877"},
    )
    lost = gateway.post(f"{MERCADOPAGO}/v1/payments", body=requests.ReadTimeout())
    charge = create_charge(new(connection))
    assert charge.status == "confirming"
    nothing = {"paging": {"total": 0, "limit": 30, "offset": 0}, "results": []}
    gateway.get(f"{MERCADOPAGO}/v1/payments/search", json=nothing)
    gateway.get(
        f"{MERCADOPAGO}/checkout/preferences/search", json={"elements": [], "next_offset": 0, "total": 0}
    )
    gateway.remove(lost)
    gateway.post(f"{MERCADOPAGO}/v1/payments", status=201, json=at_mercadopago(charge))
    clock.shift(16)
    doubt.settle(charge.pk)
    first, second = posts(gateway, "/v1/payments")
    assert first.body == second.body
    assert first.headers["X-Idempotency-Key"] == second.headers["X-Idempotency-Key"]
    assert (refresh_charge(charge).status, charge.pix_text) == ("pending", code())


def at_mercadopago(charge: Charge) -> dict[str, Any]:
    return {
        "id": 98000123456,
        "status": "pending",
        "status_detail": "pending_waiting_transfer",
        "date_created": "2026-11-21T08:00:00.000-04:00",
        "date_last_updated": "2026-11-21T08:00:00.000-04:00",
        "payment_method_id": "pix",
        "payment_type_id": "bank_transfer",
        "currency_id": "BRL",
        "collector_id": 1402558877,
        "external_reference": charge.reference,
        "transaction_amount": 100,
        "transaction_amount_refunded": 0,
        "point_of_interaction": {
            "transaction_data": {"qr_code": code(), "ticket_url": "https://example.com/t"}
        },
    }


def test_a_test_seller_gets_the_hosted_page(gateway: Any) -> None:
    connection = make_connection(
        gateway="mercadopago",
        account_id="1402558877",
        credentials={"access_token": "APP_USR-1-112112-0-1402558877"},
    )
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


def test_a_resend_that_is_refused_does_not_fail_the_first(gateway: Any, clock: Any) -> None:
    connection = make_connection(
        gateway="mercadopago",
        account_id="1402558877",
        credentials={"access_token": "APP_USR-1-112112-0-1402558877"},
    )
    lost = gateway.post(f"{MERCADOPAGO}/v1/payments", body=requests.ReadTimeout())
    charge = create_charge(new(connection))
    nothing = {"paging": {"total": 0, "limit": 30, "offset": 0}, "results": []}
    gateway.get(f"{MERCADOPAGO}/v1/payments/search", json=nothing)
    gateway.get(
        f"{MERCADOPAGO}/checkout/preferences/search", json={"elements": [], "next_offset": 0, "total": 0}
    )
    gateway.remove(lost)
    refusal = {"message": "bad", "status": 400, "cause": [{"code": 23, "description": "date"}]}
    gateway.post(f"{MERCADOPAGO}/v1/payments", status=400, json=refusal)
    clock.shift(16)
    doubt.settle(charge.pk)
    assert refresh_charge(charge).status == "confirming"
    assert charge.creation_attempts.get().state == "unknown"


def looked_up_in_vain(connection: Connection, gateway: Any, clock: Any) -> Charge:
    lost = gateway.post(f"{ASAAS}/payments", status=500)
    gateway.get(f"{ASAAS}/payments", json=EMPTY)
    charge = create_charge(new(connection))
    for _look in range(4):
        clock.move_to(refresh_charge(charge).creation_due_at + timedelta(seconds=1), tick=False)
        doubt.settle(charge.pk)
    gateway.remove(lost)
    return refresh_charge(charge)


def test_a_person_may_send_again_after_four_look_ups(
    connection: Connection, gateway: Any, clock: Any
) -> None:
    charge = looked_up_in_vain(connection, gateway, clock)
    assert doubt.may_send_again(charge)
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    actor = User.objects.create(username="carla")
    doubt.send_again(charge, actor=actor)
    doubt.send_again(refresh_charge(charge), actor=actor)
    assert refresh_charge(charge).status == "pending"
    assert len(posts(gateway, "/payments")) == 2


def test_send_again_looks_first(connection: Connection, gateway: Any, clock: Any) -> None:
    charge = looked_up_in_vain(connection, gateway, clock)
    landed = {**EMPTY, "totalCount": 1, "data": [at_asaas(charge.reference)]}
    gateway.replace(responses.GET, f"{ASAAS}/payments", json=landed)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    doubt.send_again(charge, actor=User.objects.create(username="carla"))
    assert refresh_charge(charge).status == "pending"
    assert len(posts(gateway, "/payments")) == 1


def test_a_request_that_lost_its_claim_sends_nothing(
    connection: Connection, gateway: Any, clock: Any
) -> None:
    """The request stalls before its creating call, a worker takes over, then the request goes on."""

    def stall_while_a_worker_takes_over(_request: Any) -> tuple[int, dict[str, str], str]:
        if not posts(gateway, "/payments"):
            clock.shift(16)
            gateway.replace(responses.GET, f"{ASAAS}/customers", json=EMPTY)
            doubt.settle(Charge.objects.get().pk)
        return 200, {}, json.dumps(EMPTY)

    gateway.remove(responses.GET, f"{ASAAS}/customers")
    gateway.add_callback(responses.GET, f"{ASAAS}/customers", callback=stall_while_a_worker_takes_over)
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    charge = create_charge(new(connection))
    assert len(posts(gateway, "/payments")) == 1
    assert (charge.status, charge.creation_attempts.count()) == ("pending", 1)


def test_a_refused_look_up_says_nothing_about_the_charge(
    connection: Connection, gateway: Any, clock: Any
) -> None:
    gateway.post(f"{ASAAS}/payments", status=500)
    refusal = {"errors": [{"code": "invalid_object", "description": "Filtro inválido."}]}
    gateway.get(f"{ASAAS}/payments", status=400, json=refusal)
    charge = create_charge(new(connection))
    clock.shift(16)
    doubt.settle(charge.pk)
    assert refresh_charge(charge).status == "confirming"
    assert charge.creation_due_at is not None


def test_going_on_takes_longer_each_time(connection: Connection, gateway: Any, clock: Any) -> None:
    gateway.replace(responses.GET, f"{ASAAS}/customers", status=503)
    charge = create_charge(new(connection))
    waits = []
    for _try in range(7):
        due = refresh_charge(charge).creation_due_at
        assert due is not None
        clock.move_to(due, tick=False)
        waits.append(due)
        doubt.settle(charge.pk)
    gaps = [later - sooner for sooner, later in pairwise(waits)]
    assert gaps == sorted(gaps) and gaps[-1] >= timedelta(hours=1)


def test_a_code_that_never_comes_is_not_asked_for_for_ever(
    connection: Connection, gateway: Any, clock: Any
) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", status=404)
    charge = create_charge(new(connection))
    for _day in range(20):
        clock.shift(86_400)
        doubt.settle(charge.pk)
    asked = [call for call in gateway.calls if (call.request.url or "").endswith("/pixQrCode")]
    assert len(asked) <= 6
    assert refresh_charge(charge).status == "pending" and charge.link


def test_two_of_the_same_are_noticed(connection: Connection, gateway: Any) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
    form = new(connection)
    first = create_charge(form)
    second = new(connection, customer=form.customer)
    assert find_look_alike(second) == first
    assert find_look_alike(new(connection, customer=form.customer, amount_cents=10_001)) is None
    assert find_look_alike(form) is None
