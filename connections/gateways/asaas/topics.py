"""What Asaas's events say, in words (asaas.md 5.3 and 6.2)."""

from __future__ import annotations

from connections.gateways.texts import gettext_noop as _

TOPIC_WORDS = {
    "PAYMENT_CREATED": _("Payment created"),
    "PAYMENT_UPDATED": _("Payment changed"),
    "PAYMENT_AUTHORIZED": _("Card authorized, not yet captured"),
    "PAYMENT_AWAITING_RISK_ANALYSIS": _("Under risk review"),
    "PAYMENT_APPROVED_BY_RISK_ANALYSIS": _("Passed the risk review"),
    "PAYMENT_REPROVED_BY_RISK_ANALYSIS": _("Failed the risk review"),
    "PAYMENT_CONFIRMED": _("Payment confirmed, money on its way"),
    "PAYMENT_RECEIVED": _("Payment received"),
    "PAYMENT_ANTICIPATED": _("Money advanced"),
    "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED": _("Card refused"),
    "PAYMENT_OVERDUE": _("Payment overdue"),
    "PAYMENT_DELETED": _("Payment deleted"),
    "PAYMENT_RESTORED": _("Payment restored"),
    "PAYMENT_REFUNDED": _("Payment given back"),
    "PAYMENT_PARTIALLY_REFUNDED": _("Payment given back in part"),
    "PAYMENT_REFUND_IN_PROGRESS": _("Refund under way"),
    "PAYMENT_REFUND_DENIED": _("Refund denied"),
    "PAYMENT_RECEIVED_IN_CASH_UNDONE": _("Receipt in cash undone"),
    "PAYMENT_CHARGEBACK_REQUESTED": _("Chargeback opened"),
    "PAYMENT_CHARGEBACK_DISPUTE": _("Chargeback disputed"),
    "PAYMENT_AWAITING_CHARGEBACK_REVERSAL": _("Chargeback won, money awaited"),
    "PAYMENT_DUNNING_REQUESTED": _("Debt reported to the bureau"),
    "PAYMENT_DUNNING_RECEIVED": _("Debt paid through the bureau"),
    "PAYMENT_BANK_SLIP_VIEWED": _("Boleto looked at"),
    "PAYMENT_BANK_SLIP_CANCELLED": _("Boleto cancelled"),
    "PAYMENT_CHECKOUT_VIEWED": _("Page to pay looked at"),
    "SUBSCRIPTION_CREATED": _("Subscription created"),
    "SUBSCRIPTION_UPDATED": _("Subscription changed"),
    "SUBSCRIPTION_INACTIVATED": _("Subscription switched off"),
    "SUBSCRIPTION_DELETED": _("Subscription deleted"),
    "ACCESS_TOKEN_CREATED": _("Key created"),
    "ACCESS_TOKEN_DISABLED": _("Key switched off"),
    "ACCESS_TOKEN_ENABLED": _("Key switched on"),
    "ACCESS_TOKEN_EXPIRING_SOON": _("Key about to expire"),
    "ACCESS_TOKEN_EXPIRED": _("Key expired"),
    "ACCESS_TOKEN_DELETED": _("Key deleted"),
}
