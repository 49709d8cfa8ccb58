"""One installation with one account at the simulator, and the doctor who looks at both."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from html import unescape
from io import StringIO
from typing import Any

import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from backoffice.models import Pulse
from config import clock
from connections.models import Connection, Problem
from connections.sealed import KeyRing
from payments.models import Charge, RunTrigger
from payments.services import reconciling, runs
from payments.services.creation import NewCharge, create_charge
from tests import factories
from tests.backoffice import people
from tests.backoffice.door import Door
from tests.connections.shop import Shop

WRONG_KEY = "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3I="


def told(*options: str) -> list[str]:
    """The codes of the command; it exits with 1 exactly when something serious is among them."""
    out = StringIO()
    try:
        call_command("doctor", "--json", *options, stdout=out)
        is_serious = False
    except SystemExit as ended:
        is_serious = ended.code == 1
    faults = json.loads(out.getvalue())["faults"]
    assert is_serious == any(fault["severity"] == "serious" for fault in faults)
    return [fault["code"] for fault in faults]


def browser(group: str, **values: Any) -> Client:
    client = Client()
    client.force_login(people.make_person(group.lower(), group, **values))
    return client


def with_mercado_pago(shop: Shop, **values: Any) -> Connection:
    account = shop.simulator.account("mercadopago", name="Loja", token_prefix="TEST")
    shop.other_account = account
    return factories.make_connection(
        gateway="mercadopago",
        account_id=str(account["user_id"]),
        credentials={"access_token": account["access_token"]},
        **{"webhook_secrets": {"test": "s" * 32}, "webhook_state": "shown", **values},
    )


def seal_wrongly(connection: Connection, column: str, values: dict[str, str]) -> None:
    """As it was with a master key that is not here any more."""
    setattr(connection, column, KeyRing([WRONG_KEY]).seal(values, context=connection._context(column)))
    connection.save(update_fields=[column])


def age(name: str) -> None:
    """Who leaves signs of life under this name has left none for three minutes."""
    Pulse.objects.filter(name=name).update(at=clock.machine_now() - timedelta(minutes=3))


class Ward:
    """``kept`` is what a row of the table has to remember until it is undone."""

    def __init__(self, shop: Shop, door: Door, settings: Any, patch: Any) -> None:
        self.shop, self.door, self.settings, self.patch = shop, door, settings, patch
        self.client = browser("Administrator")
        self.customer = factories.make_customer(document="52998224725")
        self.kept: Any = None
        self._traveller: time_machine.travel | None = None

    @property
    def connection(self) -> Connection:
        return self.shop.connection

    # -- the page -----------------------------------------------------------------------------------

    def see(self, code: str, remedy: str) -> str:
        """The fault with its button; answers where the button leads."""
        page = unescape(self.client.get(reverse("doctor")).content.decode())
        head, _mark, rest = page.partition(f'data-fault="{code}"')
        assert rest, f"{code} is not on the page"
        entry = rest.partition("</li>")[0]
        problem = Problem.objects.open().filter(code=code).select_related("connection").first()
        if remedy == "list":
            assert f'href="{reverse("events")}?view=dead' in entry
            return reverse("doctor_look")
        if problem is None or problem.connection is None:
            assert "data-remedy" not in entry and 'id="look-again"' in page
            return reverse("doctor_look")
        assert f'data-remedy="{remedy}"' in entry
        return reverse("doctor_mend", args=[problem.connection.public_id])

    def press(self, address: str, remedy: str) -> None:
        """Of an account that was disabled meanwhile there is no button any more; then on everything."""
        answer = self.client.post(address, {"remedy": remedy})
        if answer.status_code == 404:
            answer = self.client.post(reverse("doctor_look"))
        assert answer.status_code == 302

    # -- the gateway --------------------------------------------------------------------------------

    def no_faults(self) -> None:
        self.shop.simulator.control("DELETE", "faults")

    def deliver(self) -> None:
        """What the gateway sends now comes in, is checked and worked on."""
        self.shop.simulator.flush()
        self.door.hand_on()

    def charge(self) -> Charge:
        order = NewCharge(
            connection=self.connection,
            customer=self.customer,
            amount_cents=10_000,
            description="Pedido 77",
            due_date=clock.today("America/Sao_Paulo") + timedelta(days=3),
            submission=uuid.uuid4(),
            method="pix",
        )
        return create_charge(order)

    def pay(self, charge: Charge) -> None:
        self.shop.simulator.act("pay", reference=charge.reference)

    def compare(self) -> None:
        """What a worker does every night."""
        reconciling.carry_out(runs.request(self.connection, trigger=RunTrigger.COMMAND).pk)

    # -- the machine --------------------------------------------------------------------------------

    def live(self) -> None:
        Pulse.objects.update(at=clock.machine_now())

    def travel(self) -> None:
        self._traveller = time_machine.travel(clock.machine_now() + timedelta(hours=1), tick=True)
        self._traveller.start()
        self.live()

    def come_back(self) -> None:
        if self._traveller:
            self._traveller.stop()
            self._traveller = None
            self.live()
