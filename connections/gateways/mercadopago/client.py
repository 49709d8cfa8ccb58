"""Mercado Pago: payments and Checkout Pro preferences (mercadopago.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from connections.gateways.answers import Answer
from connections.gateways.base import (
    Access,
    Account,
    Capabilities,
    ChargeOrder,
    CustomerDetails,
    Delivery,
    Environment,
    Gateway,
    GatewayCharge,
    GatewayPayment,
    Method,
    Notice,
    Notification,
    PixCode,
    PreparedCall,
    ResourceKind,
    SecretField,
    Secrets,
    Verification,
    WebhookRegistration,
)
from connections.gateways.errors import CredentialsRefused, NotFound, RequestRefused
from connections.gateways.http import GatewaySession
from connections.gateways.mercadopago import credentials as keys
from connections.gateways.mercadopago import mapping, notifications, orders, refusals
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, record, records, text

_HOST = "https://api.mercadopago.com"
_PAGE = 50

_INACTIVE = Notice(
    code="account_not_approved", text=_("Mercado Pago does not allow this account to charge at the moment.")
)
_UNKNOWN_SITE = Notice(
    code="site_unknown", text=_("The account belongs to a country we do not know the currency of.")
)


class MercadoPagoGateway(Gateway):
    name = "mercadopago"
    label = "Mercado Pago"
    capabilities = Capabilities(
        methods=frozenset({Method.PIX}),
        minimum_cents=1,
        registers_webhook=False,
        has_versions=True,
        pix_minutes=(30, 30 * 24 * 60),
        # The idempotency key replays a payment; a preference ignores it, so it is looked up first (1.5).
        replays=frozenset({ResourceKind.PAYMENT}),
        resends=frozenset({ResourceKind.PREFERENCE}),
    )
    credential_fields: Sequence[SecretField] = keys.FIELDS
    webhook_secret_fields: Sequence[SecretField] = keys.SECRET_FIELDS
    # The names to tick as the panel shows them, in the panel's language (mercadopago.md 6.1).
    panel_topics: Sequence[str] = ("Pagamentos", "Contestações", "Alertas de fraude")

    def __init__(self, access: Access) -> None:
        self._access = access
        token = access.credentials.get("access_token", "")
        base_url = f"{access.simulator_url}/mercadopago" if access.simulator_url else _HOST
        self._session = GatewaySession(access, base_url=base_url, auth={"Authorization": f"Bearer {token}"})

    @classmethod
    def review_credentials(cls, credentials: Secrets, environment: Environment) -> Sequence[Notice]:
        return keys.review(credentials.get("access_token", ""), environment)

    def check_credentials(self) -> Account:
        """The ``test_user`` tag tells a test account: its token looks real (mercadopago.md 1.3)."""
        answer = self._ask("GET", "/users/me")
        owner = answer.record()
        site = text(owner.get("site_id"), 10)
        currency, time_zone = mapping.SITES.get(site, ("", "UTC"))
        site_status = text(record(owner.get("status")).get("site_status"), 60)
        checks = ((site_status not in ("", "active"), _INACTIVE), (not currency, _UNKNOWN_SITE))
        full_name = f"{text(owner.get('first_name'), 100)} {text(owner.get('last_name'), 100)}"
        return Account(
            account_id=_required_id(answer),
            name=text(owner.get("nickname"), 100) or full_name.strip(),
            environment=Environment.SANDBOX if self._is_test(owner) else Environment.PRODUCTION,
            site=site,
            currency=currency,
            time_zone=time_zone,
            notices=tuple(notice for is_wrong, notice in checks if is_wrong),
        )

    def read_webhook(self, *, url: str) -> WebhookRegistration | None:
        return None

    def register_webhook(self, *, url: str, token: str, email: str, name: str) -> WebhookRegistration:
        """There is no API for it: a person enters address and topics in the panel (mercadopago.md 6.9)."""
        raise RequestRefused(_("Mercado Pago has no API for webhooks: enter the address in its panel."))

    def find_customer(self, details: CustomerDetails) -> str:
        return ""

    def create_customer(self, details: CustomerDetails) -> str:
        return ""

    def prepare_charge(self, order: ChargeOrder) -> PreparedCall:
        if order.method not in self.capabilities.methods:
            raise RequestRefused(_("This payment method is not available on Mercado Pago."), field="method")
        build = orders.preference_body if order.hosted else orders.payment_body
        return PreparedCall(
            kind=ResourceKind.PREFERENCE if order.hosted else ResourceKind.PAYMENT,
            method="POST",
            path="/checkout/preferences" if order.hosted else "/v1/payments",
            body=encode(build(order, now=self._access.now())),
            idempotency_key=order.idempotency_key,
        )

    def submit_charge(self, prepared: PreparedCall) -> GatewayCharge:
        """A repeat with the same key gives the same payment; of preferences it may make a second (1.5)."""
        answer = self._ask(prepared.method, prepared.path, body=prepared.body, key=prepared.idempotency_key)
        _required_id(answer)
        if prepared.kind is ResourceKind.PREFERENCE:
            return mapping.to_hosted_charge(answer.record(), payments=(), now=self._access.now())
        return mapping.to_direct_charge(mapping.to_payment(answer.record()))

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        return mapping.to_payment(self._read_payment(gateway_id))

    def fetch_pix_code(self, gateway_id: str) -> PixCode | None:
        return self.fetch_payment(gateway_id).pix

    def find_charges(self, reference: str) -> Sequence[GatewayCharge]:
        """Payments and preferences under a reference, each read again by id: the searches lag (3.4).

        A payment of the checkout names no preference; with several of them under one reference its
        payments are shown with the oldest.
        """
        if not reference:
            return ()
        payments, preferences = self._payments_of(reference), self._preferences_of(reference)
        hosted = [raw for raw in payments if preferences and mapping.is_from_hosted_page(raw)]
        dated = [
            (mapping.created_at(raw), mapping.to_direct_charge(mapping.to_payment(raw)))
            for raw in payments
            if raw not in hosted
        ]
        for raw in sorted(preferences, key=mapping.created_at):
            taken = tuple(mapping.to_payment(payment) for payment in hosted)
            charge = mapping.to_hosted_charge(raw, payments=taken, now=self._access.now())
            dated.append((mapping.created_at(raw), charge))
            hosted = []
        return tuple(charge for _moment, charge in sorted(dated, key=lambda pair: pair[0]))

    @classmethod
    def verify(
        cls, delivery: Delivery, secrets: Secrets, *, now: datetime, tolerance_seconds: int | None = None
    ) -> Verification:
        """Without a tolerance (``None`` or 0) a signature may be of any age."""
        return notifications.verify(delivery, secrets, now=now, tolerance_seconds=tolerance_seconds)

    @classmethod
    def parse(cls, delivery: Delivery) -> Notification:
        return notifications.parse(delivery)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: str = "",
        key: str = "",
    ) -> Answer:
        headers = {"X-Idempotency-Key": key} if key else {}
        answer = self._session.call(method, path, query=query, body=body, headers=headers)
        if answer.status >= 400:
            raise refusals.to_error(answer)
        return answer

    def _is_test(self, owner: Record) -> bool:
        tags = owner.get("tags")
        if isinstance(tags, list) and "test_user" in tags:
            return True
        return self._access.credentials.get("access_token", "").startswith("TEST-")

    def _read_payment(self, gateway_id: str) -> Record:
        try:
            answer = self._ask("GET", f"/v1/payments/{_quoted(gateway_id)}")
        except CredentialsRefused as error:
            if error.http_status == 403 and error.code == refusals.NOT_THE_OWNER:
                raise NotFound(error.text, code=error.code, http_status=403) from error
            raise
        if _required_id(answer) != gateway_id:
            raise answer.unreadable()
        return answer.record()

    def _payments_of(self, reference: str) -> list[Record]:
        query = {
            "external_reference": reference,
            "sort": "date_created",
            "criteria": "asc",
            "limit": str(_PAGE),
        }
        listed = records(self._ask("GET", "/v1/payments/search", query=query).record().get("results"))
        ours = [raw for raw in listed if text(raw.get("external_reference")) == reference]
        return [self._fresh(raw) for raw in ours]

    def _fresh(self, listed: Record) -> Record:
        """The payment itself; right after creation only the search may know it (mercadopago.md 3.6)."""
        try:
            return self._read_payment(text(listed.get("id"), 100))
        except NotFound:
            return listed

    def _preferences_of(self, reference: str) -> list[Record]:
        """The search shortens its elements and may answer ``null`` for none (mercadopago.md 2.3, 2.5)."""
        query = {"external_reference": reference, "limit": str(_PAGE)}
        answer = self._ask("GET", "/checkout/preferences/search", query=query).record()
        found = []
        for element in records(answer.get("elements")):
            if text(element.get("external_reference")) not in ("", reference):
                continue
            preference_id = _quoted(text(element.get("id"), 100))
            found.append(self._ask("GET", f"/checkout/preferences/{preference_id}").record())
        return [raw for raw in found if text(raw.get("external_reference")) == reference]


def _quoted(gateway_id: str) -> str:
    """An id for a path; an empty one would ask for something else."""
    if not gateway_id:
        raise NotFound(_("Mercado Pago does not know this id."))
    return quote(gateway_id, safe="")


def _required_id(answer: Answer) -> str:
    """The id of what was created or read; without one the answer is not what the document promises."""
    found = text(answer.record().get("id"), 100)
    if not found:
        raise answer.unreadable()
    return found
