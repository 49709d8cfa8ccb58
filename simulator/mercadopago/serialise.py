"""Mercado Pago objects as they appear on the wire: key order of the samples in mercadopago.md 9."""

from datetime import datetime, timedelta, timezone
from typing import Any

from django.conf import settings

from simulator import emv
from simulator.models import Account, MpOrder, MpPayment, MpPreference
from simulator.money import amount_text, plain_number

ZONE = timezone(timedelta(hours=-4))
CURRENCY = {"MLB": "BRL", "MLA": "ARS", "MLM": "MXN", "MLC": "CLP", "MCO": "COP", "MPE": "PEN", "MLU": "UYU"}


def stamp(moment: datetime | None) -> str | None:
    """Answers carry -04:00 and milliseconds, for Brazil too (mercadopago.md 1.1)."""
    if moment is None:
        return None
    local = moment.astimezone(ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}-04:00"


def currency(account: Account) -> str:
    return CURRENCY[account.options["site"]]


def base_url() -> str:
    return f"{settings.PUBLIC_URL}/mercadopago"


def qr_code(row: MpPayment) -> str:
    return emv.payload(
        emv.BrCode(
            account_field="01",
            account_value=row.account.options["pix_key"],
            amount=amount_text(row.amount_cents),
            merchant=row.account.name.upper(),
            city="Sao Paulo",
            txid=f"mpqrinter{row.number}",
            once=False,
        )
    )


def payment(row: MpPayment) -> dict[str, Any]:
    data = row.data
    head = {
        "id": row.number,
        "date_created": stamp(row.created_at),
        "date_approved": stamp(row.approved_at),
        "date_last_updated": stamp(row.updated_at),
        "date_of_expiration": data.get("date_of_expiration"),
        "money_release_date": stamp(row.released_at),
        **({"money_release_status": data["money_release_status"]} if row.released_at else {}),
        "operation_type": "regular_payment",
        "issuer_id": data["issuer_id"],
        "payment_method_id": row.method,
        "payment_type_id": row.kind,
        "payment_method": {"id": row.method, "type": row.kind, "issuer_id": data["issuer_id"]},
        "status": row.status,
        "status_detail": row.status_detail,
        "currency_id": currency(row.account),
        "description": data.get("description"),
        "live_mode": row.account.options["token_prefix"] != "TEST",
        "authorization_code": None,
        "taxes_amount": 0,
        "shipping_amount": 0,
        "collector_id": row.account.user_id,
        "payer": _payer(data),
        "metadata": data.get("metadata", {}),
        "additional_info": data.get("additional_info", {}),
        "order": {"id": str(row.order.number), "type": "mercadopago"} if row.order else {},
        "external_reference": row.external_reference,
    }
    return head | _amounts(row) | _tail(row)


def _payer(data: dict[str, Any]) -> dict[str, Any]:
    """Mostly null, for privacy (mercadopago.md 3.3)."""
    return {
        "id": data["payer_id"],
        "type": None,
        "email": data.get("payer_email"),
        "identification": {"type": None, "number": None},
        "phone": {"area_code": None, "number": None, "extension": None},
        "first_name": None,
        "last_name": None,
        "entity_type": None,
    }


def _amounts(row: MpPayment) -> dict[str, Any]:
    net = row.paid_cents - row.fee_cents if row.paid_cents else 0
    details = {
        "payment_method_reference_id": None,
        "net_received_amount": plain_number(net),
        "total_paid_amount": plain_number(row.paid_cents or row.amount_cents),
        "overpaid_amount": 0,
        "external_resource_url": None,
        "installment_amount": 0,
        "financial_institution": None,
        "bank_transfer_id": row.data.get("bank_transfer_id"),
        "transaction_id": row.data.get("transaction_id"),
    }
    return {
        "transaction_amount": plain_number(row.amount_cents),
        "transaction_amount_refunded": plain_number(row.refunded_cents),
        "coupon_amount": 0,
        "installments": 1,
        "transaction_details": details,
        "fee_details": _fee_details(row),
        "charges_details": _charges(row),
    }


def _fee_details(row: MpPayment) -> list[dict[str, Any]]:
    if not row.fee_cents:
        return []
    return [{"type": "mercadopago_fee", "amount": plain_number(row.fee_cents), "fee_payer": "collector"}]


def _charges(row: MpPayment) -> list[dict[str, Any]]:
    if not row.fee_cents:
        return []
    return [
        {
            "id": f"{row.number}-001",
            "name": "mercadopago_fee",
            "type": "fee",
            "accounts": {"from": "collector", "to": "mp"},
            "client_id": 0,
            "date_created": stamp(row.created_at),
            "last_updated": stamp(row.created_at),
            "amounts": {"original": plain_number(row.fee_cents), "refunded": 0},
            "metadata": {},
            "reserve_id": None,
            "refund_charges": [],
        }
    ]


def _tail(row: MpPayment) -> dict[str, Any]:
    data = row.data
    return {
        "captured": True,
        "binary_mode": bool(data.get("binary_mode", False)),
        "statement_descriptor": data.get("statement_descriptor"),
        "card": {},
        "notification_url": row.notification_url or None,
        "refunds": data.get("refunds", []),
        "processing_mode": "aggregator",
        "point_of_interaction": _point_of_interaction(row),
    }


def _point_of_interaction(row: MpPayment) -> dict[str, Any]:
    in_checkout = row.order is not None
    return {
        "type": "CHECKOUT" if in_checkout else "OPENPLATFORM",
        "business_info": {
            "unit": "online_payments",
            "sub_unit": "checkout_pro" if in_checkout else "default",
        },
        "application_data": {"name": None, "version": None},
        "transaction_data": _transaction_data(row),
    }


def _transaction_data(row: MpPayment) -> dict[str, Any]:
    data = row.data
    text = data["qr_code"]
    ticket = f"{base_url()}/payments/{row.number}/ticket"
    payer = {key: data.get("payer_bank", {}).get(key) for key in ("account_id", "id", "long_name")}
    return {
        "qr_code": text,
        "qr_code_base64": emv.png_base64(text),
        "ticket_url": f"{ticket}?caller_id={data['payer_id']}&hash={data['ticket_hash']}",
        "bank_transfer_id": data.get("bank_transfer_id"),
        "transaction_id": data.get("transaction_id"),
        "financial_institution": None,
        "bank_info": {
            "payer": payer,
            "collector": {
                "account_id": None,
                "long_name": None,
                "account_holder_name": row.account.name,
                "transfer_account_id": None,
            },
            "is_same_bank_account_owner": None,
        },
    }


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
    payments = list(MpPayment.objects.filter(order=row).order_by("id"))
    data = row.preference.data
    approved = [one for one in payments if one.status == "approved"]
    paid = sum(one.amount_cents for one in approved)
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
        "total_paid_amount": plain_number(row.paid_cents or row.amount_cents),
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
