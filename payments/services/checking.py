"""Look at open charges by ourselves: no notification is certain to come, and midnight sends none.

The rows say when: ``Charge.check_due_at`` is set by the sweep for what became open, and after each look.
What closes by other ways keeps its date until then, so that no other writer needs to know of it.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from itertools import chain, zip_longest
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from config import clock
from connections.gateways.base import Exchange, Gateway, GatewayPayment, Method, PaymentStatus, ResourceKind
from connections.gateways.errors import GatewayError, NotFound
from connections.models import Connection
from connections.services import gateway_for, note_success, pausing
from connections.services.accounts import patience
from payments import transitions
from payments.models import PAGES, Charge, ChargeStatus, GatewayResource, ReviewReason
from payments.models.payments import CONTESTED
from payments.services import gathering, lifetimes, outages, refreshing, resources, turns
from payments.services.timeline import note_exchanges

logger = logging.getLogger(__name__)

SOURCE = "check"
OPEN = (ChargeStatus.PENDING, ChargeStatus.OVERDUE, ChargeStatus.AUTHORIZED)
LONGEST = timedelta(hours=24)
# Where the gateway notifies, and where it may not: sandboxes without an API for webhooks.
LEAST = timedelta(hours=1)
LEAST_UNTOLD = timedelta(minutes=1)
# A gateway needs a moment to say that a code or a page has expired.
AFTER_EXPIRY = timedelta(minutes=2)
MOST_CHECKS = 20
MOST_PER_CONNECTION = 10
MOST_FORWARD = 20
# After so many failures of one connection in one pass its gateway is taken to be away.
MOST_FAILURES = 2
FORWARD_EVERY = timedelta(minutes=1)
_PLAN_AT_ONCE = 200
_TURN_AT_ONCE = 500
_LOOK_AHEAD = 500
# After this a dead worker's claim is taken up by another one.
_CLAIM = timedelta(minutes=5)
_PASS_SECONDS = 30.0
_MOST_PAGES = 2
_MOST_PAYMENTS = 5
_FORWARD_KIND = "checks"
# Of a payment in one of these states nothing more is to be expected without a notification.
_OVER = (
    PaymentStatus.EXPIRED,
    PaymentStatus.CANCELLED,
    PaymentStatus.FAILED,
    PaymentStatus.REFUNDED,
    PaymentStatus.CHARGED_BACK,
)


def sweep() -> None:
    """Everything the time asks for: plan what is new, turn what is overdue or over, ask what is due."""
    plan_open()
    turn_overdue()
    check_due()


def plan(charge: Charge, *, since: datetime | None = None) -> datetime | None:
    """When to look at a charge by ourselves next; None where nothing may move.

    One whose money the gateway no longer shows is asked for hourly, until it does or a person decides.

    The older the charge, the rarer; but not later than its expiry or the midnight that makes it overdue,
    where that comes after ``since`` (now).
    """
    now = clock.now()
    if charge.status not in OPEN:
        return now + LEAST if _is_asked_for(charge.status, charge.review_reason) else None
    moments = [moment for moment in _moments(charge) if moment > (since or now)]
    if not charge.resources.exists():  # its code is made when it is asked for: there is only the calendar
        return min(moments, default=None)
    pause = min(max((now - charge.created_at) / 2, _least(charge.connection)), LONGEST)
    return min([now + pause, *moments])


def plan_open() -> int:
    """Give every open charge that exists at its gateway, or may yet, and has no date its first one."""
    exists = Exists(GatewayResource.objects.filter(charge=OuterRef("pk")))
    may_move = exists | Q(status=ChargeStatus.PENDING, creation_due_at=None)
    unplanned = Charge.objects.filter(may_move, status__in=OPEN, check_due_at=None)
    planned = 0
    for charge in unplanned.for_lists()[:_PLAN_AT_ONCE]:
        first = plan(charge, since=charge.created_at)
        if first is None:
            continue
        planned += Charge.objects.filter(pk=charge.pk, check_due_at=None).update(check_due_at=first)
    return planned


def turn_overdue() -> int:
    """Bring charges in line with the calendar where no gateway says it; returns how many changed.

    Those whose due date passed where they are paid, and those whose time to be paid is over. No gateway is
    asked, so one that is away holds nothing up.
    """
    now = clock.now()
    due = Charge.objects.filter(check_due_at__lte=now)
    if not due.exists():
        return 0
    late = due.filter(_calendar_decides(now)).distinct().order_by("check_due_at")
    return sum(_turn(charge_id) for charge_id in list(late.values_list("pk", flat=True)[:_TURN_AT_ONCE]))


def check_due() -> int:
    """Ask the gateways about the charges that are due, in turns between the connections; returns how many.

    A gateway that seems to be away is left alone for a while, so that no other connection waits for it.
    """
    left = patience(_PASS_SECONDS)
    away: set[int] = set()
    failures: Counter[int] = Counter()
    asked = 0
    for charge_id, connection_id in _due():
        if connection_id in away:
            continue
        if left() <= 0:
            break
        if _has_something(charge_id) and not pausing.may_ask(connection_id):
            away.add(connection_id)
            continue
        charge = _claim(charge_id)
        if charge is None:
            continue
        asked += 1
        wait = _check(charge)
        if wait is None:
            continue
        failures[connection_id] += MOST_FAILURES if wait == outages.REFUSED else 1
        if failures[connection_id] >= MOST_FAILURES:
            away.add(connection_id)
            _leave_alone(connection_id, wait)
    return asked


def bring_forward(connection_id: int) -> int:
    """Have open charges of a connection looked at now, longest unseen first; returns how many.

    At most 20, and at most once a minute for a connection, whoever asks: somebody who knocks at our door
    with forged notifications can bring no more than this about (design rule 11).
    """
    if not _may_bring_forward(connection_id):
        return 0
    now = clock.now()
    own = Charge.objects.filter(connection=connection_id, status__in=OPEN, resources__isnull=False)
    unseen = own.exclude(check_due_at__lte=now).annotate(seen_at=Max("resources__fetched_at"))
    oldest = list(
        unseen.order_by(F("seen_at").asc(nulls_first=True)).values_list("pk", flat=True)[:MOST_FORWARD]
    )
    return Charge.objects.filter(pk__in=oldest, status__in=OPEN).update(check_due_at=now)


def _may_bring_forward(connection_id: int) -> bool:
    """A row decides between processes: a lease of a minute that nobody gives back."""
    turn, _is_new = GatewayResource.objects.get_or_create(
        connection_id=connection_id, kind=_FORWARD_KIND, gateway_id=""
    )
    now = clock.now()
    is_free = Q(lease_until=None) | Q(lease_until__lte=now)
    mine = GatewayResource.objects.filter(is_free, pk=turn.pk)
    return bool(mine.update(lease_until=now + FORWARD_EVERY))


def _least(connection: Connection) -> timedelta:
    is_told = connection.capabilities.registers_webhook or not connection.is_sandbox
    return LEAST if is_told else LEAST_UNTOLD


def _moments(charge: Charge) -> list[datetime]:
    """When the calendar says something about the charge that nobody else may tell us."""
    ends = [moment + AFTER_EXPIRY for moment in (charge.expires_at, charge.pix_expires_at) if moment]
    if charge.status != ChargeStatus.PENDING or not _is_our_calendar(charge):
        return ends
    day_after = charge.due_date + timedelta(days=1)
    midnight = datetime.combine(day_after, time(), tzinfo=ZoneInfo(charge.connection.time_zone))
    return [*ends, midnight.astimezone(UTC)]


def _is_our_calendar(charge: Charge) -> bool:
    """Whether no gateway says that it is overdue; what nobody began to pay on a page is told by none."""
    if not charge.connection.capabilities.reports_overdue:
        return True
    return lifetimes.is_page_renewed(charge.connection, charge.method, charge.instalments)


def _calendar_decides(now: datetime) -> Q:
    """Waiting past its due date where the gateway does not say so, or past its expiry anywhere."""
    is_over = Q(status__in=(ChargeStatus.PENDING, ChargeStatus.OVERDUE), expires_at__lte=now)
    zones: defaultdict[str, list[int]] = defaultdict(list)
    for connection in Connection.objects.without_secrets():
        if not connection.capabilities.reports_overdue:
            zones[connection.time_zone].append(connection.pk)
    pages = Q(instalments__gt=1, method=Method.CARD, resources__kind=ResourceKind.CHECKOUT)
    for zone in Connection.objects.values_list("time_zone", flat=True).distinct():
        is_late = pages & Q(connection__time_zone=zone, due_date__lt=clock.today(zone))
        is_over |= Q(status=ChargeStatus.PENDING) & is_late
    for zone, connection_ids in zones.items():
        is_late = Q(connection__in=connection_ids, due_date__lt=clock.today(zone))
        is_over |= Q(status=ChargeStatus.PENDING) & is_late
    return is_over


def _turn(charge_id: int) -> bool:
    try:
        return transitions.apply(charge_id, source="clock") is not None
    except transitions.LostRace:
        return False  # its check follows, and looks again


def _due() -> list[tuple[int, int]]:
    """Charge and connection of what is due: the longest waiting of each connection, in turns."""
    due = Charge.objects.filter(check_due_at__lte=clock.now()).order_by("check_due_at")
    rows = list(due.values_list("pk", "connection_id", "status", "review_reason")[:_LOOK_AHEAD])
    if closed := [pk for pk, _connection, *state in rows if not _is_asked_for(*state)]:
        over = Charge.objects.filter(pk__in=closed).exclude(review_reason=ReviewReason.MOVED_BACK)
        over.exclude(status__in=OPEN).update(check_due_at=None)
    queues: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for pk, connection_id, *state in rows:
        if _is_asked_for(*state) and len(queues[connection_id]) < MOST_PER_CONNECTION:
            queues[connection_id].append((pk, connection_id))
    in_turns = chain.from_iterable(zip_longest(*queues.values()))
    return [row for row in in_turns if row][:MOST_CHECKS]


def _is_asked_for(status: str, review_reason: str) -> bool:
    """What may still move, or has moved back: without versions that may have been an older answer."""
    return status in OPEN or review_reason == ReviewReason.MOVED_BACK


def _has_something(charge_id: int) -> bool:
    """Whether there is anything at the gateway to ask about; the calendar alone needs no call."""
    return GatewayResource.objects.filter(charge=charge_id).exists()


def _claim(charge_id: int) -> Charge | None:
    now = clock.now()
    mine = Charge.objects.filter(pk=charge_id, check_due_at__lte=now)
    if not mine.update(check_due_at=now + _CLAIM):
        return None
    return Charge.objects.select_related("connection").get(pk=charge_id)


def _check(charge: Charge) -> timedelta | None:
    """Look at one charge and plan its next look; how long to leave its gateway alone, where it is away."""
    wait = None
    _turn(charge.pk)
    try:
        look(charge, source=SOURCE)
    except GatewayError as err:
        wait = outages.wait_after(charge.connection, err)
    except Exception:
        logger.exception("charge %s could not be checked", charge.pk)
    fresh = Charge.objects.for_lists().get(pk=charge.pk)
    mine = Charge.objects.filter(pk=charge.pk, check_due_at=charge.check_due_at)
    following = plan(fresh)
    if wait and following:
        # After those that only waited with it: one that always fails must not come first for ever.
        following = min(following, clock.now() + 2 * wait)
    mine.update(check_due_at=following)
    return wait


def _leave_alone(connection_id: int, wait: timedelta) -> None:
    """Everything due of a connection waits, by one UPDATE; the calendar has had its turn before."""
    now = clock.now()
    due = Charge.objects.filter(connection=connection_id, check_due_at__lte=now)
    due.update(check_due_at=now + wait)


def look(charge: Charge, *, source: str, gateway: Gateway | None = None, is_for_person: bool = False) -> bool:
    """Ask for everything of a charge that may have moved. Raises a ``GatewayError``.

    False when something of it was left out, because somebody else is asking for it. A person sees also what
    should not move any more asked for. A ``gateway`` of the caller keeps to the caller's patience, and its
    exchanges are the caller's to note.
    """
    # Also one that was missing: a page may be unknown for a moment (mercadopago.md 2.3), and be paid after.
    pages = charge.resources.filter(kind__in=(*PAGES, ResourceKind.PLAN))
    seen: set[str] = set()
    is_whole = True
    for page in pages.order_by("-pk")[:_MOST_PAGES]:
        found = _ask_page(charge, page, source=source, gateway=gateway)
        is_whole &= found is not None
        seen.update(found or ())
    for resource in _payments(charge, seen, is_for_person=is_for_person):
        is_whole &= _ask_payment(charge, resource, source=source, gateway=gateway)
    return turns.check(charge, source=source, gateway=gateway) and is_whole


def _payments(charge: Charge, seen: Collection[str], *, is_for_person: bool) -> QuerySet[GatewayResource]:
    """The newest payments that may still move; of parcels those that were not asked for longest."""
    own = charge.resources.filter(kind=ResourceKind.PAYMENT).exclude(gateway_id__in=seen)
    own = own if is_for_person else own.exclude(payment__status__in=_OVER)
    order = F("fetched_at").asc(nulls_first=True) if charge.instalments > 1 else F("pk").desc()
    return own.order_by(order, "-pk")[:_MOST_PAYMENTS]


def _ask_payment(charge: Charge, resource: GatewayResource, *, source: str, gateway: Gateway | None) -> bool:
    held = resources.lease(resource.pk)
    if held is None:  # somebody else is asking
        return False
    try:
        refreshing.refresh(charge.connection, resource, held, source=source, gateway=gateway)
    finally:
        resources.release(held)
    return True


def _ask_page(
    charge: Charge, page: GatewayResource, *, source: str, gateway: Gateway | None
) -> list[str] | None:
    """Ask for a page or a plan with every payment it collected, and store what is new; returns their ids.

    None where somebody else is asking.
    """
    held = resources.lease(page.pk)
    if held is None:
        return None
    exchanges: list[Exchange] = []
    own = GatewayResource.objects.filter(pk=page.pk, lease_token=held.token)
    try:
        speaker = gateway or gateway_for(charge.connection, on_exchange=exchanges.append)
        found = speaker.fetch_charge(ResourceKind(page.kind), page.gateway_id)
        note_success(charge.connection)
        own.update(fetched_at=clock.now(), is_missing=False)
    except NotFound:
        own.update(fetched_at=clock.now(), is_missing=True)
        return []
    finally:
        resources.release(held)
    if found.kind == ResourceKind.PLAN:
        gathering.take_parcels(charge, found, gateway, source=source)
    elif any([_store(charge, one, source=source, gateway=gateway) for one in found.payments]):
        note_exchanges(charge, exchanges, source=source)
    return [payment.gateway_id for payment in found.payments]


def _store(charge: Charge, payment: GatewayPayment, *, source: str, gateway: Gateway | None) -> bool:
    """Write a payment that was found on a page, whether it changed the charge.

    The page was asked before this payment was leased: only the gateway's own version can tell which
    answer is newer. Without one the payment is asked for by itself, as is a contested one with its disputes.
    """
    resource = resources.find_or_add(
        charge.connection, kind=ResourceKind.PAYMENT, gateway_id=payment.gateway_id, charge=charge
    )
    held = resources.lease(resource.pk)
    if held is None:
        return False
    try:
        if payment.version is None or payment.status in CONTESTED or payment.has_dispute:
            refreshing.refresh(charge.connection, resource, held, source=source, gateway=gateway)
            return False
        return refreshing.store(resource, payment, held, source=source, cause="").change is not None
    finally:
        resources.release(held)
