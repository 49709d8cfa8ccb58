"""Asaas, API v3 (asaas.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from connections.gateways import boletos
from connections.gateways.asaas import (
    changes,
    checkouts,
    customers,
    disputes,
    listing,
    mapping,
    notifications,
    plans,
    refunds,
    subscriptions,
    terms,
    webhook,
)
from connections.gateways.asaas import credentials as keys
from connections.gateways.asaas.account import read_account
from connections.gateways.asaas.api import AsaasApi, quoted, required_id
from connections.gateways.asaas.guide import PANEL_PLACES, SANDBOX_GUIDE
from connections.gateways.asaas.samples import Samples
from connections.gateways.asaas.topics import IDLE_REASONS, TOPIC_WORDS
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
    GatewayDispute,
    GatewayPayment,
    GatewayPlan,
    GatewaySubscription,
    GatewayTurn,
    InstalmentRule,
    Method,
    Notice,
    Notification,
    PaymentStatus,
    PixCode,
    PlanOrder,
    PreparedCall,
    RefundAnswer,
    RefundOrder,
    ResourceKind,
    SecretField,
    Secrets,
    SubscriptionChange,
    SubscriptionOrder,
    Verification,
    WebhookRegistration,
)
from connections.gateways.errors import NotFound, RequestRefused, UnreadableAnswer
from connections.gateways.money import encode, from_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, record, text


class AsaasGateway(Samples, Gateway):
    name = "asaas"
    label = "Asaas"
    keeps_customers = True
    erasure = customers.ERASURE
    # R$ 5.00 after discount (asaas.md 1.5 and section 8, row 10).
    capabilities = Capabilities(
        methods=frozenset({Method.PIX, Method.BOLETO, Method.CARD, Method.ANY}),
        codes_of_any=frozenset({Method.PIX, Method.BOLETO}),  # of an UNDEFINED charge too (asaas.md 3.4)
        minimum_cents=500,
        registers_webhook=True,
        has_versions=False,
        reports_overdue=True,
        takes_terms=True,
        takes_late_days=True,
        refunds=frozenset({Method.PIX, Method.CARD, Method.BOLETO}),
        partial_refunds=frozenset({Method.PIX, Method.CARD}),
        payer_refunds=frozenset({Method.BOLETO}),
        keeps_fees=True,
        tells_settlement=True,
        # Boleto plans up to 60, cards up to 21 with some brands (3.2); a card pays them on the checkout.
        instalments={
            Method.BOLETO: InstalmentRule(most=60, least_cents=500),
            Method.CARD: InstalmentRule(most=21, least_cents=500, is_payers_choice=True),
        },
        checkout_minutes=checkouts.MINUTES,
        # A lost checkout harms nobody: its link was in the answer only. No list shows it (3.11).
        resends=frozenset({ResourceKind.CHECKOUT}),
        changes=frozenset(
            {
                "change_due_date",
                "change_amount",
                "change_description",
                "receive_in_cash",
                "undo_cash",
                "restore_charge",
            }
        ),
        sandbox_actions=frozenset({"simulate_payment", "simulate_overdue"}),
        subscriptions=subscriptions.RULE,
        disputes=frozenset({DisputeKind.CHARGEBACK}),
        lost_as_refunded=True,  # 5.5
    )
    credential_fields: Sequence[SecretField] = keys.FIELDS
    webhook_secret_fields: Sequence[SecretField] = ()
    panel_topics: Sequence[str] = ()
    subscribed_topics: Sequence[str] = notifications.EVENTS
    panel_places = PANEL_PLACES
    sandbox_guide = SANDBOX_GUIDE
    topic_words = TOPIC_WORDS
    refund_reasons = refunds.REASONS
    idle_reasons = IDLE_REASONS

    def __init__(self, access: Access) -> None:
        self._access = access
        self._api = AsaasApi(access)

    @classmethod
    def review_credentials(cls, credentials: Secrets, environment: Environment) -> Sequence[Notice]:
        return keys.review(credentials.get("api_key", ""), environment)

    def check_credentials(self) -> Account:
        return read_account(self._api, self._access)

    def read_webhook(self, *, url: str, webhook_id: str = "") -> WebhookRegistration | None:
        return webhook.read(self._api, url, webhook_id)

    def register_webhook(
        self, *, url: str, token: str, email: str, name: str, old_url: str = "", webhook_id: str = ""
    ) -> WebhookRegistration:
        body = webhook.registration_body(url=url, token=token, email=email, name=name)
        return webhook.register(self._api, body, url=url, old_url=old_url, webhook_id=webhook_id)

    def resume_webhook(self, *, url: str) -> WebhookRegistration:
        return webhook.resume(self._api, url)

    def find_customer(self, details: CustomerDetails) -> str:
        return customers.find(self._api, details)

    def create_customer(self, details: CustomerDetails) -> str:
        return customers.create(self._api, details)

    def fetch_customer(self, gateway_id: str) -> CustomerDetails:
        return customers.fetch(self._api, gateway_id)

    def update_customer(self, gateway_id: str, details: CustomerDetails) -> CustomerDetails:
        return customers.update(self._api, gateway_id, details)

    def prepare_charge(self, order: ChargeOrder) -> PreparedCall:
        """A card without card data is legal: the payer types it on ``invoiceUrl`` (asaas.md 3.2).

        There the payer of an ``UNDEFINED`` charge chooses, too.

        No ``callback``: Asaas refuses a return address outside the registered site (section 8, row 29).
        """
        if not order.customer_id:
            raise RequestRefused(_("The customer does not exist on Asaas yet."), field="customer")
        if order.instalments > 1:
            return self._prepare_parcels(order)
        body = {
            "customer": order.customer_id,
            "billingType": mapping.BILLING_TYPE[order.method],
            "value": from_cents(order.amount_cents),
            "dueDate": order.due_date.isoformat(),
            "description": order.description[:500],
            "externalReference": order.reference,
            **terms.body(order, minimum_cents=self.capabilities.minimum_cents),
            **plans.late_days(order),
        }
        return PreparedCall(
            kind=ResourceKind.PAYMENT,
            method="POST",
            path="/payments",
            body=encode({key: value for key, value in body.items() if value != ""}),
            idempotency_key=order.idempotency_key,
        )

    def submit_charge(self, prepared: PreparedCall) -> GatewayCharge:
        """The idempotency key is not sent: Asaas honours none, a repeat makes a second charge (1.6)."""
        answer = self._api.ask(prepared.method, prepared.path, body=prepared.body)
        required_id(answer)
        if prepared.kind is ResourceKind.PLAN:
            return plans.take_created(self._api, answer, account_id=self._access.account_id)
        if prepared.kind is ResourceKind.CHECKOUT:
            return checkouts.take_created(answer)
        return mapping.to_charge(self._payment(answer.record()))

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        return self._payment(self._read_payment(gateway_id))

    def fetch_charge(self, kind: ResourceKind, gateway_id: str) -> GatewayCharge:
        """A charge is one payment at Asaas, or a plan of them, or a checkout; it has no preferences."""
        if fetch := _FETCH.get(kind):
            return fetch(self._api, gateway_id, account_id=self._access.account_id)
        return mapping.to_charge(self.fetch_payment(_payment_id(kind, gateway_id)))

    def fetch_order_payments(self, order_id: str) -> tuple[str, ...]:
        raise NotFound(_("Asaas does not know this id."))

    def fetch_pix_code(self, gateway_id: str) -> PixCode | None:
        """404 means no QR code; a 400 is read as "not ready yet" (asaas.md 3.4)."""
        try:
            answer = self._api.ask("GET", f"/payments/{quoted(gateway_id)}/pixQrCode")
        except (NotFound, RequestRefused):
            return None
        return mapping.to_pix_code(record(answer.data))

    def fetch_boleto(self, gateway_id: str) -> Boleto | None:
        """Two calls: the digits come without the amount they are for (asaas.md 3.4)."""
        raw = self._read_payment(gateway_id)
        payment = self._payment(raw)
        if payment.method in (Method.PIX, Method.CARD) or payment.status is PaymentStatus.CANCELLED:
            return None
        try:
            answer = self._api.ask("GET", f"/payments/{quoted(gateway_id)}/identificationField")
        except (NotFound, RequestRefused):
            return None
        digits = record(answer.data)
        if not digits.get("identificationField") and not digits.get("barCode"):
            return None
        pdf_url = text(raw.get("bankSlipUrl"))
        found = mapping.to_boleto(digits, asked_cents=payment.amount_cents, pdf_url=pdf_url)
        if found is None:
            raise UnreadableAnswer(boletos.MISFIT, maybe_sent=False, http_status=answer.status)
        return found

    def find_charges(self, reference: str) -> Sequence[GatewayCharge]:
        """Asaas lists the newest first (asaas.md 3.5)."""
        if not reference:
            return ()
        payments = [
            self._payment(raw) for raw in self._api.items("/payments", {"externalReference": reference})
        ]
        ours = [payment for payment in reversed(payments) if payment.reference == reference]
        return tuple(plans.found(ours))

    def changed_payments(self, *, since: datetime) -> Iterator[GatewayPayment]:
        """Asaas keeps no time of the last change; ``listing`` says what its filters show and what not."""
        for raw in listing.changed_payments(self._api, since=since):
            yield self._payment(raw)

    def cancel_charge(self, kind: ResourceKind, gateway_id: str) -> None:
        """Only what is pending or overdue can be deleted (3.7); deleted before is as good as deleted now."""
        if cancel := _CANCEL.get(kind):
            cancel(self._api, gateway_id, account_id=self._access.account_id)
            return
        path = f"/payments/{quoted(_payment_id(kind, gateway_id))}"
        try:
            answer = self._api.ask("DELETE", path)
        except (RequestRefused, NotFound):
            if not self.fetch_payment(gateway_id).is_deleted:
                raise
            return
        if answer.record().get("deleted") is not True:
            raise answer.unreadable()

    def change_due_date(self, gateway_id: str, due_date: date) -> None:
        changes.change_due_date(self._api, self._read_payment(gateway_id), due_date)

    def change_amount(self, gateway_id: str, amount_cents: int) -> None:
        changes.change_amount(self._api, self._read_payment(gateway_id), amount_cents, today=self._today())

    def change_description(self, gateway_id: str, description: str) -> None:
        raw = self._read_payment(gateway_id)
        changes.change_description(self._api, raw, description, today=self._today())

    def receive_in_cash(self, gateway_id: str, *, amount_cents: int, paid_on: date) -> None:
        changes.receive_in_cash(self._api, gateway_id, amount_cents=amount_cents, paid_on=paid_on)

    def undo_cash(self, gateway_id: str) -> None:
        changes.undo_cash(self._api, gateway_id)

    def restore_charge(self, gateway_id: str) -> None:
        changes.restore(self._api, gateway_id)

    def prepare_refund(self, order: RefundOrder) -> PreparedCall:
        return refunds.prepare(order)

    def submit_refund(self, prepared: PreparedCall) -> RefundAnswer:
        return refunds.submit(self._api, prepared, account_id=self._access.account_id)

    def prepare_subscription(self, order: SubscriptionOrder) -> PreparedCall:
        return subscriptions.prepare(order)

    def submit_subscription(self, prepared: PreparedCall) -> GatewaySubscription:
        return subscriptions.submit(self._api, prepared, account_id=self._access.account_id)

    def find_subscriptions(
        self, reference: str, *, payer: CustomerDetails, since: datetime
    ) -> Sequence[GatewaySubscription]:
        return subscriptions.find(self._api, reference, account_id=self._access.account_id)

    def fetch_subscription(self, gateway_id: str) -> GatewaySubscription:
        return subscriptions.fetch(self._api, gateway_id, account_id=self._access.account_id)

    def fetch_turns(self, gateway_id: str) -> Sequence[GatewayTurn]:
        return subscriptions.fetch_turns(self._api, gateway_id, account_id=self._access.account_id)

    def fetch_turn(self, gateway_id: str) -> GatewayTurn:
        payment = self.fetch_payment(gateway_id)
        if not payment.subscription_id:
            raise NotFound(_("Asaas does not know this id."))
        return subscriptions.to_turn(payment)

    def find_turn(self, payment_id: str) -> GatewayTurn | None:
        try:
            return self.fetch_turn(payment_id)
        except NotFound:
            return None

    def change_subscription(self, gateway_id: str, change: SubscriptionChange) -> None:
        subscriptions.change(self._api, gateway_id, change)

    def create_plan(self, order: PlanOrder) -> GatewayPlan:
        raise RequestRefused(_NO_PLANS)

    def find_plans(self, reference: str) -> Sequence[GatewayPlan]:
        return ()

    def fetch_plan(self, gateway_id: str) -> GatewayPlan:
        raise NotFound(_NO_PLANS)

    def close_plan(self, gateway_id: str) -> None:
        raise RequestRefused(_NO_PLANS)

    def find_plan_subscriptions(self, plan_id: str) -> Sequence[str]:
        return ()

    def fetch_dispute(self, kind: DisputeKind, gateway_id: str) -> GatewayDispute:
        """It has no id to be asked for by: its payment tells of it (``find_disputes``)."""
        raise NotFound(_("Asaas tells of a dispute through its payment only."))

    def find_disputes(self, payment_id: str) -> Sequence[GatewayDispute]:
        """What is over is told by the payment alone where Asaas shows no chargeback; see ``disputes``."""
        raw = self._read_payment(payment_id)
        link = "" if self._access.simulator_url else disputes.PANELS[self._access.environment]
        return disputes.find(self._api, raw, self._payment(raw), link=link)

    def simulate_payment(self, gateway_id: str) -> None:
        self._act_in_sandbox("confirm", gateway_id)

    def simulate_overdue(self, gateway_id: str) -> None:
        self._act_in_sandbox("overdue", gateway_id)

    @classmethod
    def verify(
        cls, delivery: Delivery, secrets: Secrets, *, now: datetime, tolerance_seconds: int | None = None
    ) -> Verification:
        """The token carries no time, so ``now`` and the tolerance decide nothing here."""
        return notifications.verify(delivery, secrets)

    @classmethod
    def parse(cls, delivery: Delivery) -> Notification:
        return notifications.parse(delivery)

    def _act_in_sandbox(self, action: str, gateway_id: str) -> None:
        """The sandbox has these two calls of its own (asaas.md 3.9); nothing pretends with real money."""
        if self._access.environment is not Environment.SANDBOX:
            raise RequestRefused(_("Only a sandbox account can simulate this."))
        self._api.ask("POST", f"/sandbox/payment/{quoted(gateway_id)}/{action}")

    def _prepare_parcels(self, order: ChargeOrder) -> PreparedCall:
        plans.check(order, self.capabilities.instalments.get(order.method))
        if order.method is Method.CARD:
            return checkouts.prepare(order, now=self._access.now())
        return plans.prepare(order, minimum_cents=self.capabilities.minimum_cents)

    def _today(self) -> date:
        return self._access.now().astimezone(mapping.ZONE).date()

    def _read_payment(self, gateway_id: str) -> Record:
        answer = self._api.ask("GET", f"/payments/{quoted(gateway_id)}")
        if required_id(answer) != gateway_id:
            raise answer.unreadable()
        return answer.record()

    def _payment(self, raw: Record) -> GatewayPayment:
        return mapping.to_payment(raw, account_id=self._access.account_id)


_NO_PLANS = _("Asaas keeps no plans: a plan here fills in the form of a new subscription.")
_FETCH = {ResourceKind.PLAN: plans.fetch, ResourceKind.CHECKOUT: checkouts.fetch}
_CANCEL = {ResourceKind.PLAN: plans.cancel, ResourceKind.CHECKOUT: checkouts.cancel}


def _payment_id(kind: ResourceKind, gateway_id: str) -> str:
    if kind is not ResourceKind.PAYMENT:
        raise NotFound(_("Asaas does not know this id."))
    return gateway_id
