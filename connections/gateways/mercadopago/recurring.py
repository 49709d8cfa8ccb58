"""What subscriptions and plans share: ``auto_recurring``, its words and its limits (mercadopago.md 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from urllib.parse import urlsplit

from connections.gateways import refunds
from connections.gateways.answers import Answer
from connections.gateways.base import Cycle, Method, SubscriptionRule
from connections.gateways.errors import NotFound, RequestRefused
from connections.gateways.mercadopago.api import MercadoPagoApi
from connections.gateways.mercadopago.orders import amount
from connections.gateways.mercadopago.sites import home_of, zone_of
from connections.gateways.mercadopago.times import written
from connections.gateways.money import to_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, count, instant, record, text

# There are days and months only: "years" is refused (4.2).
_WORDS = {
    Cycle.WEEKLY: (7, "days"),
    Cycle.BIWEEKLY: (14, "days"),
    Cycle.MONTHLY: (1, "months"),
    Cycle.BIMONTHLY: (2, "months"),
    Cycle.QUARTERLY: (3, "months"),
    Cycle.HALF_YEARLY: (6, "months"),
    Cycle.YEARLY: (12, "months"),
}
_CYCLES = {(str(number), unit): cycle for cycle, (number, unit) in _WORDS.items()}

# A number of charges is known to plans alone (4.1, 4.3). The payer gives a card on the page (4.2); a cycle
# that fell into a pause is not made up for (4.4).
RULE = SubscriptionRule(
    methods=frozenset({Method.CARD}), cycles=frozenset(_WORDS), is_hosted=True, has_plans=True
)

# Measured in Argentina, in hundredths (4.2).
_LIMITS = {"ARS": (15_00, 2_000_000_00)}
_NOT_THIS_AMOUNT = _("Mercado Pago takes no subscription of this amount: enter another.")

# What its sentences are about (4.4, 4.6): part of one, our advice, our field.
_ADVICE = (
    ("paused preapproval", _("While it is paused it can only be resumed or cancelled: resume it first."), ""),
    ("invalid transition", _("What was cancelled at Mercado Pago stays so: make another subscription."), ""),
    ("currency", _("The account charges in another currency: check the connection."), ""),
    ("amount", _NOT_THIS_AMOUNT, "amount"),
    ("email", _("Enter the e-mail address of the customer's account at Mercado Pago."), "email"),
)
_SOMEBODY_ELSES = "callerid"

Body = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class AutoRecurring:
    """``ends_at`` is aware UTC, the days are those of the account's country."""

    amount_cents: int | None
    currency: str
    cycle: Cycle | None
    starts_on: date | None
    ends_at: datetime | None
    ends_on: date | None
    turns: int | None


def terms_body(cycle: Cycle, cents: int, currency: str) -> Body:
    """Raises ``RequestRefused`` for an amount that is never taken."""
    least, most = _LIMITS.get(currency, (1, 0))
    if cents < least or (most and cents > most):
        raise RequestRefused(_NOT_THIS_AMOUNT, field="amount")
    number, unit = _WORDS[cycle]
    return {
        "frequency": number,
        "frequency_type": unit,
        "transaction_amount": amount(cents, currency),
        "currency_id": currency,
    }


def read(raw: Record) -> AutoRecurring:
    terms = record(raw.get("auto_recurring"))
    currency = text(terms.get("currency_id"), 10)
    ends_at = instant(terms.get("end_date"), UTC)
    return AutoRecurring(
        amount_cents=to_cents(terms.get("transaction_amount")),
        currency=currency,
        cycle=_CYCLES.get((text(terms.get("frequency"), 6), text(terms.get("frequency_type"), 20))),
        starts_on=day_of(terms.get("start_date"), currency),
        ends_at=ends_at,
        ends_on=day_of(terms.get("end_date"), currency),
        turns=_turns(terms),
    )


def _turns(terms: Record) -> int | None:
    """None for numbers that nobody agreed to: after so many nothing ends."""
    most = count(terms.get("repetitions")) or 0
    return most if 0 < most < 32_768 else None


def day_of(value: object, currency: str) -> date | None:
    """The day of a time where the account is; so is one without an offset."""
    zone = zone_of(currency)
    moment = instant(value, zone)
    return moment.astimezone(zone).date() if moment else None


def moment_of(day: date, at: time, currency: str) -> str:
    return written(datetime.combine(day, at, tzinfo=zone_of(currency)))


def return_address(url: str, currency: str) -> str:
    """It must be there (4.6), with https (2.1); else the payer is led to Mercado Pago's own page."""
    return url if urlsplit(url).scheme == "https" else home_of(currency)


def ask_for(api: MercadoPagoApi, method: str, path: str, *, gateway_id: str, body: str = "") -> Answer:
    """One thing under its id. Somebody else's answers 400 "not valid for callerId" (1.6)."""
    try:
        return api.ask_for(method, path, gateway_id=gateway_id, body=body)
    except RequestRefused as error:
        if _SOMEBODY_ELSES in error.text.casefold():
            raise NotFound(error.text, code=error.code, http_status=error.http_status) from error
        raise explained(error) from error


def explained(error: RequestRefused) -> RequestRefused:
    """Most refusals have a sentence and nothing else (1.6): what it is about stands in its words."""
    said = error.text.casefold()
    advice, field = next(
        ((advice, field) for part, advice, field in _ADVICE if part in said), ("", error.field)
    )
    return refunds.explained(error, advice=advice, field=field)
