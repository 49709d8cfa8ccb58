"""What the clock brings by itself: expiry, overdue charges, settlement, events kept too long."""

import logging
import threading
from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist

from simulator import clock
from simulator.asaas import disputes, kept_cards, paying, sessions, subscriptions
from simulator.asaas import effects as asaas
from simulator.asaas import notify as asaas_notify
from simulator.asaas.errors import AsaasError
from simulator.mercadopago import billing
from simulator.mercadopago import disputes as mercadopago_disputes
from simulator.mercadopago import effects as mercadopago
from simulator.mercadopago.errors import MpError
from simulator.models import (
    AsaasCheckout,
    AsaasPayment,
    AsaasSubscription,
    MpChargeback,
    MpPayment,
    MpSubscription,
    write,
)

PAUSE = 0.5
MOST_ROUNDS = 10
"""How often one thing that happens may make another due at once."""

Due = AsaasSubscription | AsaasPayment | AsaasCheckout | MpPayment | MpSubscription | MpChargeback

_lock = threading.Lock()
logger = logging.getLogger("simulator")


def start() -> None:
    threading.Thread(target=_watch, name="schedule", daemon=True).start()


def _watch() -> None:
    pause = threading.Event()
    while True:
        pause.wait(PAUSE)
        try:
            run_due()
        except Exception:
            logger.exception("due work failed")


def run_due() -> int:
    """Everything whose time has come, oldest first; answers how much that was."""
    with _lock:
        done = _run(AsaasSubscription, subscriptions.go_on)
        done += _run(AsaasPayment, _asaas_due)
        done += _run(AsaasCheckout, sessions.expire)
        done += _run(MpPayment, _mercadopago_due)
        done += _run(MpSubscription, billing.run_all_due)
        done += _run(MpChargeback, mercadopago_disputes.miss_deadline)
        with write():
            return done + asaas_notify.lose_expired()


def _run(model: type[Due], act: Callable) -> int:
    """What becomes due by what is done, like the end of an overdue boleto, is done too."""
    done = 0
    for _ in range(MOST_ROUNDS):
        due = list(model.objects.filter(due_at__lte=clock.now()).order_by("due_at", "id"))
        if not due:
            break
        done += len(due)
        for row in due:
            _act(row, act)
    return done


def _act(row: Due, act: Callable) -> None:
    try:
        act(row)
    except (AsaasError, MpError, ObjectDoesNotExist):
        type(row).objects.filter(pk=row.pk).update(due_at=None)


def _asaas_due(payment: AsaasPayment) -> None:
    if payment.status == "CONFIRMED":
        paying.settle(payment)
    elif payment.status == "OVERDUE":
        asaas.end_registration(payment)
    elif payment.status == disputes.REVERSAL:
        disputes.give_back(payment)
    elif payment.data.get("keptCard"):
        kept_cards.charge(payment)
    else:
        asaas.overdue(payment)


def _mercadopago_due(payment: MpPayment) -> None:
    if mercadopago.is_clearing(payment):
        mercadopago.clear(payment)
    else:
        mercadopago.expire(payment)
