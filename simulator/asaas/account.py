"""What an account can be asked about itself (asaas.md 1.3), and its PIX keys."""

from typing import Any

from django.http import HttpRequest

from simulator import known, numbering
from simulator.answers import read_json
from simulator.asaas import serialise
from simulator.asaas.balance import balance_cents
from simulator.asaas.errors import invalid
from simulator.models import Account, write
from simulator.money import decimal_number

APPROVED = "APPROVED"
STATES = (APPROVED, "PENDING", "REJECTED", "AWAITING_APPROVAL")


def commercial_info(request: HttpRequest, account: Account) -> dict[str, Any]:
    document = account.options["document"]
    return {
        "status": "APPROVED",
        "personType": "FISICA" if len(document) == 11 else "JURIDICA",
        "cpfCnpj": document,
        "name": account.name,
        "birthDate": None,
        "companyName": account.name,
        "companyType": "LIMITED",
        "incomeValue": 50000.0,
        "email": account.options["email"],
        "phone": None,
        "mobilePhone": "11987654321",
        "postalCode": "01001000",
        "address": "Praça da Sé",
        "addressNumber": "100",
        "complement": None,
        "province": "Sé",
        "city": {"object": "city", "id": 15873, "ibgeCode": "3550308", "name": "São Paulo", "state": "SP"},
        "denialReason": None,
        "tradingName": account.name,
        "site": account.options.get("site_url"),
        "commercialInfoExpiration": {"isExpired": False, "scheduledDate": None},
    }


def status(request: HttpRequest, account: Account) -> dict[str, Any]:
    """What is not approved yet is so as a whole; which part of it is looked at is our choice."""
    state = account.options.get("account_status", APPROVED)
    return {
        "id": account.options["account_id"],
        "commercialInfo": APPROVED,
        "bankAccountInfo": APPROVED,
        "documentation": state,
        "general": state,
    }


def balance(request: HttpRequest, account: Account) -> dict[str, Any]:
    return {"balance": decimal_number(balance_cents(account))}


def account_number(request: HttpRequest, account: Account) -> dict[str, Any]:
    return {"agency": "0001", "account": f"{account.pk:07d}", "accountDigit": str(account.pk % 10)}


def wallets(request: HttpRequest, account: Account) -> dict[str, Any]:
    return _list([{"object": "wallet", "id": account.options["wallet_id"]}])


def pix_keys(request: HttpRequest, account: Account) -> dict[str, Any]:
    keys = [_pix_key(account)] if account.options.get("has_pix_key") else []
    wanted = request.GET.get("status")
    return _list([key for key in keys if wanted in (None, "", key["status"])])


def create_pix_key(request: HttpRequest, account: Account) -> dict[str, Any]:
    if read_json(request).get("type") != "EVP":
        raise invalid("type", "Apenas chaves aleatórias (EVP) podem ser criadas pela API.")
    with write():
        row = Account.objects.get(pk=account.pk)
        row.options |= {"has_pix_key": True, "pix_key": numbering.fresh_uuid()}
        row.save(update_fields=["options"])
    known.forget()
    return _pix_key(row)


def _pix_key(account: Account) -> dict[str, Any]:
    return {
        "id": account.options["wallet_id"],
        "key": account.options["pix_key"],
        "type": "EVP",
        "status": "ACTIVE",
        "dateCreated": serialise.timestamp(account.created_at),
        "canBeDeleted": True,
        "cannotBeDeletedReason": None,
        "qrCode": None,
    }


def _list(data: list[dict[str, Any]]) -> dict[str, Any]:
    size = len(data)
    return {"object": "list", "hasMore": False, "totalCount": size, "limit": 10, "offset": 0, "data": data}
