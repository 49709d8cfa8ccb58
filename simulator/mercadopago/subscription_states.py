"""The state machine of a subscription, and how a change of one is stored and told (mercadopago.md 4.4)."""

from datetime import timedelta

from simulator import clock, known
from simulator.mercadopago import notify
from simulator.mercadopago import subscription_bodies as bodies
from simulator.mercadopago import subscription_calendar as calendar
from simulator.mercadopago.errors import plain
from simulator.mercadopago.topics import INVOICE, PREAPPROVAL
from simulator.models import MpInvoice, MpSubscription

PENDING, AUTHORIZED, PAUSED, CANCELLED = "pending", "authorized", "paused", "cancelled"
WAYS = {
    PENDING: (CANCELLED,),
    AUTHORIZED: (AUTHORIZED, PAUSED, CANCELLED),
    PAUSED: (AUTHORIZED, CANCELLED),
    CANCELLED: (),
}
"""A pending one is authorized by its payer alone, on the hosted page."""
UNTOUCHABLE = {
    PAUSED: "You can not modify a paused preapproval.",
    CANCELLED: "You can not modify a cancelled preapproval.",
}
"""The second text is made like the first, which is measured."""
INSTANT = timedelta(milliseconds=1)


def fresh(subscription: MpSubscription) -> MpSubscription:
    """The row as it is now, with its present answer remembered as the previous one."""
    row = MpSubscription.objects.select_related("plan").get(pk=subscription.pk)
    row.account = known.by_id(row.account_id)
    row.previous = bodies.subscription(row)
    return row


def store(row: MpSubscription) -> MpSubscription:
    """With the next moment the clock has something to do; nothing that anybody sees has changed."""
    event = calendar.next_event(row)
    row.due_at = event.at if event else None
    row.save()
    return row


def changed(row: MpSubscription, *, is_told: bool = True, action: str = "updated") -> MpSubscription:
    """One version further. A change of the amount alone is not told (mercadopago.md 4.4)."""
    row.version += 1
    row.updated_at = max(clock.now(), row.updated_at + INSTANT)
    store(row)
    if is_told:
        tell(row, action)
    return row


def tell(row: MpSubscription, action: str) -> None:
    extra = {"version": row.version}
    notify.tell(row.account, PREAPPROVAL, action, row.gid, reference=row.external_reference, extra=extra)


def admit_change(row: MpSubscription) -> None:
    if row.status in UNTOUCHABLE:
        raise plain(400, UNTOUCHABLE[row.status])


def move(row: MpSubscription, status: str) -> None:
    """Changes the row, which the caller stores; raises for what the machine does not know."""
    if status not in WAYS:
        raise plain(400, f"Invalid status: {status}")
    if status == row.status == PAUSED:
        raise plain(400, UNTOUCHABLE[PAUSED])
    if status not in WAYS[row.status]:
        raise plain(400, f"Invalid transition from {row.status} to {status}")
    if status == row.status:
        return
    if status == AUTHORIZED:
        calendar.skip_missed(row, clock.now())
    else:
        give_up_invoices(row)
    row.status = status


def give_up_invoices(row: MpSubscription) -> None:
    """What was to be charged or tried again is not, once paused or cancelled (our decision)."""
    for invoice in calendar.open_invoices(row):
        invoice.previous = bodies.invoice(invoice)
        invoice.status, invoice.retry_at = "cancelled", None
        conclude_invoice(invoice)


def end(row: MpSubscription) -> MpSubscription:
    """By Mercado Pago itself: after its last charge, at its last day, or after failures."""
    give_up_invoices(row)
    row.status = CANCELLED
    return changed(row)


def conclude_invoice(invoice: MpInvoice, action: str = "updated") -> None:
    """Stores an invoice and tells of it."""
    invoice.version += 1
    invoice.updated_at = clock.now()
    invoice.save()
    notify.tell(
        invoice.account,
        INVOICE,
        action,
        str(invoice.number),
        reference=invoice.external_reference,
        extra={"version": invoice.version},
    )
