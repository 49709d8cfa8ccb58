"""Pages of a long list of charges that never counts it: each begins where another ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from payments.models import Charge
from payments.models.charges import ChargeQuerySet

PER_PAGE = 25
_PORTION = 1_000


@dataclass(frozen=True, kw_only=True)
class Page:
    """Charges, the newest first, and the references of those where the pages beside it begin."""

    charges: list[Charge]
    newer: str = ""
    older: str = ""


def page(listed: ChargeQuerySet, *, before: str, after: str) -> Page:
    """The page older than the charge ``before``, or newer than ``after``, or the newest."""
    mark = _mark(after or before)
    if mark and after and (newer := _newer(listed, mark)):
        return newer
    if mark and not after:
        return _older(listed, mark)
    return _older(listed, None)


def _older(listed: ChargeQuerySet, mark: Charge | None) -> Page:
    found = list(_from(listed, mark)[: PER_PAGE + 1])
    charges = found[:PER_PAGE]
    return Page(
        charges=charges,
        newer=charges[0].reference if mark and charges else "",
        older=charges[-1].reference if len(found) > PER_PAGE else "",
    )


def _newer(listed: ChargeQuerySet, mark: Charge) -> Page | None:
    """None where less than a page is newer: then the newest page is meant."""
    newer = listed.filter(Q(created_at__gt=mark.created_at) | Q(pk__gt=mark.pk))
    found = list(newer.filter(created_at__gte=mark.created_at).order_by("created_at", "pk")[: PER_PAGE + 1])
    if len(found) <= PER_PAGE:
        return None
    charges = found[:PER_PAGE][::-1]
    return Page(charges=charges, newer=charges[0].reference, older=charges[-1].reference)


def in_portions(listed: ChargeQuerySet) -> Iterator[Charge]:
    """All of them, the newest first, by short queries: neither memory nor a transaction grows with them."""
    mark: Charge | None = None
    while found := list(_from(listed, mark)[:_PORTION]):
        yield from found
        mark = found[-1]


def _from(listed: ChargeQuerySet, mark: Charge | None) -> ChargeQuerySet:
    listed = listed.order_by("-created_at", "-pk")
    if mark is None:
        return listed
    # Of the two conditions the first alone bounds the index.
    older = listed.filter(created_at__lte=mark.created_at)
    return older.filter(Q(created_at__lt=mark.created_at) | Q(pk__lt=mark.pk))


def _mark(reference: str) -> Charge | None:
    if not reference:
        return None
    return Charge.objects.only("pk", "created_at", "reference").filter(reference=reference[:64]).first()
