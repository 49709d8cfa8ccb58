"""The contract every gateway fulfils, and the plain values that cross its border.

Pure Python: no Django in here. Amounts are integer hundredths of the currency, times are aware UTC,
ids are opaque strings, and a status that the gateway invented yesterday is ``None``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from connections.gateways.vocabulary import Environment as Environment
from connections.gateways.vocabulary import Method as Method
from connections.gateways.vocabulary import PaymentStatus as PaymentStatus
from connections.gateways.vocabulary import Rejection as Rejection
from connections.gateways.vocabulary import ResourceKind as ResourceKind


class Secrets(Mapping[str, str]):
    """Named secret strings that never print themselves."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "<secrets>"

    __str__ = __repr__


@dataclass(frozen=True, kw_only=True)
class SecretField:
    """One write-only box of the connection form."""

    name: str
    label: str
    help: str
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something an administrator should know about an account; ``code`` is stable, ``text`` is ours."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whose account a key opens, as learned from the gateway."""

    account_id: str
    name: str
    environment: Environment
    site: str
    currency: str
    time_zone: str
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WebhookRegistration:
    """The state of our webhook at a gateway that has an API for it."""

    webhook_id: str
    url: str
    enabled: bool
    interrupted: bool
    penalties: int
    problems: tuple[Notice, ...] = ()

    @property
    def is_healthy(self) -> bool:
        return self.enabled and not self.interrupted and not self.penalties and not self.problems


@dataclass(frozen=True, kw_only=True)
class CustomerDetails:
    """Who pays. ``document`` holds letters and digits only; ``document_type`` is ``CPF``, ``CNPJ``, ..."""

    reference: str
    name: str
    document: str
    document_type: str
    email: str = ""
    phone: str = ""

    def __repr__(self) -> str:
        return f"<customer {self.reference}>"


@dataclass(frozen=True, kw_only=True)
class ChargeOrder:
    """What we ask a gateway to collect.

    ``reference`` (at most 64 of ``[A-Za-z0-9_-]``) is our name for the charge and comes back in every
    payment. ``due_date`` is a civil date in the account's time zone. ``hosted`` asks for the gateway's
    hosted page even where a direct payment exists.
    """

    reference: str
    idempotency_key: str
    customer: CustomerDetails
    customer_id: str
    method: Method
    amount_cents: int
    currency: str
    description: str
    due_date: date
    notification_url: str
    expires_at: datetime | None = None
    return_url: str = ""
    hosted: bool = False


@dataclass(frozen=True, kw_only=True)
class PreparedCall:
    """One creating call, ready to send and to send again byte for byte. The body holds personal data."""

    kind: ResourceKind
    method: str
    path: str
    body: str
    idempotency_key: str

    def __repr__(self) -> str:
        return f"<prepared {self.method} {self.path}>"


@dataclass(frozen=True, kw_only=True)
class PixCode:
    """The copy-and-paste text of a PIX charge and when it stops working."""

    text: str
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RefundItem:
    """One refund as the gateway lists it. Asaas refunds have no id: then ``refund_id`` is empty."""

    refund_id: str
    amount_cents: int
    status: str
    created_at: datetime | None
    is_done: bool


@dataclass(frozen=True, kw_only=True)
class GatewayPayment:
    """Everything we believe about one payment, from one fetch.

    ``amount_cents`` is what was asked for by this payment, ``received_cents`` what the payer handed over
    for it (0 while unpaid), ``refunded_cents`` the refunds that are done. ``version`` orders two fetches
    of the same payment where the gateway has one, as an aware UTC time, else ``None``.
    ``status`` is ``None`` for a word we do not know; ``gateway_status`` always keeps the word. For cards
    ``received_cents`` leaves out interest that is the gateway's. ``origin_id`` names what the payment was
    born from at the gateway (subscription, instalment plan, link, merchant order), empty for a direct one.
    """

    gateway_id: str
    reference: str
    status: PaymentStatus | None
    gateway_status: str
    method: Method | None
    amount_cents: int
    received_cents: int
    refunded_cents: int
    currency: str
    account_id: str
    is_deleted: bool = False
    fee_cents: int | None = None
    net_cents: int | None = None
    due_date: date | None = None
    created_at: datetime | None = None
    paid_at: datetime | None = None
    settles_at: datetime | None = None
    settled_at: datetime | None = None
    expires_at: datetime | None = None
    version: datetime | None = None
    pix: PixCode | None = None
    link: str = ""
    refunds: tuple[RefundItem, ...] = ()
    origin_id: str = ""


@dataclass(frozen=True, kw_only=True)
class GatewayCharge:
    """What exists at the gateway for one charge of ours: the thing we created and its payments so far."""

    kind: ResourceKind
    gateway_id: str
    reference: str
    link: str
    payments: tuple[GatewayPayment, ...] = ()
    is_open: bool = True


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
    points at nothing we follow. ``expected`` is the status the body hints at, ``can_change`` is false
    for topics that cannot move a charge (``*_VIEWED``).
    """

    topic: str
    dedupe_key: str
    kind: ResourceKind | None = None
    gateway_id: str = ""
    action: str = ""
    reference: str = ""
    expected: PaymentStatus | None = None
    occurred_at: datetime | None = None
    is_live: bool | None = None
    can_change: bool = True
    is_readable: bool = True
    is_test: bool = False


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One finished call, redacted, for the timeline: no credential and no personal data."""

    method: str
    path: str
    request_body: str
    http_status: int | None
    response_body: str
    request_id: str
    milliseconds: int
    error: str = ""


class Budget(Protocol):
    """The calls a connection may make, shared by every process."""

    def acquire(self) -> None:
        """Take one place; raises ``BudgetExhausted``."""

    def release(self) -> None: ...

    def pause(self, seconds: float) -> None:
        """Let nobody call for a while (the gateway answered 429)."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """All an adapter needs to speak for one connection."""

    credentials: Secrets
    environment: Environment
    now: Callable[[], datetime]
    account_id: str = ""
    budget: Budget | None = None
    simulator_url: str = ""
    on_exchange: Callable[[Exchange], None] | None = None
    deadline_seconds: float = 20.0
    seconds_left: Callable[[], float] | None = None


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a gateway can do for a charge, for the forms and ``docs/capabilities.md``.

    ``replays``: sending the same bytes with the same key again answers with the first object.
    ``resends``: not that, but once a look-up by our reference found nothing it may be sent again.
    ``pix_minutes``: the shortest and longest life of a PIX code, in minutes.
    """

    methods: frozenset[Method]
    minimum_cents: int
    registers_webhook: bool
    has_versions: bool
    pix_minutes: tuple[int, int] | None = None
    replays: frozenset[ResourceKind] = frozenset()
    resends: frozenset[ResourceKind] = frozenset()
    concurrency: int = 40
    window_calls: int = 24_000
    window_seconds: int = 12 * 60 * 60


class Gateway(Protocol):
    """One gateway, speaking for one connection. Every method may raise a ``GatewayError``."""

    name: str
    label: str
    capabilities: Capabilities
    credential_fields: Sequence[SecretField]
    webhook_secret_fields: Sequence[SecretField]
    panel_topics: Sequence[str]

    def __init__(self, access: Access) -> None: ...

    @classmethod
    def review_credentials(cls, credentials: Secrets, environment: Environment) -> Sequence[Notice]:
        """Refusals that need no call (wrong prefix, a Public Key in the place of a token), in our words."""

    def check_credentials(self) -> Account:
        """Ask the gateway whose account this is. Raises ``CredentialsRefused``."""

    def read_webhook(self, *, url: str) -> WebhookRegistration | None:
        """Our registration under ``url``, or None; also None where there is no API for it."""

    def register_webhook(self, *, url: str, token: str, email: str, name: str) -> WebhookRegistration:
        """Create the registration, or mend the one that has this URL (token, events, version, queue)."""

    def find_customer(self, details: CustomerDetails) -> str:
        """The gateway id of the customer with this document, or an empty string."""

    def create_customer(self, details: CustomerDetails) -> str:
        """The new customer's gateway id. Empty where the gateway keeps no customers for charging."""

    def prepare_charge(self, order: ChargeOrder) -> PreparedCall:
        """The creating call for this order, without sending it. The same order gives the same bytes.

        Raises ``RequestRefused`` for what this gateway can never accept. Only an expiry at the edge of what
        the gateway allows moves with the clock: store the bytes, do not prepare them twice.
        """

    def submit_charge(self, prepared: PreparedCall) -> GatewayCharge:
        """Send a prepared call. ``GatewayUnavailable.maybe_sent`` decides whether to look it up first."""

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        """The full state of one payment. Raises ``NotFound``."""

    def fetch_pix_code(self, gateway_id: str) -> PixCode | None:
        """The copy-and-paste text of a payment, or None while the gateway has none."""

    def find_charges(self, reference: str) -> Sequence[GatewayCharge]:
        """What the gateway lists under our reference, oldest first. Lists lag and hide deleted ones."""

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
