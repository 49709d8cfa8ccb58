"""Plain values about charges and payments: what we ask for, and what a gateway says exists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from connections.gateways.vocabulary import Method, PaymentStatus, RefundState, ResourceKind


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the payer lives. ``zip_code`` holds digits only, ``state`` two letters (``SP``)."""

    zip_code: str
    street: str
    number: str
    district: str
    city: str
    state: str

    def __repr__(self) -> str:
        return "<address>"


@dataclass(frozen=True, kw_only=True)
class CustomerDetails:
    """Who pays. ``document`` holds letters and digits only; ``document_type`` is ``CPF``, ``CNPJ``, ..."""

    reference: str
    name: str
    document: str
    document_type: str
    email: str = ""
    phone: str = ""
    address: Address | None = None

    def __repr__(self) -> str:
        return f"<customer {self.reference}>"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """By how much less or more than its amount a charge is paid, by the day of payment.

    ``discount_cents`` is granted until ``discount_until`` (that day included). After the due date
    ``fine_cents`` is owed once, and ``interest_bp`` by the day: hundredths of a percent of the amount a
    month, a thirtieth of it each day. Nothing is owed or granted by plain terms.
    """

    discount_cents: int = 0
    discount_until: date | None = None
    fine_cents: int = 0
    interest_bp: int = 0


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One item of a charge: so many of it at this price, and what is off that."""

    description: str
    quantity: int
    unit_cents: int
    discount_cents: int = 0


@dataclass(frozen=True, kw_only=True)
class ChargeOrder:
    """What we ask a gateway to collect.

    ``reference`` (at most 64 of ``[A-Za-z0-9_-]``) is our name for the charge and comes back in every
    payment. ``due_date`` is a civil date in the account's time zone. ``hosted`` asks for the gateway's
    hosted page even where a direct payment exists; a card is paid on one in any case, as card numbers
    never pass through us. ``late_days``: how long after the due date a boleto may still be paid, where the
    gateway can be told; ``None`` leaves it to the gateway. ``lines`` come to ``amount_cents``, or there
    are none.
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
    terms: Terms = Terms()
    late_days: int | None = None
    lines: tuple[OrderLine, ...] = ()
    instalments: int = 1


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
class Boleto:
    """How a boleto is paid: its digitable line (47 digits), its bar code (44 digits), and the file."""

    line: str
    barcode: str
    pdf_url: str = ""


@dataclass(frozen=True, kw_only=True)
class RefundItem:
    """One refund as the gateway lists it. Asaas refunds have no id: then ``refund_id`` is empty.

    ``status`` is the gateway's word, ``state`` ours, ``None`` for a word we do not know.
    """

    refund_id: str
    amount_cents: int
    status: str
    state: RefundState | None
    created_at: datetime | None

    @property
    def is_done(self) -> bool:
        return self.state == RefundState.DONE


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """Money to give back from one payment.

    ``is_rest``: all that is left of it, and no refund before it is undecided; a gateway that is told no
    amount then gives back this one and no other. ``method`` is how it was paid; ``is_cash``: outside the
    gateway. ``reason`` may be shown to the payer by the gateway.
    """

    payment_id: str
    method: Method | None
    amount_cents: int
    currency: str
    idempotency_key: str
    reason: str = ""
    is_rest: bool = False
    is_cash: bool = False


@dataclass(frozen=True, kw_only=True)
class RefundAnswer:
    """What the gateway said to a refund: the refund, the payment with it, or where its payer must go.

    All may be missing: the same refund sent again is answered without a word (mercadopago.md 1.5); fetch
    the payment then. ``payer_link``: the payer tells there where the money shall go (asaas.md 3.8).
    """

    refund: RefundItem | None = None
    payment: GatewayPayment | None = None
    payer_link: str = ""


@dataclass(frozen=True, kw_only=True)
class GatewayPayment:
    """Everything we believe about one payment, from one fetch.

    ``amount_cents`` is what was asked for by this payment, ``received_cents`` what the payer handed over
    for it (0 while unpaid), ``refunded_cents`` the refunds that are done. Of a sum that differs from what was
    asked, ``interest_cents`` is the part the gateway calls fine and interest, and ``discount_cents`` what
    the terms it holds granted on the day of payment (0: none); ``None`` where the body does not tell.
    ``terms`` are those the gateway holds for it, ``None`` where it has none or does not tell. ``parcel`` is
    its number (from 1) within the plan ``plan_id``; ``checkout_id`` is the page it was born on, if any.
    ``is_cash``: a person said it was paid, the gateway never saw the money. ``is_refunding``: money is on its
    way back, whether or not ``refunds`` lists it already. ``version`` orders two fetches
    of the same payment where the gateway has one, as an aware UTC time, else ``None``.
    ``status`` is ``None`` for a word we do not know; ``gateway_status`` always keeps the word. For cards
    ``received_cents`` leaves out interest that is the gateway's. ``fee_cents`` is what the gateway keeps of
    it and ``net_cents`` the rest, both as when it was paid: what is given back later changes neither; what
    of the fee comes back with it is ``fee_returned_cents``.
    ``settles_at`` is when the net is expected in the account, ``settled_at`` when it came there;
    ``is_anticipated``: it was advanced, so nothing more comes on the day expected. ``origin_id`` names what
    the payment was born from at the gateway (subscription, instalment plan, link, merchant order), empty for
    a direct one.
    Attempts to pay one thing share an ``order_id`` where the gateway has one. Who pays is the gateway's
    ``customer_id`` (``Gateway.fetch_customer``) or, as far as the body tells, the ``payer``.
    ``subscription_id``: it collects a turn of that subscription. ``is_card_check``: it only proves a card.
    ``has_dispute``: it tells of one, even if that is over.
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
    is_cash: bool = False
    is_refunding: bool = False
    is_anticipated: bool = False
    interest_cents: int | None = None
    discount_cents: int | None = None
    fee_cents: int | None = None
    net_cents: int | None = None
    fee_returned_cents: int = 0
    due_date: date | None = None
    created_at: datetime | None = None
    paid_at: datetime | None = None
    settles_at: datetime | None = None
    settled_at: datetime | None = None
    expires_at: datetime | None = None
    version: datetime | None = None
    pix: PixCode | None = None
    boleto: Boleto | None = None
    link: str = ""
    refunds: tuple[RefundItem, ...] = ()
    origin_id: str = ""
    terms: Terms | None = None
    parcel: int | None = None
    plan_id: str = ""
    checkout_id: str = ""
    description: str = ""
    order_id: str = ""
    customer_id: str = ""
    payer: CustomerDetails | None = None
    subscription_id: str = ""
    is_card_check: bool = False
    has_dispute: bool = False


@dataclass(frozen=True, kw_only=True)
class GatewayCharge:
    """What exists at the gateway for one charge of ours: the thing we created and its payments so far.

    A hosted page may collect several: refused attempts, and even two that were paid. ``is_open``: somebody
    can begin to pay; a payment that waits on a page outlives the page. ``instalments``: of a plan, how many
    parcels it was made of, whether or not ``payments`` shows them all. ``asked_cents``: what it asks for all
    in all, where that is told and cannot be changed any more, else ``None``.
    """

    kind: ResourceKind
    gateway_id: str
    reference: str
    link: str
    payments: tuple[GatewayPayment, ...] = ()
    is_open: bool = True
    instalments: int = 1
    asked_cents: int | None = None
