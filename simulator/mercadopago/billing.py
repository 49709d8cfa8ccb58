"""What the clock brings to a subscription: its charges, their retries, its end (mercadopago.md 4.5)."""

from datetime import timedelta

from simulator import clock, numbering
from simulator.mercadopago import cards, serialise
from simulator.mercadopago import subscription_bodies as bodies
from simulator.mercadopago import subscription_calendar as calendar
from simulator.mercadopago import subscription_states as states
from simulator.mercadopago.subscription_terms import MONTHS
from simulator.models import MpInvoice, MpPayment, MpSubscription, write

RETRY_DAYS = (2, 4, 7, 10)
"""Four retries within about ten days (mercadopago.md 4.5); on which days is our choice."""
MOST_FAILURES = 3
"""In a row (our reading): then Mercado Pago cancels the subscription."""
PERIODS = {True: "monthly", False: "daily"}
OTHER_PAYER = 400_000_000
"""Between the payer's number in a subscription and in its payments."""
DONE = "processed"


def run(subscription: MpSubscription) -> None:
    """The first thing that is due; without one, the row only learns when to come back."""
    with write():
        row = states.fresh(subscription)
        event = calendar.next_event(row)
        if event is None or event.at > clock.now():
            states.store(row)
        elif event.what == calendar.END:
            states.end(row)
        elif event.invoice is None:
            issue(row)
        else:
            charge(row, event.invoice)


def run_all_due(row: MpSubscription) -> None:
    while row.due_at is not None and row.due_at <= clock.now():
        run(row)
        row.refresh_from_db()


def issue(row: MpSubscription) -> None:
    """The invoice of the next cycle, shortly before its debit."""
    index = row.data["cycle"]
    invoice = MpInvoice(
        account=row.account,
        subscription=row,
        number=numbering.scattered("mp-invoices", 7_011_000_000),
        amount_cents=_amount(row, index),
        external_reference=row.external_reference,
        debit_at=calendar.cycle_moment(row, index),
        data={"sequence": calendar.issued(row) + 1, "cycle": index},
        created_at=clock.now(),
    )
    row.data["cycle"] = index + 1
    states.conclude_invoice(invoice, "created")
    states.store(row)


def _amount(row: MpSubscription, index: int) -> int:
    """That of the moment, so that a change holds from the next charge on; the first one may be a part."""
    return row.amount_cents if index else calendar.first_amount(row, serialise.smallest_cents(row.account))


def charge(row: MpSubscription, invoice: MpInvoice) -> None:
    """Each try is a payment of its own, as each attempt on a checkout is (our decision)."""
    invoice.subscription, invoice.account = row, row.account
    invoice.previous = bodies.invoice(invoice)
    if invoice.status == calendar.SCHEDULED:
        invoice.amount_cents = _amount(row, invoice.data["cycle"])
        invoice.external_reference = row.external_reference
    else:
        invoice.retries += 1
    invoice.payment = _payment(row, invoice)
    _settle(row, invoice)
    states.conclude_invoice(invoice)
    if row.data["failures"] >= MOST_FAILURES or _is_over(row):
        states.end(row)
    else:
        states.changed(row)


def _settle(row: MpSubscription, invoice: MpInvoice) -> None:
    """Paid, to be tried again, or given up: then it is processed all the same, with a rejected payment."""
    assert invoice.payment is not None
    invoice.retry_at = None
    if invoice.payment.status == "approved":
        invoice.status = DONE
        row.data["failures"] = 0
        _count(row, invoice)
    elif invoice.retries < len(RETRY_DAYS):
        invoice.status = calendar.RECYCLING
        invoice.retry_at = invoice.debit_at + timedelta(days=RETRY_DAYS[invoice.retries])
    else:
        invoice.status = DONE
        row.data["failures"] += 1


def _count(row: MpSubscription, invoice: MpInvoice) -> None:
    before = row.data["charged"]
    row.data["charged"] = {
        "count": before["count"] + 1,
        "cents": before["cents"] + invoice.amount_cents,
        "at": serialise.stamp(clock.now()),
        "last_cents": invoice.amount_cents,
    }


def _is_over(row: MpSubscription) -> bool:
    """The last of its repetitions is decided; a last day is an event of its own."""
    most = row.data["auto_recurring"]["repetitions"]
    return bool(most) and calendar.issued(row) >= most and not calendar.open_invoices(row)


def _payment(row: MpSubscription, invoice: MpInvoice) -> MpPayment:
    terms = row.data["auto_recurring"]
    cycle = {
        "subscription": row.gid,
        "number": invoice.data["sequence"],
        "total": terms["repetitions"],
        "frequency": terms["frequency"],
        "period": PERIODS[terms["frequency_type"] == MONTHS],
        "day": f"{invoice.debit_at.astimezone(serialise.ZONE):%Y-%m-%d}",
    }
    holder = row.data["decides"] or row.data["card"]["cardholder"]["name"]
    result = cards.outcome(holder, is_binary=True)
    return cards.decided(
        blank(row, invoice.amount_cents, serialise.RECURRING, cycle), result, row.data["card"]
    )


def blank(row: MpSubscription, cents: int, operation: str, cycle: dict | None = None) -> MpPayment:
    """A payment of a subscription before it is decided; nobody gave it an address of its own (6.3)."""
    own = {"cycle": cycle} if cycle else {}
    return MpPayment(
        account=row.account,
        method=row.data["method"],
        amount_cents=cents,
        external_reference=row.external_reference,
        data={
            "operation_type": operation,
            "subscription": row.gid,
            "description": row.data["reason"],
            "payer_id": str(bodies.payer_id(row.data["payer_email"]) + OTHER_PAYER),
            "payer_email": row.data["payer_email"],
            "binary_mode": False,
            **own,
        },
    )
