"""Ask whether the money of a payment has come into the account, once the day it was expected is over.

A gateway tells it, or not, and a notification may be lost. The rows say when: what is expected by
``settles_at`` (from the day it was paid on where no day was told), and not asked for again before
``settlement_asked_until``.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Min, Q
from django.db.models.functions import Coalesce

from config import clock
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    UnreadableAnswer,
)
from connections.services import note_refusal, pausing
from connections.services.accounts import patience
from payments.models import Payment
from payments.models.payments import PaymentQuerySet
from payments.services import checking, refreshing, resources

logger = logging.getLogger(__name__)

# A gateway has the whole day it named: those that name a day mean its midnight by it.
GRACE = timedelta(hours=36)
LEAST, LONGEST = timedelta(hours=12), timedelta(days=7)
# So long after the day nobody is asked any more; the report goes on showing it as late.
GIVES_UP = timedelta(days=60)
MOST = 20
MOST_PER_CONNECTION = 10
_PASS_SECONDS = 20.0


def ask_due() -> int:
    """Ask for payments whose money should be there, some of each connection; returns how many."""
    left = patience(_PASS_SECONDS)
    asked = 0
    waiting = due().order_by().values_list("connection_id").annotate(first=Min("expected"))
    for connection_id, _first in waiting.order_by("first"):
        for payment in due().filter(connection=connection_id)[:MOST_PER_CONNECTION]:
            if left() <= 0 or asked >= MOST:
                return asked
            if not pausing.may_ask(connection_id):
                break
            if not _claim(payment):
                continue
            asked += 1
            if not _ask(payment):
                break
    return asked


def due() -> PaymentQuerySet:
    now = clock.now()
    may_ask = Q(settlement_asked_until=None) | Q(settlement_asked_until__lte=now)
    owed = Payment.objects.expected().annotate(expected=Coalesce("settles_at", "paid_at"))
    late = owed.filter(expected__lte=now - GRACE, expected__gt=now - GIVES_UP)
    return late.filter(may_ask, connection__is_active=True).order_by("expected")


def next_look(expected: datetime) -> datetime:
    """The longer it is late, the rarer."""
    now = clock.now()
    return now + min(max((now - expected) / 2, LEAST), LONGEST)


def _claim(payment: Payment) -> bool:
    """One UPDATE decides between processes, and plans the next look whatever becomes of this one."""
    mine = Payment.objects.filter(pk=payment.pk, settlement_asked_until=payment.settlement_asked_until)
    expected = payment.settles_at or payment.paid_at
    assert expected is not None
    return bool(mine.update(settlement_asked_until=next_look(expected)))


def _ask(payment: Payment) -> bool:
    """Whether its gateway may be asked for more."""
    full = Payment.objects.select_related("connection", "resource").get(pk=payment.pk)
    held = resources.lease(full.resource_id)
    if held is None:  # somebody else is asking
        return True
    try:
        refreshing.refresh(full.connection, full.resource, held, source=checking.SOURCE)
    except CredentialsRefused as err:
        note_refusal(full.connection, err)
        pausing.note_failure(full.connection_id, err)
        return False
    except UnreadableAnswer:
        return True
    except GatewayUnavailable as err:
        pausing.note_failure(full.connection_id, err)
        return False
    except GatewayError:
        return True
    except Exception:
        logger.exception("payment %s could not be asked for", full.pk)
    finally:
        resources.release(held)
    return True
