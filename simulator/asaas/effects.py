"""What happens to an Asaas charge: created, changed, paid, overdue, deleted, restored, seen."""

from typing import Any

from simulator import clock, known, numbering
from simulator.asaas import fees, serialise
from simulator.asaas.errors import forbidden_action
from simulator.asaas.notify import emit
from simulator.models import AsaasCustomer, AsaasPayment, write
from simulator.money import decimal_number

OPEN = ("PENDING", "OVERDUE")


def create(customer: AsaasCustomer, fields: dict[str, Any], data: dict[str, Any]) -> AsaasPayment:
    """`fields` are columns, `data` the rest in the API's words."""
    billing_type, value, due = fields["billing_type"], fields["value_cents"], fields["due_date"]
    has_slip = billing_type in ("BOLETO", "UNDEFINED")
    number = numbering.scattered("asaas-invoices", 17_100_000)
    with write():
        payment = AsaasPayment(
            account=customer.account,
            customer=customer,
            customer_gid=customer.gid,
            gid="pay_" + numbering.lower_alphanumeric(16),
            date_created=clock.today(),
            status="PENDING",
            net_cents=fees.net(value, billing_type),
            created_at=clock.now(),
            due_at=fees.overdue_moment(due),
            **fields,
        )
        payment.data = {
            **data,
            "originalDueDate": due.isoformat(),
            "invoiceNumber": str(number),
            "nossoNumero": str(numbering.scattered("asaas-slips", 13_000_000)) if has_slip else None,
            "qr": numbering.fresh_uuid(),
        }
        payment.save()
        emit(payment, "PAYMENT_CREATED")
    return payment


def fresh(payment: AsaasPayment) -> AsaasPayment:
    """The row as it is now, with its present answer remembered as the previous one."""
    row = AsaasPayment.objects.get(pk=payment.pk)
    row.account = known.by_id(row.account_id)
    row.previous = serialise.payment(row)
    return row


def change(payment: AsaasPayment, fields: dict[str, Any], data: dict[str, Any]) -> AsaasPayment:
    with write():
        row = fresh(payment)
        if row.deleted or row.status not in OPEN:
            raise forbidden_action("Não é possível alterar esta cobrança: ela já foi paga ou removida.")
        before = (row.value_cents, row.due_date)
        for name, value in fields.items():
            setattr(row, name, value)
        row.data |= data
        row.net_cents = fees.net(row.value_cents, row.billing_type)
        is_retold = before != (row.value_cents, row.due_date)
        if is_retold:
            row.data["qr"] = numbering.fresh_uuid()
            _await_overdue(row)
        row.save()
        if is_retold:
            emit(row, "PAYMENT_UPDATED")
    return row


def _await_overdue(row: AsaasPayment) -> None:
    if row.due_date >= clock.today():
        row.status = "PENDING"
    row.due_at = fees.overdue_moment(row.due_date) if row.status == "PENDING" else None


def pay(
    payment: AsaasPayment, *, amount_cents: int | None = None, by_pix: bool, force: bool = False
) -> AsaasPayment:
    """PIX and sandbox boletos go straight to RECEIVED; cards to CONFIRMED until their credit date."""
    with write():
        row = fresh(payment)
        if not force and (row.deleted or row.status not in OPEN):
            raise forbidden_action("Esta cobrança não está aguardando pagamento.")
        _settle_amount(row, amount_cents)
        if by_pix and row.billing_type == "UNDEFINED":
            row.billing_type = "PIX"
        row.net_cents = fees.net(row.value_cents, row.billing_type)
        if row.billing_type == "CREDIT_CARD":
            _confirm_card(row)
            event = "PAYMENT_CONFIRMED"
        else:
            _receive(row, by_pix or row.billing_type == "PIX")
            event = "PAYMENT_RECEIVED"
        row.save()
        emit(row, event)
    return row


def _settle_amount(row: AsaasPayment, amount_cents: int | None) -> None:
    """`value` becomes what was paid; the old one moves to originalValue (asaas.md 3.3)."""
    owed, extra = fees.payable(row.value_cents, row.due_date, row.data, clock.today())
    paid = owed if amount_cents is None else amount_cents
    if paid != row.value_cents:
        row.data["originalValue"] = decimal_number(row.value_cents)
        row.data["interestValue"] = decimal_number(extra) if extra and amount_cents is None else None
    row.value_cents = row.paid_cents = paid


def _receive(row: AsaasPayment, by_pix: bool) -> None:
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


def settle(payment: AsaasPayment) -> AsaasPayment:
    """A confirmed card charge reaches the account's balance."""
    with write():
        row = fresh(payment)
        if row.status != "CONFIRMED":
            return row
        row.status, row.due_at, row.payment_date = "RECEIVED", None, clock.today()
        row.save()
        emit(row, "PAYMENT_RECEIVED")
    return row


def overdue(payment: AsaasPayment) -> AsaasPayment:
    with write():
        row = fresh(payment)
        if row.deleted or row.status != "PENDING":
            raise forbidden_action("Somente cobranças pendentes podem ser vencidas.")
        row.status, row.due_at = "OVERDUE", None
        row.save()
        emit(row, "PAYMENT_OVERDUE")
    return row


def delete(payment: AsaasPayment) -> AsaasPayment:
    """The status stays; only the flag tells (asaas.md 3.7)."""
    with write():
        row = fresh(payment)
        if row.deleted or row.status not in OPEN:
            raise forbidden_action("Somente cobranças pendentes ou vencidas podem ser removidas.")
        row.deleted, row.due_at = True, None
        row.data["transactionReceiptUrl"] = serialise.receipt_url(row, "PAYMENT_DELETED")
        row.save()
        emit(row, "PAYMENT_DELETED")
    return row


def restore(payment: AsaasPayment) -> AsaasPayment:
    with write():
        row = fresh(payment)
        if not row.deleted:
            raise forbidden_action("Esta cobrança não está removida.")
        row.deleted = False
        row.data["transactionReceiptUrl"] = None
        if row.status == "PENDING":
            row.due_at = fees.overdue_moment(row.due_date)
        row.save()
        emit(row, "PAYMENT_RESTORED")
    return row


def seen(payment: AsaasPayment) -> AsaasPayment:
    """The payer opened the invoice page; told once."""
    if payment.data.get("lastInvoiceViewedDate"):
        return payment
    with write():
        row = fresh(payment)
        row.data["lastInvoiceViewedDate"] = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        row.save(update_fields=["data", "previous"])
        emit(row, "PAYMENT_CHECKOUT_VIEWED")
    return row
