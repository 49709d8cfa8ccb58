"""What happens to an Asaas charge, payment apart: created, changed, overdue, deleted, restored, seen."""

from datetime import date, datetime, timedelta
from typing import Any

from simulator import clock, known, numbering
from simulator.asaas import fees, serialise
from simulator.asaas.errors import forbidden_action
from simulator.asaas.notify import emit
from simulator.models import AsaasCustomer, AsaasPayment, write

OPEN = ("PENDING", "OVERDUE")


def create(customer: AsaasCustomer, fields: dict[str, Any], data: dict[str, Any]) -> AsaasPayment:
    """`fields` are columns, `data` the rest in the API's words."""
    billing_type, value, due = fields["billing_type"], fields["value_cents"], fields["due_date"]
    number = numbering.scattered("asaas-invoices", 17_100_000)
    with write():
        payment = AsaasPayment(
            account=customer.account,
            customer=customer,
            customer_gid=customer.gid,
            gid="pay_" + numbering.lower_alphanumeric(16),
            date_created=clock.today(),
            status="PENDING",
            net_cents=fees.net(value, billing_type, data.get("cardParcels", 1)),
            created_at=clock.now(),
            **fields,
        )
        payment.data = {
            **data,
            "originalDueDate": due.isoformat(),
            "invoiceNumber": str(number),
            "nossoNumero": _slip_number(billing_type),
            "qr": numbering.fresh_uuid(),
        }
        payment.due_at = next_moment(payment)
        payment.save()
        emit(payment, "PAYMENT_CREATED")
    return payment


def _slip_number(billing_type: str) -> str | None:
    has_slip = billing_type in ("BOLETO", "UNDEFINED")
    return str(numbering.scattered("asaas-slips", 13_000_000)) if has_slip else None


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
        before, was_slip = (row.value_cents, row.due_date), bool(row.data.get("nossoNumero"))
        for name, value in fields.items():
            setattr(row, name, value)
        row.data |= data
        if was_slip != (row.billing_type in ("BOLETO", "UNDEFINED")):
            row.data["nossoNumero"] = _slip_number(row.billing_type)
        if row.billing_type != "CREDIT_CARD":
            row.data.pop("cardParcels", None)
            row.data.pop("keptCard", None)
        row.net_cents = net_of(row)
        is_retold = before != (row.value_cents, row.due_date)
        if is_retold:
            row.data["qr"] = numbering.fresh_uuid()
            _move_discount(row)
            _reopen(row, was_due=before[1])
        row.due_at = next_moment(row)
        row.save()
        if is_retold:
            emit(row, "PAYMENT_UPDATED")
    return row


def _move_discount(row: AsaasPayment) -> None:
    """The discount's last day goes with the due date."""
    discount = row.data.get("discount")
    if discount and discount["limitDate"]:
        last_day = row.due_date - timedelta(days=discount["dueDateLimitDays"])
        row.data["discount"] = discount | {"limitDate": last_day.isoformat()}


def _reopen(row: AsaasPayment, *, was_due: date) -> None:
    """A later day makes it pending again, and registers its boleto again (our decision)."""
    if row.due_date >= clock.today():
        row.status = "PENDING"
    if row.due_date != was_due:
        row.data.pop("slipCancelled", None)


def net_of(row: AsaasPayment) -> int:
    return fees.net(row.value_cents, row.billing_type, row.data.get("cardParcels", 1))


def next_moment(row: AsaasPayment) -> datetime | None:
    """When the clock has something to do to an unpaid charge: a kept card, overdue, its boleto's end."""
    if row.status == "PENDING":
        return (fees.card_moment if row.data.get("keptCard") else fees.overdue_moment)(row.due_date)
    days = row.data.get("daysAfterDueDateToRegistrationCancellation")
    is_registered = row.data.get("nossoNumero") and not row.data.get("slipCancelled")
    if row.status != "OVERDUE" or days is None or not is_registered:
        return None
    return fees.registration_end(row.due_date, days)


def overdue(payment: AsaasPayment) -> AsaasPayment:
    with write():
        row = fresh(payment)
        if row.deleted or row.status != "PENDING":
            raise forbidden_action("Somente cobranças pendentes podem ser vencidas.")
        row.status = "OVERDUE"
        row.due_at = next_moment(row)
        row.save()
        emit(row, "PAYMENT_OVERDUE")
    return row


def end_registration(payment: AsaasPayment) -> AsaasPayment:
    """The bank takes the boleto no more; the charge stays overdue (asaas.md 5.3)."""
    with write():
        row = fresh(payment)
        if row.deleted or row.status != "OVERDUE" or row.data.get("slipCancelled"):
            raise forbidden_action("Somente boletos vencidos e registrados podem ser baixados.")
        row.due_at = None
        row.data["slipCancelled"] = True
        row.save()
        emit(row, "PAYMENT_BANK_SLIP_CANCELLED")
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
        row.due_at = next_moment(row)
        row.save()
        emit(row, "PAYMENT_RESTORED")
    return row


def seen(payment: AsaasPayment) -> AsaasPayment:
    """The payer opened the invoice page; told once."""
    return _viewed(payment, "lastInvoiceViewedDate", "PAYMENT_CHECKOUT_VIEWED")


def slip_seen(payment: AsaasPayment) -> AsaasPayment:
    """The payer opened the boleto; told once."""
    return _viewed(payment, "lastBankSlipViewedDate", "PAYMENT_BANK_SLIP_VIEWED")


def _viewed(payment: AsaasPayment, key: str, event: str) -> AsaasPayment:
    if payment.data.get(key):
        return payment
    with write():
        row = fresh(payment)
        row.data[key] = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        row.save(update_fields=["data", "previous"])
        emit(row, event)
    return row
