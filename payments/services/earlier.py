"""What earlier codes of a charge left at the gateway: nothing of it may live when another one is made."""

from __future__ import annotations

from contextlib import suppress

from config import clock
from connections.gateways.base import Gateway, PaymentStatus, ResourceKind
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.texts import gettext_noop as _
from payments.models import Charge, Payment
from payments.models.charges import AttemptState
from payments.services.answers import take_answer
from payments.services.following import fetch_and_store

# Nothing can be paid any more, and nothing was received.
DEAD = (PaymentStatus.EXPIRED, PaymentStatus.CANCELLED, PaymentStatus.FAILED)
_NEVER_MADE = (AttemptState.PREPARED, AttemptState.REFUSED)


def make_way(charge: Charge, gateway: Gateway) -> bool:
    """Ask for every earlier payment and end those whose time is over; False while one lives or was paid.

    One that can still be paid gives its code back to the charge. Raises a ``GatewayError``, also where
    somebody else is fetching one of them right now.
    """
    made = charge.creation_attempts.exclude(state__in=_NEVER_MADE).filter(round__lt=charge.creation_round)
    if not made.exists():
        return True
    dead = set(charge.payments.filter(status__in=DEAD).values_list("gateway_id", flat=True))
    for found in gateway.find_charges(charge.reference):
        for payment in found.payments:
            if payment.gateway_id not in dead:
                _fetch(charge, payment.gateway_id)
    for late in charge.payments.filter(status=PaymentStatus.PENDING, expires_at__lte=clock.now()):
        _end(charge, late, gateway)
    living = charge.payments.exclude(status__in=DEAD)
    if waiting := living.filter(status=PaymentStatus.PENDING).first():
        take_answer(charge, gateway.fetch_charge(ResourceKind.PAYMENT, waiting.gateway_id))
    return not living.exists()


def _end(charge: Charge, payment: Payment, gateway: Gateway) -> None:
    """Cancel what should have expired; refused, it was paid or ended meanwhile, and the fetch tells."""
    with suppress(RequestRefused, NotFound):
        gateway.cancel_charge(ResourceKind.PAYMENT, payment.gateway_id)
    _fetch(charge, payment.gateway_id)


def _fetch(charge: Charge, gateway_id: str) -> None:
    if not fetch_and_store(charge, gateway_id, cause="new_code"):
        raise GatewayUnavailable(_("An earlier payment is being looked at."), maybe_sent=False)
