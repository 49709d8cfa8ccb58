"""Plain values about subscriptions and their plans: what we ask for, and what a gateway says exists.

Of a subscription the gateway makes one charge after another by itself. Each is a *turn* here, whatever the
gateway calls it: a payment with the subscription's id (asaas.md 4.2), an authorized payment
(mercadopago.md 4.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connections.gateways.charges import CustomerDetails, GatewayPayment
from connections.gateways.errors import GatewayError
from connections.gateways.vocabulary import Method


class Cycle(StrEnum):
    """How often a subscription charges; which of them a gateway offers is in its ``SubscriptionRule``."""

    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    MONTHLY = "monthly"
    BIMONTHLY = "bimonthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"


class SubscriptionStatus(StrEnum):
    """The state of a subscription at the gateway, in our words.

    ``PENDING``: agreed to by nobody yet, the payer must give a card. ``ACTIVE`` says nothing about money.
    ``CANCELLED`` is final, ``ENDED`` came to its agreed end.
    """

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    ENDED = "ended"


class TurnState(StrEnum):
    """What the gateway will do about one turn by itself; whether it was paid, its payment tells."""

    SCHEDULED = "scheduled"
    RETRYING = "retrying"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class SubscriptionRule:
    """What a gateway can do for subscriptions.

    ``is_hosted``: the payer must agree on the gateway's page (``GatewaySubscription.link``) before anything
    is charged; else the first charge exists at once. ``moves_open``: a new amount may also be asked for by
    what was issued before. ``has_plans``: it keeps reusable plans with a public link of their own.
    ``recovers``: what fell into a pause is charged afterwards. ``issues_ahead``: so many days before it is
    due, at most, a turn is issued. ``takes_turns``: it can be told after how many of them to end.
    """

    methods: frozenset[Method]
    cycles: frozenset[Cycle]
    is_hosted: bool = False
    moves_open: bool = False
    has_plans: bool = False
    recovers: bool = False
    issues_ahead: int = 0
    takes_turns: bool = False


@dataclass(frozen=True, kw_only=True)
class SubscriptionOrder:
    """What we ask a gateway to collect again and again.

    ``reference`` (at most 64 of ``[A-Za-z0-9_-]``) comes back in the subscription and, where the gateway
    copies it, in every payment. ``starts_on`` is the due date of the first turn, a civil date of the account.
    It ends with ``ends_on`` (that day included) or after ``turns`` of them, or never.
    """

    reference: str
    idempotency_key: str
    customer: CustomerDetails
    customer_id: str
    method: Method
    amount_cents: int
    currency: str
    description: str
    cycle: Cycle
    starts_on: date
    ends_on: date | None = None
    turns: int | None = None
    return_url: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanOrder:
    """A reusable agreement that any number of payers may enter by one public link."""

    reference: str
    amount_cents: int
    currency: str
    description: str
    cycle: Cycle
    turns: int | None = None
    return_url: str = ""


@dataclass(frozen=True, kw_only=True)
class GatewaySubscription:
    """Everything we believe about one subscription, from one fetch.

    ``status`` and ``cycle`` are ``None`` for words we do not know; ``gateway_status`` always keeps the word.
    ``next_due_on`` is what the gateway calls its next date: on Asaas the first turn that is not issued yet.
    ``version`` orders two fetches of the same subscription where the gateway counts them, else ``None``.
    ``link``: where its payer agrees to it. ``plan_id``: the gateway's plan it was made from. ``checkout_id``:
    the page it was born on. ``collected``: how many turns were charged, where told.
    """

    gateway_id: str
    reference: str
    status: SubscriptionStatus | None
    gateway_status: str
    method: Method | None
    amount_cents: int
    currency: str
    account_id: str
    cycle: Cycle | None
    description: str = ""
    is_deleted: bool = False
    starts_on: date | None = None
    next_due_on: date | None = None
    ends_on: date | None = None
    turns: int | None = None
    link: str = ""
    plan_id: str = ""
    checkout_id: str = ""
    customer_id: str = ""
    payer: CustomerDetails | None = None
    created_at: datetime | None = None
    version: int | None = None
    collected: int | None = None


@dataclass(frozen=True, kw_only=True)
class GatewayTurn:
    """One turn of a subscription, from one fetch.

    ``gateway_id`` is the turn's own: on Asaas that of its payment. ``payment_ids``: the attempts to collect
    it, the newest last, as far as told. ``payment`` where the answer held all of it. ``next_try_at``: when
    the gateway tries again after a refusal. ``unread``: why what the list lacks of it could not be read; then
    nothing else of it is to be relied on.
    """

    gateway_id: str
    subscription_id: str
    reference: str
    state: TurnState | None
    gateway_status: str
    amount_cents: int
    currency: str
    due_on: date | None = None
    payment_ids: tuple[str, ...] = ()
    payment: GatewayPayment | None = None
    tries: int = 0
    next_try_at: datetime | None = None
    version: datetime | None = None
    unread: GatewayError | None = None


@dataclass(frozen=True, kw_only=True)
class GatewayPlan:
    """A reusable plan as the gateway has it; ``link`` is its public page."""

    gateway_id: str
    reference: str
    is_active: bool
    gateway_status: str
    amount_cents: int
    currency: str
    cycle: Cycle | None
    description: str = ""
    link: str = ""
    turns: int | None = None
    account_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SubscriptionChange:
    """What shall be otherwise; ``None`` stays. ``with_open``: also what was issued before and is not paid.

    ``status`` is ``ACTIVE`` (resume), ``PAUSED`` or ``CANCELLED``. Ask for one thing at a time: a gateway may
    apply half of a mixed change (mercadopago.md 4.4).
    """

    status: SubscriptionStatus | None = None
    amount_cents: int | None = None
    description: str | None = None
    next_due_on: date | None = None
    reference: str | None = None
    with_open: bool = False
