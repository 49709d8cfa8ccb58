"""What an account can be asked about itself (mercadopago.md 1.4)."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator.answers import json_answer
from simulator.mercadopago import serialise
from simulator.mercadopago.errors import not_found
from simulator.models import Account

METHODS = (
    ("pix", "PIX", "bank_transfer", 0),
    ("bolbradesco", "Boleto", "ticket", 2880),
    ("pec", "Pagamento na lotérica sem boleto", "ticket", 0),
    ("visa", "Visa", "credit_card", 2880),
    ("master", "Mastercard", "credit_card", 2880),
    ("amex", "American Express", "credit_card", 2880),
    ("elo", "Elo", "credit_card", 2880),
    ("hipercard", "Hipercard", "credit_card", 2880),
    ("debelo", "Elo Debito", "debit_card", 1440),
    ("account_money", "Dinheiro na minha conta do Mercado Pago", "account_money", 0),
)
ONLY_BRAZIL = ("pix", "bolbradesco", "pec", "elo", "hipercard", "debelo")
COUNTRY = {"MLB": "BR", "MLA": "AR", "MLM": "MX", "MLC": "CL", "MCO": "CO", "MPE": "PE", "MLU": "UY"}


def me(request: HttpRequest, account: Account) -> dict[str, Any]:
    options = account.options
    is_test = options["test_user"]
    status = {
        "site_status": "active",
        "mercadopago_account_type": "personal" if is_test else "business",
        "mercadopago_tc_accepted": True,
        "billing": {"allow": True, "codes": []},
        "confirmed_email": True,
        "required_action": None,
    }
    return {
        "id": account.user_id,
        "nickname": options["nickname"],
        "registration_date": serialise.stamp(account.created_at),
        "first_name": "Test" if is_test else account.name.split()[0],
        "last_name": "Test" if is_test else account.name.split()[-1],
        "country_id": COUNTRY[options["site"]],
        "email": options["email"],
        "identification": {
            "number": options["document"],
            "type": "CPF" if len(options["document"]) == 11 else "CNPJ",
        },
        "address": {"address": "Rua Um 100", "city": "São Paulo", "state": "BR-SP", "zip_code": "01001000"},
        "phone": {"area_code": "11", "extension": "", "number": "999990000", "verified": False},
        "user_type": "normal",
        "tags": ["normal", *(["test_user"] if is_test else []), "user_info_verified"],
        "logo": None,
        "points": 0,
        "site_id": options["site"],
        "permalink": f"http://perfil.mercadolivre.com.br/{options['nickname']}",
        "company": {"brand_name": None, "corporate_name": "", "identification": "", "soft_descriptor": None},
        "status": status,
    }


def application(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    if gid != str(account.options["client_id"]):
        raise not_found("application")
    return {
        "id": account.options["client_id"],
        "name": account.name,
        "description": None,
        "site_id": account.options["site"],
        "owner_id": account.user_id,
        "active": True,
        "sandbox_mode": account.options["token_prefix"] == "TEST",
    }


def payment_methods(request: HttpRequest, account: Account) -> HttpResponse:
    """PIX only works with a PIX key."""
    in_brazil = account.options["site"] == "MLB"
    shown = [one for one in METHODS if in_brazil or one[0] not in ONLY_BRAZIL]
    return json_answer([_method(*one, account.options["has_pix_key"]) for one in shown])


def _method(identifier: str, name: str, kind: str, minutes: int, has_pix_key: bool) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name,
        "payment_type_id": kind,
        "status": "active" if has_pix_key or identifier != "pix" else "deactive",
        "secure_thumbnail": None,
        "thumbnail": None,
        "deferred_capture": "supported" if kind == "credit_card" else "does_not_apply",
        "settings": [],
        "additional_info_needed": [],
        "min_allowed_amount": 0.5,
        "max_allowed_amount": 100000,
        "accreditation_time": minutes,
        "financial_institutions": [],
        "processing_modes": ["aggregator"],
    }
