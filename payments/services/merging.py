"""Two rows of one person become one: charges, subscriptions and the ids at gateways move to the one kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import translation
from django.utils.translation import gettext as _

from connections.models import is_limited, reachable_by
from payments.models import (
    Charge,
    ChargeStatus,
    Customer,
    CustomerActKind,
    CustomerAtGateway,
    Subscription,
    SubscriptionState,
)
from payments.services.contacting import COLUMNS, note

_MOST = 20
_ADDRESS = ("zip_code", "street", "street_number", "district", "city", "state")


class Obstacle(StrEnum):
    """Why two rows cannot become one."""

    SAME = "same"
    DOCUMENTS = "documents"
    GONE = "gone"
    BEING_MADE = "being_made"
    NOT_ALL = "not_all"


class NotPossible(Exception):
    """Nothing was changed."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Who may be the same person; ``alike`` names the columns that say so."""

    customer: Customer
    alike: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would move; ``filled``: what the one kept gets, ``dropped``: what the other one says otherwise."""

    charges: int
    subscriptions: int
    gateway_ids: tuple[str, ...]
    filled: tuple[str, ...]
    dropped: tuple[str, ...]
    obstacle: Obstacle | None


def sees_all_of(customer: Customer, reader: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether nothing of a customer is on a connection that is kept from this person."""
    if not is_limited(reader):
        return True
    theirs = reachable_by(reader)
    parts: tuple[Any, ...] = (customer.charges, customer.subscriptions, customer.at_gateways)
    return not any(part.exclude(theirs).exists() for part in parts)


def candidates(customer: Customer, reader: AbstractBaseUser | AnonymousUser) -> list[Candidate]:
    """Those with the same e-mail, phone or name. Of two with a document each, neither is the other."""
    alike = Q()
    if customer.name not in _placeholders():
        alike |= Q(name__iexact=customer.name)
    if customer.email:
        alike |= Q(email__iexact=customer.email)
    if customer.phone:
        alike |= Q(phone=customer.phone, country=customer.country)
    if not alike:
        return []
    people = Customer.objects.visible_to(reader).filter(alike, anonymised_at=None).exclude(pk=customer.pk)
    if customer.document:
        people = people.filter(document="")
    return [Candidate(customer=one, alike=_alike(customer, one)) for one in people.order_by("-pk")[:_MOST]]


@cache
def _placeholders() -> frozenset[str]:
    """What stands for a name that no gateway told, in any language: it makes nobody alike."""
    said = set()
    for code, _label in settings.LANGUAGES:
        with translation.override(code):
            said.add(_("Payer without a name"))
    return frozenset(said)


def _alike(one: Customer, other: Customer) -> tuple[str, ...]:
    def same(column: str) -> bool:
        mine, theirs = getattr(one, column), getattr(other, column)
        return bool(mine) and mine.casefold() == theirs.casefold()

    return tuple(column for column in ("name", "email", "phone") if same(column))


def preview(kept: Customer, other: Customer, reader: AbstractBaseUser | AnonymousUser) -> Preview:
    differing = [name for name in COLUMNS if getattr(other, name) != getattr(kept, name)]
    filled = {name for name in differing if not getattr(kept, name)} - _withheld(kept)
    document = ("document",) if other.document and not kept.document else ()
    ids = other.at_gateways.order_by("pk").values_list("gateway_id", flat=True)
    return Preview(
        charges=other.charges.count(),
        subscriptions=other.subscriptions.count(),
        gateway_ids=tuple(ids),
        filled=(*document, *(name for name in differing if name in filled)),
        dropped=tuple(name for name in differing if getattr(other, name) and name not in filled),
        obstacle=obstacle(kept, other, reader),
    )


def _withheld(kept: Customer) -> set[str]:
    """An address is taken over whole or not at all."""
    return set(_ADDRESS) if kept.has_address else set()


def obstacle(kept: Customer, other: Customer, reader: AbstractBaseUser | AnonymousUser) -> Obstacle | None:
    if kept.pk == other.pk:
        return Obstacle.SAME
    if kept.document and other.document:
        return Obstacle.DOCUMENTS
    if kept.anonymised_at or other.anonymised_at:
        return Obstacle.GONE
    if not (sees_all_of(kept, reader) and sees_all_of(other, reader)):
        return Obstacle.NOT_ALL
    return Obstacle.BEING_MADE if _is_being_made(other) else None


def _is_being_made(other: Customer) -> bool:
    """A creating call that is out still writes to this row."""
    charges = Charge.objects.filter(customer=other)
    in_doubt = Q(status__in=(ChargeStatus.DRAFT, ChargeStatus.CONFIRMING)) | Q(creation_due_at__isnull=False)
    making = (SubscriptionState.DRAFT, SubscriptionState.CONFIRMING)
    agreements = Subscription.objects.filter(customer=other, state__in=making)
    return charges.filter(in_doubt).exists() or agreements.exists()


def merge(kept: Customer, other: Customer, *, actor: User) -> Customer:
    """``other`` becomes a part of ``kept`` and is no more. Raises ``NotPossible``.

    Both ids of one connection stay: a payment that names either is this customer's.
    """
    with transaction.atomic():
        rows = Customer.objects.select_for_update().filter(pk__in=(kept.pk, other.pk)).order_by("pk")
        locked = {row.pk: row for row in rows}
        if len(locked) < 2 and kept.pk != other.pk:
            raise NotPossible(Obstacle.GONE)
        own, over = locked[kept.pk], locked[other.pk]
        if found := obstacle(own, over, actor):
            raise NotPossible(found)
        seen = preview(own, over, actor)
        own_ids = CustomerAtGateway.objects.filter(customer=own, connection=OuterRef("connection"))
        doubled = over.at_gateways.filter(Exists(own_ids)).count()
        for model, column in references():
            model._base_manager.filter(**{column: over}).update(**{column: own})
        gone = Customer.objects.get(pk=over.pk)
        over.delete()
        _take(own, gone, seen.filled)
        told = {"charges": seen.charges, "subscriptions": seen.subscriptions, "second_ids": doubled}
        note(own, CustomerActKind.MERGED, actor=actor, merged=str(gone.public_id), **told)
    return own


def references() -> Iterator[tuple[Any, str]]:
    """Every column of every table that names a customer."""
    for relation in Customer._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            yield relation.related_model, relation.field.name  # type: ignore[union-attr]


def _take(own: Customer, gone: Customer, filled: tuple[str, ...]) -> None:
    columns = [name for name in filled if name != "document"]
    if "document" in filled:
        columns += ["country", "document_type", "document"]
    for name in columns:
        setattr(own, name, getattr(gone, name))
    own.save(update_fields=columns)
