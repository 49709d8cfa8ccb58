"""Instalment plans: one charge for each parcel, made, removed and given back together (asaas.md 4.1)."""

from typing import Any

from simulator import clock, numbering
from simulator.asaas import effects, refunding
from simulator.asaas.errors import forbidden_action
from simulator.asaas.wanted import Parcels, dated
from simulator.days import months_after
from simulator.models import Account, AsaasInstalment, AsaasPayment, write


def create(account: Account, asked: Parcels) -> AsaasPayment:
    """Answers the first parcel; parcel k is due k-1 months after it."""
    with write():
        plan = AsaasInstalment.objects.create(
            account=account,
            customer=asked.customer,
            customer_gid=asked.customer.gid,
            gid=numbering.fresh_uuid(),
            date_created=clock.today(),
            billing_type=asked.billing_type,
            count=len(asked.cents),
            total_cents=sum(asked.cents),
            data={
                "description": asked.loose.get("description"),
                "expirationDay": asked.first_due.day,
                "checkoutSession": asked.loose.get("checkoutSession"),
            },
            created_at=clock.now(),
        )
        made = [_parcel(plan, asked, number) for number in range(1, plan.count + 1)]
    return made[0]


def _parcel(plan: AsaasInstalment, asked: Parcels, number: int) -> AsaasPayment:
    due = months_after(asked.first_due, number - 1)
    fields = {
        "billing_type": asked.billing_type,
        "value_cents": asked.cents[number - 1],
        "due_date": due,
        "external_reference": asked.reference,
    }
    words = f"Parcela {number} de {plan.count}. {asked.loose.get('description') or ''}".strip()
    part = {"installment": plan.gid, "installmentNumber": number, "description": words}
    if asked.billing_type == "CREDIT_CARD":
        part["cardParcels"] = plan.count
    return effects.create(asked.customer, fields, {**asked.loose, **dated(asked.terms, due), **part})


def parcels(plan: AsaasInstalment) -> list[AsaasPayment]:
    """All of them, removed ones too, in the order of their numbers."""
    rows = AsaasPayment.objects.filter(account_id=plan.account_id, data__installment=plan.gid)
    return list(rows.select_related("account", "customer").order_by("id"))


def is_open(parcel: AsaasPayment) -> bool:
    return parcel.status in effects.OPEN and not parcel.deleted


def delete_open(plan: AsaasInstalment) -> list[AsaasPayment]:
    """Every unpaid parcel; the plan goes with the last one."""
    with write():
        gone = [effects.delete(one) for one in parcels(plan) if is_open(one)]
        if all(one.deleted for one in parcels(plan)):
            _erase(plan)
    return gone


def delete(plan: AsaasInstalment) -> AsaasInstalment:
    """Refused once a parcel was paid (our decision)."""
    with write():
        if plan.deleted or any(not one.deleted and not is_open(one) for one in parcels(plan)):
            raise forbidden_action("Não é possível remover este parcelamento: há parcelas pagas.")
        delete_open(plan)
        _erase(plan)
    return plan


def _erase(plan: AsaasInstalment) -> None:
    plan.deleted = True
    plan.save(update_fields=["deleted"])


def refund(plan: AsaasInstalment, amount_cents: int | None = None) -> list[AsaasPayment]:
    """What was paid and is left, or that much of it from the first parcel on (our decision)."""
    with write():
        left = {one.pk: refunding.left_cents(one) for one in parcels(plan) if is_refundable(one)}
        wanted = sum(left.values()) if amount_cents is None else amount_cents
        if wanted <= 0 or wanted > sum(left.values()):
            raise forbidden_action("O valor do estorno é maior que o valor disponível do parcelamento.")
        given: list[AsaasPayment] = []
        for parcel in parcels(plan):
            part = min(wanted, left.get(parcel.pk, 0))
            if part:
                given.append(refunding.refund(parcel, part))
                wanted -= part
    return given


def is_refundable(parcel: AsaasPayment) -> bool:
    return not parcel.deleted and parcel.status in refunding.REFUNDABLE[refunding.way_paid(parcel)]


def answer_parts(plan: AsaasInstalment) -> dict[str, Any]:
    """What the parcels say about their plan."""
    rows = parcels(plan)
    standing = [one for one in rows if not one.deleted] or rows
    days = [one.payment_date for one in standing if one.payment_date]
    return {
        "parcels": rows,
        "net_cents": sum(one.net_cents for one in standing),
        "paid_on": max(days) if len(days) == len(standing) else None,
    }
