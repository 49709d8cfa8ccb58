"""Mercado Pago: payments and Checkout Pro preferences; the rest is in ``calls`` (mercadopago.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from connections.gateways.base import (
    Access,
    Account,
    Boleto,
    Capabilities,
    ChargeOrder,
    CustomerDetails,
    Delivery,
    DisputeKind,
    Environment,
    Gateway,
    GatewayCharge,
    GatewayPayment,
    InstalmentRule,
    Market,
    Method,
    Notice,
    Notification,
    PaymentStatus,
    PixCode,
    PreparedCall,
    RefundAnswer,
    RefundOrder,
    ResourceKind,
    SecretField,
    Secrets,
    Terms,
    Verification,
    WebhookRegistration,
)
from connections.gateways.boletos import MISFIT
from connections.gateways.errors import NotFound, RequestRefused, UnreadableAnswer
from connections.gateways.mercadopago import (
    boletos,
    listing,
    lookups,
    mapping,
    notifications,
    orders,
    recurring,
    refunds,
    sites,
    ways,
)
from connections.gateways.mercadopago import credentials as keys
from connections.gateways.mercadopago.api import MercadoPagoApi, required_id
from connections.gateways.mercadopago.calls import DisputeAnswers, RecurringCalls
from connections.gateways.mercadopago.guide import PANEL_PLACES, SANDBOX_GUIDE, STATUS_REASONS
from connections.gateways.mercadopago.samples import Samples
from connections.gateways.mercadopago.topics import IDLE_REASONS, TOPIC_WORDS
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, record, text

_INACTIVE = Notice(
    code="account_not_approved", text=_("Mercado Pago does not allow this account to charge at the moment.")
)
_UNKNOWN_SITE = Notice(
    code="site_unknown", text=_("The account belongs to a country we do not know the currency of.")
)
_NO_WEBHOOK_API = _("Mercado Pago has no API for webhooks: enter the address in its panel.")
_CANNOT_SIMULATE = _(
    "Mercado Pago cannot simulate this: pay on its page with a test card. PIX stays unpaid in its tests."
)
_NO_TERMS = _("Mercado Pago grants no discount and charges no fine or interest by itself.")
_NO_OTHER_DAY = _("Mercado Pago cannot move a due date.")
_NO_OTHER_AMOUNT = _("Mercado Pago cannot change an amount.")
_NO_OTHER_TEXT = _("Mercado Pago cannot change a description.")
_NO_CASH = _("Mercado Pago has no way of saying that a charge was paid in cash.")
_NO_RETURN = _("What was cancelled at Mercado Pago stays cancelled: create another charge.")
_NO_PARCELS = _("Mercado Pago takes parcels by card only, at most 36.")
_INSTALMENTS = InstalmentRule(most=36, is_payers_choice=True)
_NO_CUSTOMERS = _("Mercado Pago keeps no customers for charging.")
_ERASURE = _(
    "Mercado Pago keeps the payer with each payment, under the payer's own account: nothing of it can be"
    " removed from here. Whom it concerns asks Mercado Pago itself."
)
_CLOSED = (PaymentStatus.CANCELLED, PaymentStatus.EXPIRED)


class MercadoPagoGateway(RecurringCalls, DisputeAnswers, Samples, Gateway):
    name = "mercadopago"
    label = "Mercado Pago"
    erasure = _ERASURE
    capabilities = Capabilities(
        methods=frozenset({Method.PIX, Method.BOLETO, Method.CARD, Method.ANY}),
        minimum_cents=1,
        registers_webhook=False,
        signs_request_id=True,
        has_versions=True,
        pix_minutes=(30, 30 * 24 * 60),
        # The idempotency key replays a payment; a preference ignores it, so it is looked up first (1.5).
        replays=frozenset({ResourceKind.PAYMENT}),
        # So does a subscription; a second one harms nobody, the link to agree was in its answer only.
        resends=frozenset({ResourceKind.PREFERENCE, ResourceKind.SUBSCRIPTION, ResourceKind.RECURRING_PLAN}),
        boleto_days=boletos.DAYS,
        needs_address=frozenset({Method.BOLETO}),
        refunds=frozenset({Method.PIX, Method.CARD, Method.BOLETO}),
        partial_refunds=frozenset({Method.PIX, Method.CARD, Method.BOLETO}),
        refund_days=refunds.DAYS,
        replays_refunds=True,
        # The payer chooses on the page; interest is the payer's and Mercado Pago's (2.1 and 3.3).
        instalments={method: _INSTALMENTS for method in (Method.CARD, Method.ANY)},
        # Of a payment nothing can be changed (3.5). Items and times of a page can (2.3), but what was begun
        # on it goes on over the old sum: the page is closed and another one is made.
        remakes=frozenset({"change_due_date", "change_amount"}),
        subscriptions=recurring.RULE,
        disputes=frozenset(DisputeKind),
    )
    credential_fields: Sequence[SecretField] = keys.FIELDS
    webhook_secret_fields: Sequence[SecretField] = keys.SECRET_FIELDS
    # The names to tick as the panel shows them, in the panel's language (mercadopago.md 6.1).
    panel_topics: Sequence[str] = (
        "Pagamentos",
        "Planos e assinaturas",
        "Contestações",
        "Reclamações",
        "Alertas de fraude",
        "Vinculação de aplicações",
    )
    panel_places = PANEL_PLACES
    sandbox_guide = SANDBOX_GUIDE
    status_reasons = STATUS_REASONS
    topic_words = TOPIC_WORDS
    idle_reasons = IDLE_REASONS

    def __init__(self, access: Access) -> None:
        self._access = access
        self._api = MercadoPagoApi(access)

    @classmethod
    def review_credentials(cls, credentials: Secrets, environment: Environment) -> Sequence[Notice]:
        return keys.review(credentials.get("access_token", ""), environment)

    @classmethod
    def capabilities_in(cls, market: Market) -> Capabilities:
        return sites.capabilities_in(market, cls.capabilities)

    def check_credentials(self) -> Account:
        """The ``test_user`` tag tells a test account: its token looks real (mercadopago.md 1.3)."""
        answer = self._api.ask("GET", "/users/me")
        owner = answer.record()
        site = text(owner.get("site_id"), 10)
        found = sites.SITES.get(site)
        currency = found.country.currency if found else ""
        site_status = text(record(owner.get("status")).get("site_status"), 60)
        checks = ((site_status not in ("", "active"), _INACTIVE), (not currency, _UNKNOWN_SITE))
        full_name = f"{text(owner.get('first_name'), 100)} {text(owner.get('last_name'), 100)}"
        return Account(
            account_id=required_id(answer),
            name=text(owner.get("nickname"), 100) or full_name.strip(),
            environment=Environment.SANDBOX if self._is_test(owner) else Environment.PRODUCTION,
            site=site,
            currency=currency,
            time_zone=found.time_zone if found else "UTC",
            notices=tuple(notice for is_wrong, notice in checks if is_wrong),
            ways=ways.read_ways(self._api, currency),
            documents=ways.read_documents(self._api),
        )

    def read_webhook(self, *, url: str, webhook_id: str = "") -> WebhookRegistration | None:
        return None

    def register_webhook(
        self, *, url: str, token: str, email: str, name: str, old_url: str = "", webhook_id: str = ""
    ) -> WebhookRegistration:
        """There is no API for it: a person enters address and topics in the panel (mercadopago.md 6.9)."""
        raise RequestRefused(_NO_WEBHOOK_API)

    def resume_webhook(self, *, url: str) -> WebhookRegistration:
        """Nor is there a queue that stops: every notification has its own retries (6.7)."""
        raise RequestRefused(_NO_WEBHOOK_API)

    def find_customer(self, details: CustomerDetails) -> str:
        return ""

    def create_customer(self, details: CustomerDetails) -> str:
        return ""

    def fetch_customer(self, gateway_id: str) -> CustomerDetails:
        """A payment names its payer itself; nothing is kept for charging."""
        raise NotFound(_NO_CUSTOMERS)

    def update_customer(self, gateway_id: str, details: CustomerDetails) -> CustomerDetails:
        raise RequestRefused(_NO_CUSTOMERS)

    def prepare_charge(self, order: ChargeOrder) -> PreparedCall:
        if order.terms != Terms():
            raise RequestRefused(_NO_TERMS, field="terms")
        rule = self.capabilities.instalments.get(order.method)
        if order.instalments > (rule.most if rule else 1):
            raise RequestRefused(_NO_PARCELS, field="instalments")
        is_hosted = order.hosted or order.method in (Method.CARD, Method.ANY)
        build = orders.preference_body if is_hosted else orders.payment_body
        return PreparedCall(
            kind=ResourceKind.PREFERENCE if is_hosted else ResourceKind.PAYMENT,
            method="POST",
            path="/checkout/preferences" if is_hosted else "/v1/payments",
            body=encode(build(order, now=self._access.now())),
            idempotency_key=order.idempotency_key,
        )

    def submit_charge(self, prepared: PreparedCall) -> GatewayCharge:
        """A repeat with the same key gives the same payment; of preferences it may make a second (1.5)."""
        answer = self._api.ask(
            prepared.method, prepared.path, body=prepared.body, key=prepared.idempotency_key
        )
        required_id(answer)
        if prepared.kind is ResourceKind.PREFERENCE:
            return self._hosted(answer.record(), payments=())
        return mapping.to_direct_charge(mapping.to_payment(answer.record()))

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        return mapping.to_payment(lookups.read_payment(self._api, gateway_id), now=self._access.now())

    def fetch_charge(self, kind: ResourceKind, gateway_id: str) -> GatewayCharge:
        if _checked(kind) is ResourceKind.PAYMENT:
            return mapping.to_direct_charge(self.fetch_payment(gateway_id))
        raw = lookups.read_preference(self._api, gateway_id)
        return self._hosted(raw, payments=lookups.hosted_payments(self._api, raw))

    def fetch_order_payments(self, order_id: str) -> tuple[str, ...]:
        return lookups.payment_ids(lookups.read_order(self._api, order_id))

    def fetch_pix_code(self, gateway_id: str) -> PixCode | None:
        return self.fetch_payment(gateway_id).pix

    def fetch_boleto(self, gateway_id: str) -> Boleto | None:
        raw = lookups.read_payment(self._api, gateway_id)
        payment = mapping.to_payment(raw)
        if payment.status in _CLOSED:
            return None
        if payment.boleto is None and boletos.has_digits(raw):
            raise UnreadableAnswer(MISFIT, maybe_sent=False)
        return payment.boleto

    def find_charges(self, reference: str) -> Sequence[GatewayCharge]:
        """Payments and preferences under a reference, each read again by id: the searches lag (3.4).

        A payment of the checkout names no preference; with several of them under one reference its
        payments are shown with the oldest.
        """
        if not reference:
            return ()
        payments = lookups.payments_of(self._api, reference)
        preferences = lookups.preferences_of(self._api, reference)
        hosted = [raw for raw in payments if preferences and mapping.is_from_hosted_page(raw)]
        dated = [
            (mapping.created_at(raw), mapping.to_direct_charge(mapping.to_payment(raw)))
            for raw in payments
            if raw not in hosted
        ]
        for raw in sorted(preferences, key=mapping.created_at):
            dated.append((mapping.created_at(raw), self._hosted(raw, payments=hosted)))
            hosted = []
        return tuple(charge for _moment, charge in sorted(dated, key=lambda pair: pair[0]))

    def changed_payments(self, *, since: datetime) -> Iterator[GatewayPayment]:
        """By the time of the last change, which everything moves that can happen to a payment.

        Not shown: what changed more than 12 months ago, what the lagging search does not know yet (3.4),
        and preferences, which hold no money.
        """
        now = self._access.now()
        for raw in listing.changed_payments(self._api, since=since, now=now):
            payment = mapping.to_payment(raw, now=now)
            own = self._access.account_id or payment.account_id
            if payment.account_id in ("", own):  # not what the account bought itself
                yield payment

    def cancel_charge(self, kind: ResourceKind, gateway_id: str) -> None:
        """A preference knows no cancelling: its time is over, then what waits on it is cancelled (2.3).

        What waits on another page under the same reference is left alone.
        """
        if _checked(kind) is ResourceKind.PAYMENT:
            self._cancel_payment(gateway_id)
            return
        closing = encode(orders.closing_body(now=self._access.now()))
        answer = self._api.ask_for("PUT", "/checkout/preferences", gateway_id=gateway_id, body=closing)
        if self._hosted(answer.record(), payments=()).is_open:
            raise answer.unreadable()
        for waiting in lookups.waiting_on(self._api, answer.record()):
            self._cancel_payment(text(waiting.get("id"), 100))

    def change_due_date(self, gateway_id: str, due_date: date) -> None:
        raise RequestRefused(_NO_OTHER_DAY, field="due_date")

    def change_amount(self, gateway_id: str, amount_cents: int) -> None:
        raise RequestRefused(_NO_OTHER_AMOUNT, field="amount")

    def change_description(self, gateway_id: str, description: str) -> None:
        raise RequestRefused(_NO_OTHER_TEXT)

    def receive_in_cash(self, gateway_id: str, *, amount_cents: int, paid_on: date) -> None:
        raise RequestRefused(_NO_CASH)

    def undo_cash(self, gateway_id: str) -> None:
        raise RequestRefused(_NO_CASH)

    def restore_charge(self, gateway_id: str) -> None:
        """What is cancelled there is final (3.7)."""
        raise RequestRefused(_NO_RETURN)

    def prepare_refund(self, order: RefundOrder) -> PreparedCall:
        return refunds.prepare(order)

    def submit_refund(self, prepared: PreparedCall) -> RefundAnswer:
        return refunds.submit(self._api, prepared)

    def simulate_payment(self, gateway_id: str) -> None:
        raise RequestRefused(_CANNOT_SIMULATE)

    def simulate_overdue(self, gateway_id: str) -> None:
        raise RequestRefused(_CANNOT_SIMULATE)

    @classmethod
    def verify(
        cls, delivery: Delivery, secrets: Secrets, *, now: datetime, tolerance_seconds: int | None = None
    ) -> Verification:
        """Without a tolerance (``None`` or 0) a signature may be of any age."""
        return notifications.verify(delivery, secrets, now=now, tolerance_seconds=tolerance_seconds)

    @classmethod
    def parse(cls, delivery: Delivery) -> Notification:
        return notifications.parse(delivery)

    def _hosted(self, raw: Record, *, payments: Iterable[Record]) -> GatewayCharge:
        now = self._access.now()
        found = tuple(mapping.to_payment(payment, now=now) for payment in payments)
        return mapping.to_hosted_charge(raw, payments=found, now=now)

    def _cancel_payment(self, gateway_id: str) -> None:
        """Only what is pending, under review or authorized (3.5); closed before is as good as closed now."""
        try:
            answer = self._api.ask_for(
                "PUT", "/v1/payments", gateway_id=gateway_id, body=orders.CANCELLING_BODY
            )
        except RequestRefused as error:
            if self.fetch_payment(gateway_id).status in _CLOSED:
                return
            # Plainly refused: what a test seller may not do (8.4) has no hosted page to go to here.
            raise RequestRefused(error.text, code=error.code, http_status=error.http_status) from error
        if mapping.to_payment(answer.record()).status not in _CLOSED:
            raise answer.unreadable()

    def _is_test(self, owner: Record) -> bool:
        tags = owner.get("tags")
        if isinstance(tags, list) and "test_user" in tags:
            return True
        return self._access.credentials.get("access_token", "").startswith("TEST-")


def _checked(kind: ResourceKind) -> ResourceKind:
    """Plans and checkouts are not of this gateway."""
    if kind not in (ResourceKind.PAYMENT, ResourceKind.PREFERENCE):
        raise NotFound(_("Mercado Pago does not know this id."))
    return kind
