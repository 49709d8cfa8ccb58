"""What an account can spend, which bounds its refunds (asaas.md 3.8, 9.2)."""

from django.db.models import QuerySet, Sum

from simulator.models import Account, AsaasPayment
from simulator.money import parse_cents

CONTESTED = ("CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE", "AWAITING_CHARGEBACK_REVERSAL", "REFUNDED")


def balance_cents(account: Account) -> int:
    """The opening balance and the money received through Asaas, net of fees, less refunds of it.

    A card charge refunded before its credit date takes nothing from here (our decision); a received
    one that is contested is taken from here at once, and is back when the dispute is won (our decision).
    """
    settled = AsaasPayment.objects.filter(account_id=account.pk, payment_date__isnull=False)
    settled = settled.exclude(status="RECEIVED_IN_CASH")
    sums = settled.aggregate(net=Sum("net_cents"), refunded=Sum("refunded_cents"))
    opening = parse_cents(account.options.get("opening_balance", 0)) or 0
    return opening + (sums["net"] or 0) - (sums["refunded"] or 0) - _contested_cents(settled)


def _contested_cents(settled: QuerySet[AsaasPayment]) -> int:
    rows = settled.filter(status__in=CONTESTED, data__has_key="chargeback").values_list("data", flat=True)
    items = [data["chargeback"] for data in rows]
    return sum(item["cents"] for item in items if not item.get("returned"))
