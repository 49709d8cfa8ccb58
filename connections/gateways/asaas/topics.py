"""What Asaas's events say, in words, and why some of them need nothing (asaas.md 5.3 and 6.2)."""

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
    "PAYMENT_SPLIT_CANCELLED": _("Share of a payment cancelled"),
    "PAYMENT_SPLIT_DIVERGENCE_BLOCK": _("Payment held back: its shares do not fit"),
    "PAYMENT_SPLIT_DIVERGENCE_BLOCK_FINISHED": _("Payment set free: its shares fit again"),
    "SUBSCRIPTION_CREATED": _("Subscription created"),
    "SUBSCRIPTION_UPDATED": _("Subscription changed"),
    "SUBSCRIPTION_INACTIVATED": _("Subscription switched off"),
    "SUBSCRIPTION_DELETED": _("Subscription deleted"),
    "SUBSCRIPTION_SPLIT_DISABLED": _("Shares of a subscription switched off"),
    "SUBSCRIPTION_SPLIT_DIVERGENCE_BLOCK": _("Subscription held back: its shares do not fit"),
    "SUBSCRIPTION_SPLIT_DIVERGENCE_BLOCK_FINISHED": _("Subscription set free: its shares fit again"),
    "CHECKOUT_CREATED": _("Checkout created"),
    "CHECKOUT_CANCELED": _("Checkout cancelled"),
    "CHECKOUT_EXPIRED": _("Checkout expired"),
    "CHECKOUT_PAID": _("Checkout paid"),
    "INVOICE_CREATED": _("Tax invoice created"),
    "INVOICE_UPDATED": _("Tax invoice changed"),
    "INVOICE_SYNCHRONIZED": _("Tax invoice sent to the city"),
    "INVOICE_AUTHORIZED": _("Tax invoice issued"),
    "INVOICE_PROCESSING_CANCELLATION": _("Tax invoice being cancelled"),
    "INVOICE_CANCELED": _("Tax invoice cancelled"),
    "INVOICE_CANCELLATION_DENIED": _("Cancelling the tax invoice was denied"),
    "INVOICE_ERROR": _("Tax invoice failed"),
    "TRANSFER_CREATED": _("Transfer created"),
    "TRANSFER_PENDING": _("Transfer waiting"),
    "TRANSFER_IN_BANK_PROCESSING": _("Transfer at the bank"),
    "TRANSFER_BLOCKED": _("Transfer blocked"),
    "TRANSFER_DONE": _("Transfer done"),
    "TRANSFER_FAILED": _("Transfer failed"),
    "TRANSFER_CANCELLED": _("Transfer cancelled"),
    "INTERNAL_TRANSFER_CREDIT": _("Money from another Asaas account"),
    "INTERNAL_TRANSFER_DEBIT": _("Money to another Asaas account"),
    "PHONE_RECHARGE_CONFIRMED": _("Telephone credit bought"),
    "BALANCE_VALUE_BLOCKED": _("Part of the balance blocked"),
    "BALANCE_VALUE_UNBLOCKED": _("Part of the balance set free"),
    "ACCESS_TOKEN_CREATED": _("Key created"),
    "ACCESS_TOKEN_DISABLED": _("Key switched off"),
    "ACCESS_TOKEN_ENABLED": _("Key switched on"),
    "ACCESS_TOKEN_EXPIRING_SOON": _("Key about to expire"),
    "ACCESS_TOKEN_EXPIRED": _("Key expired"),
    "ACCESS_TOKEN_DELETED": _("Key deleted"),
}

# Of families that the document names by their beginning alone.
_IDLE_BY_BEGINNING = {
    "CHECKOUT_": "checkout",
    "INVOICE_": "tax_invoice",
    "TRANSFER_": "transfer",
    "INTERNAL_TRANSFER_": "transfer",
    "BILL_": "bill",
    "RECEIVABLE_ANTICIPATION_": "anticipation",
    "MOBILE_PHONE_RECHARGE_": "recharge",
    "PHONE_RECHARGE_": "recharge",
    "BALANCE_VALUE_": "balance",
    "PIX_AUTOMATIC_RECURRING_": "pix_automatic",
    "ACCESS_TOKEN_": "key_checked",
    "ACCOUNT_STATUS_": "account_checked",
}
IDLE_REASONS = {
    "checkout": _("What is paid on a checkout is told by its payments, each with events of its own."),
    "tax_invoice": _("Tax invoices are not kept here; look at them in the panel of Asaas."),
    "transfer": _("Money that moves between accounts pays no charge."),
    "bill": _("Bills that the account itself pays are no charges."),
    "anticipation": _("What was advanced is told by the payment it is for, with an event of its own."),
    "recharge": _("Telephone credit that the account buys is no charge."),
    "balance": _(
        "It changes no charge. While a part of the balance is blocked a refund may be refused: the panel of "
        "Asaas says why."
    ),
    "pix_automatic": _(
        "Agreements of automatic PIX are not kept here; their payments have events of their own."
    ),
    "key_checked": _("It names no key we could know by it: ours is checked at once."),
    "account_checked": _("Whether the account may charge is asked for at once, together with its key."),
}


def idle_reason(topic: str) -> str:
    """The key of ``IDLE_REASONS`` for an event that names nothing we follow; empty for an unknown one."""
    known = (reason for beginning, reason in _IDLE_BY_BEGINNING.items() if topic.startswith(beginning))
    return next(known, "")
