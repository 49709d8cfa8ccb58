"""Chargebacks and claims on the wire (mercadopago.md 5, 9)."""

from datetime import datetime
from typing import Any

from simulator.mercadopago.serialise import base_url, currency, stamp
from simulator.models import MpChargeback, MpClaim
from simulator.money import plain_number

SDK_SHAPE, REFERENCE_SHAPE = "sdk", "reference"
COVERAGE = {"in_process": None, "settled": False, "reimbursed": True}
SDK_STATUS = {"in_process": "in_review"}
"""The only word the fixtures of the SDKs show; the other two are those of the payment."""


def chargeback(row: MpChargeback) -> dict[str, Any]:
    """As the reference has it, or as the fixtures of the SDKs do: the account says (mercadopago.md 5.1)."""
    is_of_sdk = row.account.options.get("chargeback_shape") == SDK_SHAPE
    return _of_sdk(row) if is_of_sdk else _of_reference(row)


def _of_reference(row: MpChargeback) -> dict[str, Any]:
    deadline = row.data.get("deadline")
    return {
        "id": str(row.number),
        "payments": [row.payment.number],
        "currency": currency(row.account),
        "amount": plain_number(row.amount_cents),
        "coverage_applied": COVERAGE[row.status],
        "coverage_elegible": True,
        "documentation_required": deadline is not None,
        "documentation_status": row.documentation_status,
        "documentation": [_document(row, one) for one in row.data["documents"]],
        "date_documentation_deadline": stamp(datetime.fromisoformat(deadline)) if deadline else None,
        "date_created": stamp(row.created_at),
        "date_last_updated": stamp(row.updated_at),
        "live_mode": row.account.options["token_prefix"] != "TEST",
    }


def _document(row: MpChargeback, one: dict[str, Any]) -> dict[str, Any]:
    """The address leads nowhere: what was sent is not kept."""
    url = f"{base_url()}/payments/chargebacks/{row.number}/{one['name']}"
    return {"type": one["type"], "url": url, "description": one["name"]}


def _of_sdk(row: MpChargeback) -> dict[str, Any]:
    return {
        "id": str(row.number),
        "payment_id": row.payment.number,
        "amount": plain_number(row.amount_cents),
        "currency_id": currency(row.account),
        "status": status_of(row),
        "reason_id": "general",
        "reason": "General",
        "date_created": stamp(row.created_at),
        "last_modified": stamp(row.updated_at),
    }


def status_of(row: MpChargeback) -> str:
    return SDK_STATUS.get(row.status, row.status)


def claim(row: MpClaim) -> dict[str, Any]:
    """What is in players and resolution is inferred (mercadopago.md 5.2)."""
    data = row.data
    return {
        "id": row.number,
        "resource_id": row.payment.number,
        "status": row.status,
        "type": data["type"],
        "stage": "claim",
        "resource": "payment",
        "reason_id": data["reason"],
        "players": [
            {"role": "complainant", "type": "buyer", "user_id": int(row.payment.data["payer_id"])},
            {"role": "respondent", "type": "seller", "user_id": row.account.user_id},
        ],
        "resolution": _resolution(row),
        "site_id": row.account.options["site"],
        "date_created": stamp(row.created_at),
        "last_updated": stamp(row.updated_at),
    }


def _resolution(row: MpClaim) -> dict[str, Any] | None:
    if not row.data["benefited"]:
        return None
    for_payer = row.data["benefited"] == "complainant"
    return {
        "reason": "payment_refunded" if for_payer else "respondent_favored",
        "benefited": [row.data["benefited"]],
        "date_created": stamp(row.updated_at),
    }


def history(row: MpClaim) -> list[dict[str, Any]]:
    steps = [{"stage": "claim", "status": "opened", "date": stamp(row.created_at)}]
    if row.status == "closed":
        steps.append({"stage": "claim", "status": "closed", "date": stamp(row.updated_at)})
    return steps
