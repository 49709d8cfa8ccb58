"""Asaas objects as they appear on the wire: real key order, keys omitted where the real API omits them."""

import base64
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings

from simulator.clock import SAO_PAULO
from simulator.models import (
    Account,
    AsaasCheckout,
    AsaasCustomer,
    AsaasPayment,
    AsaasSubscription,
    AsaasWebhook,
)
from simulator.money import decimal_number

PLAIN_CUSTOMER_KEYS = (
    "company",
    "phone",
    "mobilePhone",
    "address",
    "addressNumber",
    "complement",
    "province",
    "postalCode",
)
NO_DISCOUNT = {"value": 0, "limitDate": None, "dueDateLimitDays": 0, "type": "FIXED"}
NO_FINE = {"value": 0, "type": "FIXED"}
NO_INTEREST = {"value": 0, "type": "PERCENTAGE"}
NO_CARD = {"creditCardNumber": None, "creditCardBrand": None}


def timestamp(moment: datetime) -> str:
    return moment.astimezone(SAO_PAULO).strftime("%Y-%m-%d %H:%M:%S")


def panel_url(account: Account) -> str:
    """Stands for www.asaas.com / sandbox.asaas.com (asaas.md 1.1)."""
    return f"{settings.PUBLIC_URL}/asaas/{account.environment}"


def receipt_url(payment: AsaasPayment, event: str) -> str:
    code = base64.b64encode(f"{event}:{payment.gid}".encode()).decode()
    return f"{panel_url(payment.account)}/comprovantes/h/{quote(code, safe='')}"


def slip_url(payment: AsaasPayment) -> str:
    return f"{panel_url(payment.account)}/b/pdf/{payment.gid.removeprefix('pay_')}"


def customer(row: AsaasCustomer) -> dict[str, Any]:
    """Key order of asaas.md 2."""
    data = row.data
    return {
        "object": "customer",
        "id": row.gid,
        "dateCreated": timestamp(row.created_at)[:10],
        "name": row.name,
        "email": row.email or None,
        **{key: data.get(key) for key in PLAIN_CUSTOMER_KEYS},
        "cpfCnpj": row.cpf_cnpj or None,
        "personType": _person_type(row.cpf_cnpj),
        "deleted": row.deleted,
        "additionalEmails": data.get("additionalEmails"),
        "externalReference": row.external_reference or None,
        "notificationDisabled": bool(data.get("notificationDisabled", False)),
        "observations": data.get("observations"),
        "municipalInscription": data.get("municipalInscription"),
        "stateInscription": data.get("stateInscription"),
        "canDelete": True,
        "cannotBeDeletedReason": None,
        "canEdit": not row.deleted,
        "cannotEditReason": "Cliente removido." if row.deleted else None,
        "city": None,
        "cityName": None,
        "state": None,
        "country": "Brasil",
    }


def _person_type(document: str) -> str | None:
    if not document:
        return None
    return "FISICA" if len(document) == 11 else "JURIDICA"


def payment(row: AsaasPayment) -> dict[str, Any]:
    """Key order and omitted keys of asaas.md 3.3."""
    data = row.data
    body = {
        "object": "payment",
        "id": row.gid,
        "dateCreated": row.date_created.isoformat(),
        "customer": row.customer_gid,
        **_present(data, "subscription", "installment"),
        "checkoutSession": data.get("checkoutSession"),
        "paymentLink": data.get("paymentLink"),
        "value": decimal_number(row.value_cents),
        "netValue": decimal_number(row.net_cents),
        "originalValue": data.get("originalValue"),
        "interestValue": data.get("interestValue"),
        "description": data.get("description"),
        "billingType": row.billing_type,
        **_method_keys(row),
        "status": row.status,
        "dueDate": row.due_date.isoformat(),
        "originalDueDate": data["originalDueDate"],
        "paymentDate": row.payment_date.isoformat() if row.payment_date else None,
        "clientPaymentDate": data.get("clientPaymentDate"),
        "installmentNumber": data.get("installmentNumber"),
        "invoiceUrl": f"{panel_url(row.account)}/i/{row.gid.removeprefix('pay_')}",
        "invoiceNumber": data["invoiceNumber"],
        "externalReference": row.external_reference,
        "deleted": row.deleted,
        "anticipated": bool(data.get("anticipated")),
        "anticipable": False,
    }
    return body | _money_dates(row) | _terms(row)


def can_be_paid_after_due(row: AsaasPayment) -> bool:
    """False with no day left to do so, or when the boleto is no longer registered (our decision)."""
    is_same_day_only = row.data.get("daysAfterDueDateToRegistrationCancellation") == 0
    return not is_same_day_only and not row.data.get("slipCancelled")


def _method_keys(row: AsaasPayment) -> dict[str, Any]:
    data = row.data
    return {
        **({"canBePaidAfterDueDate": can_be_paid_after_due(row)} if row.billing_type == "BOLETO" else {}),
        **({"confirmedDate": None} if row.billing_type == "CREDIT_CARD" else {}),
        **_present(data, "confirmedDate"),
        **({"creditCard": data.get("creditCard") or NO_CARD} if row.billing_type == "CREDIT_CARD" else {}),
        "pixTransaction": data.get("pixTransaction"),
        **_present(data, "pixQrCodeId"),
    }


def _money_dates(row: AsaasPayment) -> dict[str, Any]:
    data = row.data
    has_slip = bool(data.get("nossoNumero"))
    return {
        "creditDate": data.get("creditDate"),
        "estimatedCreditDate": row.estimated_credit_date.isoformat() if row.estimated_credit_date else None,
        "transactionReceiptUrl": data.get("transactionReceiptUrl"),
        "nossoNumero": data.get("nossoNumero"),
        "bankSlipUrl": slip_url(row) if has_slip else None,
        "lastInvoiceViewedDate": data.get("lastInvoiceViewedDate"),
        "lastBankSlipViewedDate": data.get("lastBankSlipViewedDate"),
    }


def _terms(row: AsaasPayment) -> dict[str, Any]:
    data = row.data
    return {
        **_conditions(row),
        "postalService": bool(data.get("postalService", False)),
        **_present(data, "daysAfterDueDateToRegistrationCancellation", "split"),
        **({"chargeback": chargeback(row)} if data.get("chargeback") else {}),
        "escrow": None,
        "refunds": [refund(row, item) for item in data.get("refunds") or []] or None,
    }


def _conditions(row: AsaasPayment) -> dict[str, Any]:
    """A refunded card charge of production tells none (asaas.md 7, the second PAYMENT_REFUNDED)."""
    is_card_refunded = row.billing_type == "CREDIT_CARD" and row.status == "REFUNDED"
    if is_card_refunded and row.account.environment == "production":
        return {}
    data = row.data
    return {
        "discount": data.get("discount") or NO_DISCOUNT,
        "fine": data.get("fine") or NO_FINE,
        "interest": data.get("interest") or NO_INTEREST,
    }


def chargeback(row: AsaasPayment) -> dict[str, Any]:
    """Keys of asaas.md 3.3; whose id `customerAccount` is, is our reading."""
    item, card = row.data["chargeback"], row.data.get("creditCard") or NO_CARD
    return {
        "id": item["id"],
        "payment": row.gid,
        "installment": row.data.get("installment"),
        "customerAccount": row.customer_gid,
        "status": item["status"],
        "reason": item["reason"],
        "disputeStartDate": item["opened"],
        "value": decimal_number(item["cents"]),
        "paymentDate": row.data.get("clientPaymentDate"),
        "creditCard": {"number": card["creditCardNumber"], "brand": card["creditCardBrand"]},
        "disputeStatus": item["dispute"],
        "deadlineToSendDisputeDocuments": item["deadline"],
    }


def refund(row: AsaasPayment, item: dict[str, Any]) -> dict[str, Any]:
    """`effectiveDate` is absent on cards (asaas.md 3.8), and until the refund is done (our decision)."""
    is_dated = item["done_at"] and row.billing_type != "CREDIT_CARD"
    effective = {"effectiveDate": _timestamp_of(item["done_at"])} if is_dated else {}
    return {
        "dateCreated": _timestamp_of(item["at"]),
        "status": item["status"],
        "value": decimal_number(item["cents"]),
        "endToEndIdentifier": item["end_to_end"],
        "transactionReceiptUrl": item["receipt"],
        "description": item["description"],
        **effective,
        "refundedSplits": None,
    }


def _timestamp_of(text: str) -> str:
    return timestamp(datetime.fromisoformat(text))


def _present(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: data[key] for key in keys if data.get(key) is not None}


def checkout_url(row: AsaasCheckout) -> str:
    """The two environments spell it differently (asaas.md 1.1)."""
    is_sandbox = row.account.environment == "sandbox"
    return f"{panel_url(row.account)}/checkoutSession/show{'/' if is_sandbox else '?id='}{row.gid}"


def checkout(row: AsaasCheckout) -> dict[str, Any]:
    """Keys and their order as in the events (asaas.md 5.4), where the link is null."""
    return {
        "id": row.gid,
        "link": checkout_url(row),
        "status": row.status,
        "minutesToExpire": row.data["minutesToExpire"],
        "externalReference": row.external_reference,
        "billingTypes": row.data["billingTypes"],
        "chargeTypes": row.data["chargeTypes"],
        "callback": row.data["callback"],
        "items": row.data["items"],
        "subscription": row.data.get("subscription"),
        "installment": row.data["installment"],
        "split": None,
        "customer": row.customer.gid if row.customer else None,
        "customerData": row.data["customerData"],
    }


def subscription(row: AsaasSubscription) -> dict[str, Any]:
    """Key order of asaas.md 4.2; the last keys only when they are set."""
    data = row.data
    body = {
        "object": "subscription",
        "id": row.gid,
        "dateCreated": row.date_created.isoformat(),
        "customer": row.customer_gid,
        "paymentLink": None,
        "value": decimal_number(row.value_cents),
        "nextDueDate": row.next_due_date.isoformat(),
        "cycle": row.cycle,
        "description": data.get("description"),
        "billingType": row.billing_type,
        "deleted": row.deleted,
        "status": row.status,
        "externalReference": row.external_reference,
        "checkoutSession": data.get("checkoutSession"),
        "sendPaymentByPostalService": bool(data.get("postalService", False)),
        "fine": data.get("fine") or NO_FINE,
        "interest": data.get("interest") or NO_INTEREST,
        "split": None,
    }
    end = {"endDate": row.end_date.isoformat()} if row.end_date else {}
    card = {"creditCard": data["card"]["shown"]} if data.get("card") else {}
    return body | _present(data, "discount") | end | _present(data, "maxPayments") | card


def webhook(row: AsaasWebhook) -> dict[str, Any]:
    return {
        "id": row.gid,
        "name": row.name or None,
        "url": row.url,
        "email": row.email or None,
        "enabled": row.enabled,
        "interrupted": row.interrupted,
        "apiVersion": row.api_version,
        "hasAuthToken": bool(row.auth_token),
        "sendType": row.send_type,
        "penalizedRequestsCount": row.penalized,
        "events": row.events,
    }


def access_token(account: Account) -> dict[str, Any]:
    """The key as ACCESS_TOKEN_* events show it (asaas.md 1.2)."""
    key = account.options["key"]
    return {
        "id": key["id"],
        "name": key["name"],
        "enabled": account.key_enabled,
        "dateCreated": timestamp(account.created_at),
        "disabledReason": key["disabledReason"],
        "expirationDate": key["expirationDate"],
        "projectedExpirationDateByLackOfUse": key["projectedExpirationDateByLackOfUse"],
    }
