"""What earlier codes of a charge left at the gateway: nothing of it may live when another one is made."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from django.db.models import Q

from config import clock
from connections.gateways.base import Gateway, GatewayCharge, PaymentStatus, ResourceKind
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.texts import gettext_noop as _
from payments.models import ChangeKind, Charge, GatewayResource, Payment
from payments.models.charges import AttemptState
from payments.parcels import RECEIVING
from payments.services import changeable, lifetimes
from payments.services.answers import take_answer
from payments.services.following import fetch_and_store

# Nothing can be paid any more, and nothing was received.
DEAD = (PaymentStatus.EXPIRED, PaymentStatus.CANCELLED, PaymentStatus.FAILED)
# Of these it is known that nobody is looking at a card right now.
_SURE = (PaymentStatus.PENDING, *RECEIVING)
_NEVER_MADE = (AttemptState.PREPARED, AttemptState.REFUSED)


def make_way(charge: Charge, gateway: Gateway) -> bool:
    """Ask for every earlier payment and page; end what is past its time. False while one lives or was paid.

    What can still be paid gives its code or its link back to the charge. Raises a ``GatewayError``, also
    where somebody else is fetching one of them right now.
    """
    made = charge.creation_attempts.exclude(state__in=_NEVER_MADE).filter(round__lt=charge.creation_round)
    if not made.exists():
        return True
    listed = gateway.find_charges(charge.reference)
    _end_payments(charge, listed, gateway)
    _close_checkouts(charge, gateway)
    pages = _open_pages(charge, listed, gateway)
    page = next((page for page in pages if asks_for_it(charge, page)), None)
    living = charge.payments.exclude(status__in=DEAD)
    if not living.exclude(status__in=_SURE).exists():
        _close([page for page in pages if not asks_for_it(charge, page)], gateway)
    if waiting := living.exclude(asks_otherwise(charge)).filter(status=PaymentStatus.PENDING).first():
        take_answer(charge, gateway.fetch_charge(ResourceKind.PAYMENT, waiting.gateway_id))
    if page:
        _give_back(charge, page)
    return page is None and not living.exists()


def _end_payments(charge: Charge, listed: Sequence[GatewayCharge], gateway: Gateway) -> None:
    """Of those that wait, what is past its time or over an earlier amount."""
    dead = set(charge.payments.filter(status__in=DEAD).values_list("gateway_id", flat=True))
    for found in listed:
        for payment in found.payments:
            if payment.gateway_id not in dead:
                _fetch(charge, payment.gateway_id, gateway)
    ends = Q(expires_at__lte=clock.now()) | asks_otherwise(charge)
    for late in charge.payments.filter(ends, status=PaymentStatus.PENDING):
        _end(charge, late, gateway)


def asks_for_it(charge: Charge, found: GatewayCharge) -> bool:
    """Whether it asks for as much as the charge does now, as far as it tells."""
    return found.asked_cents in (None, charge.amount_cents)


def asks_otherwise(charge: Charge) -> Q:
    """Payments over another amount, where no gateway could have changed it: we asked for that before."""
    if not changeable.is_remade(charge, ChangeKind.AMOUNT):
        return Q(pk__in=())
    return Q(parcel=None) & ~Q(amount_cents=charge.amount_cents)


def _close_checkouts(charge: Charge, gateway: Gateway) -> None:
    """A page that is made anew leaves none behind; what was paid on one meanwhile is fetched."""
    newest = charge.resources.filter(kind=ResourceKind.CHECKOUT).order_by("-pk").first()
    if newest is None:
        return
    with suppress(RequestRefused, NotFound):
        gateway.cancel_charge(ResourceKind.CHECKOUT, newest.gateway_id)
    for payment in gateway.fetch_charge(ResourceKind.CHECKOUT, newest.gateway_id).payments:
        _fetch(charge, payment.gateway_id, gateway)


def _open_pages(charge: Charge, listed: Sequence[GatewayCharge], gateway: Gateway) -> list[GatewayCharge]:
    """Pages on which somebody can begin to pay: the one we knew last, before any that was only listed.

    Those we know are asked for by id where the list lags, also those that once were not found.
    """
    pages = {found.gateway_id: found for found in listed if found.kind == ResourceKind.PREFERENCE}
    rows = charge.resources.filter(kind=ResourceKind.PREFERENCE).order_by("-pk")
    known = list(rows.values_list("gateway_id", flat=True))
    for gateway_id in known:
        if gateway_id not in pages:
            with suppress(NotFound):
                pages[gateway_id] = gateway.fetch_charge(ResourceKind.PREFERENCE, gateway_id)
    ordered = [pages[name] for name in (*known, *pages) if name in pages]
    return [page for page in ordered if page.is_open]


def _close(pages: Sequence[GatewayCharge], gateway: Gateway) -> None:
    """With what waits on them; one that refuses is met again by the watch, or is paid."""
    for page in pages:
        with suppress(RequestRefused, NotFound):
            gateway.cancel_charge(page.kind, page.gateway_id)


def _give_back(charge: Charge, page: GatewayCharge) -> None:
    charge.expires_at = lifetimes.page_expiry(charge.connection, charge.due_date)
    charge.save(update_fields=["expires_at"])
    take_answer(charge, page)
    own = GatewayResource.objects.filter(charge=charge, kind=page.kind, gateway_id=page.gateway_id)
    own.update(is_missing=False, fetched_at=clock.now())


def _end(charge: Charge, payment: Payment, gateway: Gateway) -> None:
    """Cancel what should have expired; refused, it was paid or ended meanwhile, and the fetch tells."""
    with suppress(RequestRefused, NotFound):
        gateway.cancel_charge(ResourceKind.PAYMENT, payment.gateway_id)
    _fetch(charge, payment.gateway_id, gateway)


def _fetch(charge: Charge, gateway_id: str, gateway: Gateway) -> None:
    if not fetch_and_store(charge, gateway_id, cause="new_code", gateway=gateway):
        raise GatewayUnavailable(_("An earlier payment is being looked at."), maybe_sent=False)
