"""Mercado Pago's reasons and test cards in words (mercadopago.md 3.7, 8.2, 8.3 and 8.4)."""

from __future__ import annotations

from connections.gateways.base import Holder, SandboxCard, SandboxGuide
from connections.gateways.texts import gettext_noop as _

# Developer site: your-integrations/credentials and /notifications/webhooks (seen November 2026).
PANEL_PLACES = {
    "keys": "Suas integrações > (sua aplicação) > Produção > Credenciais de produção",
    "webhooks": "Suas integrações > (sua aplicação) > Webhooks > Configurar notificações",
}

_CHECK_CARD = _("A detail of the card was typed wrongly.")
_NO_FUNDS = _("The card has not enough limit or balance.")
_OTHER = _("The bank refused it without saying why.")
_RISK = _("Mercado Pago refused it as risky. Another way of paying may work.")

# By status_detail, the last part of ``gateway_status``.
STATUS_REASONS = {
    "cc_rejected_insufficient_amount": _NO_FUNDS,
    "insufficient_amount": _NO_FUNDS,
    "cc_rejected_call_for_authorize": _("The customer must first allow this payment at their bank."),
    "cc_rejected_bad_filled_card_number": _("The number of the card was typed wrongly."),
    "cc_rejected_bad_filled_date": _("The expiry of the card was typed wrongly."),
    "cc_rejected_bad_filled_security_code": _("The security code was typed wrongly."),
    "cc_rejected_bad_filled_other": _CHECK_CARD,
    "cc_rejected_card_disabled": _("The card is not active: the customer must call the bank."),
    "cc_rejected_card_error": _("The card could not be charged. Another one may work."),
    "cc_rejected_duplicated_payment": _("A payment like this one was made a moment ago."),
    "cc_rejected_invalid_installments": _("The card does not take this number of instalments."),
    "cc_rejected_max_attempts": _("Too many tries: another card or another way of paying is needed."),
    "cc_rejected_card_type_not_allowed": _("This kind of card is not taken."),
    "cc_rejected_time_out": _("The bank did not answer in time."),
    "cc_rejected_other_reason": _OTHER,
    "rejected_other_reason": _OTHER,
    "bank_error": _OTHER,
    "rejected_by_bank": _OTHER,
    "cc_rejected_high_risk": _RISK,
    "rejected_high_risk": _RISK,
    "cc_rejected_blacklist": _RISK,
    "cc_rejected_3ds_challenge": _("The customer did not pass the bank's confirmation."),
    "cc_rejected_3ds_mandatory": _("The bank asks for its own confirmation, which was not given."),
    "cc_amount_rate_limit_exceeded": _("The amount is above what this card may pay now."),
    "rejected_by_regulations": _("Rules of the country do not allow this payment."),
    "rejected_insufficient_data": _("Details of the payer are missing."),
    "pending_contingency": _("Mercado Pago is processing it; this can take up to two working days."),
    "pending_review_manual": _("Mercado Pago is looking at it; this can take up to two working days."),
    "pending_challenge": _("The customer has to confirm it at the bank."),
    "expired": _("It was not paid in time."),
    "by_collector": _("It was cancelled by the seller."),
    "by_payer": _("It was cancelled by the customer."),
    "by_admin": _("Mercado Pago cancelled or refunded it."),
    "partially_refunded": _("A part of it was given back."),
    "reimbursed": _("The dispute was won: the money is back."),
    "settled": _("The dispute was lost: the money is gone."),
}


def _card(brand: str, number: str, code: str = "123") -> SandboxCard:
    return SandboxCard(brand=brand, number=number, code=code, expiry="11/30")


SANDBOX_GUIDE = SandboxGuide(
    notes=(
        _("PIX stays pending in Mercado Pago's tests: nobody can pay it. Try a charge by card."),
        _("Pay on the page of Mercado Pago as one of its test buyers, with one of these cards."),
        _("The holder's name decides what happens; the CPF is 12345678909."),
    ),
    cards=(
        _card("Mastercard", "5031 4332 1540 6351"),
        _card("Visa", "4235 6477 2802 5682"),
        _card("American Express", "3753 651535 56885", "1234"),
        _card("Elo", "5067 7667 8388 8311"),
    ),
    holders=(
        Holder(name="APRO", outcome=_("is approved")),
        Holder(name="OTHE", outcome=_("is refused")),
        Holder(name="CONT", outcome=_("stays under review")),
        Holder(name="FUND", outcome=_("is refused: not enough money")),
        Holder(name="SECU", outcome=_("is refused: wrong security code")),
    ),
)
