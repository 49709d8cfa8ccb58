"""Ending everything of a charge that can still be paid: its payments, and the pages where one may begin."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from config import clock
from connections.gateways.base import Gateway, GatewayCharge, PaymentStatus, ResourceKind
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.texts import gettext_noop as _
from payments.deriving import WAITING
from payments.models import Charge, GatewayResource, Payment
from payments.services.changeable import Obstacle
from payments.services.earlier import DEAD
from payments.services.following import fetch_and_store

SOURCE = "change"
_RECEIVING = (
    PaymentStatus.PAID,
    PaymentStatus.REFUNDED,
    PaymentStatus.DISPUTED,
    PaymentStatus.CHARGED_BACK,
)


class BeingFetched(GatewayUnavailable):
    """Somebody else asks for one of the payments right now: its notification came, perhaps."""


@dataclass(frozen=True, kw_only=True)
class Living:
    """What of a charge can still be paid, or was: as just fetched. ``pages`` are open ones, by their ids."""

    pages: tuple[str, ...]
    payments: tuple[Payment, ...]

    @property
    def is_over(self) -> bool:
        return not self.pages and not self.payments

    @property
    def in_the_way(self) -> Obstacle | None:
        """Why it may not be ended by us: money wins."""
        statuses = {payment.status for payment in self.payments}
        if statuses & set(_RECEIVING):
            return Obstacle.MONEY_CAME
        return None if statuses <= set(WAITING) else Obstacle.UNDER_REVIEW


def look(charge: Charge, gateway: Gateway) -> Living:
    """Fetch every page and every payment that may live. Raises a ``GatewayError``."""
    known = _resources(charge, ResourceKind.PREFERENCE)
    found = [page for resource in known if (page := _page(resource, gateway))]
    pages = [page.gateway_id for page in found if page.is_open]
    seen = {payment.gateway_id for page in found for payment in page.payments}
    if known and not pages:
        _note_closed(charge)
    dead = set(charge.payments.filter(status__in=DEAD).values_list("gateway_id", flat=True))
    ours = [resource.gateway_id for resource in _resources(charge, ResourceKind.PAYMENT)]
    for gateway_id in dict.fromkeys([*ours, *sorted(seen)]):
        if gateway_id not in dead:
            fetch(charge, gateway_id, gateway)
    living = charge.payments.exclude(status__in=DEAD).order_by("pk")
    return Living(pages=tuple(pages), payments=tuple(living))


def _page(page: GatewayResource, gateway: Gateway) -> GatewayCharge | None:
    """None where it is gone; unknown once it may be so for a moment only (mercadopago.md 3.6)."""
    try:
        return gateway.fetch_charge(ResourceKind.PREFERENCE, page.gateway_id)
    except NotFound as error:
        if page.is_missing:
            return None
        GatewayResource.objects.filter(pk=page.pk).update(is_missing=True)
        raise GatewayUnavailable(error.text, maybe_sent=False) from error


def _note_closed(charge: Charge) -> None:
    """How long its page is open is kept with the charge."""
    now = clock.now()
    is_later = Q(expires_at=None) | Q(expires_at__gt=now)
    Charge.objects.filter(is_later, pk=charge.pk).update(expires_at=now)


def fetch(charge: Charge, gateway_id: str, gateway: Gateway) -> None:
    """One payment, as it is now. Raises a ``GatewayError``, also where somebody else is fetching it."""
    if not fetch_and_store(charge, gateway_id, cause=SOURCE, gateway=gateway, source=SOURCE):
        raise BeingFetched(_("This payment is being looked at."), maybe_sent=False)


def end(living: Living, gateway: Gateway) -> None:
    """Close the pages, then cancel what waits; one that refuses keeps none of the others open.

    Raises the first refusal after all were asked, and at once what else the gateway raises.
    """
    refusals = list[RequestRefused]()
    things = [(ResourceKind.PREFERENCE, page_id) for page_id in living.pages]
    things += [(ResourceKind.PAYMENT, payment.gateway_id) for payment in living.payments]
    for kind, gateway_id in things:
        try:
            gateway.cancel_charge(kind, gateway_id)
        except RequestRefused as error:  # paid or ended meanwhile: the fetch tells
            refusals.append(error)
    if refusals:
        raise refusals[0]


def _resources(charge: Charge, kind: ResourceKind) -> list[GatewayResource]:
    return list(charge.resources.filter(kind=kind).order_by("-pk"))
