"""What Mercado Pago refuses in a payment or a preference (mercadopago.md 1.6, 2.1, 3.1)."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator import clock, transport
from simulator.answers import jsonable
from simulator.documents import is_document
from simulator.mercadopago.errors import cause, preference
from simulator.mercadopago.sites import Way
from simulator.money import parse_cents, parse_decimal

DATE_FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")
SHORTEST_PIX, SHORTEST_BOLETO = timedelta(minutes=30), timedelta(days=1)
LONGEST = timedelta(days=30)
ADDRESS = ("zip_code", "street_name", "street_number", "neighborhood", "city", "federal_unit")
SLACK = timedelta(seconds=60)
"""The clock of the caller may differ a little."""
MOST_INSTALMENTS = 36
URL_LENGTH = 248


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def metadata(value: Any) -> dict[str, Any]:
    """Keys come back in snake_case, at every depth (mercadopago.md 2.1)."""
    return _snaked(jsonable(value)) if isinstance(value, dict) else {}


def _snaked(value: Any) -> Any:
    if isinstance(value, dict):
        return {snake_case(key): _snaked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_snaked(item) for item in value]
    return value


def amount(body: dict[str, Any]) -> int:
    exact = parse_decimal(body.get("transaction_amount"))
    if exact is None or exact != round(exact, 2) or isinstance(body["transaction_amount"], str):
        raise cause(400, 2072, "Invalid value for transaction_amount")
    if exact <= 0:
        raise cause(400, 4040, "transaction_amount attribute must be positive")
    return parse_cents(exact) or 0


def limits(body: dict[str, Any], way: Way) -> None:
    """What `/v1/payment_methods` says that the way takes (mercadopago.md 1.4); the code is our choice."""
    exact = parse_decimal(body.get("transaction_amount"))
    if exact is not None and exact > 0 and not Decimal(str(way.least)) <= exact <= way.most:
        raise cause(400, 2072, "Invalid value for transaction_amount")


def payer(body: dict[str, Any]) -> dict[str, Any]:
    given = body.get("payer")
    email = given.get("email") if isinstance(given, dict) else None
    if not isinstance(email, str) or "@" not in email:
        raise cause(400, 1, "payer.email must be a valid email")
    number = (given.get("identification") or {}).get("number") if isinstance(given, dict) else None
    if number:
        _check_document(number)
    return {"payer_email": email}


def _check_document(number: Any) -> None:
    if not is_document(re.sub(r"\W", "", str(number)).upper()):
        raise cause(400, 2067, "Invalid user identification number")


def boleto_payer(body: dict[str, Any]) -> dict[str, Any]:
    """Everything a boleto must say about its payer (mercadopago.md 3.2), each field named when missing."""
    email = payer(body)
    given = body["payer"]
    for name in ("first_name", "last_name"):
        _demand(given, name, f"payer.{name}")
    document = given.get("identification") if isinstance(given.get("identification"), dict) else {}
    if document.get("type") not in ("CPF", "CNPJ"):
        raise cause(400, 1, "payer.identification.type must be CPF or CNPJ")
    _check_document(document.get("number") or "")
    address = given.get("address") if isinstance(given.get("address"), dict) else {}
    for name in ADDRESS:
        _demand(address, name, f"payer.address.{name}")
    return email


def _demand(given: dict[str, Any], name: str, path: str) -> None:
    if not str(given.get(name) or "").strip():
        raise cause(400, 1, f"{path} attribute can't be empty")


def pix_expiry(value: Any) -> datetime | None:
    """30 minutes to 30 days from now (mercadopago.md 3.1)."""
    return _expiry(value, SHORTEST_PIX, "30 minutes")


def boleto_expiry(value: Any) -> datetime | None:
    """1 to 30 days from now (mercadopago.md 3.2)."""
    return _expiry(value, SHORTEST_BOLETO, "1 day")


def _expiry(value: Any, shortest: timedelta, words: str) -> datetime | None:
    """Written with milliseconds and offset."""
    if value is None:
        return None
    if not isinstance(value, str) or not DATE_FORMAT.fullmatch(value):
        raise cause(400, 23, "Invalid date_of_expiration format: yyyy-MM-dd'T'HH:mm:ssz")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as err:
        raise cause(400, 23, "Invalid date_of_expiration format: yyyy-MM-dd'T'HH:mm:ssz") from err
    ahead = moment - clock.now()
    if not shortest - SLACK <= ahead <= LONGEST + SLACK:
        raise cause(400, 1, f"date_of_expiration must be between {words} and 30 days from now")
    return moment


def notification_url(value: Any) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > URL_LENGTH or not transport.is_allowed(value):
        raise cause(400, 1, "notification_url attribute must be a valid https url")
    return value


def additional_info(value: Any) -> dict[str, Any]:
    """quantity and unit_price come back as strings (mercadopago.md 3.3)."""
    info = jsonable(value) if isinstance(value, dict) else {}
    for item in info.get("items") or []:
        for key in ("quantity", "unit_price"):
            if isinstance(item, dict) and item.get(key) is not None:
                item[key] = str(item[key])
    return info


def items(value: Any, currency: str, *, has_cents: bool = True) -> list[dict[str, Any]]:
    """Prices are whole numbers where the currency has no cents (odoo pull request 124162)."""
    if not isinstance(value, list) or not value:
        raise preference("invalid_items", "items needed")
    return [_item(item, currency, 2 if has_cents else 0) for item in value]


def _item(given: Any, currency: str, decimals: int) -> dict[str, Any]:
    if not isinstance(given, dict) or not given.get("title"):
        raise preference("invalid_items", "items must have a title")
    quantity, price = given.get("quantity"), parse_decimal(given.get("unit_price"))
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity <= 0:
        raise preference("invalid_items", "quantity must be a positive integer")
    if price is None or isinstance(given["unit_price"], str) or price <= 0 or price != round(price, decimals):
        raise preference("invalid_items", "unit_price invalid")
    if given.get("currency_id") not in (None, currency):
        raise preference("invalid_items", "currency_id invalid")
    return {
        "id": str(given.get("id") or ""),
        "category_id": given.get("category_id") or "",
        "currency_id": currency,
        "description": given.get("description") or "",
        **({"picture_url": given["picture_url"]} if given.get("picture_url") else {}),
        "title": str(given["title"]),
        "quantity": quantity,
        "unit_price": jsonable(price),
    }


def back_urls(value: Any) -> dict[str, str]:
    """http addresses are dropped without a word (mercadopago.md 2.1)."""
    given = value if isinstance(value, dict) else {}
    kept = {key: str(given.get(key) or "") for key in ("failure", "pending", "success")}
    return {key: url if url.startswith("https://") else "" for key, url in kept.items()}


def auto_return(value: Any, urls: dict[str, str]) -> str | None:
    if not value:
        return None
    if value not in ("approved", "all"):
        raise preference("invalid_auto_return", "auto_return invalid. Must be approved or all")
    if not urls["success"]:
        raise preference("invalid_auto_return", "auto_return invalid. back_url.success must be defined")
    return str(value)


def payment_methods(value: Any) -> dict[str, Any]:
    given = jsonable(value) if isinstance(value, dict) else {}
    instalments = given.get("installments")
    if instalments is not None and not (
        isinstance(instalments, int) and 1 <= instalments <= MOST_INSTALMENTS
    ):
        raise preference("invalid_payment_methods", "installments must be between 1 and 36")
    methods, kinds = (given.get(f"excluded_payment_{name}") for name in ("methods", "types"))
    if any(
        one.get("id") == "account_money"
        for one in [*(methods or []), *(kinds or [])]
        if isinstance(one, dict)
    ):
        raise preference("invalid_payment_methods", "account_money cannot be excluded")
    return {
        "default_card_id": given.get("default_card_id"),
        "default_payment_method_id": given.get("default_payment_method_id"),
        "excluded_payment_methods": methods or [{"id": ""}],
        "excluded_payment_types": kinds or [{"id": ""}],
        "installments": instalments,
        "default_installments": given.get("default_installments"),
    }
