"""Mercado Pago's payments on the wire: key order of the samples in mercadopago.md 9."""

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from simulator import clock, emv, slips
from simulator.mercadopago.sites import SITES
from simulator.models import Account, MpPayment
from simulator.money import amount_text, plain_number

OLD_PLACE, NEW_PLACE, BOTH_PLACES = "old", "new", "both"
REGULAR, RECURRING, VALIDATION = "regular_payment", "recurring_payment", "card_validation"
ZONE = timezone(timedelta(hours=-4))


def stamp(moment: datetime | None) -> str | None:
    """Answers carry -04:00 and milliseconds, for Brazil too (mercadopago.md 1.1)."""
    if moment is None:
        return None
    local = moment.astimezone(ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}-04:00"


def currency(account: Account) -> str:
    return SITES[account.options["site"]].currency


def smallest_cents(account: Account) -> int:
    """The least that can be paid, in hundredths: a whole one where the currency has no decimals."""
    return 1 if SITES[account.options["site"]].has_cents else 100


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
        **_release(row),
        "operation_type": data.get("operation_type", REGULAR),
        "issuer_id": data["issuer_id"],
        "payment_method_id": row.method,
        "payment_type_id": row.kind,
        "payment_method": {"id": row.method, "type": row.kind, "issuer_id": data["issuer_id"]},
        "status": row.status,
        "status_detail": row.status_detail,
        "currency_id": currency(row.account),
        "description": data.get("description"),
        "live_mode": row.account.options["token_prefix"] != "TEST",
        "authorization_code": data.get("authorization_code"),
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


def _release(row: MpPayment) -> dict[str, str]:
    if row.released_at is None:
        return {}
    return {"money_release_status": "released" if row.released_at <= clock.now() else "pending"}


def _payer(data: dict[str, Any]) -> dict[str, Any]:
    """Mostly null, for privacy (mercadopago.md 3.3)."""
    return {
        "id": data["payer_id"],
        "type": None,
        "email": data.get("payer_email"),
        "identification": data.get("payer_document") or {"type": None, "number": None},
        "phone": {"area_code": None, "number": None, "extension": None},
        "first_name": data.get("payer_first_name"),
        "last_name": data.get("payer_last_name"),
        "entity_type": None,
    }


def _amounts(row: MpPayment) -> dict[str, Any]:
    return {
        "transaction_amount": plain_number(row.amount_cents),
        "transaction_amount_refunded": plain_number(row.refunded_cents),
        "coupon_amount": 0,
        "installments": row.data.get("installments", 1),
        **({"barcode": {"content": row.data["slip_code"]}} if _has_code(row, OLD_PLACE) else {}),
        "transaction_details": _details(row),
        "fee_details": _fee_details(row),
        "charges_details": _charges(row),
    }


def total_paid_cents(row: MpPayment) -> int:
    """With the interest a buyer pays for instalments (mercadopago.md 3.3)."""
    return (row.paid_cents or row.amount_cents) + row.data.get("interest_cents", 0)


def _details(row: MpPayment) -> dict[str, Any]:
    """The sample of a card payment has six of these keys, that of a PIX nine, that of a boleto ten."""
    data, is_card = row.data, "card" in row.data
    net = row.paid_cents - row.fee_cents if row.paid_cents else 0
    details = {
        "net_received_amount": plain_number(net),
        "total_paid_amount": plain_number(total_paid_cents(row)),
        "overpaid_amount": 0,
        "external_resource_url": slip_url(row) if "slip_code" in data else None,
        "installment_amount": plain_number(data.get("installment_cents", row.amount_cents)) if is_card else 0,
        "financial_institution": "bradesco" if "slip_code" in data else None,
    }
    if is_card:
        return details
    if "slip_code" in data:
        number = data["slip_reference"]
        head = {"payment_method_reference_id": number, "verification_code": number}
        return {**head, **details, **_digits(row)}
    if "ticket_reference" in data:
        head = {key: data["ticket_reference"] for key in ("payment_method_reference_id", "verification_code")}
        return {**head, **details, "external_resource_url": slip_url(row), "financial_institution": None}
    transfer = {key: data.get(key) for key in ("bank_transfer_id", "transaction_id")}
    return {"payment_method_reference_id": None, **details, **transfer}


def _has_code(row: MpPayment, place: str) -> bool:
    """Where the digits are has changed over the years; the account says (mercadopago.md 3.2)."""
    return "slip_code" in row.data and row.account.options.get("barcode_place", place) in (place, BOTH_PLACES)


def _digits(row: MpPayment) -> dict[str, Any]:
    if not _has_code(row, NEW_PLACE):
        return {}
    code = row.data["slip_code"]
    return {"digitable_line": slips.line(code), "barcode": {"content": code}}


def slip_url(row: MpPayment) -> str:
    data = row.data
    query = {
        "caller_id": data["payer_id"],
        "payment_method_id": row.method,
        "payment_id": row.number,
        "payment_method_reference_id": data.get("slip_reference") or data.get("ticket_reference"),
        "hash": data["ticket_hash"],
    }
    return f"{base_url()}/payments/{row.number}/ticket?{urlencode(query)}"


def _fee_details(row: MpPayment) -> list[dict[str, Any]]:
    if not row.fee_cents:
        return []
    own = {"type": "mercadopago_fee", "amount": plain_number(row.fee_cents), "fee_payer": "collector"}
    interest = row.data.get("interest_cents", 0)
    financing = {"type": "financing_fee", "amount": plain_number(interest), "fee_payer": "payer"}
    return [own, financing] if interest else [own]


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
            "amounts": {
                "original": plain_number(row.fee_cents),
                "refunded": plain_number(fee_back_cents(row)),
            },
            "metadata": {},
            "reserve_id": None,
            "refund_charges": [],
        }
    ]


def fee_back_cents(row: MpPayment, refunded_cents: int | None = None) -> int:
    """The fee of the part given back returns to the seller (our decision), in whole steps of the currency."""
    step = smallest_cents(row.account)
    refunded = row.refunded_cents if refunded_cents is None else refunded_cents
    return row.fee_cents * refunded // (row.paid_cents * step) * step if row.paid_cents else 0


def refund(row: MpPayment, item: dict[str, Any]) -> dict[str, Any]:
    """As a payment lists it."""
    source = {"id": str(row.account.user_id), "name": row.account.name, "type": item.get("by", "collector")}
    return {
        "id": item["id"],
        "payment_id": row.number,
        "amount": plain_number(item["cents"]),
        "metadata": {},
        "source": source,
        "date_created": stamp(datetime.fromisoformat(item["at"])),
        "unique_sequence_number": None,
        "refund_mode": "standard",
        "adjustment_amount": 0,
        "status": item["status"],
        "reason": None,
        "labels": [],
        "partition_details": [],
    }


def refund_answer(row: MpPayment, item: dict[str, Any]) -> dict[str, Any]:
    """As the refund's own call answers it: three keys more, in the order of the sample."""
    body: dict[str, Any] = {}
    for key, value in refund(row, item).items():
        if key == "unique_sequence_number":
            body["expiration_date"] = None
        if key == "partition_details":
            body |= {"amount_refunded_to_payer": plain_number(item["cents"]), "additional_data": None}
        body[key] = value
    return body


def _tail(row: MpPayment) -> dict[str, Any]:
    data = row.data
    return {
        "captured": True,
        "binary_mode": bool(data.get("binary_mode", False)),
        "statement_descriptor": data.get("statement_descriptor"),
        "card": _card(row),
        "notification_url": row.notification_url or None,
        "refunds": [refund(row, item) for item in data.get("refunds", [])],
        "processing_mode": "aggregator",
        "point_of_interaction": _point_of_interaction(row),
    }


def _card(row: MpPayment) -> dict[str, Any]:
    kept = row.data.get("card")
    if not kept:
        return {}
    digits = {key: kept[key] for key in ("first_six_digits", "last_four_digits")}
    expiry = {key: kept[key] for key in ("expiration_month", "expiration_year")}
    dates = {"date_created": stamp(row.created_at), "date_last_updated": stamp(row.created_at)}
    return {"id": None, **digits, **expiry, **dates, "cardholder": kept["cardholder"]}


def _point_of_interaction(row: MpPayment) -> dict[str, Any]:
    if "cycle" in row.data:
        return _cycle(row.data["cycle"])
    in_checkout = row.order is not None
    unit = {"unit": "online_payments", "sub_unit": "checkout_pro" if in_checkout else "default"}
    head = {"type": "CHECKOUT" if in_checkout else "OPENPLATFORM", "business_info": unit}
    if "card" in row.data or "ticket_reference" in row.data:
        return head
    if "slip_code" in row.data:
        return head if in_checkout else head | {"type": "UNSPECIFIED"}
    application = {"name": None, "version": None}
    return {**head, "application_data": application, "transaction_data": _transaction_data(row)}


def _cycle(cycle: dict[str, Any]) -> dict[str, Any]:
    """A charge of a subscription (mercadopago.md 3.3); the unit and the word of the period are our choice."""
    return {
        "type": "SUBSCRIPTIONS",
        "business_info": {"unit": "online_payments", "sub_unit": "recurring"},
        "transaction_data": {
            "subscription_id": cycle["subscription"],
            "first_time_use": cycle["number"] == 1,
            "subscription_sequence": {"number": cycle["number"], "total": cycle["total"]},
            "invoice_period": {"period": cycle["frequency"], "type": cycle["period"]},
            "billing_date": cycle["day"],
        },
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
