"""Accounts at the simulated gateways: made, changed and shown with their keys."""

from typing import Any

from simulator import clock, known, numbering
from simulator.asaas import account as own_data
from simulator.asaas import keys, subscriptions
from simulator.asaas.auth import PREFIX
from simulator.control.errors import ControlError
from simulator.mercadopago.dispute_bodies import REFERENCE_SHAPE, SDK_SHAPE
from simulator.mercadopago.serialise import BOTH_PLACES, NEW_PLACE, OLD_PLACE
from simulator.mercadopago.sites import SITES
from simulator.mercadopago.topics import TOPICS
from simulator.models import Account, write
from simulator.money import parse_cents

ASAAS_SWITCHES = (
    "has_pix_key",
    "rate_limited",
    "site_url",
    "document",
    "email",
    "opening_balance",
    "slow_refunds",
    "critical_action_protection",
    "issues_days_ahead",
    "copies_subscription_reference",
    "account_status",
    "key_may_not",
)
MP_SWITCHES = (
    "test_user",
    "site",
    "inactive_methods",
    "direct_payments",
    "has_pix_key",
    "panel_url",
    "panel_topics",
    "signing_tab",
    "barcode_place",
    "document",
    "email",
    "opening_balance",
    "slow_refunds",
    "first_charge_minutes",
    "invoice_index_seconds",
    "plan_amount_follows",
    "match_payer_email",
    "chargeback_shape",
    "reimbursed_as_approved",
    "site_status",
    "shown_site",
)
CNPJ, TEST_CPF = "11222333000181", "12345678909"
TAKEN_AT_START = ("gateway", "environment", "token_prefix")
KEY_LETTERS = 156
FIRST_CHARGE_MINUTES = 40
"""After the authorization in production; a test seller is charged at once (mercadopago.md 4.5)."""


def create(body: dict[str, Any]) -> Account:
    makers = {"asaas": _new_asaas, "mercadopago": _new_mercadopago}
    maker = makers.get(str(body.get("gateway")))
    if maker is None:
        raise ControlError("gateway must be asaas or mercadopago")
    account = maker(body)
    _switch(account, {key: value for key, value in body.items() if key not in TAKEN_AT_START})
    with write():
        account.save()
    return account


def _new_asaas(body: dict[str, Any]) -> Account:
    environment = body.get("environment", "sandbox")
    if environment not in PREFIX:
        raise ControlError("environment must be sandbox or production")
    now = clock.now()
    options = {
        "account_id": numbering.fresh_uuid(),
        "wallet_id": numbering.fresh_uuid(),
        "document": CNPJ,
        "email": "financeiro@example.com",
        "has_pix_key": True,
        "pix_key": numbering.fresh_uuid(),
        "rate_limited": True,
        "site_url": None,
        "opening_balance": 0,
        "slow_refunds": False,
        "critical_action_protection": False,
        "issues_days_ahead": subscriptions.DAYS_AHEAD[0],
        "copies_subscription_reference": True,
        "account_status": own_data.APPROVED,
        "key_may_not": [],
        "key": keys.new("Integração", now),
    }
    return Account(
        gateway="asaas",
        environment=environment,
        name="Loja Exemplo",
        key=PREFIX[environment] + numbering.alphanumeric(KEY_LETTERS),
        options=options,
        created_at=now,
    )


def _new_mercadopago(body: dict[str, Any]) -> Account:
    is_test = bool(body.get("test_user", False))
    prefix = body.get("token_prefix", "APP_USR")
    if prefix not in ("APP_USR", "TEST"):
        raise ControlError("token_prefix must be APP_USR or TEST")
    user_id = numbering.scattered("mp-users", 1_402_000_000)
    client_id = int("77" + numbering.digits(14))
    now = clock.now()
    options = {
        "token_prefix": prefix,
        "test_user": is_test,
        "direct_payments": not (is_test and prefix == "APP_USR"),
        "client_id": client_id,
        "client_secret": numbering.alphanumeric(32),
        "public_key": f"{prefix}-{numbering.fresh_uuid()}",
        "webhook_secret": numbering.lower_alphanumeric(64),
        "webhook_secret_production": numbering.lower_alphanumeric(64),
        "signing_tab": "test",
        "barcode_place": "both",
        "panel_url": None,
        "panel_topics": ["payment"],
        "site": "MLB",
        "inactive_methods": [],
        "has_pix_key": True,
        "pix_key": numbering.fresh_uuid(),
        "opening_balance": 0,
        "slow_refunds": False,
        "first_charge_minutes": 0 if is_test or prefix == "TEST" else FIRST_CHARGE_MINUTES,
        "invoice_index_seconds": 60,
        "plan_amount_follows": False,
        "match_payer_email": False,
        "chargeback_shape": REFERENCE_SHAPE,
        "reimbursed_as_approved": False,
        "site_status": "active",
        "shown_site": None,
        "nickname": f"TESTUSER{user_id}" if is_test else f"LOJA{user_id}",
        "email": f"test_user_{user_id}@testuser.com" if is_test else "financeiro@example.com",
        "document": TEST_CPF if is_test else CNPJ,
    }
    random_hex = numbering.fresh_uuid().replace("-", "")
    return Account(
        gateway="mercadopago",
        environment="test" if is_test or prefix == "TEST" else "production",
        name="Loja Exemplo",
        key=f"{prefix}-{client_id}-{now:%m%d%H}-{random_hex}-{user_id}",
        user_id=user_id,
        options=options,
        created_at=now,
    )


def find(identifier: Any) -> Account:
    account = Account.objects.filter(pk=identifier).first() if str(identifier).isdigit() else None
    if account is None:
        raise ControlError(f"no account {identifier}", 404)
    return account


def change(identifier: str, body: dict[str, Any]) -> Account:
    """A key of Asaas that is switched off or on tells so itself (ACCESS_TOKEN_DISABLED, _ENABLED)."""
    with write():
        account = find(identifier)
        was_enabled = account.key_enabled
        if body.pop("renew_key", False):
            account.key = _renewed(account)
        _switch(account, body)
        account.save()
        if account.gateway == "asaas" and account.key_enabled != was_enabled:
            keys.happen(account, "enabled" if account.key_enabled else "disabled")
        if account.gateway == "asaas":
            subscriptions.plan_again(account)
    known.forget()
    return account


def _renewed(account: Account) -> str:
    """Another key of the same account; the one before opens nothing any more."""
    if account.gateway == "asaas":
        return PREFIX[account.environment] + numbering.alphanumeric(KEY_LETTERS)
    *same, _random, user_id = account.key.split("-")
    return "-".join([*same, numbering.fresh_uuid().replace("-", ""), user_id])


def _switch(account: Account, body: dict[str, Any]) -> None:
    switches = ASAAS_SWITCHES if account.gateway == "asaas" else MP_SWITCHES
    for key, value in body.items():
        if key == "name":
            account.name = str(value)
        elif key == "key_enabled":
            account.key_enabled = bool(value)
        elif key in switches:
            account.options[key] = value
        else:
            raise ControlError(
                f"{key} is not a switch of this account; there are: name, key_enabled, {', '.join(switches)}"
            )
    _check(account)


def _check(account: Account) -> None:
    if parse_cents(account.options.get("opening_balance", 0)) is None:
        raise ControlError("opening_balance must be a number")
    if account.options.get("barcode_place", BOTH_PLACES) not in (OLD_PLACE, NEW_PLACE, BOTH_PLACES):
        raise ControlError("barcode_place must be old, new or both")
    if account.options.get("issues_days_ahead", 40) not in subscriptions.DAYS_AHEAD:
        raise ControlError("issues_days_ahead must be 40, 14 or 7")
    if account.options.get("chargeback_shape", REFERENCE_SHAPE) not in (REFERENCE_SHAPE, SDK_SHAPE):
        raise ControlError("chargeback_shape must be reference or sdk")
    unknown = set(account.options.get("panel_topics", [])) - set(TOPICS)
    if unknown:
        raise ControlError(f"panel_topics are some of {', '.join(TOPICS)}")
    _check_standing(account)
    _check_numbers(account, "first_charge_minutes", "invoice_index_seconds")
    if account.options.get("site", "MLB") not in SITES:
        raise ControlError(f"site must be one of {', '.join(SITES)}")


def _check_standing(account: Account) -> None:
    if account.options.get("account_status", own_data.APPROVED) not in own_data.STATES:
        raise ControlError(f"account_status must be one of {', '.join(own_data.STATES)}")
    parts = account.options.get("key_may_not", [])
    if not isinstance(parts, list) or not all(isinstance(part, str) and part for part in parts):
        raise ControlError("key_may_not must be a list of parts of paths")


def _check_numbers(account: Account, *names: str) -> None:
    for name in names:
        value = account.options.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ControlError(f"{name} must be a number, 0 or more")


def show(account: Account) -> dict[str, Any]:
    key_name = "api_key" if account.gateway == "asaas" else "access_token"
    base = f"/asaas/{account.environment}" if account.gateway == "asaas" else "/mercadopago"
    user = {} if account.user_id is None else {"user_id": account.user_id}
    return {
        "id": account.pk,
        "gateway": account.gateway,
        "environment": account.environment,
        "name": account.name,
        key_name: account.key,
        "key_enabled": account.key_enabled,
        **user,
        **account.options,
        "base": base,
    }


def show_all() -> list[dict[str, Any]]:
    return [show(account) for account in Account.objects.order_by("id")]
