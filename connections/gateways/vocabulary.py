"""The closed lists of words that cross the border; ``base`` hands them on."""

from __future__ import annotations

from enum import StrEnum


class Environment(StrEnum):
    PRODUCTION = "production"
    SANDBOX = "sandbox"


class Method(StrEnum):
    PIX = "pix"
    BOLETO = "boleto"
    CARD = "card"
    ANY = "any"
    TICKET = "ticket"  # a code paid at a shop or machine: what a payment was, never asked for


class PaymentStatus(StrEnum):
    """The state of one payment at the gateway, in our words."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PAID = "paid"
    OVERDUE = "overdue"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"


class RefundState(StrEnum):
    """The state of one refund at the gateway, in our words."""

    PENDING = "pending"
    DONE = "done"
    DENIED = "denied"


class ResourceKind(StrEnum):
    """What a gateway id points at.

    A charge is made as a payment, as a page (preference, checkout) or as a plan: several parcels made
    together. A subscription has turns; where they are things of their own at the gateway each is a ``TURN``.
    Its template is a ``RECURRING_PLAN``.
    """

    PAYMENT = "payment"
    PREFERENCE = "preference"
    PLAN = "plan"
    CHECKOUT = "checkout"
    SUBSCRIPTION = "subscription"
    TURN = "turn"
    RECURRING_PLAN = "recurring_plan"
    CHARGEBACK = "chargeback"
    CLAIM = "claim"


class Rejection(StrEnum):
    """Why a notification was refused; stored and shown, never decided upon."""

    MISSING_TOKEN = "missing_token"
    WRONG_TOKEN = "wrong_token"
    NO_SECRET = "no_secret"
    UNSIGNED_IPN = "unsigned_ipn"
    MISSING_SIGNATURE = "missing_signature"
    MALFORMED_SIGNATURE = "malformed_signature"
    MISSING_TIMESTAMP = "missing_timestamp"
    MISSING_HASH = "missing_hash"
    SIGNATURE_MISMATCH = "signature_mismatch"
    TIMESTAMP_OUT_OF_TOLERANCE = "timestamp_out_of_tolerance"
