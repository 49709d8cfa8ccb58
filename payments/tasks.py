"""Wake-ups for the workers: each takes nothing or an id, may run twice, and leaves the work to a service."""

from __future__ import annotations

from config.celery import app
from payments.services import (
    agreement_changing,
    agreement_checking,
    batch_making,
    cancelling_many,
    changing,
    checking,
    doubt,
    importing,
    planning,
    reconciling,
    refund_doubt,
    runs,
    settling,
    subscribing,
    watching,
)


@app.task(name="payments.tasks.settle_doubts")
def settle_doubts() -> None:
    """Go on with every creation that is due, then watch for what landed late."""
    doubt.settle_due()
    watching.watch_due()


@app.task(name="payments.tasks.settle_refunds")
def settle_refunds() -> None:
    """Go on with every refund that is due."""
    refund_doubt.settle_due()


@app.task(name="payments.tasks.settle_changes")
def settle_changes() -> None:
    """Go on with every change of a charge that is due, and with the cancellations of many."""
    changing.settle_due()
    cancelling_many.work()


@app.task(name="payments.tasks.settle_subscriptions")
def settle_subscriptions() -> None:
    """Go on with every subscription and plan that is being made, and with what is changed of one."""
    subscribing.settle_due()
    agreement_changing.settle_due()
    planning.settle_due()


@app.task(name="payments.tasks.check_subscriptions")
def check_subscriptions() -> None:
    """Look at subscriptions by ourselves, and for those that were begun by the links of plans."""
    agreement_checking.sweep()
    planning.poll_due()


@app.task(name="payments.tasks.make_batches")
def make_batches() -> None:
    """Go on with the files of charges that were confirmed."""
    batch_making.make_due()


@app.task(name="payments.tasks.import_charges")
def import_charges() -> None:
    """Carry on the imports of what accounts charged without us."""
    importing.run_due()


@app.task(name="payments.tasks.reconcile")
def reconcile() -> None:
    """Carry out the comparisons with the gateways that are due."""
    runs.plan_due()
    reconciling.run_due()


@app.task(name="payments.tasks.check_charges")
def check_charges() -> None:
    """Look at open charges by ourselves: by the calendar, and at their gateways; then for expected money."""
    try:
        checking.sweep()
    finally:
        settling.ask_due()
