"""What the tests of subscriptions share."""

from typing import Any

from tests.simulator.support import AsaasClient, Inbox

EVENTS = [
    *("SUBSCRIPTION_CREATED", "SUBSCRIPTION_UPDATED", "SUBSCRIPTION_INACTIVATED", "SUBSCRIPTION_DELETED"),
    *("PAYMENT_CREATED", "PAYMENT_UPDATED", "PAYMENT_CONFIRMED", "PAYMENT_RECEIVED", "PAYMENT_OVERDUE"),
    *("PAYMENT_DELETED", "PAYMENT_REFUNDED", "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED", "CHECKOUT_PAID"),
    *("PAYMENT_CHARGEBACK_REQUESTED", "PAYMENT_CHARGEBACK_DISPUTE", "PAYMENT_AWAITING_CHARGEBACK_REVERSAL"),
]


def at(asaas: AsaasClient, day: str) -> None:
    """Noon of that day in São Paulo."""
    asaas.simulator.control("clock", now=f"{day}T15:00:00Z")


def play_to(asaas: AsaasClient, day: str) -> None:
    asaas.simulator.control("clock", now=f"{day}T15:00:00Z", play=True)


def terms(asaas: AsaasClient) -> dict[str, Any]:
    """Due on the 10th, of this month or of the next January."""
    today = asaas.simulator.read("clock")["now"][:10]
    day = f"{today[:8]}10" if today[8:] <= "10" else f"{int(today[:4]) + 1}-01-10"
    return {
        "customer": asaas.customer()["id"],
        "billingType": "UNDEFINED",
        "value": 89.9,
        "nextDueDate": day,
        "cycle": "MONTHLY",
        "externalReference": "sub-7",
    }


def subscribe(asaas: AsaasClient, **changes: Any) -> dict[str, Any]:
    return asaas.post("/subscriptions", **terms(asaas) | changes)


def charges(asaas: AsaasClient, subscription: dict[str, Any]) -> list[dict[str, Any]]:
    """In the order of their making."""
    path = f"/subscriptions/{subscription['id']}/payments"
    return asaas.get(path, limit=100)["data"][::-1]


def events(inbox: Inbox, count: int) -> list[str]:
    return [one.json["event"] for one in inbox.wait(count)]
