"""How an Asaas charge is paid: by PIX, by card on the invoice page, by the sandbox; and its settlement."""

from simulator import clock, numbering
from simulator.asaas import fees, serialise
from simulator.asaas.effects import OPEN, fresh
from simulator.asaas.errors import AsaasError, forbidden_action
from simulator.asaas.notify import emit
from simulator.cards import Card
from simulator.models import AsaasPayment, write
from simulator.money import decimal_number

REFUSED = ("5184019740373151", "4916561358240741")
"""asaas.md 3.9: every other number is approved."""
BRANDS = ("VISA", "MASTERCARD", "ELO", "DINERS", "DISCOVER", "AMEX", "JCB")
CAPTURE_REFUSED = "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED"
BY_CARD = ("CREDIT_CARD", "UNDEFINED")


def by_pix(payment: AsaasPayment, *, amount_cents: int | None = None, force: bool = False) -> AsaasPayment:
    """PIX, also on the code of a boleto, goes straight to RECEIVED."""
    with write():
        row = _awaiting(payment, force)
        if row.billing_type == "CREDIT_CARD":
            raise forbidden_action("Esta cobrança só pode ser paga com cartão de crédito.")
        if row.billing_type == "UNDEFINED":
            row.billing_type = "PIX"
        _settle_amount(row, amount_cents)
        _receive(row, by_pix=True)
        return _told(row, "PAYMENT_RECEIVED")


def by_card(
    payment: AsaasPayment, card: Card, *, amount_cents: int | None = None, force: bool = False
) -> AsaasPayment:
    """CONFIRMED until the credit date. Raises CardRefused, the charge as it was, for a refused number."""
    with write():
        row = _awaiting(payment, force)
        if row.billing_type not in BY_CARD:
            raise forbidden_action("Esta cobrança não pode ser paga com cartão de crédito.")
        is_refused = card.number in REFUSED
        if is_refused:
            emit(row, CAPTURE_REFUSED)
        else:
            row.billing_type = "CREDIT_CARD"
            row.data |= {"nossoNumero": None, "creditCard": _shown(row, card)}
            _settle_amount(row, amount_cents)
            _confirm_card(row)
            _told(row, "PAYMENT_CONFIRMED")
    if is_refused:
        raise CardRefused(row)
    return row


class CardRefused(AsaasError):
    """Raised outside of the transaction: the attempt itself is told and leaves no other trace."""

    def __init__(self, payment: AsaasPayment) -> None:
        text = "Transação não autorizada. Verifique os dados do cartão de crédito e tente novamente."
        super().__init__(400, "invalid_action", text)
        self.payment = payment


def by_simulation(payment: AsaasPayment) -> AsaasPayment:
    """The sandbox's own endpoint knows no discount, fine or interest (asaas.md 3.9).

    What an UNDEFINED charge becomes is our decision: a boleto, as its fee is while unpaid.
    """
    with write():
        row = _awaiting(payment, force=False)
        if row.billing_type == "UNDEFINED":
            row.billing_type = "BOLETO"
        _settle_amount(row, row.value_cents)
        if row.billing_type == "CREDIT_CARD":
            _confirm_card(row)
            return _told(row, "PAYMENT_CONFIRMED")
        _receive(row, by_pix=row.billing_type == "PIX")
        return _told(row, "PAYMENT_RECEIVED")


def by_transfer(payment: AsaasPayment) -> AsaasPayment:
    """Money that came by bank transfer or deposit is received at once."""
    with write():
        row = fresh(payment)
        _settle_amount(row, row.value_cents)
        _receive(row, by_pix=False)
        return _told(row, "PAYMENT_RECEIVED")


def settle(payment: AsaasPayment) -> AsaasPayment:
    """A confirmed card charge reaches the account's balance on its credit date."""
    with write():
        row = fresh(payment)
        if row.status != "CONFIRMED":
            return row
        row.status, row.due_at, row.payment_date = "RECEIVED", None, row.estimated_credit_date
        return _told(row, "PAYMENT_RECEIVED")


def _awaiting(payment: AsaasPayment, force: bool) -> AsaasPayment:
    row = fresh(payment)
    if not force and (row.deleted or row.status not in OPEN):
        raise forbidden_action("Esta cobrança não está aguardando pagamento.")
    return row


def _told(row: AsaasPayment, event: str) -> AsaasPayment:
    row.save()
    emit(row, event)
    return row


def _settle_amount(row: AsaasPayment, amount_cents: int | None) -> None:
    """`value` becomes what was paid; the old one moves to originalValue (asaas.md 3.3).

    What is paid above the face value of a late charge is fine and interest, as far as they are owed.
    """
    owed, extra = fees.payable(row.value_cents, row.due_date, row.data, clock.today())
    face, paid = row.value_cents, owed if amount_cents is None else amount_cents
    if paid != face:
        interest = min(extra, max(0, paid - face))
        row.data["originalValue"] = decimal_number(face)
        row.data["interestValue"] = decimal_number(interest) if interest else None
    row.value_cents = row.paid_cents = paid
    row.net_cents = fees.net(paid, row.billing_type)


def _receive(row: AsaasPayment, *, by_pix: bool) -> None:
    today = clock.today()
    row.status, row.due_at = "RECEIVED", None
    row.payment_date = row.estimated_credit_date = today
    row.data |= {
        "confirmedDate": today.isoformat(),
        "clientPaymentDate": today.isoformat(),
        "creditDate": today.isoformat(),
        "transactionReceiptUrl": serialise.receipt_url(row, "PAYMENT_RECEIVED"),
    }
    if by_pix:
        is_sandbox = row.account.environment == "sandbox"
        row.data["pixTransaction"] = numbering.fresh_uuid()
        row.data["pixQrCodeId"] = numbering.fresh_uuid() if is_sandbox else numbering.alphanumeric(35)


def _confirm_card(row: AsaasPayment) -> None:
    today = clock.today()
    credit = fees.card_credit_date(today)
    row.status, row.due_at = "CONFIRMED", fees.settlement_moment(credit)
    row.estimated_credit_date = credit
    row.data |= {
        "confirmedDate": today.isoformat(),
        "clientPaymentDate": today.isoformat(),
        "creditDate": credit.isoformat(),
        "transactionReceiptUrl": f"{serialise.panel_url(row.account)}/comprovantes/{numbering.digits(16)}",
    }


def _shown(row: AsaasPayment, card: Card) -> dict[str, str]:
    """The token is left out in production, where tokens must be activated first (asaas.md 3.3)."""
    brand = card.brand if card.brand in BRANDS else "UNKNOWN"
    shown = {"creditCardNumber": card.last_digits, "creditCardBrand": brand}
    if row.account.environment == "sandbox":
        shown["creditCardToken"] = numbering.fresh_uuid()
    return shown
