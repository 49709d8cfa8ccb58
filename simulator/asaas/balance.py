"""What an account can spend, which bounds its refunds (asaas.md 3.8, 9.2)."""

from django.db.models import Sum

from simulator.models import Account, AsaasPayment
from simulator.money import parse_cents


def balance_cents(account: Account) -> int:
    """The opening balance and the money received through Asaas, net of fees, less refunds of it.

    A card charge refunded before its credit date takes nothing from here (our decision).
    """
    settled = AsaasPayment.objects.filter(account_id=account.pk, payment_date__isnull=False)
    settled = settled.exclude(status="RECEIVED_IN_CASH")
    sums = settled.aggregate(net=Sum("net_cents"), refunded=Sum("refunded_cents"))
    opening = parse_cents(account.options.get("opening_balance", 0)) or 0
    return opening + (sums["net"] or 0) - (sums["refunded"] or 0)
