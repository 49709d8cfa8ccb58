"""Forget who a customer was (LGPD, art. 18): names go, amounts, dates and references stay."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import clock
from payments.models import (
    ALIVE,
    BatchRow,
    Charge,
    ChargeBatch,
    ChargeChange,
    ChargeStatus,
    CreationAttempt,
    Customer,
    CustomerActKind,
    Dispute,
    Refund,
    RowState,
    Subscription,
    SubscriptionState,
    TimelineEntry,
)
from payments.models.charges import new_pay_token
from payments.models.disputes import UNDECIDED
from payments.models.refunds import MOVING
from payments.services.contacting import COLUMNS, note
from payments.services.held import Marks, Rows, rows_of, text_columns
from payments.services.merging import sees_all_of

_PORTION = 500
_OPEN = (
    ChargeStatus.DRAFT,
    ChargeStatus.CONFIRMING,
    ChargeStatus.PENDING,
    ChargeStatus.AUTHORIZED,
    ChargeStatus.OVERDUE,
)
# Whole copies of what a gateway was told, and forms for the payer alone.
_EMPTIED: dict[type[models.Model], dict[str, Any]] = {
    CreationAttempt: {"body": ""},
    Subscription: {"body": "", "sent_to": ""},
    Refund: {"body": "", "payer_link": ""},
    BatchRow: {"typed": {}, "asked": {}, "problems": []},
}


class Reason(models.TextChoices):
    """Why it is done, as the law names it."""

    REQUEST = "request", gettext_lazy("the person asked for it")
    OVER = "over", gettext_lazy("the data are not needed any more")
    MISTAKE = "mistake", gettext_lazy("it should not have been stored")


class Hindrance(StrEnum):
    GONE = "gone"
    NOT_ALL = "not_all"
    CHARGE = "charge"
    CHANGE = "change"
    REVIEW = "review"
    SUBSCRIPTION = "subscription"
    REFUND = "refund"
    DISPUTE = "dispute"
    FILE = "file"


class NotPossible(Exception):
    """Nothing was changed."""

    def __init__(self, hindrances: list[Hindrance]) -> None:
        super().__init__(", ".join(hindrances))
        self.hindrances = hindrances


# Clears what a room above this one holds about a customer, within the same transaction.
Clearer = Callable[[Customer, Rows, Marks], None]
_clearers: list[Clearer] = []


def also_cleared_by(clearer: Clearer) -> None:
    if clearer not in _clearers:
        _clearers.append(clearer)


def hindrances(customer: Customer, reader: AbstractBaseUser | AnonymousUser) -> list[Hindrance]:
    """What is open, and has to be brought to its end first."""
    charges = Charge.objects.filter(customer=customer)
    undecided = Q(state__in=(*UNDECIDED, ""))
    making = (*ALIVE, SubscriptionState.DRAFT)
    named = BatchRow.objects.filter(asked__document=customer.document) if customer.document else None
    waits = (RowState.READY, RowState.WAITING)
    found = {
        Hindrance.GONE: customer.anonymised_at is not None,
        Hindrance.NOT_ALL: not sees_all_of(customer, reader),
        Hindrance.CHARGE: charges.filter(Q(status__in=_OPEN) | Q(creation_due_at__isnull=False)).exists(),
        Hindrance.CHANGE: ChargeChange.objects.filter(charge__customer=customer, state="open").exists(),
        Hindrance.REVIEW: charges.exclude(review_reason="").exists(),
        Hindrance.SUBSCRIPTION: customer.subscriptions.filter(state__in=making).exists(),
        Hindrance.REFUND: Refund.objects.filter(charge__customer=customer, state__in=MOVING).exists(),
        Hindrance.DISPUTE: Dispute.objects.filter(undecided, charge__customer=customer).exists(),
        Hindrance.FILE: bool(named is not None and named.filter(state__in=waits).exists()),
    }
    return [hindrance for hindrance, is_there in found.items() if is_there]


def anonymise(customer: Customer, *, actor: User, reason: Reason, request: str = "") -> Customer:
    """Everything at once, or nothing. ``request`` is the number under which it was asked for.

    Raises ``NotPossible``. What the gateways hold themselves is not touched (``Gateway.erasure``).
    """
    with transaction.atomic():
        own = Customer.objects.select_for_update().get(pk=customer.pk)
        if found := hindrances(own, actor):
            raise NotPossible(found)
        marks, rows = Marks(own), rows_of(own)
        for clear in _clearers:
            clear(own, rows, marks)
        _empty(rows)
        _clear_notes(rows)
        _clear_files(own, marks)
        for model, keys in rows.items():
            if model is not Customer:
                _blot(model, keys, marks)
        _revoke_links(own)
        _forget(own)
        note(own, CustomerActKind.ANONYMISED, actor=actor, reason=reason.value, request=marks.blot(request))
    return own


def _empty(rows: Rows) -> None:
    for model, values in _EMPTIED.items():
        model._base_manager.filter(pk__in=rows.get(model, ())).update(**values)


def _clear_notes(rows: Rows) -> None:
    """Free words may describe somebody whom none of the marks names."""
    own = TimelineEntry.objects.filter(pk__in=rows.get(TimelineEntry, ()), code="note")
    own.update(data={"text": ""})


def _clear_files(own: Customer, marks: Marks) -> None:
    """Rows that no charge was made of, and what their files were called."""
    left = BatchRow.objects.filter(charge=None, batch__is_cleared=False).exclude(typed={}, asked={})
    named = [row.pk for row in left.iterator(_PORTION) if marks.are_in([row.typed, row.asked, row.problems])]
    BatchRow.objects.filter(pk__in=named).update(**_EMPTIED[BatchRow])
    theirs = Q(rows__charge__customer=own) | Q(rows__in=named)
    _blot(ChargeBatch, set(ChargeBatch.objects.filter(theirs).values_list("pk", flat=True)), marks)


def _blot(model: type[models.Model], keys: set[int], marks: Marks) -> None:
    columns = text_columns(model)
    if not columns:
        return
    ordered = sorted(keys)
    for start in range(0, len(ordered), _PORTION):
        portion = model._base_manager.filter(pk__in=ordered[start : start + _PORTION])
        for values in portion.values("pk", *columns):
            clean = {name: marks.blot(values[name]) for name in columns}
            changed = {name: value for name, value in clean.items() if value != values[name]}
            if changed:
                model._base_manager.filter(pk=values["pk"]).update(**changed)


def _revoke_links(own: Customer) -> None:
    for key in Charge.objects.filter(customer=own).values_list("pk", flat=True):
        Charge.objects.filter(pk=key).update(pay_token=new_pay_token())


def _forget(own: Customer) -> None:
    for name in (*COLUMNS, "document_type", "document"):
        setattr(own, name, "")
    nobody = _("Anonymised customer")
    own.name = f"{nobody} {own.public_id.hex[:8]}"
    own.anonymised_at = clock.now()
    own.save()
    here = ContentType.objects.get_for_model(Customer)
    LogEntry.objects.filter(content_type=here, object_id=str(own.pk)).update(object_repr=own.name)


SENTENCES: dict[Hindrance, Promise] = {
    Hindrance.GONE: gettext_lazy("It was anonymised already."),
    Hindrance.NOT_ALL: gettext_lazy(
        "There are charges on accounts that you do not work with: ask somebody who works with all."
    ),
    Hindrance.CHARGE: gettext_lazy("A charge is still open: wait for the money, or cancel it."),
    Hindrance.CHANGE: gettext_lazy("A change of a charge is still being done."),
    Hindrance.REVIEW: gettext_lazy("A charge waits for somebody's review."),
    Hindrance.SUBSCRIPTION: gettext_lazy("A subscription still charges: cancel it."),
    Hindrance.REFUND: gettext_lazy("A refund is on its way, or nobody knows yet whether it was made."),
    Hindrance.DISPUTE: gettext_lazy("A dispute is not decided."),
    Hindrance.FILE: gettext_lazy(
        "A file of charges that waits names this person: create its charges or stop it."
    ),
}
