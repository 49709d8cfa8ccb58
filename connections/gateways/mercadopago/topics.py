"""What Mercado Pago's topics and actions say, in words (mercadopago.md 6.1)."""

from __future__ import annotations

from connections.gateways.texts import gettext_noop as _

_ORDER = _("Order at the gateway")

# By action where that says more, else by topic.
TOPIC_WORDS = {
    "payment.created": _("Payment created"),
    "payment.updated": _("Payment changed"),
    "application.authorized": _("Application linked to the account"),
    "application.deauthorized": _("Application unlinked from the account"),
    "payment": _("Payment"),
    "topic_chargebacks_wh": _("Chargeback"),
    "chargebacks": _("Chargeback"),
    "stop_delivery_op_wh": _("Fraud alert: do not deliver"),
    "topic_claims_integration_wh": _("Complaint"),
    "claim": _("Complaint"),
    "topic_merchant_order_wh": _ORDER,
    "merchant_order": _ORDER,
    "order": _ORDER,
    "mp-connect": _("Application linked or unlinked"),
    "subscription_preapproval": _("Subscription"),
    "subscription_preapproval_plan": _("Subscription plan"),
    "subscription_authorized_payment": _("Payment of a subscription"),
}
