"""What an operator asks for, and storing it before any gateway is called (design rule 7)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from config import clock
from connections.gateways.base import Method, Terms
from connections.models import Connection
from payments import amounts
from payments.amounts import Line
from payments.models import Charge, ChargeLine, ChargeStatus, Customer
from payments.services import lifetimes
from payments.services.terms import keep_first
from payments.services.timeline import note_person

_LOOK_ALIKE = timedelta(minutes=10)
_DEAD = (ChargeStatus.FAILED, ChargeStatus.CANCELLED, ChargeStatus.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class NewCharge:
    """What an operator asks for. ``submission`` names the filled form: sent twice, it makes one charge.

    ``amount_cents`` is the net: the items (where there are any) less ``discount_cents``. That discount is
    given at once; one that ends on a day is in ``terms``.
    """

    connection: Connection
    customer: Customer
    amount_cents: int
    description: str
    due_date: date
    submission: uuid.UUID
    method: Method = Method.PIX
    terms: Terms = Terms()
    instalments: int = 1
    lines: tuple[Line, ...] = ()
    discount_cents: int = 0
    discount_reason: str = ""
    actor: User | None = None

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for sums that do not fit one another, or come to nothing."""
        is_wrong = self.lines and amounts.subtotal(self.lines) != self.subtotal_cents
        if is_wrong or self.discount_cents < 0:
            raise ValueError("the items less the discount are not the amount")
        if self.amount_cents <= 0:
            raise ValueError("nothing is to be paid")

    @property
    def subtotal_cents(self) -> int:
        return self.amount_cents + self.discount_cents


def store_intent(new: NewCharge, *, next_look: timedelta) -> tuple[Charge, bool]:
    """The charge of this form, and whether it is new; a worker takes it over after ``next_look``."""
    known = Charge.objects.filter(submission=new.submission).first()
    if known:
        return known, False
    now = clock.now()
    try:
        with transaction.atomic():
            charge = Charge.objects.create(
                submission=new.submission,
                connection=new.connection,
                customer=new.customer,
                method=new.method,
                currency=new.connection.currency,
                subtotal_cents=new.subtotal_cents,
                discount_cents=new.discount_cents,
                discount_reason=new.discount_reason,
                amount_cents=new.amount_cents,
                description=new.description,
                due_date=new.due_date,
                instalments=new.instalments,
                expires_at=lifetimes.first_expiry(new.connection, new.method, new.due_date, new.instalments),
                created_by=new.actor,
                created_at=now,
                creation_token=uuid.uuid4(),
                creation_due_at=now + next_look,
            )
            _keep_lines(charge, new.lines)
            keep_first(charge, new.terms)
            note_person(charge, "created", actor=new.actor)
    except IntegrityError:  # the same form, sent twice at once
        return Charge.objects.get(submission=new.submission), False
    return charge, True


def _keep_lines(charge: Charge, lines: tuple[Line, ...]) -> None:
    ChargeLine.objects.bulk_create(
        ChargeLine(
            charge=charge,
            position=position,
            description=line.description,
            quantity=line.quantity,
            unit_cents=line.unit_cents,
            discount_cents=line.discount_cents,
        )
        for position, line in enumerate(lines, start=1)
    )


def find_look_alike(new: NewCharge) -> Charge | None:
    """A charge to the same customer over the same amount, made minutes ago and still alive.

    One that was made for other items is another one; where either names none, the amount speaks.
    """
    seen = Charge.objects.visible_to(new.actor) if new.actor else Charge.objects.all()
    recent = seen.filter(
        customer=new.customer,
        amount_cents=new.amount_cents,
        currency=new.connection.currency,
        created_at__gte=clock.now() - _LOOK_ALIKE,
    )
    alive = recent.exclude(status__in=_DEAD).exclude(submission=new.submission)
    found = alive.prefetch_related("lines").order_by("-pk")[:20]
    return next((charge for charge in found if _has_same_lines(charge, new.lines)), None)


def _has_same_lines(charge: Charge, lines: tuple[Line, ...]) -> bool:
    theirs = tuple(row.line for row in charge.lines.all())
    return not theirs or not lines or theirs == lines
