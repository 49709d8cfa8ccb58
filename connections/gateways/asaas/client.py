"""Asaas, API v3 (asaas.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from connections.gateways.answers import Answer
from connections.gateways.asaas import credentials as keys
from connections.gateways.asaas import mapping, notifications, refusals, webhook
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
from connections.gateways.money import encode, from_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, record, records, text

_HOSTS = {
    Environment.PRODUCTION: "https://api.asaas.com/v3",
    Environment.SANDBOX: "https://api-sandbox.asaas.com/v3",
}
_PAGE = 100
_MOST_PAGES = 10

_NOT_APPROVED = Notice(
    code="account_not_approved",
    text=_("Asaas has not approved this account yet: it may refuse charges."),
)
_NO_PIX_KEY = Notice(
    code="no_pix_key",
    text=_("The account has no PIX key of its own: every QR code stops working on the day it is made."),
)
_NO_IDENTITY = Notice(
    code="identity_unknown",
    text=_("The key may not read the account's data: we cannot tell whose account this is."),
)


class AsaasGateway(Gateway):
    name = "asaas"
    label = "Asaas"
    # R$ 5.00 after discount (asaas.md 1.5 and section 8, row 10).
    capabilities = Capabilities(
        methods=frozenset({Method.PIX}), minimum_cents=500, registers_webhook=True, has_versions=False
    )
    credential_fields: Sequence[SecretField] = keys.FIELDS
    webhook_secret_fields: Sequence[SecretField] = ()
    panel_topics: Sequence[str] = ()

    def __init__(self, access: Access) -> None:
        self._access = access
        key = access.credentials.get("api_key", "")
        base_url = _HOSTS[access.environment]
        if access.simulator_url:
            base_url = f"{access.simulator_url}/asaas/{access.environment}/v3"
        self._session = GatewaySession(access, base_url=base_url, auth={"access_token": key})

    @classmethod
    def review_credentials(cls, credentials: Secrets, environment: Environment) -> Sequence[Notice]:
        return keys.review(credentials.get("api_key", ""), environment)

    def check_credentials(self) -> Account:
        owner = self._read_owner()
        status = self._read_allowed("/myAccount/status/")
        account_id = text(status.get("id"), 100)
        checks = (
            (not account_id, _NO_IDENTITY),
            (bool(account_id) and text(status.get("general")) != "APPROVED", _NOT_APPROVED),
            (not self._has_pix_key(), _NO_PIX_KEY),
        )
        names = (text(owner.get(key), 200) for key in ("tradingName", "companyName", "name"))
        key = self._access.credentials.get("api_key", "")
        return Account(
            account_id=account_id,
            name=next(filter(None, names), ""),
            # The gateway accepted the key on this environment's host, which it does for no other key.
            environment=keys.environment_of(key) or self._access.environment,
            site="BR",
            currency=mapping.CURRENCY,
            time_zone=mapping.ZONE_NAME,
            notices=tuple(notice for is_wrong, notice in checks if is_wrong),
        )

    def read_webhook(self, *, url: str) -> WebhookRegistration | None:
        found = self._webhooks_at(url)
        return webhook.to_registration(found[0], is_only=len(found) == 1) if found else None

    def register_webhook(self, *, url: str, token: str, email: str, name: str) -> WebhookRegistration:
        found = self._webhooks_at(url)
        body = encode(webhook.registration_body(url=url, token=token, email=email, name=name))
        if not found:
            return webhook.to_registration(self._ask("POST", "/webhooks", body=body).record())
        path = f"/webhooks/{_id(found[0])}"
        raw = self._ask("PUT", path, body=body).record()
        if webhook.to_registration(raw).penalties:
            self._ask("POST", f"{path}/removeBackoff")
            raw = self._ask("GET", path).record()
        return webhook.to_registration(raw, is_only=len(found) == 1)

    def find_customer(self, details: CustomerDetails) -> str:
        """Several customers may share a document: ours by reference first, else any that is not deleted."""
        if not details.document:
            return ""
        listed = self._list("/customers", {"cpfCnpj": details.document})
        living = [item for item in listed if item.get("deleted") is not True and text(item.get("id"))]
        ours = [item for item in living if text(item.get("externalReference")) == details.reference]
        return text(next(iter([*ours, *living]), {}).get("id"), 100)

    def create_customer(self, details: CustomerDetails) -> str:
        if not details.document:
            # Asaas would accept the customer and refuse every charge (asaas.md section 8, row 12).
            raise RequestRefused(_("Asaas needs the customer's CPF or CNPJ."), field="document")
        wanted = {
            "name": details.name,
            "cpfCnpj": details.document,
            "email": details.email,
            **_phone(details.phone),
            "externalReference": details.reference,
        }
        # Asaas would write to the customer by itself, for a fee, in the sandbox too (section 2).
        body: dict[str, object] = {key: value for key, value in wanted.items() if value}
        answer = self._ask("POST", "/customers", body=encode({**body, "notificationDisabled": True}))
        return _required_id(answer)

    def prepare_charge(self, order: ChargeOrder) -> PreparedCall:
        """No ``callback``: Asaas refuses a return address outside the registered site (section 8, row 29)."""
        if order.method not in mapping.BILLING_TYPE:
            raise RequestRefused(_("This payment method is not available on Asaas."), field="method")
        if not order.customer_id:
            raise RequestRefused(_("The customer does not exist on Asaas yet."), field="customer")
        body = {
            "customer": order.customer_id,
            "billingType": mapping.BILLING_TYPE[order.method],
            "value": from_cents(order.amount_cents),
            "dueDate": order.due_date.isoformat(),
            "description": order.description[:500],
            "externalReference": order.reference,
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
        answer = self._ask(prepared.method, prepared.path, body=prepared.body)
        _required_id(answer)
        return mapping.to_charge(self._payment(answer.record()))

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        answer = self._ask("GET", f"/payments/{_quoted(gateway_id)}")
        if _required_id(answer) != gateway_id:
            raise answer.unreadable()
        return self._payment(answer.record())

    def fetch_pix_code(self, gateway_id: str) -> PixCode | None:
        """404 means no QR code; a 400 is read as "not ready yet" (asaas.md 3.4)."""
        try:
            answer = self._ask("GET", f"/payments/{_quoted(gateway_id)}/pixQrCode")
        except (NotFound, RequestRefused):
            return None
        return mapping.to_pix_code(record(answer.data))

    def find_charges(self, reference: str) -> Sequence[GatewayCharge]:
        """Asaas lists the newest first (asaas.md 3.5)."""
        if not reference:
            return ()
        payments = [self._payment(raw) for raw in self._list("/payments", {"externalReference": reference})]
        ours = [payment for payment in payments if payment.reference == reference]
        return tuple(mapping.to_charge(payment) for payment in reversed(ours))

    @classmethod
    def verify(
        cls, delivery: Delivery, secrets: Secrets, *, now: datetime, tolerance_seconds: int | None = None
    ) -> Verification:
        """The token carries no time, so ``now`` and the tolerance decide nothing here."""
        return notifications.verify(delivery, secrets)

    @classmethod
    def parse(cls, delivery: Delivery) -> Notification:
        return notifications.parse(delivery)

    def _ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: str = ""
    ) -> Answer:
        answer = self._session.call(method, path, query=query, body=body)
        if answer.status >= 400:
            raise refusals.to_error(answer)
        return answer

    def _list(self, path: str, query: Mapping[str, str]) -> Iterator[Record]:
        """Every item of a list; gives up after 1,000, which no reference of ours comes near."""
        for page in range(_MOST_PAGES):
            paging = {"limit": str(_PAGE), "offset": str(page * _PAGE)}
            answer = self._ask("GET", path, query={**query, **paging}).record()
            yield from records(answer.get("data"))
            if answer.get("hasMore") is not True:
                return

    def _read_owner(self) -> Record:
        """Whose account it is; a key without the right to know proves itself with the balance (1.3)."""
        try:
            return self._ask("GET", "/myAccount/commercialInfo/").record()
        except CredentialsRefused as error:
            if error.http_status != 403:
                raise
        self._ask("GET", "/finance/balance")
        return {}

    def _read_allowed(self, path: str) -> Record:
        """An object, or an empty one when this key may not read it."""
        try:
            return record(self._ask("GET", path).data)
        except (CredentialsRefused, NotFound) as error:
            if error.http_status == 401:
                raise
            return {}

    def _has_pix_key(self) -> bool:
        """True also where it cannot be known: a warning must be right."""
        answer = self._read_allowed("/pix/addressKeys")
        if not isinstance(answer.get("data"), list):
            return True
        return any(text(key.get("status")) in ("", "ACTIVE") for key in records(answer.get("data")))

    def _webhooks_at(self, url: str) -> list[Record]:
        """Compared here too: whether ``?url=`` filters is documented nowhere."""
        return [item for item in self._list("/webhooks", {"url": url}) if text(item.get("url")) == url]

    def _payment(self, raw: Record) -> GatewayPayment:
        return mapping.to_payment(raw, account_id=self._access.account_id)


def _quoted(gateway_id: str) -> str:
    """An id for a path; an empty one would ask for the whole list."""
    if not gateway_id:
        raise NotFound(_("Asaas does not know this id."))
    return quote(gateway_id, safe="")


def _id(raw: Record) -> str:
    return _quoted(text(raw.get("id"), 100))


def _required_id(answer: Answer) -> str:
    """The id of what was created or read; without one the answer is not what the document promises."""
    found = text(answer.record().get("id"), 100)
    if not found:
        raise answer.unreadable()
    return found


def _phone(written: str) -> dict[str, str]:
    """Brazilian numbers only, mobile (11 digits) and fixed (10) in their own boxes; others are refused."""
    digits = "".join(letter for letter in written if letter.isascii() and letter.isdigit())
    national = digits[2:] if digits.startswith("55") and len(digits) in (12, 13) else digits
    box = {11: "mobilePhone", 10: "phone"}.get(len(national))
    return {box: national} if box else {}
