"""A shop's charges by chance, and what a filter lets through of them, worked out without the database."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from connections.models import Connection
from payments.models import Charge, ChargeStatus
from tests import factories

NOW = factories.NOW
ZONES = ("America/Sao_Paulo", "Asia/Tokyo", "Pacific/Kiritimati", "America/Anchorage", "UTC")
_NAMES = ("Ana Lima", "Bruno Carvalho", "Ana Beatriz 100% Doce", "Jardim_das_Acácias")
_OPEN = ("confirming", "pending", "authorized", "overdue")
_VIEWS: dict[str, tuple[str, ...]] = {
    "waiting": ("draft", "confirming", "pending", "authorized"),
    "paid": ("paid",),
    "overdue": ("overdue",),
    "refunded": ("partially_refunded", "refunded"),
}


def make_accounts() -> list[Connection]:
    """Two countries, three time zones, and the sandbox beside real money."""
    mercado: dict[str, Any] = {"gateway": "mercadopago", "webhook_secrets": {}}
    return [
        factories.make_connection(name="Loja Centro", environment="production"),
        factories.make_connection(name="Loja Sul", environment="production", currency="ARS", **mercado),
        factories.make_connection(name="Loja Oeste", environment="production", currency="CLP", **mercado),
        factories.make_connection(name="Testes", environment="sandbox"),
    ]


def make_charges(accounts: Sequence[Connection], people: Sequence[User], *, number: int) -> list[Charge]:
    """The same every time. Their moments lie around midnights of all the time zones."""
    chance = random.Random(8)
    customers = [factories.make_customer(name=name) for name in _NAMES]
    return [_charge(chance, accounts, people, customers) for _number in range(number)]


def _charge(
    chance: random.Random, accounts: Sequence[Connection], people: Sequence[User], customers: Sequence[Any]
) -> Charge:
    status = chance.choice(ChargeStatus.values)
    amount = chance.choice([1, 4_999, 5_000, 10_000, 123_456_789])
    has_money = status in ("paid", "partially_refunded", "refunded", "disputed", "charged_back")
    received = amount if has_money else chance.choice([0, 0, 0, amount // 2, amount + 100])
    refunded = amount if status == "refunded" else amount // 3 if status == "partially_refunded" else 0
    created = _moment(chance)
    charge = factories.make_charge(
        chance.choice(accounts),
        customer=chance.choice(customers),
        status=status,
        amount_cents=amount,
        received_cents=received,
        refunded_cents=refunded,
        method=chance.choice(["pix", "boleto", "card"]),
        review_reason=chance.choice(["", "", "", "amount"]),
        due_date=created.date() + timedelta(days=chance.randrange(-3, 4)),
        created_at=created,
        paid_at=_moment(chance) if received else None,
        created_by=chance.choice([None, *people]),
    )
    return charge


def _moment(chance: random.Random) -> datetime:
    """A second before, at or after an hour at which some time zone begins a day; sometimes the same again."""
    midnight = datetime(2026, 11, 21, tzinfo=ZoneInfo(chance.choice(ZONES))).astimezone(UTC)
    return midnight + timedelta(days=chance.randrange(-40, 3), seconds=chance.choice([-1, 0, 0, 1]))


def days_of(params: dict[str, Any], today: date) -> tuple[date | None, date | None]:
    """The first and the last day that a filter names."""
    since, until = params.get("since"), params.get("until")
    if since or until:
        first, last = (date.fromisoformat(day) if day else None for day in (since, until))
        return (first, None) if first and last and first > last else (first, last)
    first_of_month = today.replace(day=1)
    next_month = (first_of_month + timedelta(days=31)).replace(day=1)
    named: dict[str, tuple[date | None, date | None]] = {
        "": (None, None),
        "today": (today, today),
        "week": (today - timedelta(days=today.weekday()), today + timedelta(days=6 - today.weekday())),
        "month": (first_of_month, next_month - timedelta(days=1)),
        "last-month": (
            (first_of_month - timedelta(days=1)).replace(day=1),
            first_of_month - timedelta(days=1),
        ),
        "30d": (today - timedelta(days=29), today),
    }
    return named[params.get("days", "")]


def is_meant(charge: Charge, params: dict[str, Any], zone: str, today: date) -> bool:
    tab = params.get("tab", "")
    return all(
        (
            not tab or (bool(charge.review_reason) if tab == "review" else charge.status in _VIEWS[tab]),
            not params.get("status") or charge.status in params["status"],
            not params.get("method") or charge.method == params["method"],
            not params.get("connection") or str(charge.connection.public_id) == params["connection"],
            not params.get("operator")
            or bool(charge.created_by and charge.created_by.username == params["operator"]),
            not params.get("least") or charge.amount_cents >= _cents(params["least"]),
            not params.get("most") or charge.amount_cents <= _cents(params["most"]),
            not params.get("money") or charge.connection.is_sandbox == (params["money"] == "sandbox"),
            not params.get("q") or _is_named(charge, params["q"]),
            _is_within(charge, params, zone, today),
        )
    )


def _cents(text: str) -> int:
    return int(text.replace(",", ""))


def _is_named(charge: Charge, text: str) -> bool:
    names = (charge.reference, charge.customer.document)
    return text.lower() in charge.customer.name.lower() or text in names


def _is_within(charge: Charge, params: dict[str, Any], zone: str, today: date) -> bool:
    since, until = days_of(params, today)
    if not since and not until:
        return True
    moment = charge.paid_at if params.get("by") == "paid" else charge.created_at
    day = moment.astimezone(ZoneInfo(zone)).date() if moment else None
    if params.get("by") == "due":
        day = charge.due_date
    return day is not None and (not since or day >= since) and (not until or day <= until)


def sums(charges: Sequence[Charge]) -> dict[tuple[bool, str], tuple[int, int, int, int, int]]:
    """Number, charged, received, refunded and still open, of real money and of the sandbox by currency."""
    found: dict[tuple[bool, str], tuple[int, int, int, int, int]] = {}
    for charge in charges:
        key = (charge.connection.is_sandbox, charge.currency)
        is_open = charge.status in _OPEN and not charge.review_reason
        left = max(0, charge.amount_cents - charge.received_cents) if is_open else 0
        own = (1, charge.amount_cents, charge.received_cents, charge.refunded_cents, left)
        before = found.get(key, (0, 0, 0, 0, 0))
        found[key] = (
            before[0] + own[0],
            before[1] + own[1],
            before[2] + own[2],
            before[3] + own[3],
            before[4] + own[4],
        )
    return found
