"""/checkout/preferences (mercadopago.md 2)."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import clock, faults, lag, numbering, partial
from simulator.answers import json_answer, jsonable, read_json
from simulator.mercadopago import checkout_bodies, paging, serialise, validate
from simulator.mercadopago.errors import not_found
from simulator.mercadopago.sites import SITES
from simulator.models import Account, MpPreference, write

EMPTY_ADDRESS = {"zip_code": "", "street_name": "", "street_number": None}
DEFAULT_LIMIT = 50


def existing(account: Account, gid: str) -> MpPreference:
    row = MpPreference.objects.filter(account_id=account.pk, gid=gid).order_by().first()
    if row is None:
        raise not_found("preference")
    row.account = account
    return row


def create(request: HttpRequest, account: Account) -> HttpResponse:
    """The idempotency header is accepted and does nothing here (mercadopago.md 1.5)."""
    body = read_json(request)
    now = clock.now()
    row = MpPreference(account=account, gid=f"{account.user_id}-{numbering.fresh_uuid()}", created_at=now)
    _fill(row, body)
    with write():
        row.save()
    return json_answer(checkout_bodies.preference(row), 201)


def _fill(row: MpPreference, given: dict[str, Any]) -> None:
    """Checks the whole request and builds the answer in the order of the sample."""
    row.data = _document(row, given)
    row.external_reference = str(row.data["external_reference"] or "")
    row.total_cents = _total(row.data)


def _document(row: MpPreference, given: dict[str, Any]) -> dict[str, Any]:
    account = row.account
    site = SITES[account.options["site"]]
    items = validate.items(given.get("items"), site.currency, has_cents=site.has_cents)
    urls = validate.back_urls(given.get("back_urls"))
    page = f"checkout/v1/redirect?pref_id={row.gid}"
    echo = jsonable(given)
    return {
        "additional_info": echo.get("additional_info") or "",
        "auto_return": validate.auto_return(given.get("auto_return"), urls),
        "back_urls": urls,
        "binary_mode": bool(given.get("binary_mode", False)),
        "client_id": str(account.options["client_id"]),
        "collector_id": account.user_id,
        "coupon_code": None,
        "coupon_labels": None,
        "date_created": serialise.stamp(row.created_at),
        "date_of_expiration": echo.get("date_of_expiration"),
        "expiration_date_from": echo.get("expiration_date_from"),
        "expiration_date_to": echo.get("expiration_date_to"),
        "expires": bool(given.get("expires", False)),
        "external_reference": _text(given.get("external_reference")),
        "id": row.gid,
        "init_point": f"{serialise.base_url()}/{page}",
        "internal_metadata": None,
        "items": items,
        "marketplace": "NONE",
        "marketplace_fee": echo.get("marketplace_fee") or 0,
        "metadata": validate.metadata(given.get("metadata")),
        "notification_url": given.get("notification_url"),
        "operation_type": "regular_payment",
        "payer": _payer(echo.get("payer")),
        "payment_methods": validate.payment_methods(given.get("payment_methods")),
        "processing_modes": echo.get("processing_modes"),
        "product_id": None,
        "redirect_urls": {"failure": "", "pending": "", "success": ""},
        "sandbox_init_point": f"{serialise.base_url()}/sandbox/{page}",
        "site_id": account.options["site"],
        "shipments": _shipments(echo.get("shipments")),
        "statement_descriptor": echo.get("statement_descriptor"),
        "total_amount": None,
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _payer(given: Any) -> dict[str, Any]:
    given = given if isinstance(given, dict) else {}
    return {
        "phone": {"area_code": "", "number": ""} | (given.get("phone") or {}),
        "address": EMPTY_ADDRESS | (given.get("address") or {}),
        "email": given.get("email") or "",
        "identification": {"number": "", "type": ""} | (given.get("identification") or {}),
        "name": given.get("name") or "",
        "surname": given.get("surname") or "",
        "date_created": given.get("date_created"),
        "last_purchase": None,
    }


def _shipments(given: Any) -> dict[str, Any]:
    given = given if isinstance(given, dict) else {}
    address = EMPTY_ADDRESS | {
        "floor": "",
        "apartment": "",
        "city_name": None,
        "state_name": None,
        "country_name": None,
    }
    return {
        "default_shipping_method": None,
        "receiver_address": address,
        **({"cost": given["cost"]} if given.get("cost") else {}),
    }


def _total(data: dict[str, Any]) -> int:
    """The sum of the items, plus shipments.cost (mercadopago.md 2.1)."""
    total = sum(Decimal(str(item["unit_price"])) * item["quantity"] for item in data["items"])
    total += Decimal(str(data["shipments"].get("cost", 0)))
    return int(total * 100)


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    occasion = faults.Occasion("mercadopago", account.pk, "GET", request.path)
    if row.previous and faults.take("stale_read", occasion) is not None:
        return row.previous
    return checkout_bodies.preference(row)


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """Replaces what is sent (mercadopago.md 2.3)."""
    body = partial.thinned(request, account, read_json(request))
    with write():
        row = existing(account, gid)
        row.previous = checkout_bodies.preference(row)
        shown = dict(row.data)
        shown["auto_return"] = shown["auto_return"] or None
        _fill(row, {**shown, **body})
        row.updated_at = clock.now()
        row.save()
    return checkout_bodies.preference(row)


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    rows = MpPreference.objects.select_related("account").filter(account=account)
    offset, limit = paging.window(request, DEFAULT_LIMIT)
    columns = {"external_reference": "external_reference", "marketplace": "data__marketplace"}
    columns |= {"site_id": "data__site_id", "sponsor_id": "data__sponsor_id"}
    given = request.GET
    rows = rows.filter(**{column: given[name] for name, column in columns.items() if given.get(name)})
    rows = lag.without_newest(account, request.path, rows)
    total = rows.count()
    shown = rows.order_by("-id")[offset : offset + limit]
    return {
        "elements": [checkout_bodies.preference_summary(row) for row in shown],
        "next_offset": min(total, offset + limit),
        "total": total,
    }
