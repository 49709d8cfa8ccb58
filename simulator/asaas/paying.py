"""How an Asaas charge is paid: by PIX, boleto or card on its page, by the sandbox; and its settlement."""

from datetime import date

from simulator import clock, numbering
from simulator.asaas import bank_slips, fees, serialise, sessions, subscriptions
from simulator.asaas.effects import OPEN, fresh, net_of
from simulator.asaas.errors import AsaasError, forbidden_action
from simulator.asaas.notify import emit
from simulator.cards import Card
from simulator.models import AsaasPayment, write
from simulator.money import decimal_number

REFUSED = ("5184019740373151", "4916561358240741")
"""asaas.md 3.9: every other number is approved."""
BRANDS = ("VISA", "MASTERCARD", "ELO", "DINERS", "DISCOVER", "AMEX", "JCB")
CAPTURE_REFUSED = "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED"
NOT_REGISTERED = "Este boleto não está mais registrado para pagamento."
NOT_AUTHORIZED = "Transação não autorizada. Verifique os dados do cartão de crédito e tente novamente."
BY_CARD = ("CREDIT_CARD", "UNDEFINED")


def by_pix(payment: AsaasPayment, *, amount_cents: int | None = None, force: bool = False) -> AsaasPayment:
    """PIX, also on the code of a boleto, goes straight to RECEIVED."""
    with write():
        row = _awaiting(payment, force)
        if row.billing_type == "CREDIT_CARD":
            raise forbidden_action("Esta cobrança só pode ser paga com cartão de crédito.")
        if row.billing_type == "BOLETO" and not force and not bank_slips.is_payable(row):
            raise forbidden_action(NOT_REGISTERED)
        if row.billing_type == "UNDEFINED":
            row.billing_type = "PIX"
            row.data["nossoNumero"] = None
        _settle_amount(row, amount_cents)
        _receive(row, by_pix=True)
        return _told(row, "PAYMENT_RECEIVED")


def by_slip(
    payment: AsaasPayment,
    *,
    amount_cents: int | None = None,
    force: bool = False,
    is_cleared: bool = False,
) -> AsaasPayment:
    """At a bank: CONFIRMED until it clears, about one business day later (asaas.md 5.5), or at once."""
    with write():
        row = _awaiting(payment, force)
        if not row.data.get("nossoNumero"):
            raise forbidden_action("Esta cobrança não tem boleto.")
        if not force and not bank_slips.is_payable(row):
            raise forbidden_action(NOT_REGISTERED)
        row.billing_type = "BOLETO"
        _settle_amount(row, amount_cents)
        _confirm(row, clock.today() if is_cleared else fees.slip_credit_date(clock.today()))
        _told(row, "PAYMENT_CONFIRMED")
    return settle(row) if is_cleared else row


def by_card(
    payment: AsaasPayment, card: Card, *, amount_cents: int | None = None, force: bool = False
) -> AsaasPayment:
    """CONFIRMED until the credit date. Raises CardRefused, the charge as it was, for a refused number."""
    with write():
        row = _awaiting(payment, force)
        if row.billing_type not in BY_CARD:
            raise forbidden_action("Esta cobrança não pode ser paga com cartão de crédito.")
        if card.number in REFUSED:
            emit(row, CAPTURE_REFUSED)
        else:
            take_card(bought_together(row), _shown(row, card), amount_cents)
            row.refresh_from_db()
    if card.number in REFUSED:
        raise CardRefused(row)
    return row


def bought_together(row: AsaasPayment) -> list[AsaasPayment]:
    """A plan by card is authorised once, for all its open parcels (asaas.md 4.1)."""
    if "cardParcels" not in row.data:
        return [row]
    same = AsaasPayment.objects.filter(account=row.account_id, data__installment=row.data["installment"])
    is_open = {"deleted": False, "status__in": OPEN, "billing_type": "CREDIT_CARD"}
    rows = [fresh(one) for one in same.filter(**is_open).order_by("id")]
    return rows if row in rows else [row]


def take_card(rows: list[AsaasPayment], shown: dict[str, str], amount_cents: int | None = None) -> None:
    if amount_cents is not None and len(rows) > 1:
        raise forbidden_action("O parcelamento no cartão é pago pelo valor total.")
    for row in rows:
        row.data.pop("keptCard", None)
        row.billing_type = "CREDIT_CARD"
        row.data |= {"nossoNumero": None, "creditCard": shown}
        _settle_amount(row, amount_cents)
        _confirm_card(row)
        row.save()
    for row in rows:
        emit(row, "PAYMENT_CONFIRMED")
    subscriptions.keep_card(rows[0], shown)
    sessions.paid(rows[0])


class CardRefused(AsaasError):
    """Raised outside of the transaction: the attempt itself is told and leaves no other trace."""

    def __init__(self, payment: AsaasPayment) -> None:
        super().__init__(400, "invalid_action", NOT_AUTHORIZED)
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


def anticipate(payment: AsaasPayment) -> AsaasPayment:
    """A receivable advanced (asaas.md 5.3, 5.5); what that costs, and the balance, is not known here."""
    with write():
        row = fresh(payment)
        if row.status != "CONFIRMED" or row.data.get("anticipated"):
            raise forbidden_action("Somente cobranças confirmadas podem ser antecipadas.")
        row.data["anticipated"] = True
        return _told(row, "PAYMENT_ANTICIPATED")


def settle(payment: AsaasPayment) -> AsaasPayment:
    """What is confirmed reaches the account's balance on its credit date."""
    with write():
        row = fresh(payment)
        if row.status != "CONFIRMED":
            return row
        row.status, row.due_at, row.payment_date = "RECEIVED", None, row.estimated_credit_date
        if row.billing_type == "BOLETO":
            row.data["transactionReceiptUrl"] = serialise.receipt_url(row, "PAYMENT_RECEIVED")
        return _told(row, "PAYMENT_RECEIVED")


def _awaiting(payment: AsaasPayment, force: bool) -> AsaasPayment:
    row = fresh(payment)
    if not force and (row.deleted or row.status not in OPEN):
        raise forbidden_action("Esta cobrança não está aguardando pagamento.")
    return row


def _told(row: AsaasPayment, event: str) -> AsaasPayment:
    row.save()
    emit(row, event)
    sessions.paid(row)
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
    row.net_cents = net_of(row)


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
    """Each parcel of a plan is credited 32 days after the one before."""
    parcel = row.data["installmentNumber"] if "cardParcels" in row.data else 1
    _confirm(row, fees.card_credit_date(clock.today(), parcel))
    row.data["transactionReceiptUrl"] = (
        f"{serialise.panel_url(row.account)}/comprovantes/{numbering.digits(16)}"
    )


def _confirm(row: AsaasPayment, credit: date) -> None:
    """Paid; the money is there on the credit date."""
    today = clock.today().isoformat()
    row.status, row.due_at = "CONFIRMED", fees.settlement_moment(credit)
    row.estimated_credit_date = credit
    row.data |= {"confirmedDate": today, "clientPaymentDate": today, "creditDate": credit.isoformat()}


def _shown(row: AsaasPayment, card: Card) -> dict[str, str]:
    """The token is left out in production, where tokens must be activated first (asaas.md 3.3)."""
    brand = card.brand if card.brand in BRANDS else "UNKNOWN"
    shown = {"creditCardNumber": card.last_digits, "creditCardBrand": brand}
    if row.account.environment == "sandbox":
        shown["creditCardToken"] = numbering.fresh_uuid()
    return shown
