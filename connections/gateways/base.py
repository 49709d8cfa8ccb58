"""The contract every gateway fulfils, and the plain values that cross its border.

Pure Python: no Django in here. Amounts are integer hundredths of the currency, times are aware UTC,
ids are opaque strings, and a status that the gateway invented yesterday is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol

from connections.gateways.accounts import Access as Access
from connections.gateways.accounts import Account as Account
from connections.gateways.accounts import Budget as Budget
from connections.gateways.accounts import DocumentRule as DocumentRule
from connections.gateways.accounts import Exchange as Exchange
from connections.gateways.accounts import Notice as Notice
from connections.gateways.accounts import PaymentWay as PaymentWay
from connections.gateways.accounts import SecretField as SecretField
from connections.gateways.accounts import Secrets as Secrets
from connections.gateways.accounts import TypingHint as TypingHint
from connections.gateways.accounts import WebhookRegistration as WebhookRegistration
from connections.gateways.calls import CustomerCalls as CustomerCalls
from connections.gateways.calls import DisputeCalls as DisputeCalls
from connections.gateways.calls import SubscriptionCalls as SubscriptionCalls
from connections.gateways.charges import Address as Address
from connections.gateways.charges import Boleto as Boleto
from connections.gateways.charges import ChargeOrder as ChargeOrder
from connections.gateways.charges import CustomerDetails as CustomerDetails
from connections.gateways.charges import GatewayCharge as GatewayCharge
from connections.gateways.charges import GatewayPayment as GatewayPayment
from connections.gateways.charges import OrderLine as OrderLine
from connections.gateways.charges import PixCode as PixCode
from connections.gateways.charges import PreparedCall as PreparedCall
from connections.gateways.charges import RefundAnswer as RefundAnswer
from connections.gateways.charges import RefundItem as RefundItem
from connections.gateways.charges import RefundOrder as RefundOrder
from connections.gateways.charges import Terms as Terms
from connections.gateways.countries import Country as Country
from connections.gateways.disputes import DisputeKind as DisputeKind
from connections.gateways.disputes import DisputeState as DisputeState
from connections.gateways.disputes import GatewayDispute as GatewayDispute
from connections.gateways.guides import Holder as Holder
from connections.gateways.guides import SandboxCard as SandboxCard
from connections.gateways.guides import SandboxGuide as SandboxGuide
from connections.gateways.instalments import InstalmentRule as InstalmentRule
from connections.gateways.markets import Market as Market
from connections.gateways.samples import Sample as Sample
from connections.gateways.samples import SampleCalls as SampleCalls
from connections.gateways.samples import Step as Step
from connections.gateways.subscriptions import Cycle as Cycle
from connections.gateways.subscriptions import GatewayPlan as GatewayPlan
from connections.gateways.subscriptions import GatewaySubscription as GatewaySubscription
from connections.gateways.subscriptions import GatewayTurn as GatewayTurn
from connections.gateways.subscriptions import PlanOrder as PlanOrder
from connections.gateways.subscriptions import SubscriptionChange as SubscriptionChange
from connections.gateways.subscriptions import SubscriptionOrder as SubscriptionOrder
from connections.gateways.subscriptions import SubscriptionRule as SubscriptionRule
from connections.gateways.subscriptions import SubscriptionStatus as SubscriptionStatus
from connections.gateways.subscriptions import TurnState as TurnState
from connections.gateways.vocabulary import Environment as Environment
from connections.gateways.vocabulary import Method as Method
from connections.gateways.vocabulary import PaymentStatus as PaymentStatus
from connections.gateways.vocabulary import RefundState as RefundState
from connections.gateways.vocabulary import Rejection as Rejection
from connections.gateways.vocabulary import ResourceKind as ResourceKind


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One HTTP request to a webhook URL, as received.

    ``headers`` has lower-case names, ``query`` is the undecoded query string.
    """

    headers: Mapping[str, str]
    query: str
    body: bytes

    def __repr__(self) -> str:
        return f"<delivery of {len(self.body)} bytes>"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The result of checking a delivery: accepted with which secret, or why not."""

    rejection: Rejection | None = None
    secret_name: str = ""
    is_unsigned_hint: bool = False

    @property
    def is_accepted(self) -> bool:
        return self.rejection is None


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What a verified delivery announces. Nothing in it is believed before a fetch.

    ``dedupe_key`` names the delivery's meaning within its connection. ``kind`` is ``None`` when the topic
    points at nothing we follow; with ``is_order`` its id is an order's, whose payments
    ``fetch_order_payments`` names. ``expected`` is the status the body hints at,
    ``expected_refunded_cents`` the sum it says was given back, ``can_change`` is false
    for topics that cannot move a charge (``*_VIEWED``), ``is_step_back`` true for those that undo
    something: an answer that is further along is then not newer, but older. ``is_about_key`` marks what
    tells of our access to the account: a reason to check the key, never a state by itself. With
    ``is_key_expiring`` a key of the account, not surely ours, is about to end, on a day if that was said.
    ``expected_counter`` is the count of changes it speaks of (``GatewaySubscription.version``);
    ``expected_subscription`` what a subscription became and ``expected_amount_cents`` what a turn costs now;
    ``forbids_delivery``: the gateway suspects fraud, what was sold shall not be handed over. ``idle``: why a
    topic that names nothing we follow needs nothing done (a key of ``Gateway.idle_reasons``).
    """

    topic: str
    dedupe_key: str
    kind: ResourceKind | None = None
    gateway_id: str = ""
    action: str = ""
    reference: str = ""
    expected: PaymentStatus | None = None
    expected_refunded_cents: int = 0
    occurred_at: datetime | None = None
    is_live: bool | None = None
    can_change: bool = True
    is_readable: bool = True
    is_test: bool = False
    is_step_back: bool = False
    is_order: bool = False
    is_about_key: bool = False
    is_key_expiring: bool = False
    key_expires_on: date | None = None
    expected_counter: int | None = None
    expected_subscription: SubscriptionStatus | None = None
    expected_amount_cents: int | None = None
    forbids_delivery: bool = False
    idle: str = ""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a gateway can do for a charge, for the forms and ``docs/capabilities.md``.

    ``replays``: sending the same bytes with the same key again answers with the first object.
    ``resends``: not that, but once a look-up by our reference found nothing it may be sent again.
    ``pix_minutes``: the shortest and longest life of a PIX code, in minutes.
    ``reports_overdue``: the gateway itself says when a charge is past due; else that is our own rule.
    ``takes_terms``: it grants a discount and charges fine and interest by itself, as ``Terms`` say.
    ``codes_of_any``: what can be fetched to pay by where the payer chooses, beside the page.
    ``boleto_days``: the earliest and latest due date of a boleto, in days from today. ``needs_address``: for
    these methods the payer's address must be known. ``takes_late_days``: it can be told how long after the
    due date a boleto may be paid.
    ``refunds``: methods whose payments can be given back, ``partial_refunds`` also in parts,
    ``payer_refunds`` only together with the payer, who says where to. ``refund_days``: so long after the
    payment. ``replays_refunds``: the same bytes with the same key again make no second refund.
    ``keeps_fees``: the fee of a payment does not come back with it.
    ``tells_settlement``: it notifies when the money of a payment becomes available, not only when it is paid.
    ``changes``: the methods of ``Gateway`` that change what was created, other than by cancelling it.
    ``remakes``: those it lacks, where what was created is cancelled and made again instead.
    ``instalments``: by way of paying, in how many parcels and of what size; a way without a rule has one.
    ``checkout_minutes``: the shortest and longest life of a page (``ResourceKind.CHECKOUT``), in minutes, on
    which a card is paid in parcels, where that is made anew when it is wanted.
    ``sandbox_actions``: the methods of ``Gateway`` that act for the payer in the sandbox.
    ``subscriptions``: what it can collect again and again, ``None`` for nothing.
    ``disputes``: the kinds it shows. ``lost_as_refunded``: a chargeback that was lost looks like money given
    back, only that no refund is listed for it.
    ``signs_request_id``: the signature of its notifications holds their ``x-request-id``.
    ``missing``: why this account does not take a method that others take. ``limits``: the least and most
    cents of a method where they are not those of the gateway; a most of 0 is none.
    """

    methods: frozenset[Method]
    minimum_cents: int
    registers_webhook: bool
    has_versions: bool
    pix_minutes: tuple[int, int] | None = None
    replays: frozenset[ResourceKind] = frozenset()
    resends: frozenset[ResourceKind] = frozenset()
    reports_overdue: bool = False
    takes_terms: bool = False
    codes_of_any: frozenset[Method] = frozenset()
    boleto_days: tuple[int, int] | None = None
    takes_late_days: bool = False
    needs_address: frozenset[Method] = frozenset()
    refunds: frozenset[Method] = frozenset()
    partial_refunds: frozenset[Method] = frozenset()
    payer_refunds: frozenset[Method] = frozenset()
    refund_days: int | None = None
    replays_refunds: bool = False
    keeps_fees: bool = False
    tells_settlement: bool = False
    changes: frozenset[str] = frozenset()
    remakes: frozenset[str] = frozenset()
    sandbox_actions: frozenset[str] = frozenset()
    instalments: Mapping[Method, InstalmentRule] = field(default_factory=dict)
    checkout_minutes: tuple[int, int] | None = None
    subscriptions: SubscriptionRule | None = None
    disputes: frozenset[DisputeKind] = frozenset()
    signs_request_id: bool = False
    lost_as_refunded: bool = False
    missing: Mapping[Method, str] = field(default_factory=dict)
    limits: Mapping[Method, tuple[int, int]] = field(default_factory=dict)
    concurrency: int = 40
    window_calls: int = 24_000
    window_seconds: int = 12 * 60 * 60

    def least_cents(self, method: str) -> int:
        return max(self.minimum_cents, self._limits(method)[0])

    def most_cents(self, method: str) -> int | None:
        return self._limits(method)[1] or None

    def _limits(self, method: str) -> tuple[int, int]:
        return next((limits for known, limits in self.limits.items() if known == method), (0, 0))


class Gateway(CustomerCalls, SubscriptionCalls, DisputeCalls, SampleCalls, Protocol):
    """One gateway, speaking for one connection. Every method may raise a ``GatewayError``.

    ``status_reasons``: what the last part (after a slash) of a payment's ``gateway_status`` means to people.
    ``topic_words``: what a notification's action, else its topic, says to people. ``refund_reasons``: what
    the gateway's word for a refund (``RefundItem.status``) says where somebody must act. ``idle_reasons``:
    why a notification needs nothing done (``Notification.idle``). ``subscribed_topics`` are registered for by
    API, ``panel_topics`` are ticked by a person.
    """

    name: str
    label: str
    capabilities: Capabilities
    credential_fields: Sequence[SecretField]
    webhook_secret_fields: Sequence[SecretField]
    panel_topics: Sequence[str]
    # The way to ``keys``, ``webhooks`` and ``pix_keys`` in the panel, in the panel's own words.
    panel_places: Mapping[str, str] = MappingProxyType({})
    subscribed_topics: Sequence[str] = ()
    sandbox_guide: SandboxGuide = SandboxGuide()
    status_reasons: Mapping[str, str] = MappingProxyType({})
    topic_words: Mapping[str, str] = MappingProxyType({})
    refund_reasons: Mapping[str, str] = MappingProxyType({})
    idle_reasons: Mapping[str, str] = MappingProxyType({})

    def __init__(self, access: Access) -> None: ...

    @classmethod
    def capabilities_in(cls, market: Market) -> Capabilities:
        """What an account can do there; by itself the same everywhere."""
        return cls.capabilities

    @classmethod
    def review_credentials(cls, credentials: Secrets, environment: Environment) -> Sequence[Notice]:
        """Refusals that need no call (wrong prefix, a Public Key in the place of a token), in our words."""

    def check_credentials(self) -> Account:
        """Ask the gateway whose account this is. Raises ``CredentialsRefused``."""

    def read_webhook(self, *, url: str, webhook_id: str = "") -> WebhookRegistration | None:
        """Our registration under ``url``, or None; also None where there is no API for it.

        Where none has the address, the one that was ours by its id, which then has the problem
        ``webhook_wrong_url``.
        """

    def register_webhook(
        self, *, url: str, token: str, email: str, name: str, old_url: str = "", webhook_id: str = ""
    ) -> WebhookRegistration:
        """Create the registration, or mend the one that has this URL (token, events, version, queue).

        One that has only ``old_url``, or else this id, is moved to the address in place, with its queue.
        """

    def resume_webhook(self, *, url: str) -> WebhookRegistration:
        """Let a stopped or slowed queue flow again; address, token, events and a disabled state stay.

        Raises ``NotFound`` without a registration under ``url``, ``RequestRefused`` where there is no API.
        """

    def prepare_charge(self, order: ChargeOrder) -> PreparedCall:
        """The creating call for this order, without sending it. The same order gives the same bytes.

        Raises ``RequestRefused`` for what this gateway can never accept. Only an expiry at the edge of what
        the gateway allows moves with the clock: store the bytes, do not prepare them twice.
        """

    def submit_charge(self, prepared: PreparedCall) -> GatewayCharge:
        """Send a prepared call. ``GatewayUnavailable.maybe_sent`` decides whether to look it up first."""

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        """The full state of one payment. Raises ``NotFound``."""

    def fetch_charge(self, kind: ResourceKind, gateway_id: str) -> GatewayCharge:
        """What we created, with every payment it has collected so far. Raises ``NotFound``."""

    def fetch_order_payments(self, order_id: str) -> tuple[str, ...]:
        """The payments of an order at the gateway (``Notification.is_order``). Raises ``NotFound``."""

    def fetch_pix_code(self, gateway_id: str) -> PixCode | None:
        """The copy-and-paste text of a payment, or None while the gateway has none."""

    def fetch_boleto(self, gateway_id: str) -> Boleto | None:
        """Line and bar code of a boleto payment, or None while the gateway has none.

        Raises ``UnreadableAnswer`` for digits that do not fit one another or the amount.
        """

    def find_charges(self, reference: str) -> Sequence[GatewayCharge]:
        """What the gateway lists under our reference, oldest first. Lists lag and hide deleted ones."""

    def changed_payments(self, *, since: datetime) -> Iterator[GatewayPayment]:
        """Every payment of the account made since then, or perhaps changed, as the gateway lists it.

        ``since`` is aware UTC. A page is asked for when the one before is read through, so any step may
        raise; asking again starts over. Some come twice, many have not changed. Lists lag and may shorten:
        fetch by id what matters. The adapter says which changes no list shows: ask for those one by one.
        """

    def cancel_charge(self, kind: ResourceKind, gateway_id: str) -> None:
        """Make what we created unpayable: a hosted page is closed and its waiting payments are cancelled.

        What was paid stays paid: fetch afterwards. May be repeated. Raises ``NotFound``, and
        ``RequestRefused`` with the gateway's sentence where the state forbids it.
        """

    def change_due_date(self, gateway_id: str, due_date: date) -> None:
        """Ask for the same payment by another civil date; a payment that is overdue waits again.

        This and the next five may be repeated, and tell nothing: fetch afterwards. Each raises ``NotFound``,
        and ``RequestRefused`` where the state forbids it or the gateway cannot (``Capabilities.changes``).
        Refused when sent again it may be done all the same.
        """

    def change_amount(self, gateway_id: str, amount_cents: int) -> None:
        """Ask for another amount by the same payment; its terms stay as they are."""

    def change_description(self, gateway_id: str, description: str) -> None:
        """Have the payer read something else."""

    def receive_in_cash(self, gateway_id: str, *, amount_cents: int, paid_on: date) -> None:
        """Say that a waiting payment was paid outside the gateway, on a civil date."""

    def undo_cash(self, gateway_id: str) -> None:
        """Take back that a payment was paid outside the gateway: it waits again."""

    def restore_charge(self, gateway_id: str) -> None:
        """Let a payment that was cancelled wait again."""

    def prepare_refund(self, order: RefundOrder) -> PreparedCall:
        """The refunding call, without sending it. The same order gives the same bytes.

        Raises ``RequestRefused`` for what this gateway never gives back in this way, in our words.
        """

    def submit_refund(self, prepared: PreparedCall) -> RefundAnswer:
        """Send a prepared refund. ``GatewayUnavailable.maybe_sent``: look at the payment's refunds first.

        Raises ``RequestRefused`` with the gateway's sentence and our ``advice`` (no balance, too old, ...).
        Refused when sent again it may be done all the same: "nothing is left" is true then, too.
        """

    def simulate_payment(self, gateway_id: str) -> None:
        """Let the sandbox pay this payment. ``RequestRefused`` in production and where not declared."""

    def simulate_overdue(self, gateway_id: str) -> None:
        """Let the sandbox make this payment overdue. ``RequestRefused`` like ``simulate_payment``."""

    @classmethod
    def verify(
        cls, delivery: Delivery, secrets: Secrets, *, now: datetime, tolerance_seconds: int | None = None
    ) -> Verification:
        """Check what the gateway signs, before anything of the body is read; ``None`` or 0 is any age."""

    @classmethod
    def parse(cls, delivery: Delivery) -> Notification:
        """Read a verified delivery; never raises, whatever the bytes."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One line of the registry."""

    name: str
    label: str
    path: str = field(repr=False)
