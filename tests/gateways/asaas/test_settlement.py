"""Fees, net and credit dates of thirty charges, to the cent by the rules of asaas.md 3.3 and by the books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from connections.gateways.asaas.mapping import to_payment
from connections.gateways.base import Access, Environment, GatewayPayment, PaymentStatus, Secrets
from connections.gateways.registry import gateway_class
from tests.gateways import sample
from tests.gateways.controls import Simulator

TODAY = date(2027, 3, 1)
CENT = Decimal("0.01")
# Way of paying, reais, parcels, and by what it is paid where that differs.
CHARGES: list[tuple[str, str, int, str]] = [
    *[("PIX", value, 1, "") for value in ("5.00", "99.99", "150.00", "1234.56", "10000.01")],
    *[("BOLETO", value, 1, "") for value in ("5.01", "150.00", "320.50", "999.99", "4321.09")],
    *[("CREDIT_CARD", value, 1, "") for value in ("5.00", "19.99", "33.33", "89.90", "150.00", "220.00")],
    *[("CREDIT_CARD", value, 1, "") for value in ("1000.07", "2500.55")],
    *[("UNDEFINED", "80.00", 1, method) for method in ("pix", "boleto", "card")],
    ("BOLETO", "77.70", 1, "cash"),
    ("BOLETO", "350.00", 3, ""),
    *[("CREDIT_CARD", "350.00", count, "") for count in (2, 3, 6, 7, 12, 13)],
    ("CREDIT_CARD", "1000.01", 21, ""),
]


@dataclass
class Desk:
    """An account at the simulator, asked like by anybody, and our adapter for it."""

    simulator: Simulator
    account: dict[str, Any]

    def __post_init__(self) -> None:
        self.base = f"{self.simulator.url}/asaas/sandbox"
        self.customer = self.post("customers", name="Ana Lima", cpfCnpj="52998224725")["id"]

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        headers = {"access_token": self.account["api_key"], "User-Agent": "tests"}
        answer = requests.post(f"{self.base}/v3/{path}", json=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        return dict(answer.json())

    def pay(self, reference: str, kind: str, value: str, parcels: int, method: str) -> None:
        """A new charge, paid."""
        plan = {"installmentCount": parcels, "totalValue": float(value)}
        self.post(
            "payments",
            customer=self.customer,
            billingType=kind,
            externalReference=reference,
            dueDate=TODAY.isoformat(),
            **(plan if parcels > 1 else {"value": float(value)}),
        )
        if method == "cash":
            self.simulator.act("receive_in_cash", reference=reference)
            return
        times = parcels if kind == "BOLETO" else 1
        for _time in range(times):
            self.simulator.act("pay", reference=reference, **({"method": method} if method else {}))

    def read(self, gateway_id: str) -> GatewayPayment:
        access = Access(
            credentials=Secrets({"api_key": self.account["api_key"]}),
            environment=Environment.SANDBOX,
            now=self.simulator.now,
            simulator_url=self.simulator.url,
        )
        return gateway_class("asaas")(access).fetch_payment(gateway_id)


@pytest.fixture
def desk(simulator: Simulator) -> Iterator[Desk]:
    simulator.control("POST", "clock", {"now": f"{TODAY.isoformat()}T15:00:00Z"})
    yield Desk(simulator, simulator.account("asaas", name="Padaria Aurora", rate_limited=False))


def truncated(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_DOWN)


def fee(value: Decimal, kind: str, parcels: int) -> Decimal:
    """The rules once more, in reais."""
    if kind == "cash":
        return Decimal(0)
    if kind != "card":
        return Decimal("1.99")
    rates = {1: "2.99", 6: "3.49", 12: "3.99", 21: "4.29"}
    rate = Decimal(next(rate for most, rate in rates.items() if parcels <= most)) / 100
    return truncated(Decimal("0.49") / parcels) + truncated(value * rate)


def credited(kind: str, parcel: int) -> date | None:
    if kind == "cash":
        return None
    day = TODAY + timedelta(days={"pix": 0, "boleto": 1}.get(kind, 32 * parcel))
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def day_of(moment: datetime | None) -> date | None:
    return moment.astimezone(ZoneInfo("America/Sao_Paulo")).date() if moment else None


def parts(value: str, count: int) -> list[Decimal]:
    share = truncated(Decimal(value) / count)
    return [share] * (count - 1) + [Decimal(value) - share * (count - 1)]


def cents(amount: Any) -> int:
    return int((Decimal(str(amount)) * 100).to_integral_value())


def test_fees_and_dates_of_thirty_charges(desk: Desk) -> None:
    assert len(CHARGES) == 30
    told, expected = [], []
    for number, (kind, value, count, method) in enumerate(CHARGES):
        desk.pay(f"chg-{number}", kind, value, count, method)
        way = method or {"CREDIT_CARD": "card"}.get(kind, kind.lower())
        books = desk.simulator.books(f"chg-{number}")
        for parcel, (amount, line) in enumerate(zip(parts(value, count), books, strict=True), 1):
            costs, day = fee(amount, way, count), credited(way, parcel)
            found = desk.read(line["id"])
            of_books = (cents(line["paid"]), cents(line["fee"]), cents(line["net"]))
            money = (found.received_cents, found.fee_cents, found.net_cents)
            told.append((number, parcel, money, of_books, day_of(found.settles_at)))
            by_rule = (cents(amount), cents(costs), cents(amount - costs))
            expected.append((number, parcel, by_rule, by_rule, day))
    assert told == expected


def test_paid_and_settled_are_two_things(desk: Desk) -> None:
    for number, kind in enumerate(("PIX", "BOLETO", "CREDIT_CARD")):
        desk.pay(f"chg-{number}", kind, "150.00", 1, "")
    ids = [desk.simulator.books(f"chg-{number}")[0]["id"] for number in range(3)]
    assert [day_of(desk.read(one).settled_at) for one in ids] == [TODAY, None, None]
    desk.simulator.control("POST", "clock", {"now": "2027-03-02T15:00:00Z"})
    assert [day_of(desk.read(one).settled_at) for one in ids] == [TODAY, date(2027, 3, 2), None]
    desk.simulator.control("POST", "clock", {"now": "2027-04-02T15:00:00Z"})
    found = desk.read(ids[2])
    assert day_of(found.settled_at) == day_of(found.settles_at) == date(2027, 4, 2)


def body(name: str, **changes: Any) -> GatewayPayment:
    return to_payment({**sample.body("asaas", name)["payment"], **changes}, account_id="")


@pytest.mark.parametrize(
    "word", ["REFUNDED", "REFUND_IN_PROGRESS", "REFUND_REQUESTED", "CHARGEBACK_REQUESTED"]
)
def test_what_comes_after_the_credit_does_not_undo_it(word: str) -> None:
    """The words of refunds and disputes do not say whether the money had come: its day does."""
    assert body("event_payment_received_card", status=word).settled_at == datetime(2026, 10, 5, 3, tzinfo=UTC)
    before = body("event_payment_confirmed", status=word)
    assert (before.settled_at, before.net_cents) == (None, 14503)


def test_advanced_money_is_read_so(desk: Desk) -> None:
    desk.pay("chg-1", "CREDIT_CARD", "150.00", 1, "")
    [line] = desk.simulator.books("chg-1")
    desk.simulator.act("anticipate", reference="chg-1")
    assert desk.read(line["id"]).is_anticipated and desk.read(line["id"]).settled_at is None


def test_advanced_money_is_not_expected_again() -> None:
    advanced = body("event_payment_confirmed", anticipated=True)
    assert (advanced.status, advanced.is_anticipated) == (PaymentStatus.PAID, True)
    assert not body("event_payment_confirmed").is_anticipated
    assert not body("event_payment_created", anticipated=True).is_anticipated
