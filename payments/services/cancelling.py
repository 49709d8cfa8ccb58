"""Ending everything of a charge that can still be paid: its payments, and the pages where one may begin."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Q

from config import clock
from connections.gateways.base import Gateway, GatewayCharge, GatewayPayment, PaymentStatus, ResourceKind
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.texts import gettext_noop as _
from payments import parcels
from payments.deriving import WAITING
from payments.models import PAGES, Charge, GatewayResource, Payment
from payments.services import comparing, plans
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
    """What of a charge can still be paid, or was: as just fetched. ``pages`` are open ones.

    Of several parcels those that were paid are left out: the rest may be ended. ``plans`` end many at once.
    """

    pages: tuple[GatewayResource, ...]
    payments: tuple[Payment, ...]
    plans: tuple[GatewayResource, ...] = ()

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
    known = _resources(charge, *PAGES)
    found = [(resource, page) for resource in known if (page := _page(resource, gateway))]
    pages = [resource for resource, page in found if page.is_open and not _is_over(charge, resource)]
    seen = {payment.gateway_id for _resource, page in found for payment in page.payments}
    if not pages and any(resource.kind == ResourceKind.PREFERENCE for resource in known):
        note_closed(charge)
    listed, as_held = _listed_in_plans(charge, gateway)
    dead = set(charge.payments.filter(status__in=DEAD).values_list("gateway_id", flat=True))
    ours = [resource.gateway_id for resource in _resources(charge, ResourceKind.PAYMENT)]
    for gateway_id in dict.fromkeys([*ours, *listed, *sorted(seen)]):
        if gateway_id not in dead | as_held:
            fetch(charge, gateway_id, gateway)
    living = charge.payments.exclude(status__in=DEAD).order_by("pk")
    if parcels.are_ours(charge):
        living = living.exclude(status__in=_RECEIVING, parcel__isnull=False)
    named = {payment.plan_id for payment in living if payment.plan_id}
    own = [plan for plan in _resources(charge, ResourceKind.PLAN) if plan.gateway_id in named]
    return Living(pages=tuple(pages), payments=tuple(living), plans=tuple(own))


def _listed_in_plans(charge: Charge, gateway: Gateway) -> tuple[list[str], set[str]]:
    """The parcels as their plans list them, by one call each, and those of them that are as we hold them.

    Deleted ones are not listed (asaas.md 3.5), nor is a plan that was erased: they are asked for singly.
    """
    held = {payment.gateway_id: payment for payment in charge.payments.all()}
    listed, as_held = list[str](), set[str]()
    for plan in _resources(charge, ResourceKind.PLAN):
        with suppress(NotFound):
            found = gateway.fetch_charge(ResourceKind.PLAN, plan.gateway_id)
            plans.note_size(charge, found)
            for payment in found.payments:
                listed.append(payment.gateway_id)
                own = held.get(payment.gateway_id)
                if own and not comparing.differs(payment, own):
                    as_held.add(payment.gateway_id)
    return listed, as_held


def _is_over(charge: Charge, page: GatewayResource) -> bool:
    """A page that cannot be read again is over by its time, or once we closed it."""
    if page.kind != ResourceKind.CHECKOUT:
        return False
    ends = Charge.objects.values_list("link_expires_at", flat=True).get(pk=charge.pk)
    return ends is None or ends <= clock.now()


def _page(page: GatewayResource, gateway: Gateway) -> GatewayCharge | None:
    """None where it is gone; unknown once it may be so for a moment only (mercadopago.md 3.6)."""
    try:
        return gateway.fetch_charge(ResourceKind(page.kind), page.gateway_id)
    except NotFound as error:
        if page.is_missing:
            return None
        GatewayResource.objects.filter(pk=page.pk).update(is_missing=True)
        raise GatewayUnavailable(error.text, maybe_sent=False) from error


def note_closed(charge: Charge) -> None:
    """How long its page is open is kept with the charge."""
    now = clock.now()
    is_later = Q(expires_at=None) | Q(expires_at__gt=now)
    Charge.objects.filter(is_later, pk=charge.pk).update(expires_at=now)


def fetch(charge: Charge, gateway_id: str, gateway: Gateway) -> GatewayPayment | None:
    """One payment, as it is now; None where it is gone.

    Raises a ``GatewayError``, also where somebody else is fetching it.
    """
    refreshed = fetch_and_store(charge, gateway_id, cause=SOURCE, gateway=gateway, source=SOURCE)
    if refreshed is None:
        raise BeingFetched(_("This payment is being looked at."), maybe_sent=False)
    return refreshed.payment


def end(living: Living, gateway: Gateway) -> None:
    """Close the pages, then cancel what waits; one that refuses keeps none of the others open.

    Raises the first refusal after all were asked, and at once what else the gateway raises.
    """
    refusals = list[RequestRefused | NotFound]()
    in_plans = {plan.gateway_id for plan in living.plans}
    things = [(one.kind, one.gateway_id) for one in (*living.pages, *living.plans)]
    things += [("payment", one.gateway_id) for one in living.payments if one.plan_id not in in_plans]
    for kind, gateway_id in things:
        try:
            gateway.cancel_charge(ResourceKind(kind), gateway_id)
            if kind == ResourceKind.CHECKOUT:
                _note_page_closed(living, gateway_id)
        except (RequestRefused, NotFound) as error:  # paid, ended or erased meanwhile: the fetch tells
            refusals.append(error)
    if refusals:
        raise refusals[0]


def _note_page_closed(living: Living, gateway_id: str) -> None:
    closed = [page.pk for page in living.pages if page.gateway_id == gateway_id]
    Charge.objects.filter(resources__in=closed).update(link_expires_at=clock.now())


def _resources(charge: Charge, *kinds: ResourceKind) -> list[GatewayResource]:
    return list(charge.resources.filter(kind__in=kinds).order_by("-pk"))
