"""Bodies of events about things that are not here (asaas.md 5.3, 5.4).

Charges, subscriptions and checkouts look as real ones do; for the other families the document names the
events and some keys of `<entity>`, the rest of these bodies is our choice.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from simulator import clock, numbering
from simulator.asaas import keys, serialise
from simulator.models import Account, AsaasCheckout, AsaasPayment, AsaasSubscription

VALUE_CENTS, FEE_CENTS = 10_000, 199
CUSTOMER = "cus_000000000000"
Make = Callable[[Account, str, str], dict[str, Any]]
"""Of the account, the id of the thing, and the event without its family."""


def entity(account: Account, event: str, identifier: str | None) -> tuple[str, str, dict[str, Any]] | None:
    """The key of the object, its id and the object; None for a family nobody knows."""
    for prefix, (key, make, prefix_of_id) in FAMILIES.items():
        if event.startswith(prefix):
            gid = identifier or _fresh_id(prefix_of_id)
            return key, gid, make(account, gid, event.removeprefix(prefix))
    return None


def _fresh_id(prefix: str) -> str:
    return prefix + numbering.lower_alphanumeric(16) if prefix else numbering.fresh_uuid()


def _payment(account: Account, gid: str, happened: str) -> dict[str, Any]:
    today = clock.today()
    row = AsaasPayment(
        account=account,
        customer_gid=CUSTOMER,
        gid=gid,
        date_created=today,
        billing_type="CREDIT_CARD",
        status=happened if happened in STATUSES else LEADS_TO.get(happened, "PENDING"),
        deleted=happened == "DELETED",
        value_cents=VALUE_CENTS,
        net_cents=VALUE_CENTS - FEE_CENTS,
        due_date=today,
        data={"originalDueDate": today.isoformat(), "invoiceNumber": numbering.digits(8)},
    )
    if "CHARGEBACK" in happened:
        row.data["chargeback"] = _chargeback(happened)
    return serialise.payment(row)


STATUSES = (
    "OVERDUE",
    "AUTHORIZED",
    "AWAITING_RISK_ANALYSIS",
    "CONFIRMED",
    "RECEIVED",
    "REFUNDED",
    "REFUND_IN_PROGRESS",
    "CHARGEBACK_REQUESTED",
    "CHARGEBACK_DISPUTE",
    "AWAITING_CHARGEBACK_REVERSAL",
    "DUNNING_REQUESTED",
    "DUNNING_RECEIVED",
)
"""Events that are named like the status they lead to."""
LEADS_TO = {"ANTICIPATED": "CONFIRMED", "PARTIALLY_REFUNDED": "RECEIVED", "REFUND_DENIED": "RECEIVED"}


def _chargeback(happened: str) -> dict[str, Any]:
    today = clock.today()
    return {
        "id": numbering.fresh_uuid(),
        "status": "REQUESTED" if happened == "CHARGEBACK_REQUESTED" else "IN_DISPUTE",
        "reason": "FRAUD",
        "opened": today.isoformat(),
        "cents": VALUE_CENTS,
        "dispute": None,
        "deadline": (today + timedelta(days=7)).isoformat(),
    }


def _subscription(account: Account, gid: str, happened: str) -> dict[str, Any]:
    is_gone = happened == "DELETED"
    row = AsaasSubscription(
        account=account,
        customer_gid=CUSTOMER,
        gid=gid,
        date_created=clock.today(),
        billing_type="UNDEFINED",
        cycle="MONTHLY",
        status="INACTIVE" if is_gone or happened == "INACTIVATED" else "ACTIVE",
        deleted=is_gone,
        value_cents=VALUE_CENTS,
        next_due_date=clock.today(),
    )
    return serialise.subscription(row)


def _checkout(account: Account, gid: str, happened: str) -> dict[str, Any]:
    data = {
        "minutesToExpire": 60,
        "billingTypes": ["CREDIT_CARD"],
        "chargeTypes": ["DETACHED"],
        "callback": None,
        "items": [{"name": "Item", "quantity": 1, "value": VALUE_CENTS / 100}],
        "installment": None,
        "customerData": None,
    }
    status = "ACTIVE" if happened == "CREATED" else happened
    row = AsaasCheckout(account=account, gid=gid, status=status, total_cents=VALUE_CENTS, data=data)
    return serialise.checkout(row) | {"link": None}


def _key(account: Account, gid: str, happened: str) -> dict[str, Any]:
    account.options.setdefault("key", keys.new("Integração", account.created_at))
    return serialise.access_token(account) | {"id": gid, "enabled": happened in ("CREATED", "ENABLED")}


def _account(account: Account, gid: str, happened: str) -> dict[str, Any]:
    parts = ("commercialInfo", "bankAccountInfo", "documentation", "general")
    states = ("PENDING", "APPROVED", "REJECTED", "AWAITING_APPROVAL")
    state = next((one for one in states if happened.endswith(one)), "APPROVED")
    return {"id": gid, **dict.fromkeys(parts, state)}


def _money(kind: str) -> Make:
    """An object of a kind, with its state in the word of the event, a value and the day."""

    def make(account: Account, gid: str, happened: str) -> dict[str, Any]:
        return {
            "object": kind,
            "id": gid,
            "dateCreated": clock.today().isoformat(),
            "status": happened,
            "value": VALUE_CENTS / 100,
            "description": None,
        }

    return make


FAMILIES: dict[str, tuple[str, Make, str]] = {
    "PAYMENT_": ("payment", _payment, "pay_"),
    "SUBSCRIPTION_": ("subscription", _subscription, "sub_"),
    "CHECKOUT_": ("checkout", _checkout, ""),
    "INVOICE_": ("invoice", _money("invoice"), "inv_"),
    "TRANSFER_": ("transfer", _money("transfer"), ""),
    "BILL_": ("bill", _money("bill"), ""),
    "RECEIVABLE_ANTICIPATION_": ("anticipation", _money("receivableAnticipation"), ""),
    "MOBILE_PHONE_RECHARGE_": ("mobilePhoneRecharge", _money("mobilePhoneRecharge"), ""),
    "PHONE_RECHARGE_": ("mobilePhoneRecharge", _money("mobilePhoneRecharge"), ""),
    "ACCOUNT_STATUS_": ("accountStatus", _account, ""),
    "BALANCE_VALUE_": ("balance", _money("balance"), ""),
    "INTERNAL_TRANSFER_": ("internalTransfer", _money("internalTransfer"), ""),
    "ACCESS_TOKEN_": ("accessToken", _key, ""),
    "PIX_AUTOMATIC_RECURRING_": ("pixAutomatic", _money("pixAutomatic"), ""),
}
"""Each family with the key of its object (some are our choice), how it is made, the start of its ids."""
