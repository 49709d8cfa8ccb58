"""Creations in doubt: looked up, adopted, sent again or waited for, and never failed without a word."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests
import responses
from django.contrib.auth.models import User

from connections.gateways.base import Method
from connections.models import Connection
from payments.models import Charge, CreationAttempt
from payments.services import doubt
from payments.services.creation import create_charge
from payments.services.following import fetch_and_store
from tests.factories import NOW
from tests.payments.creating import (
    ASAAS,
    EMPTY,
    MERCADOPAGO,
    PAYMENT,
    at_asaas,
    at_mercado_pago,
    at_mercadopago,
    code,
    created,
    new,
    posts,
    qr,
    refresh_charge,
)
from tests.payments.simulated import World, statuses

pytestmark = pytest.mark.django_db


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
    connection = at_mercado_pago()
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


def test_a_resend_that_is_refused_does_not_fail_the_first(gateway: Any, clock: Any) -> None:
    connection = at_mercado_pago()
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


def test_a_creating_call_that_finds_nothing_is_a_refusal(
    connection: Connection, gateway: Any, clock: Any
) -> None:
    said = {"errors": [{"code": "not_found", "description": "Cliente removido."}]}
    gateway.post(f"{ASAAS}/payments", status=404, json=said)
    charge = create_charge(new(connection))
    assert (charge.status, charge.failure, charge.creation_due_at) == ("failed", "Cliente removido.", None)
    assert charge.creation_attempts.get().state == "refused"
    clock.shift(7200)
    doubt.settle_due()
    assert len(posts(gateway, "/payments")) == 1


def test_a_lost_call_sent_again_and_not_found_ends_as_a_refusal(gateway: Any, clock: Any) -> None:
    lost = gateway.post(f"{MERCADOPAGO}/v1/payments", body=requests.ReadTimeout("slow"))
    gateway.get(f"{MERCADOPAGO}/v1/payments/search", json={"results": []})
    gateway.get(f"{MERCADOPAGO}/checkout/preferences/search", json={"elements": None})
    charge = create_charge(new(at_mercado_pago(environment="production")))
    gateway.remove(lost)
    gateway.post(f"{MERCADOPAGO}/v1/payments", status=404, json={"message": "no such account"})
    for _look in range(8):
        clock.shift(25 * 3600)
        doubt.settle_due()
    assert (refresh_charge(charge).status, charge.failure) == ("failed", "no such account")
    assert len(posts(gateway, "/v1/payments")) < 8


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


def test_a_call_cut_off_by_a_crash_is_looked_up_and_watched(
    connection: Connection, gateway: Any, clock: Any
) -> None:
    gateway.post(f"{ASAAS}/payments", status=500)
    gateway.get(f"{ASAAS}/payments", json=EMPTY)
    charge = create_charge(new(connection))
    CreationAttempt.objects.update(state="sent", next_watch_at=None)
    clock.shift(16)
    doubt.settle(charge.pk)
    attempt = charge.creation_attempts.get()
    assert attempt.state == "unknown" and attempt.next_watch_at and attempt.looked_up == 1


def test_a_code_nobody_can_read_is_not_asked_for_for_ever(
    connection: Connection, gateway: Any, clock: Any
) -> None:
    gateway.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
    gateway.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", body="<html>")
    charge = create_charge(new(connection))
    moments = [NOW]
    while due := refresh_charge(charge).creation_due_at:
        moments.append(due)
        clock.move_to(due, tick=False)
        doubt.settle(charge.pk)
        assert len(moments) < 50
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    assert gaps == sorted(gaps) and len(gaps) > 4
    assert charge.status == "pending" and charge.link


def test_look_ups_in_vain_become_rare(connection: Connection, gateway: Any, clock: Any) -> None:
    charge = looked_up_in_vain(connection, gateway, clock)
    looks = len(gateway.calls)
    for _hour in range(7 * 24):
        clock.shift(3600)
        doubt.settle_due()
    assert refresh_charge(charge).status == "confirming"
    assert len(gateway.calls) - looks < 12


@pytest.mark.parametrize("method", [Method.PIX, Method.CARD])
def test_told_by_a_notification_it_still_gets_its_link(world: World, method: Method) -> None:
    """The list shows nothing for hours: the id in the notification is enough."""
    world.fault("error_500", when="after", method="POST", path="/payments", times=1)
    world.fault("lagging_list", seconds=7200)
    charge = world.charge("asaas", method)
    (row,) = world.books(charge)
    fetch_and_store(charge, row["id"], cause="PAYMENT_CREATED")
    assert refresh_charge(charge).status == "pending" and not charge.link
    world.move(seconds=16)
    world.work(charge)
    assert charge.link and bool(charge.pix_text) == (method == Method.PIX)
    assert charge.creation_due_at is None and charge.creation_attempts.get().state == "answered"


def test_a_refused_try_on_a_page_we_do_not_know_yet_is_no_failure(world: World) -> None:
    world.fault("error_500", when="after", method="POST", path="/preferences", times=1)
    charge = world.charge("mercadopago", Method.CARD)
    refused = world.control("pay_card", reference=charge.reference, holder="OTHE")
    fetch_and_store(charge, str(refused["id"]), cause="payment.created")
    assert refresh_charge(charge).status == "confirming"
    world.move(seconds=16)
    assert world.work(charge).status == "pending" and charge.link
    assert statuses(charge) == ["confirming", "pending"]


def test_a_page_is_not_made_twice_because_the_list_lags(world: World) -> None:
    world.fault("error_500", when="after", method="POST", path="/preferences", times=1)
    world.fault("lagging_list", seconds=60)
    charge = world.charge("mercadopago", Method.CARD)
    for _look in range(3):
        world.move(seconds=61)
        world.work(charge)
    world.no_faults()
    assert charge.status == "pending" and len(world.pages(charge)) == 1


def test_a_page_that_was_never_made_is_made_after_two_look_ups(world: World) -> None:
    world.fault("error_500", when="before", method="POST", path="/preferences", times=1)
    charge = world.charge("mercadopago", Method.CARD)
    assert charge.status == "confirming"
    world.move(seconds=16)
    assert world.work(charge).status == "confirming"
    world.move(seconds=61)
    assert world.work(charge).status == "pending" and len(world.pages(charge)) == 1


def test_a_test_seller_whose_first_answer_was_lost_gets_its_page(world: World) -> None:
    world.fault("error_500", when="before", method="POST", path="/v1/payments", times=1)
    charge = world.charge("checkout")
    assert charge.status == "confirming"
    world.move(seconds=16)
    assert world.work(charge).status == "pending" and charge.link
    states = set(charge.creation_attempts.values_list("kind", "state"))
    assert states == {("payment", "refused"), ("preference", "answered")}
    assert len(world.pages(charge)) == 1 and world.books(charge) == []


def test_what_was_cancelled_in_the_panel_meanwhile_is_cancelled_not_failed(world: World) -> None:
    world.fault("error_500", when="after", method="POST", path="/payments", times=1)
    charge = world.charge("asaas")
    (row,) = world.books(charge)
    world.control("delete", id=row["id"])
    fetch_and_store(charge, row["id"], cause="PAYMENT_DELETED")
    world.move(seconds=16)
    assert world.work(charge).status == "cancelled"
    assert charge.creation_due_at is None
