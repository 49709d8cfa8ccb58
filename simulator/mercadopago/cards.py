"""Card payments of the hosted checkout (mercadopago.md 8.2, 8.3, 9)."""

from typing import Any

from simulator import clock, numbering
from simulator.cards import Card
from simulator.mercadopago import effects
from simulator.mercadopago.errors import cause
from simulator.mercadopago.instalments import Parts
from simulator.mercadopago.notify import emit
from simulator.models import MpPayment, write

REJECTED = {
    "OTHE": "cc_rejected_other_reason",
    "CALL": "cc_rejected_call_for_authorize",
    "FUND": "cc_rejected_insufficient_amount",
    "SECU": "cc_rejected_bad_filled_security_code",
    "EXPI": "cc_rejected_bad_filled_date",
    "FORM": "cc_rejected_bad_filled_other",
    "CARD": "cc_rejected_bad_filled_card_number",
    "INST": "cc_rejected_invalid_installments",
    "DUPL": "cc_rejected_duplicated_payment",
    "LOCK": "cc_rejected_card_disabled",
    "CTNA": "cc_rejected_card_type_not_allowed",
    "ATTE": "cc_rejected_max_attempts",
    "BLAC": "cc_rejected_blacklist",
    "UNSU": "unsupported",
    "TEST": "cc_amount_rate_limit_exceeded",
}
"""UNSU and TEST are our decision: the document does not know them (8.3)."""
APPROVED, WAITS = ("approved", "accredited"), ("in_process", "pending_contingency")
BINARY = ("rejected", "cc_rejected_other_reason")
"""binary_mode knows no in_process (2.1); the detail is our choice."""
BY_BRAND = {"VISA": "visa", "MASTERCARD": "master", "AMEX": "amex", "ELO": "elo", "HIPERCARD": "hipercard"}
ELO_DEBIT = "506776"
DEBIT = "debelo"
METHODS = (*BY_BRAND.values(), DEBIT)
ISSUER = "24"
TEST_CPF = "12345678909"


def method_of(card: Card) -> str:
    if card.number.startswith(ELO_DEBIT):
        return DEBIT
    if card.brand not in BY_BRAND:
        raise cause(400, 2131, "Cannot infer Payment Method")
    return BY_BRAND[card.brand]


def outcome(holder: str, *, is_binary: bool) -> tuple[str, str]:
    """APRO approves, and any name that is not in the table (our decision)."""
    name = holder.strip().upper()
    if name in REJECTED:
        return "rejected", REJECTED[name]
    if name == "CONT":
        return BINARY if is_binary else WAITS
    return APPROVED


def create(payment: MpPayment, card: Card, asked: Parts | None = None) -> MpPayment:
    """The holder's name decides. The caller has said who asks for how much."""
    asked = asked or Parts(1, payment.amount_cents, 0)
    payment.data |= {
        "installments": asked.count,
        "installment_cents": asked.each_cents,
        "interest_cents": asked.interest_cents,
    }
    result = outcome(card.holder, is_binary=payment.data["binary_mode"])
    return decided(payment, result, kept(card))


def decided(payment: MpPayment, result: tuple[str, str], shown: dict[str, Any]) -> MpPayment:
    """Decided at once, so told once, as payment.created. `shown` is what is kept of the card."""
    payment.status, payment.status_detail = result
    payment.kind = "debit_card" if payment.method == DEBIT else "credit_card"
    payment.created_at = payment.updated_at = clock.now()
    with write():
        payment.number = numbering.scattered("mp-payments", 98_000_000_000)
        payer = payment.data.get("payer_id") or str(numbering.scattered("mp-payers", 1_505_000_000))
        payment.data |= {"issuer_id": ISSUER, "payer_id": payer, "card": shown}
        if payment.status == "approved":
            effects.credit(payment)
        payment.save()
        emit(payment, "payment.created")
        effects.touch_order(payment)
    return payment


def kept(card: Card) -> dict[str, Any]:
    return {
        "first_six_digits": card.number[:6],
        "last_four_digits": card.last_digits,
        "expiration_month": card.expiry_month,
        "expiration_year": card.expiry_year,
        "cardholder": {"name": card.holder, "identification": {"number": TEST_CPF, "type": "CPF"}},
    }
