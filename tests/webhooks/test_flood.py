"""Ten thousand strangers a minute at our door: rows and calls stay few, and the gateways are heard."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import responses
import time_machine
from django.test import Client

from connections.models import Connection
from payments.models import Charge, GatewayResource
from payments.tasks import check_charges
from tests.factories import NOW, make_charge, make_connection, make_payment
from tests.webhooks import signing
from webhooks.models import RejectedNotification, WebhookEvent
from webhooks.services import hints
from webhooks.tasks import sweep

pytestmark = pytest.mark.django_db
SECRET = "test-tab-secret"
SECONDS = 60
REAL = 12
URL = re.compile(r"https://api\.mercadopago\.com/v1/payments/(\d+)")


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.views.wake", lambda _name: True)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def connection() -> Connection:
    return make_connection(
        gateway="mercadopago",
        credentials={"access_token": "TEST-7731245567788990-030209-5c508e1b"},
        webhook_secrets={"test": SECRET},
    )


class MercadoPago:
    """Knows our payments only, each approved, and which ids it was asked for."""

    def __init__(self, mock: responses.RequestsMock, charges: dict[str, Charge]) -> None:
        self.asked: list[str] = []
        self._charges = charges
        mock.add_callback("GET", URL, callback=self._answer)

    def _answer(self, call: Any) -> tuple[int, dict[str, str], str]:
        named = URL.match(str(call.url))[1]  # type: ignore[index]
        self.asked.append(named)
        charge = self._charges.get(named)
        if charge is None:
            return 404, {}, '{"message": "Payment not found"}'
        payment = {
            "id": int(named),
            "status": "approved",
            "transaction_amount": 100.0,
            "transaction_details": {"total_paid_amount": 100.0},
            "payment_method_id": "pix",
            "currency_id": "BRL",
            "collector_id": charge.connection.account_id,
            "external_reference": charge.reference,
            "date_last_updated": "2026-11-21T08:01:00.000-04:00",
        }
        return 200, {}, json.dumps(payment)


@pytest.mark.weighty
@pytest.mark.parametrize("strangers", [600, pytest.param(10_000, marks=pytest.mark.full)])
def test_strangers_bring_little_about_and_disturb_nobody(
    client: Client, connection: Connection, clock: Any, strangers: int
) -> None:
    chance = random.Random(7)
    ours = {str(98_000_000_000 + number): make_charge(connection) for number in range(REAL)}
    for named, charge in ours.items():
        make_payment(charge, gateway_id=named)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        gateway = MercadoPago(mock, ours)
        real = iter(ours.items())
        for second in range(SECONDS):
            for _stranger in range(strangers // SECONDS):
                named = str(chance.randrange(10**9))
                unsigned = signing.post(client, connection, {}, {}, f"id={named}&topic=payment")
                forged = forge(client, connection, named)
                assert (unsigned.status_code, forged.status_code) == (200, 401)
            if second % (SECONDS // REAL) == 0:
                notified = next(real)
                assert notify(client, connection, notified[0]).status_code == 200
            sweep()
            check_charges()
            if second % (SECONDS // REAL) == 0:
                notified[1].refresh_from_db()
                assert notified[1].status == "paid"
            clock.shift(1)
    foreign = [named for named in gateway.asked if named not in ours]
    assert len(foreign) <= 30
    assert len(gateway.asked) - len(foreign) <= 2 * REAL
    assert WebhookEvent.objects.filter(is_hint=True).count() <= hints.MOST_WAITING + 30
    assert WebhookEvent.objects.filter(is_hint=False).count() == REAL
    assert GatewayResource.objects.count() <= REAL + 30 + 1
    counted = dict(RejectedNotification.objects.values_list("reason", "times"))
    sent = strangers // SECONDS * SECONDS
    assert counted["signature_mismatch"] == sent
    assert counted[hints.SURPLUS] + WebhookEvent.objects.filter(is_hint=True).count() == sent


def forge(client: Client, connection: Connection, named: str) -> Any:
    headers = signing.mercadopago_headers("a guess", named)
    return signing.post(
        client, connection, signing.mercadopago_body(named), headers, f"data.id={named}&type=payment"
    )


def notify(client: Client, connection: Connection, named: str) -> Any:
    headers = signing.mercadopago_headers(SECRET, named)
    return signing.post(
        client, connection, signing.mercadopago_body(named), headers, f"data.id={named}&type=payment"
    )
