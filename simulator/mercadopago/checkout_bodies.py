"""Preferences and merchant orders on the wire: key order of the samples in mercadopago.md 9."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from simulator import veil
from simulator.mercadopago.serialise import currency, stamp, total_paid_cents
from simulator.models import MpOrder, MpPayment, MpPreference
from simulator.money import parse_cents, plain_number

COLLECTED = ("approved", "refunded", "in_mediation", "charged_back")


def preference(row: MpPreference) -> dict[str, Any]:
    return row.data | {"last_updated": stamp(row.updated_at)}


def preference_summary(row: MpPreference) -> dict[str, Any]:
    """Search results are short, `items` is a list of titles (mercadopago.md 2.3)."""
    data = row.data
    copied = (
        "date_created",
        "expiration_date_from",
        "expiration_date_to",
        "expires",
        "external_reference",
        "id",
    )
    return {
        "client_id": data["client_id"],
        "collector_id": data["collector_id"],
        **{key: data[key] for key in copied},
        "items": [item["title"] for item in data["items"]],
        "live_mode": row.account.options["token_prefix"] != "TEST",
        "marketplace": data["marketplace"],
        "operation_type": data["operation_type"],
        "payer_email": data["payer"]["email"],
        "processing_modes": data["processing_modes"],
        "site_id": data["site_id"],
    }


def order(row: MpOrder) -> dict[str, Any]:
    """A merchant order collects all payments of one preference (mercadopago.md 2.5)."""
    payments = _as_seen(MpPayment.objects.filter(order=row).order_by("id"))
    data = row.preference.data
    paid = sum(one.amount_cents for one in payments if one.status in COLLECTED)
    refunded = sum(one.refunded_cents for one in payments)
    total = row.preference.total_cents
    account = row.account
    return {
        "id": row.number,
        "status": "closed" if paid >= total else "opened",
        "external_reference": data["external_reference"],
        "preference_id": row.preference.gid,
        "payments": [_order_payment(one) for one in payments],
        "shipments": [],
        "payouts": [],
        "collector": {"id": account.user_id, "email": "", "nickname": account.options["nickname"]},
        "marketplace": data["marketplace"],
        "notification_url": data["notification_url"],
        "date_created": stamp(row.created_at),
        "last_updated": stamp(row.updated_at),
        "sponsor_id": None,
        "shipping_cost": 0,
        "total_amount": plain_number(total),
        "site_id": data["site_id"],
        "paid_amount": plain_number(paid),
        "refunded_amount": plain_number(refunded),
        "payer": {"id": int(payments[0].data["payer_id"]) if payments else None, "email": ""},
        "items": [_order_item(item) for item in data["items"]],
        "cancelled": False,
        "additional_info": "",
        "application_id": None,
        "is_test": False,
        "order_status": _order_status(payments, paid, refunded, total),
    }


def _as_seen(rows: Iterable[MpPayment]) -> list[MpPayment]:
    """Without what the early_notify fault still hides: new payments, and changes of others."""
    return [_before(one) if veil.covers(str(one.number)) else one for one in rows if not _is_hidden(one)]


def _is_hidden(row: MpPayment) -> bool:
    return row.previous is None and veil.covers(str(row.number))


def _before(row: MpPayment) -> MpPayment:
    """The row as it was before its last change, as far as an order shows it."""
    body = row.previous or {}
    row.status, row.status_detail = body["status"], body["status_detail"]
    row.refunded_cents = parse_cents(body["transaction_amount_refunded"]) or 0
    row.approved_at = datetime.fromisoformat(body["date_approved"]) if body["date_approved"] else None
    row.updated_at = datetime.fromisoformat(body["date_last_updated"])
    return row


def _order_status(payments: list[MpPayment], paid: int, refunded: int, total: int) -> str:
    if refunded:
        return "reverted" if refunded >= total else "partially_reverted"
    if paid:
        return "paid" if paid >= total else "partially_paid"
    waits = any(one.status in ("pending", "in_process") for one in payments)
    return "payment_in_process" if waits else "payment_required"


def _order_payment(row: MpPayment) -> dict[str, Any]:
    return {
        "id": row.number,
        "transaction_amount": plain_number(row.amount_cents),
        "total_paid_amount": plain_number(total_paid_cents(row)),
        "shipping_cost": 0,
        "currency_id": currency(row.account),
        "status": row.status,
        "status_detail": row.status_detail,
        "operation_type": "regular_payment",
        "date_approved": stamp(row.approved_at),
        "date_created": stamp(row.created_at),
        "last_modified": stamp(row.updated_at),
        "amount_refunded": plain_number(row.refunded_cents),
    }


def _order_item(item: dict[str, Any]) -> dict[str, Any]:
    keys = (
        "id",
        "category_id",
        "currency_id",
        "description",
        "picture_url",
        "title",
        "quantity",
        "unit_price",
    )
    return {key: item.get(key) for key in keys}
