"""Whose account an Asaas key opens, and what an administrator should know about it (asaas.md 1.3)."""

from __future__ import annotations

from connections.gateways.asaas import credentials as keys
from connections.gateways.asaas import mapping
from connections.gateways.asaas.api import AsaasApi
from connections.gateways.base import Access, Account, Notice
from connections.gateways.errors import CredentialsRefused
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, records, text

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


def read_account(api: AsaasApi, access: Access) -> Account:
    owner = _read_owner(api)
    status = api.read_allowed("/myAccount/status/")
    account_id = text(status.get("id"), 100)
    checks = (
        (not account_id, _NO_IDENTITY),
        (bool(account_id) and text(status.get("general")) != "APPROVED", _NOT_APPROVED),
        (not _has_pix_key(api), _NO_PIX_KEY),
    )
    names = (text(owner.get(key), 200) for key in ("tradingName", "companyName", "name"))
    key = access.credentials.get("api_key", "")
    return Account(
        account_id=account_id,
        name=next(filter(None, names), ""),
        # The gateway accepted the key on this environment's host, which it does for no other key.
        environment=keys.environment_of(key) or access.environment,
        site="BR",
        currency=mapping.CURRENCY,
        time_zone=mapping.ZONE_NAME,
        notices=tuple(notice for is_wrong, notice in checks if is_wrong),
    )


def _read_owner(api: AsaasApi) -> Record:
    """Whose account it is; a key without the right to know proves itself with the balance (1.3)."""
    try:
        return api.ask("GET", "/myAccount/commercialInfo/").record()
    except CredentialsRefused as error:
        if error.http_status != 403:
            raise
    api.ask("GET", "/finance/balance")
    return {}


def _has_pix_key(api: AsaasApi) -> bool:
    """True also where it cannot be known: a warning must be right."""
    answer = api.read_allowed("/pix/addressKeys")
    if not isinstance(answer.get("data"), list):
        return True
    return any(text(key.get("status")) in ("", "ACTIVE") for key in records(answer.get("data")))
