"""The page for a new charge: one form, one charge, and a question before a second one alike."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.contrib.auth.models import Group, User
from django.test import Client

from config import clock
from connections.models import Connection
from payments.models import Charge
from tests.factories import make_connection
from tests.payments.creating import ASAAS, EMPTY, MERCADOPAGO, PAYMENT, at_asaas, qr

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create_user("carla")
    user.groups.add(Group.objects.get(name="Operator"))
    client.force_login(user)
    return client


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    made: list[str] = []

    def created(request: Any) -> tuple[int, dict[str, str], str]:
        made.append(f"pay_{len(made):016d}")
        return 200, {}, json.dumps(at_asaas(json.loads(request.body)["externalReference"], id=made[-1]))

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{ASAAS}/customers", json=EMPTY)
        mock.post(f"{ASAAS}/customers", json={"object": "customer", "id": "cus_000007410933"})
        mock.add_callback(responses.POST, f"{ASAAS}/payments", callback=created)
        for number in range(3):
            mock.get(f"{ASAAS}/payments/pay_{number:016d}/pixQrCode", json=qr())
        mock.get(f"{ASAAS}/payments/{PAYMENT}/pixQrCode", json=qr())
        yield mock


def fields(connection: Connection, **values: str) -> dict[str, str]:
    return {
        "submission": str(uuid.uuid4()),
        "connection": str(connection.pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "11 98765-4321",
        "amount": "100,00",
        "description": "Pedido 77",
        "due_date": (clock.today("America/Sao_Paulo") + timedelta(days=3)).isoformat(),
        **values,
    }


def test_makes_a_charge_and_goes_straight_to_it(operator: Client, gateway: Any) -> None:
    answer = operator.post("/charges/new/", fields(make_connection()))
    charge = Charge.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/charges/{charge.reference}/")
    assert charge.status == "pending"


def test_a_re_sent_form_is_the_same_charge(operator: Client, gateway: Any) -> None:
    form = fields(make_connection())
    first, second = (operator.post("/charges/new/", form) for _time in range(2))
    assert first["Location"] == second["Location"]
    assert Charge.objects.count() == 1


def test_a_changed_form_with_an_old_number_is_asked_about(operator: Client, gateway: Any) -> None:
    form = fields(make_connection())
    operator.post("/charges/new/", form)
    answer = operator.post("/charges/new/", {**form, "amount": "999,00"})
    assert answer.status_code == 422 and "data-sent-before" in answer.content.decode()
    assert form["submission"] not in answer.content.decode()
    assert Charge.objects.count() == 1 and Charge.objects.get().amount_cents == 10_000


def test_a_look_alike_is_asked_about_and_then_made(operator: Client, gateway: Any) -> None:
    connection = make_connection()
    operator.post("/charges/new/", fields(connection))
    alike = fields(connection, description="Pedido 78")
    answer = operator.post("/charges/new/", alike)
    assert answer.status_code == 200 and "data-look-alike" in answer.content.decode()
    assert Charge.objects.count() == 1
    answer = operator.post("/charges/new/", {**alike, "look_alike_seen": "1"})
    assert answer.status_code == 302 and Charge.objects.count() == 2


def test_the_form_is_not_kept_by_the_browser(operator: Client) -> None:
    assert "no-store" in operator.get("/charges/new/")["Cache-Control"]


def test_makes_a_charge_by_card_on_the_gateways_page(operator: Client, gateway: Any) -> None:
    operator.post("/charges/new/", fields(make_connection(), method="card"))
    charge = Charge.objects.get()
    sent = json.loads(charge.creation_attempts.get().body)
    assert (charge.method, charge.status, sent["billingType"]) == ("card", "pending", "CREDIT_CARD")
    assert "creditCard" not in sent and charge.link.startswith("https://sandbox.asaas.com/i/")


def test_the_terms_of_the_form_reach_the_gateway_and_are_kept(operator: Client, gateway: Any) -> None:
    typed = {"discount": "5,00", "discount_days": "2", "fine": "2", "interest": "1"}
    operator.post("/charges/new/", fields(make_connection(), **typed))
    charge = Charge.objects.get()
    kept = charge.terms.get()
    assert (kept.discount_cents, kept.fine_cents, kept.interest_bp) == (500, 200, 100)
    assert kept.discount_until == charge.due_date - timedelta(days=2)
    sent = json.loads(charge.creation_attempts.get().body)
    assert sent["discount"] == {"value": 5.0, "dueDateLimitDays": 2, "type": "FIXED"}
    assert sent["fine"] == {"value": 2.0, "type": "FIXED"} and sent["interest"]["value"] == 1.0


def test_the_same_number_with_other_terms_is_asked_about(operator: Client, gateway: Any) -> None:
    form = fields(make_connection(), discount="5,00", discount_days="1")
    operator.post("/charges/new/", form)
    answer = operator.post("/charges/new/", {**form, "discount": "6,00"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "data-sent-before" in page and 'value="6,00"' in page
    assert Charge.objects.count() == 1


def test_browser_back_and_a_second_press_make_no_second_charge(operator: Client, gateway: Any) -> None:
    """The form as the browser kept it, sent from a page that is still open, however often."""
    form = fields(make_connection(), method="card")
    places = {operator.post("/charges/new/", form)["Location"] for _press in range(4)}
    assert len(places) == 1 and Charge.objects.count() == 1
    creations = [call for call in gateway.calls if call.request.url.endswith("/v3/payments")]
    assert len(creations) == 1


PAGE = "https://www.mercadopago.com.br/checkout/v1/redirect?pref_id=1"


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_card_page_leads_back_to_the_receipt(
    operator: Client, gateway: Any, settings: Any, scheme: str
) -> None:
    """Only where our address is https: Mercado Pago drops others, and then refuses to return (2.1)."""
    settings.PUBLIC_URL = f"{scheme}://cobranca.example.com"
    gateway.post(f"{MERCADOPAGO}/checkout/preferences", json={"id": "1", "init_point": PAGE}, status=201)
    connection = make_connection(gateway="mercadopago", credentials={"access_token": "APP_USR-1"})
    operator.post("/charges/new/", fields(connection, method="card"))
    charge = Charge.objects.get()
    sent = json.loads(charge.creation_attempts.get().body)
    assert (charge.status, charge.link) == ("pending", PAGE)
    assert sent.get("back_urls", {}).get("success") == (charge.pay_url if scheme == "https" else None)
    assert ("auto_return" in sent) is (scheme == "https")
