"""A charge paid outside of Asaas, by the word of its owner, and that word taken back (asaas.md 3.7)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest

from simulator import clock
from simulator.answers import read_json
from simulator.asaas import effects, fees, payments, serialise, validate
from simulator.asaas.errors import forbidden_action, invalid
from simulator.asaas.notify import emit
from simulator.models import Account, AsaasPayment, write
from simulator.money import decimal_number, parse_cents

IN_CASH = "RECEIVED_IN_CASH"


@dataclass(frozen=True)
class Receipt:
    cents: int
    day: date


def receive(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = payments.existing(account, gid)
    return serialise.payment(take(row, receipt_of(read_json(request))))


def receipt_of(body: dict[str, Any]) -> Receipt:
    """Value and day are asked for; that the day may not lie ahead is our decision."""
    cents = parse_cents(body.get("value"))
    if cents is None or cents <= 0:
        raise invalid("value", "O campo value deve ser informado")
    day = validate.day(body.get("paymentDate"), "paymentDate")
    if day > clock.today():
        raise invalid("paymentDate", "A data de pagamento não pode ser maior que a data atual.")
    return Receipt(cents, day)


def take(payment: AsaasPayment, receipt: Receipt) -> AsaasPayment:
    """No fee, no credit date, nothing for the balance; the way of paying stays as it was."""
    with write():
        row = effects.fresh(payment)
        if row.deleted or row.status not in effects.OPEN:
            raise forbidden_action("Somente cobranças pendentes ou vencidas podem ser recebidas em dinheiro.")
        row.data["beforeCash"] = {"status": row.status, "cents": row.value_cents}
        if receipt.cents != row.value_cents:
            row.data["originalValue"] = decimal_number(row.value_cents)
        row.value_cents = row.paid_cents = row.net_cents = receipt.cents
        row.status, row.due_at, row.payment_date = IN_CASH, None, receipt.day
        row.data["clientPaymentDate"] = receipt.day.isoformat()
        row.save()
        emit(row, "PAYMENT_RECEIVED")
    return row


def undo(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return serialise.payment(give_up(payments.existing(account, gid)))


def give_up(payment: AsaasPayment) -> AsaasPayment:
    """Open again, with its old value; overdue when it was, or has become so meanwhile."""
    with write():
        row = effects.fresh(payment)
        if row.status != IN_CASH:
            raise forbidden_action("Esta cobrança não foi recebida em dinheiro.")
        before = row.data.pop("beforeCash")
        is_late = fees.overdue_moment(row.due_date) <= clock.now()
        row.status = "OVERDUE" if is_late else before["status"]
        row.value_cents, row.paid_cents, row.payment_date = before["cents"], 0, None
        row.net_cents = effects.net_of(row)
        row.data |= {"originalValue": None, "clientPaymentDate": None}
        row.due_at = effects.next_moment(row)
        row.save()
        emit(row, "PAYMENT_RECEIVED_IN_CASH_UNDONE")
    return row
