"""The services of this process against a real simulator: its accounts, its clock, its books."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from lib import accounts

from config import clock
from connections.gateways.base import Method
from connections.models import Connection
from payments.models import Charge, CreationAttempt, Customer
from payments.services import doubt, watching
from payments.services.creation import NewCharge, create_charge
from tests.factories import make_connection, make_customer

SECONDS = 20
DOCUMENT = "52998224725"
SWITCHES: dict[str, dict[str, Any]] = {
    "asaas": {"gateway": "asaas", "environment": "sandbox"},
    "mercadopago": {"gateway": "mercadopago", "direct_payments": True},
    "checkout": {"gateway": "mercadopago", "test_user": True, "direct_payments": False},
}


class World:
    """One simulator and the connections to its accounts."""

    def __init__(self, url: str, monkeypatch: Any) -> None:
        self.url, self._patch = url, monkeypatch
        self.accounts: dict[str, dict[str, Any]] = {}
        self.connections: dict[str, Connection] = {}
        self.control("reset")
        self._read_clock()

    def control(self, path: str, /, **body: Any) -> Any:
        return accounts.control(self.url, "POST", path, json=body)

    def fault(self, name: str, **parameters: Any) -> None:
        self.control("faults", name=name, **parameters)

    def faults(self) -> list[dict[str, Any]]:
        return list(accounts.control(self.url, "GET", "faults")["faults"])

    def no_faults(self) -> None:
        accounts.control(self.url, "DELETE", "faults")

    def move(self, **ahead: float) -> None:
        """The clock of everybody, and nothing else: who has work due is asked by ``work``."""
        self.control("clock", advance_seconds=timedelta(**ahead).total_seconds())
        self._read_clock()

    def move_to(self, moment: datetime, *, play: bool = False) -> None:
        """``play``: what falls between happens at its own time, not all at the end of it."""
        self.control("clock", now=moment.isoformat(), play=play)
        self._read_clock()

    def _read_clock(self) -> None:
        self._patch.setattr(clock, "_simulator", clock._SimulatorOffset())

    def connection(self, key: str) -> Connection:
        """One of that kind; what stands behind a colon tells several of a kind apart."""
        if key not in self.connections:
            account = self.control("accounts", name=f"Loja {key}", **SWITCHES[key.partition(":")[0]])
            is_asaas = account["gateway"] == "asaas"
            self.accounts[key] = account
            self.connections[key] = make_connection(
                gateway=account["gateway"],
                environment="sandbox" if is_asaas or account["test_user"] else "production",
                account_id=str(account["account_id"] if is_asaas else account["user_id"]),
                credentials={"api_key": account["api_key"]}
                if is_asaas
                else {"access_token": account["access_token"]},
            )
        return self.connections[key]

    def charge(self, key: str, method: Method = Method.PIX, **values: Any) -> Charge:
        connection = self.connection(key)
        defaults: dict[str, Any] = {
            "connection": connection,
            "customer": Customer.objects.filter(document=DOCUMENT).first()
            or make_customer(document=DOCUMENT, email="ana@example.com"),
            "amount_cents": 10_000,
            "description": "Pedido 77",
            "due_date": self.today() + timedelta(days=3),
            "submission": uuid.uuid4(),
            "method": method,
        }
        return create_charge(NewCharge(**{**defaults, **values}))

    def today(self) -> Any:
        return clock.today("America/Sao_Paulo")

    def work(self, charge: Charge) -> Charge:
        """What a worker does when it sweeps; the charge as it is then."""
        doubt.settle_due()
        watching.watch_due()
        charge.refresh_from_db()
        return charge

    def books(self, charge: Charge) -> list[dict[str, Any]]:
        """Every payment at the gateway under our reference."""
        answer = accounts.control(self.url, "GET", f"books?reference={charge.reference}")
        return list(answer["payments"])

    def payments_of_subscription(self, reference: str) -> list[dict[str, Any]]:
        """Every payment at the gateway of the subscription with this reference, whatever it carries."""
        (own,) = accounts.control(self.url, "GET", f"books?reference={reference}")["subscriptions"]
        names = {str(name) for name in own["payments"]}
        every = accounts.control(self.url, "GET", f"books?account={own['account']}")["payments"]
        return [row for row in every if str(row["id"]) in names]

    def living(self, charge: Charge) -> list[dict[str, Any]]:
        gone = ("cancelled", "rejected")
        return [row for row in self.books(charge) if not row.get("deleted") and row["status"] not in gone]

    def pages(self, charge: Charge) -> list[dict[str, Any]]:
        """Every preference of Mercado Pago under our reference, read by its id."""
        query = urlencode({"external_reference": charge.reference})
        listed = self._mercadopago(f"checkout/preferences/search?{query}")["elements"] or []
        return [self._mercadopago(f"checkout/preferences/{one['id']}") for one in listed]

    def land(self, attempt: CreationAttempt) -> None:
        """A creating call to Mercado Pago arrives (once more), byte for byte."""
        headers = {**self._at_mercadopago(), "X-Idempotency-Key": attempt.idempotency_key}
        url = f"{self.url}/mercadopago{attempt.path}"
        requests.post(url, data=attempt.body, headers=headers, timeout=SECONDS).raise_for_status()

    def _mercadopago(self, path: str) -> Any:
        url = f"{self.url}/mercadopago/{path}"
        return requests.get(url, headers=self._at_mercadopago(), timeout=SECONDS).json()

    def _at_mercadopago(self) -> dict[str, str]:
        account = next(one for one in self.accounts.values() if one["gateway"] == "mercadopago")
        return {"Authorization": f"Bearer {account['access_token']}", "Content-Type": "application/json"}


def statuses(charge: Charge) -> list[str]:
    """Every status the charge ever had, by its timeline."""
    lines = charge.timeline.filter(code="status").order_by("pk")
    return [line.data["after"] for line in lines]
