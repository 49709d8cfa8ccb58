"""The card kept by a subscription: charged on each due date, good or not as a control says (asaas.md 4.2)."""

from simulator.asaas import paying, subscriptions
from simulator.asaas.effects import OPEN, fresh, next_moment
from simulator.asaas.errors import forbidden_action
from simulator.asaas.notify import emit
from simulator.models import AsaasPayment, AsaasSubscription, write


def charge(payment: AsaasPayment) -> AsaasPayment:
    """Once on its due date; refused it stays open, and the clock makes it overdue."""
    with write():
        row = fresh(payment)
        row.data.pop("keptCard", None)
        row.due_at = next_moment(row)
        row.save()
        found = subscriptions.of_charge(row)
        card = found.data.get("card") if found else None
        if card is None or row.deleted or row.status not in OPEN or row.billing_type != "CREDIT_CARD":
            return row
        if card["declines"]:
            emit(row, paying.CAPTURE_REFUSED)
        else:
            paying.take_card([row], card["shown"])
    return row


def retry(payment: AsaasPayment) -> AsaasPayment:
    """Tried again now, however late. Raises AsaasError without a kept card or an open charge."""
    found = subscriptions.of_charge(payment)
    if found is None or not found.data.get("card"):
        raise forbidden_action("Esta assinatura não tem cartão guardado.")
    if payment.deleted or payment.status not in OPEN:
        raise forbidden_action("Esta cobrança não está aguardando pagamento.")
    return charge(payment)


def decline(subscription: AsaasSubscription, *, declines: bool) -> AsaasSubscription:
    """From now on; what is open is not tried again by itself."""
    with write():
        row = subscriptions.fresh(subscription)
        if not row.data.get("card"):
            raise forbidden_action("Esta assinatura não tem cartão guardado.")
        row.data["card"]["declines"] = declines
        row.save(update_fields=["data"])
    return row
