"""Every topic of Mercado Pago's notifications (mercadopago.md 6.1)."""

from dataclasses import dataclass

PAYMENT, CONNECT = "payment", "mp-connect"
PREAPPROVAL, PLAN, INVOICE = (
    "subscription_preapproval",
    "subscription_preapproval_plan",
    "subscription_authorized_payment",
)
CHARGEBACK, CLAIM = "topic_chargebacks_wh", "topic_claims_integration_wh"
FRAUD, CARD_UPDATER, MERCHANT_ORDER = "stop_delivery_op_wh", "topic_card_id_wh", "topic_merchant_order_wh"
DELIVERY = "delivery"
SHORTEST_PATIENCE = 0.5
"""Seconds that the receiver of `delivery` has (mercadopago.md 6.7)."""


@dataclass(frozen=True)
class Topic:
    action: str
    """What it usually says; where the document names none, our choice."""
    entity: str = ""
    """Of the subscription family; those of plans and charges are inferred (mercadopago.md 9)."""
    body_type: str = ""
    """Where the body calls it otherwise than the panel and the query do."""


TOPICS = {
    PAYMENT: Topic("payment.updated"),
    PREAPPROVAL: Topic("updated", entity="preapproval"),
    PLAN: Topic("updated", entity="preapproval_plan"),
    INVOICE: Topic("created", entity="authorized_payment"),
    CONNECT: Topic("application.deauthorized"),
    "wallet_connect": Topic("status.updated"),
    FRAUD: Topic("Created"),
    CLAIM: Topic("created", body_type="claim"),
    CARD_UPDATER: Topic("card.updated", body_type="automatic-payments"),
    MERCHANT_ORDER: Topic("update"),
    CHARGEBACK: Topic("changed_case_status"),
    "point_integration_wh": Topic("state_FINISHED"),
    DELIVERY: Topic("order.updated"),
    "order": Topic("order.processed"),
}


def body_type(topic: str) -> str:
    known = TOPICS.get(topic)
    return (known and known.body_type) or topic
