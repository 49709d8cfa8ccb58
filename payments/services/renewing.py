"""Another PIX code for a charge whose code has died, or the first one of a charge that has none yet."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet

from config import clock
from config.wakeup import wake
from connections import waiting
from connections.gateways.base import Exchange, Method, PaymentStatus, ResourceKind
from connections.gateways.errors import GatewayError
from connections.services import WEB_DEADLINE_SECONDS
from payments import transitions
from payments.models import Charge, ChargeStatus
from payments.models.charges import AttemptState
from payments.services import changeable, lifetimes
from payments.services.creation import (
    LOOK_AFTER,
    SETTLE,
    Patience,
    come_back,
    complete,
    gateway_of,
    submit,
    wait,
)
from payments.services.earlier import DEAD
from payments.services.timeline import note_exchanges, note_person

MOST_AN_HOUR = 5
_WAITING = (ChargeStatus.PENDING, ChargeStatus.OVERDUE)
_RENEWABLE = (*_WAITING, ChargeStatus.EXPIRED)
_IN_DOUBT = (AttemptState.SENT, AttemptState.UNKNOWN)


class _TooMany(Exception):
    """Of this charge enough new codes were made in the last hour."""


def may_have_new_code(charge: Charge) -> bool:
    """Whether a person may ask for a new PIX code now: nothing of the charge can be paid, or is in doubt.

    Where a code is only fetched, not made, its payment lives on: then the code must be dead or missing.
    """
    if not (charge.method == Method.PIX or _has_renewed_page(charge)):
        return False
    if charge.review_reason or charge.creation_due_at:
        return False
    if charge.subscription_id and not _is_only_fetched(charge):  # its gateway collects it by itself
        return False
    if charge.status not in _RENEWABLE or not charge.connection.is_active or charge.customer.anonymised_at:
        return False
    if _has_renewed_page(charge) and not _is_link_over(charge):
        return False
    is_needed = _lacks_a_code if _is_only_fetched(charge) else _lacks_a_payment
    if not is_needed(charge) or changeable.is_withheld(charge):
        return False
    return not _had_too_many(charge)


def new_code(charge: Charge, *, actor: User | None) -> None:
    """Make (or fetch) a new PIX code within eight seconds, or leave that to a worker.

    Does nothing unless ``may_have_new_code``. ``actor`` is None for the customer. One UPDATE decides between
    several who ask at once. Never raises for what the gateway does: a refusal brings the charge back to
    what its payments say, with the gateway's sentence as its ``failure``.
    """
    own = Charge.objects.select_related("connection", "customer").get(pk=charge.pk)
    if not may_have_new_code(own) or not _claim(own, actor):
        return
    own.refresh_from_db()
    with waiting.room.seat() as is_seated:
        if not is_seated:
            come_back(own, after=timedelta())
            wake(SETTLE)
        elif _is_only_fetched(own):
            _fetch(own)
        else:
            submit(own, Patience(WEB_DEADLINE_SECONDS), is_background=False)


def _is_only_fetched(charge: Charge) -> bool:
    """Asaas makes codes by itself, for as long as the charge is open (asaas.md 3.4)."""
    return charge.connection.capabilities.pix_minutes is None and not _has_renewed_page(charge)


def _has_renewed_page(charge: Charge) -> bool:
    return lifetimes.is_page_renewed(charge.connection, charge.method, charge.instalments)


def _is_link_over(charge: Charge) -> bool:
    return charge.link_expires_at is None or charge.link_expires_at <= clock.now()


def _lacks_a_code(charge: Charge) -> bool:
    if charge.status not in _WAITING or (charge.pix_text and not _is_over(charge)):
        return False
    return charge.payments.filter(status__in=(PaymentStatus.PENDING, PaymentStatus.OVERDUE)).exists()


def _is_over(charge: Charge) -> bool:
    return bool(charge.pix_expires_at and charge.pix_expires_at <= clock.now())


def _lacks_a_payment(charge: Charge) -> bool:
    """No payment lives by our rows and the clock, no page is open, no creating call is unanswered."""
    now = clock.now()
    over = Q(status__in=DEAD) | Q(status=PaymentStatus.PENDING, expires_at__lte=now)
    if charge.payments.exclude(over).exists():
        return False
    has_page = charge.resources.filter(kind=ResourceKind.PREFERENCE, is_missing=False).exists()
    if has_page and (charge.expires_at is None or charge.expires_at > now):
        return False
    return not charge.creation_attempts.filter(state__in=_IN_DOUBT).exists()


def _had_too_many(charge: Charge) -> bool:
    since = clock.now() - timedelta(hours=1)
    return charge.timeline.filter(code="new_code", at__gt=since).count() >= MOST_AN_HOUR


def _claim(charge: Charge, actor: User | None) -> bool:
    """Take the charge to make its next code, unless it changed since it was read or had too many."""
    try:
        with transaction.atomic():
            if not _own(charge).update(**_begun(charge)):
                return False
            if _had_too_many(charge):
                raise _TooMany
            note_person(charge, "new_code", actor=actor)
            if not _is_only_fetched(charge):
                transitions.renew(charge.pk)
    except _TooMany:
        return False
    return True


def _own(charge: Charge) -> QuerySet[Charge]:
    return Charge.objects.filter(
        pk=charge.pk, revision=charge.revision, creation_round=charge.creation_round, creation_due_at=None
    )


def _expiry(charge: Charge) -> datetime | None:
    """A page that is made anew leaves the time of its charge alone."""
    if _has_renewed_page(charge):
        return charge.expires_at
    return lifetimes.code_expiry(charge.connection, charge.due_date)


def _begun(charge: Charge) -> dict[str, object]:
    """The columns of a charge whose code is gone and whose next one is being made."""
    begun: dict[str, object] = {
        "creation_token": uuid.uuid4(),
        "creation_due_at": clock.now() + LOOK_AFTER[0],
        "creation_tries": 0,
        "pix_text": "",
        "pix_expires_at": None,
    }
    if _is_only_fetched(charge):
        return begun
    return {
        **begun,
        "creation_round": F("creation_round") + 1,
        "expires_at": _expiry(charge),
        "check_due_at": None,
        "link": "",
    }


def _fetch(charge: Charge) -> None:
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(charge, Patience(WEB_DEADLINE_SECONDS), exchanges, is_background=False)
        complete(charge, gateway)
    except GatewayError as err:
        wait(charge, err)
    finally:
        note_exchanges(charge, exchanges, source="creation")
