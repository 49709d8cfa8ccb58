"""What Mercado Pago refuses in a plan or a subscription (mercadopago.md 4.1, 4.2, 4.6)."""

from datetime import datetime
from typing import Any

from simulator import clock, transport
from simulator.answers import jsonable
from simulator.mercadopago import effects, serialise
from simulator.mercadopago.errors import plain
from simulator.mercadopago.sites import SITES, way_of
from simulator.models import Account
from simulator.money import amount_text, parse_cents, parse_decimal

MONTHS, DAYS = "months", "days"
"""Years are refused (mercadopago.md 4.2)."""
LAST_BILLING_DAY = 28
LIMITS = {"MLA": (1500, 200_000_000)}
"""Cents, measured in Argentina (mercadopago.md 4.2); elsewhere those of a credit card, our choice."""


def text(body: dict[str, Any], name: str, words: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise plain(400, words)
    return value


def back_url(value: Any) -> str:
    """https; plain http on loopback only, like the addresses of notifications."""
    if not isinstance(value, str) or not value.strip():
        raise plain(400, "Back url is required")
    if not transport.is_allowed(value):
        raise plain(400, "Invalid value for back_url, must be a valid https url")
    return value


def payer_email(value: Any) -> str:
    if not isinstance(value, str) or "@" not in value:
        raise plain(400, "payer_email must be a valid email")
    return value


def reference(value: Any) -> str | None:
    return None if value is None else str(value)


def amount(value: Any, account: Account) -> int:
    """Cents; a number with the decimals of the currency, between the limits of the country."""
    exact = parse_decimal(value)
    step = serialise.smallest_cents(account)
    if exact is None or isinstance(value, str) or exact * 100 % step:
        raise plain(400, "Invalid field -> auto_recurring.transaction_amount")
    cents = parse_cents(exact) or 0
    least, most = _limits(account)
    if cents < least:
        raise plain(400, f"Cannot pay an amount lower than $ {amount_text(least)}")
    if cents > most:
        raise plain(400, f"Cannot pay an amount greater than $ {amount_text(most)}")
    return cents


def _limits(account: Account) -> tuple[int, int]:
    site = account.options["site"]
    card = way_of(site, "visa")
    usual = (int(card.least * 100), card.most * 100) if card else (1, 10**11)
    return LIMITS.get(site, usual)


def recurring(body: dict[str, Any], account: Account) -> dict[str, Any]:
    """What `auto_recurring` says but for the amount, checked, with nulls for what is missing."""
    given = body.get("auto_recurring")
    if not isinstance(given, dict):
        raise plain(400, "auto_recurring is required")
    if given.get("currency_id") != SITES[account.options["site"]].currency:
        raise plain(400, "Invalid field -> auto_recurring.currency_id")
    kind = _kind(given.get("frequency_type"), "frequency_type")
    start, end = (_moment(given.get(name), name) for name in ("start_date", "end_date"))
    if end and end <= max(clock.now(), start or clock.now()):
        raise plain(400, "Invalid field -> auto_recurring.end_date")
    return {
        "frequency": _count(given.get("frequency"), "frequency"),
        "frequency_type": kind,
        "currency_id": given["currency_id"],
        "repetitions": _optional_count(given.get("repetitions"), "repetitions"),
        "start_date": serialise.stamp(start),
        "end_date": serialise.stamp(end),
        "free_trial": _trial(given.get("free_trial")),
        **_billing_day(given, kind),
    }


def _invalid(name: str) -> Exception:
    return plain(400, f"Invalid field -> auto_recurring.{name}")


def _kind(value: Any, name: str) -> str:
    if value not in (MONTHS, DAYS):
        raise _invalid(name)
    return str(value)


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise _invalid(name)
    return value


def _optional_count(value: Any, name: str) -> int | None:
    return None if value is None else _count(value, name)


def _moment(value: Any, name: str) -> datetime | None:
    if value is None:
        return None
    moment = effects.moment_of(value) if isinstance(value, str) else None
    if moment is None:
        raise _invalid(name)
    return moment


def _trial(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _invalid("free_trial")
    kind = _kind(value.get("frequency_type"), "free_trial.frequency_type")
    return {"frequency": _count(value.get("frequency"), "free_trial.frequency"), "frequency_type": kind}


def _billing_day(given: dict[str, Any], kind: str) -> dict[str, Any]:
    """1 to 28, of monthly ones only (mercadopago.md 4.1)."""
    day = _optional_count(given.get("billing_day"), "billing_day")
    if day is not None and (kind != MONTHS or day > LAST_BILLING_DAY):
        raise _invalid("billing_day")
    return {
        "billing_day": day,
        "billing_day_proportional": bool(given.get("billing_day_proportional", False)),
    }


def payment_methods(value: Any) -> dict[str, Any]:
    given = jsonable(value) if isinstance(value, dict) else {}
    return {key: given.get(key) or [] for key in ("payment_types", "payment_methods")}
