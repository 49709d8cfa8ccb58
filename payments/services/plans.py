"""Charges of several parcels: whose a payment is, and what it means for the other parcels."""

from __future__ import annotations

from django.db.models import Q

from config import clock
from connections.gateways.base import GatewayCharge, GatewayPayment, ResourceKind
from payments import parcels
from payments.models import Charge, GatewayResource
from payments.models.charges import ChargeStatus
from payments.services import resources

_OPEN = (ChargeStatus.PENDING, ChargeStatus.OVERDUE)


def charge_of(connection_id: int, fetched: GatewayPayment) -> Charge | None:
    """Whose plan or checkout this payment was born from: it may carry no reference (asaas.md 3.11)."""
    named = Q(kind=ResourceKind.PLAN, gateway_id=fetched.plan_id)
    named |= Q(kind=ResourceKind.CHECKOUT, gateway_id=fetched.checkout_id)
    own = GatewayResource.objects.filter(named, connection=connection_id, charge__isnull=False)
    found = own.exclude(gateway_id="").select_related("charge").first()
    return found.charge if found else None


def are_ours(connection_id: int, listed: list[GatewayPayment]) -> set[str]:
    """The plans and checkouts among those of a list that belong to charges of ours."""
    names = {name for one in listed for name in (one.plan_id, one.checkout_id) if name}
    kinds = (ResourceKind.PLAN, ResourceKind.CHECKOUT)
    own = GatewayResource.objects.filter(connection=connection_id, kind__in=kinds, gateway_id__in=names)
    return set(own.filter(charge__isnull=False).values_list("gateway_id", flat=True))


def follow(charge: Charge, fetched: GatewayPayment) -> None:
    """What the payment of a plan means for the rest of it: a plan met for the first time is asked for soon,
    and so is the code of the parcel that is next. Belongs where the payment was written.
    """
    if not fetched.plan_id:
        return
    plan, is_new = GatewayResource.objects.get_or_create(
        connection_id=charge.connection_id,
        kind=ResourceKind.PLAN,
        gateway_id=fetched.plan_id,
        defaults={"charge": charge},
    )
    if is_new or not plan.parcels:
        soon = Q(check_due_at=None) | Q(check_due_at__gt=clock.now())
        Charge.objects.filter(soon, pk=charge.pk).update(check_due_at=clock.now())
    have_next_fetched(charge)


def have_next_fetched(charge: Charge) -> None:
    """Let a worker fetch the boleto of the parcel that is next, where we have none."""
    if not parcels.are_ours(charge) or not lacks_boleto(charge):
        return
    waits = Charge.objects.filter(pk=charge.pk, status__in=_OPEN, creation_due_at=None)
    waits.update(creation_due_at=clock.now(), creation_tries=0)


def has_all(charge: Charge) -> bool:
    """Whether every parcel is known, and the boleto of the next one."""
    return not parcels.lacks_some(charge, list(charge.payments.all())) and not lacks_boleto(charge)


def lacks_boleto(charge: Charge) -> bool:
    following = parcels.next_to_pay(list(charge.payments.all()))
    return following is not None and not following.boleto_line


def note_size(charge: Charge, found: GatewayCharge) -> None:
    """Keep how many parcels a plan of the charge has: its sum is judged by that."""
    if found.kind != ResourceKind.PLAN or found.instalments < 2:
        return
    plan = resources.find_or_add(
        charge.connection, kind=ResourceKind.PLAN, gateway_id=found.gateway_id, charge=charge
    )
    if plan.parcels != found.instalments:
        GatewayResource.objects.filter(pk=plan.pk).update(parcels=found.instalments)
