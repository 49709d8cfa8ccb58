"""What happens to an Asaas charge, payment apart: created, changed, overdue, deleted, restored, seen."""

from datetime import timedelta
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
            _move_discount(row)
            _await_overdue(row)
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


def _await_overdue(row: AsaasPayment) -> None:
    if row.due_date >= clock.today():
        row.status = "PENDING"
    row.due_at = fees.overdue_moment(row.due_date) if row.status == "PENDING" else None


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
