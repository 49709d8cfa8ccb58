"""Plans, subscriptions and their charges on the wire: key order of the samples in mercadopago.md 9."""

import hashlib
from datetime import datetime
from typing import Any

from simulator.mercadopago import subscription_calendar as calendar
from simulator.mercadopago.serialise import base_url, currency, stamp
from simulator.models import MpInvoice, MpPlan, MpSubscription
from simulator.money import plain_number

PENDING_DONE = {True: "pending", False: "done"}


def plan(row: MpPlan) -> dict[str, Any]:
    data = row.data
    given = {} if row.external_reference is None else {"external_reference": row.external_reference}
    return {
        "id": row.gid,
        "back_url": data["back_url"],
        "collector_id": row.account.user_id,
        "application_id": row.account.options["client_id"],
        "reason": data["reason"],
        **given,
        "status": row.status,
        "date_created": stamp(row.created_at),
        "last_modified": stamp(row.updated_at),
        "init_point": f"{base_url()}/subscriptions/checkout?preapproval_plan_id={row.gid}",
        "auto_recurring": _plan_terms(row),
        "payment_methods_allowed": data["payment_methods_allowed"],
    }


def _plan_terms(row: MpPlan) -> dict[str, Any]:
    terms = row.data["auto_recurring"]
    later = ("repetitions", "billing_day", "billing_day_proportional", "free_trial")
    return _frequency(row) | {key: terms[key] for key in later}


def _frequency(row: MpPlan | MpSubscription) -> dict[str, Any]:
    terms = row.data["auto_recurring"]
    return {
        "frequency": terms["frequency"],
        "frequency_type": terms["frequency_type"],
        "transaction_amount": plain_number(row.amount_cents),
        "currency_id": terms["currency_id"],
    }


def subscription(row: MpSubscription) -> dict[str, Any]:
    """The payer's e-mail is never told (mercadopago.md 4.3); a plan is named only where there is one."""
    data, options = row.data, row.account.options
    return {
        "id": row.gid,
        "payer_id": payer_id(data["payer_email"]),
        "payer_email": "",
        "back_url": data["back_url"],
        "collector_id": row.account.user_id,
        "application_id": options["client_id"],
        **({"preapproval_plan_id": row.plan.gid} if row.plan else {}),
        "status": row.status,
        "reason": data["reason"],
        "external_reference": row.external_reference,
        "date_created": stamp(row.created_at),
        "last_modified": stamp(row.updated_at),
        "init_point": f"{base_url()}/subscriptions/checkout?preapproval_id={row.gid}",
        "auto_recurring": _terms(row),
        "payment_method_id": data.get("method"),
        "card_id": data.get("card_id"),
        "next_payment_date": stamp(next_payment(row)),
        "first_invoice_offset": None,
        "version": row.version,
        "summarized": _summarized(row),
    }


def payer_id(email: str) -> int:
    """One number per person here; the payments of the same person carry another one (10, pitfall 17)."""
    return 1_505_000_000 + int(hashlib.sha256(email.lower().encode()).hexdigest()[:7], 16)


def _terms(row: MpSubscription) -> dict[str, Any]:
    terms = row.data["auto_recurring"]
    body = _frequency(row) | {key: terms[key] for key in ("start_date", "end_date", "free_trial")}
    if terms["repetitions"]:
        body["repetitions"] = terms["repetitions"]
    if terms["billing_day"]:
        body |= {"billing_day": terms["billing_day"], "has_billing_day": True}
    return body


def next_payment(row: MpSubscription) -> datetime | None:
    """While pending the day it was made, as in the sample; of a cancelled one none (our decision)."""
    if row.status == "pending":
        return row.created_at
    if row.status == "cancelled":
        return None
    waiting = [one.debit_at for one in calendar.open_invoices(row) if one.status == calendar.SCHEDULED]
    return waiting[0] if waiting else calendar.next_cycle(row)


def _summarized(row: MpSubscription) -> dict[str, Any]:
    """All null until somebody authorizes it."""
    quotas, charged = row.data["auto_recurring"]["repetitions"], row.data.get("charged")
    left = quotas - charged["count"] if quotas and charged else None
    return {
        "quotas": quotas,
        "charged_quantity": charged["count"] if charged else None,
        "pending_charge_quantity": left,
        "charged_amount": plain_number(charged["cents"]) if charged else None,
        "pending_charge_amount": None if left is None else plain_number(left * row.amount_cents),
        "semaphore": _semaphore(row) if charged else None,
        "last_charged_date": charged["at"] if charged else None,
        "last_charged_amount": plain_number(charged["last_cents"]) if charged and charged["at"] else None,
    }


def _semaphore(row: MpSubscription) -> str:
    if row.data["failures"]:
        return "red"
    is_late = any(one.status == calendar.RECYCLING for one in calendar.open_invoices(row))
    return "yellow" if is_late else "green"


def listed(body: dict[str, Any]) -> dict[str, Any]:
    """The search knows neither of these two (mercadopago.md 4.6)."""
    return body | {"next_payment_date": None, "summarized": {}}


def invoice(row: MpInvoice) -> dict[str, Any]:
    payment = row.payment
    tried = payment and {
        "id": payment.number,
        "status": payment.status,
        "status_detail": payment.status_detail,
    }
    return {
        "id": row.number,
        "type": "recurring",
        "status": row.status,
        "summarized": PENDING_DONE[row.status in calendar.OPEN],
        "preapproval_id": row.subscription.gid,
        "reason": row.subscription.data["reason"],
        "external_reference": _reference(row.external_reference),
        "currency_id": currency(row.account),
        "transaction_amount": plain_number(row.amount_cents),
        "debit_date": stamp(row.debit_at),
        "next_retry_date": stamp(row.retry_at),
        "retry_attempt": row.retries,
        "payment_method_id": row.subscription.data.get("method"),
        "date_created": stamp(row.created_at),
        "last_modified": stamp(row.updated_at),
        "payment": tried,
    }


def _reference(value: str | None) -> str | int | None:
    """A text of digits comes as a number (mercadopago.md 4.5)."""
    return int(value) if value and value.isascii() and value.isdigit() else value
