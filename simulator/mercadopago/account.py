"""What an account can be asked about itself (mercadopago.md 1.4)."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator.answers import json_answer
from simulator.mercadopago import serialise
from simulator.mercadopago.errors import not_found
from simulator.mercadopago.sites import SITES, Site, Way
from simulator.models import Account


def me(request: HttpRequest, account: Account) -> dict[str, Any]:
    options = account.options
    is_test, site = options["test_user"], SITES[options["site"]]
    status = {
        "site_status": options.get("site_status", "active"),
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
        "country_id": site.country,
        "email": options["email"],
        "identification": _identification(options),
        "address": _address(site),
        "phone": {"area_code": "11", "extension": "", "number": "999990000", "verified": False},
        "user_type": "normal",
        "tags": ["normal", *(["test_user"] if is_test else []), "user_info_verified"],
        "logo": None,
        "points": 0,
        "site_id": options.get("shown_site") or options["site"],
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


def _identification(options: dict[str, Any]) -> dict[str, str]:
    site = SITES[options["site"]]
    if site.country != "BR":
        kind, number = site.seller
        return {"number": number, "type": kind}
    return {"number": options["document"], "type": "CPF" if len(options["document"]) == 11 else "CNPJ"}


def _address(site: Site) -> dict[str, str]:
    state = "BR-SP" if site.country == "BR" else site.country
    return {"address": "Rua Um 100", "city": site.city, "state": state, "zip_code": "01001000"}


def payment_methods(request: HttpRequest, account: Account) -> HttpResponse:
    """PIX only works with a PIX key; `inactive_methods` are those the account may not use."""
    return json_answer([_method(way, account.options) for way in SITES[account.options["site"]].ways])


def _method(way: Way, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": way.id,
        "name": way.name,
        "payment_type_id": way.kind,
        "status": "active" if is_active(way, options) else "deactive",
        "secure_thumbnail": None,
        "thumbnail": None,
        "deferred_capture": "supported" if way.kind == "credit_card" else "does_not_apply",
        "settings": [],
        "additional_info_needed": [],
        "min_allowed_amount": way.least,
        "max_allowed_amount": way.most,
        "accreditation_time": way.minutes,
        "financial_institutions": [],
        "processing_modes": ["aggregator"],
    }


def is_active(way: Way, options: dict[str, Any]) -> bool:
    if way.id == "pix" and not options["has_pix_key"]:
        return False
    return way.id not in options.get("inactive_methods", [])


def identification_types(request: HttpRequest, account: Account) -> HttpResponse:
    """Those of the account's country. Mexico has none (identification-types guide): 404 is our choice."""
    documents = SITES[account.options["site"]].documents
    if not documents:
        raise not_found("identification_types")
    return json_answer(
        [
            {
                "id": one.id,
                "name": one.name,
                "type": one.kind,
                "min_length": one.shortest,
                "max_length": one.longest,
            }
            for one in documents
        ]
    )
