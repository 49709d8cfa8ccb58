"""The charges of a subscription: ``authorized_payments`` (mercadopago.md 4.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from connections.gateways.base import GatewayTurn, TurnState
from connections.gateways.errors import GatewayError, NotFound, is_about_all, is_no_answer
from connections.gateways.mercadopago import lookups, recurring, searching
from connections.gateways.mercadopago.api import MercadoPagoApi
from connections.gateways.mercadopago.mapping import subscription_id_of, transaction_data
from connections.gateways.money import to_cents
from connections.gateways.values import Record, count, instant, record, text

_PATH = "/authorized_payments"
_STATE = {
    "scheduled": TurnState.SCHEDULED,
    "recycling": TurnState.RETRYING,
    "processed": TurnState.DONE,
    "cancelled": TurnState.CANCELLED,
    "canceled": TurnState.CANCELLED,
}
_WITH_PAYMENT = ("processed", "recycling")
_NEEDED = ("status", "preapproval_id", "transaction_amount", "currency_id", "debit_date")


def fetch(api: MercadoPagoApi, gateway_id: str) -> GatewayTurn:
    return to_turn(_read(api, gateway_id))


def of_subscription(api: MercadoPagoApi, subscription_id: str) -> list[GatewayTurn]:
    """Oldest first. The list lags (4.5); what a row lacks is read by its id.

    One that cannot be read hides no other: it says why. Raises where the gateway is away.
    """
    rows = searching.every(api, f"{_PATH}/search", {"preapproval_id": subscription_id})
    found = sorted(_each_whole(api, rows), key=lambda one: _begins(one[0]))
    turns = [replace(to_turn(raw), unread=error) for raw, error in found]
    return [
        turn
        for turn in turns
        if turn.subscription_id == subscription_id or (turn.unread and not turn.subscription_id)
    ]


def of_payment(api: MercadoPagoApi, payment_id: str) -> GatewayTurn | None:
    """By the search for the payment, which a turn names while it is the latest attempt.

    An earlier one, and one the search does not know yet, names its subscription and the day it is billed
    for (3.3); that says which turn where there is just one of that day.
    """
    if not payment_id:
        return None
    rows = list(searching.every(api, f"{_PATH}/search", {"payment_id": payment_id}))
    turns = (to_turn(_whole(api, raw)) for raw in rows)
    named = next((turn for turn in turns if payment_id in turn.payment_ids), None)
    return named or _of_day(api, payment_id)


def to_turn(raw: Record) -> GatewayTurn:
    """``external_reference`` may be a number. Of several attempts only the latest is told.

    Without an amount it costs 0, which nobody agreed to: then what was agreed is asked for.
    """
    word = text(raw.get("status"), 60)
    currency = text(raw.get("currency_id"), 10)
    payment_id = text(record(raw.get("payment")).get("id"), 100)
    return GatewayTurn(
        gateway_id=text(raw.get("id"), 100),
        subscription_id=text(raw.get("preapproval_id"), 100),
        reference=text(raw.get("external_reference")),
        state=_STATE.get(word),
        gateway_status=word,
        amount_cents=to_cents(raw.get("transaction_amount")) or 0,
        currency=currency,
        due_on=recurring.day_of(raw.get("debit_date"), currency),
        payment_ids=(payment_id,) if payment_id not in ("", "0") else (),
        tries=count(raw.get("retry_attempt")) or 0,
        next_try_at=instant(raw.get("next_retry_date"), UTC),
        version=instant(raw.get("last_modified"), UTC),
    )


def _of_day(api: MercadoPagoApi, payment_id: str) -> GatewayTurn | None:
    try:
        raw = lookups.read_payment(api, payment_id)
    except NotFound:
        return None
    subscription_id = subscription_id_of(raw)
    day = recurring.day_of(transaction_data(raw).get("billing_date"), text(raw.get("currency_id"), 10))
    if not subscription_id or day is None:
        return None
    turns = of_subscription(api, subscription_id)
    for turn in turns:
        if turn.unread:  # it may be the one
            raise turn.unread
    same = [turn for turn in turns if turn.due_on == day]
    return same[0] if len(same) == 1 else None


def _each_whole(api: MercadoPagoApi, rows: Iterable[Record]) -> list[tuple[Record, GatewayError | None]]:
    found: list[tuple[Record, GatewayError | None]] = []
    silent = 0
    for row in rows:
        try:
            whole = _whole(api, row)
        except GatewayError as err:
            silent = silent + 1 if is_no_answer(err) else 0
            if silent > 1 or is_about_all(err):
                raise
            found.append((row, err))
        else:
            silent = silent if whole is row else 0
            found.append((whole, None))
    return found


def _whole(api: MercadoPagoApi, row: Record) -> Record:
    is_short = any(row.get(key) in (None, "") for key in _NEEDED)
    lacks_payment = text(row.get("status")) in _WITH_PAYMENT and not record(row.get("payment")).get("id")
    if not is_short and not lacks_payment:
        return row
    try:
        return _read(api, text(row.get("id"), 100))
    except NotFound:
        return row


def _read(api: MercadoPagoApi, gateway_id: str) -> Record:
    return recurring.ask_for(api, "GET", _PATH, gateway_id=gateway_id).record()


def _begins(raw: Record) -> datetime:
    moments = (instant(raw.get(key), UTC) for key in ("debit_date", "date_created"))
    return next((moment for moment in moments if moment), datetime.max.replace(tzinfo=UTC))
