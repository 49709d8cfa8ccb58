"""What Mercado Pago's topics and actions say, in words (mercadopago.md 6.1)."""

from __future__ import annotations

from connections.gateways.texts import gettext_noop as _

_ORDER = _("Order at the gateway")
_CHARGEBACK = _("Chargeback")
_COMPLAINT = _("Complaint")
_CARD = _("Card renewed by its bank")

# By action where that says more, else by topic.
TOPIC_WORDS = {
    "payment.created": _("Payment created"),
    "payment.updated": _("Payment changed"),
    "application.authorized": _("Application linked to the account"),
    "application.deauthorized": _("Application unlinked from the account"),
    "payment": _("Payment"),
    "topic_chargebacks_wh": _CHARGEBACK,
    "chargebacks": _CHARGEBACK,
    "stop_delivery_op_wh": _("Fraud alert: do not deliver"),
    "topic_claims_integration_wh": _COMPLAINT,
    "claim": _COMPLAINT,
    "topic_merchant_order_wh": _ORDER,
    "merchant_order": _ORDER,
    "order": _ORDER,
    "mp-connect": _("Application linked or unlinked"),
    "subscription_preapproval": _("Subscription"),
    "subscription_preapproval_plan": _("Subscription plan"),
    "subscription_authorized_payment": _("Payment of a subscription"),
    "wallet_connect": _("Wallet linked or unlinked"),
    "topic_card_id_wh": _CARD,
    "automatic-payments": _CARD,
    "card.updated": _CARD,
    "point_integration_wh": _("Payment at a card machine"),
    "delivery": _("Delivery order"),
}

# Why a topic needs nothing done, by the names that ``notifications`` gives.
IDLE_REASONS = {
    "key_checked": _("It tells of the access to the account: the key is checked, nothing else follows."),
    "order_by_payments": _("An order collects payments, and each of them is notified by itself."),
    "orders_api": _("It is an order of a service that no charge is made with here."),
    "wallet": _("It is about wallets linked to an application, which no charge here uses."),
    "card_renewed": _("Mercado Pago itself goes on with the renewed card."),
    "card_machine": _("It is about a card machine, which no charge here uses."),
    "delivery": _("It is about deliveries of a marketplace, which no charge here uses."),
}
