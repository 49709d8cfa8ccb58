"""The whole walk over HTTP, for each kind of account: connect, charge, pay, wait for the effect."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests

from lib import accounts, emv, say
from lib.accounts import Kind
from lib.browser import Browser, NotAsExpected
from lib.pages import Form, Page
from lib.stack import Stack

CUSTOMER = {
    "name": "Maria da Silva",
    "document": "529.982.247-25",
    "email": "maria@example.com",
    "phone": "11 98765-4321",
}
# For what must only happen at all; the deadline is for the one effect the check is about.
PATIENCE = 60.0
TURNS_PAID = "the notification turns the charge paid"


def walk_all(stack: Stack, passwords: Mapping[str, str], *, drop: bool, deadline: float) -> bool:
    """True when every step of every walk passed."""
    started = time.monotonic()
    people = People(Browser(stack.url), Browser(stack.url), passwords)
    walks = [
        Walk(stack, kind, people, drop, deadline, amount=Decimal(1000 + 111 * number) / 100)
        for number, kind in enumerate(accounts.KINDS)
    ]
    failures = [step for walk in walks if (step := walk.run())]
    took = time.monotonic() - started
    if failures:
        say.line(f"\nFAILED after {took:.1f} s: " + "; ".join(failures))
    else:
        say.line(f"\nEvery step of {len(walks)} walks passed in {took:.1f} s.")
    return not failures


@dataclass(frozen=True)
class People:
    """Who works with the product; they stay logged in from one walk to the next."""

    admin: Browser
    operator: Browser
    passwords: Mapping[str, str]

    def log_in(self, name: str) -> None:
        browser: Browser = getattr(self, name)
        if not browser.session.cookies:
            browser.log_in(name, self.passwords[name])


@dataclass
class Walk:
    """One account from its keys to a paid charge. What a step learns the next ones use."""

    stack: Stack
    kind: Kind
    people: People
    drop: bool
    deadline: float
    amount: Decimal
    method: str = "pix"
    account: dict[str, Any] = field(default_factory=dict)
    connection_page: str = ""
    charge_page: str = ""
    pay_link: str = ""
    checkout_link: str = ""

    def __post_init__(self) -> None:
        self.admin, self.operator = self.people.admin, self.people.operator
        self.customer = Browser(self.stack.url)

    @property
    def reference(self) -> str:
        return urlsplit(self.charge_page).path.strip("/").split("/")[-1]

    def run(self) -> str | None:
        """The name of the step that failed, None when all passed."""
        for name, step in self.steps():
            started = time.monotonic()
            try:
                step()
            except (NotAsExpected, emv.NotReadable, requests.RequestException) as error:
                say.line(self._line("FAIL", name, started) + f"\n     {error}")
                return f"{self.kind.key}: {name}"
            say.line(self._line("ok", name, started))
        return None

    def _line(self, result: str, name: str, started: float) -> str:
        return f"{result:<4} {self.kind.key:<12} {name:<62} {time.monotonic() - started:6.2f} s"

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        return [*self.connecting(), *self.charging()]

    def connecting(self) -> list[tuple[str, Callable[[], None]]]:
        steps = [
            ("an account is opened at the simulator", self.open_account),
            ("the administrator logs in", lambda: self.people.log_in("admin")),
            ("the admin form connects the account", self.connect),
            ("the connection says ready", self.see_ready),
        ]
        if not self.kind.is_asaas:
            steps.append(("the panel's simulated event tests the webhook", self.test_webhook))
        return steps

    def charging(self) -> list[tuple[str, Callable[[], None]]]:
        if self.kind.is_hosted:
            shown = ("the pay link opens without a login and leads to the checkout", self.see_checkout)
        else:
            shown = ("the pay link opens without a login and shows the PIX code", self.see_pix)
        return [
            ("the operator logs in", lambda: self.people.log_in("operator")),
            ("the staff form creates a charge", self.create_charge),
            ("the charge has a pay link", self.see_pay_link),
            shown,
            ("the customer pays at the simulator", self.pay_hosted if self.kind.is_hosted else self.pay_pix),
            (TURNS_PAID, self.see_paid),
            ("the customer's page shows the receipt", self.see_receipt),
            ("the gateway's books agree", self.compare_books),
        ]

    def open_account(self) -> None:
        accounts.drop_nothing(self.stack.simulator_url)
        self.account = accounts.create(self.stack.simulator_url, self.kind)

    def connect(self) -> None:
        values = {"gateway": self.kind.gateway, "name": self.kind.name, "environment": self.kind.environment}
        values |= accounts.credentials(self.kind, self.account)
        page = self.admin.fill_in("/admin/connections/connection/add/", "gateway", values)
        if "data-state" not in page.data:
            raise NotAsExpected(f"the form was refused: {'; '.join(page.errors) or page.text[:300]}")
        self.connection_page = self.admin.url

    def see_ready(self) -> None:
        self.admin.wait_for(
            self.connection_page, lambda page: page.data.get("data-state") == "ready", PATIENCE
        )

    def test_webhook(self) -> None:
        address = self.admin.open(self.connection_page).data.get("data-webhook-url")
        if not address:
            raise NotAsExpected("the connection's page shows no webhook address")
        account = self.account["id"]
        self._control("POST", f"accounts/{account}", json={"panel_url": address})
        self._control("POST", "panel_event", json={"account": account})
        self.admin.wait_for(
            self.connection_page, lambda page: page.data.get("data-webhook-state") == "tested", PATIENCE
        )

    def create_charge(self) -> None:
        self._drop_if_asked()
        form = self.operator.open("/charges/new/").form_with("amount")
        if form is None:
            raise NotAsExpected("/charges/new/ has no form with a field 'amount'")
        connection = self._choice_of(form)
        due = (self._now() + timedelta(days=3)).date().isoformat()
        values = {"connection": connection, "method": self.method, "description": "Demo", "due_date": due}
        typed = f"{self.amount:.2f}".replace(".", ",")
        page = self.operator.send(form, {**CUSTOMER, **values, "amount": typed})
        if page.form_with("amount") or "/charges/" not in self.operator.url:
            raise NotAsExpected(f"the form was refused: {'; '.join(page.errors) or page.text[:300]}")
        self.charge_page = self.operator.url

    def _now(self) -> datetime:
        """By the clock everybody here goes by."""
        return datetime.fromisoformat(self._control("GET", "clock")["now"])

    def _choice_of(self, form: Form) -> str:
        """The account's choice; the names may begin alike, so the longest match is not taken for granted."""
        choices = form.options.get("connection", [])
        fitting = sorted((len(text), value) for value, text in choices if self.kind.name in text)
        if not fitting:
            raise NotAsExpected(f"the accounts offered are {choices}, not {self.kind.name}")
        return fitting[0][1]

    def see_pay_link(self) -> None:
        page = self.operator.wait_for(
            self.charge_page, lambda page: bool(page.data.get("data-pay-link")), PATIENCE
        )
        self.pay_link = page.data["data-pay-link"]

    def see_pix(self) -> None:
        page = self.customer.wait_for(
            self.pay_link, lambda page: bool(page.data.get("data-pix-text")), PATIENCE
        )
        self._insist_on_no_cookie()
        code = emv.read(page.data["data-pix-text"])
        if code.amount != self.amount:
            raise NotAsExpected(f"the PIX code asks for {code.amount}, the charge is {self.amount}")

    def see_checkout(self) -> None:
        page = self.customer.wait_for(
            self.pay_link, lambda page: bool(page.data.get("data-checkout-link")), PATIENCE
        )
        self._insist_on_no_cookie()
        self.checkout_link = page.data["data-checkout-link"]

    def _insist_on_no_cookie(self) -> None:
        if names := self.customer.session.cookies.keys():
            raise NotAsExpected(f"the customer's page sets a cookie: {', '.join(names)}")

    def pay_pix(self) -> None:
        self._control("POST", "pay", json={"reference": self.reference})

    def pay_hosted(self) -> None:
        page = self.customer.open(self.checkout_link)
        form = next((form for form in page.forms if form.method == "post"), None)
        if form is None:
            raise NotAsExpected(f"the checkout {self.customer.url} has no button to pay")
        self.customer.send(form, {})

    def _drop_if_asked(self) -> None:
        """Before the charge exists: told late of its creation, a worker would find it paid all the same."""
        if self.drop:
            accounts.drop_notifications(self.stack.simulator_url)

    def see_paid(self) -> None:
        self.operator.wait_for(self.charge_page, _is_paid, self.deadline)

    def see_receipt(self) -> None:
        self.customer.wait_for(self.pay_link, _is_paid, self.deadline)

    def compare_books(self) -> None:
        answer = self._control("GET", "books", params={"reference": self.reference})
        rows = answer if isinstance(answer, list) else answer.get("payments") or answer.get("books") or []
        paid = sum(Decimal(str(row["paid"])) for row in rows)
        if paid != self.amount:
            raise NotAsExpected(f"the books say {paid} was paid in {len(rows)} payments, not {self.amount}")
        shown = f"{self.amount:.2f}".replace(".", ",")
        if shown not in self.operator.open(self.charge_page).text:
            raise NotAsExpected(f"the charge's page does not show {shown}")

    def _control(self, method: str, path: str, **options: Any) -> Any:
        return accounts.control(self.stack.simulator_url, method, path, **options)


def _is_paid(page: Page) -> bool:
    return page.data.get("data-status") == "paid"
