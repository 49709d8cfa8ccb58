"""/preapproval (mercadopago.md 4.2 to 4.6)."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse

from simulator import lag, partial
from simulator.answers import json_answer, read_json
from simulator.mercadopago import paging, seen, subscribing
from simulator.mercadopago import subscription_bodies as bodies
from simulator.mercadopago import subscription_states as states
from simulator.mercadopago import subscription_terms as terms
from simulator.mercadopago.errors import MpError, not_yet, plain
from simulator.models import Account, MpSubscription, write
from simulator.money import parse_cents

DEFAULT_LIMIT = 20
UNTOLD = {"amount_cents"}


def existing(account: Account, gid: str) -> MpSubscription:
    """One of another account is not a 404 (mercadopago.md 1.6)."""
    row = MpSubscription.objects.select_related("plan").filter(gid=gid).first()
    if row is None:
        raise missing(gid)
    if row.account_id != account.pk:
        raise plain(400, f"The preapproval with id {gid} is not valid for callerId {account.user_id}")
    row.account = account
    return row


def missing(gid: str) -> MpError:
    return plain(404, f"The preapproval with id {gid} does not exist")


def create(request: HttpRequest, account: Account) -> HttpResponse:
    """A repeated idempotency key makes another one (1.5); a notification_url is dropped (6.3)."""
    body = read_json(request)
    if body.get("card_token_id"):
        raise not_yet("card_token_id")
    if body.get("preapproval_plan_id") or body.get("status") == states.AUTHORIZED:
        raise plain(400, "card_token_id is required")
    if body.get("status", states.PENDING) != states.PENDING:
        raise plain(400, f"Invalid status: {body['status']}")
    data = {
        "reason": terms.text(body, "reason", "Reason is required"),
        "back_url": terms.back_url(body.get("back_url")),
        "payer_email": terms.payer_email(body.get("payer_email")),
        "auto_recurring": terms.recurring(body, account),
    }
    row = subscribing.create(
        account,
        amount_cents=terms.amount(body["auto_recurring"].get("transaction_amount"), account),
        external_reference=terms.reference(body.get("external_reference")),
        data=data,
    )
    return json_answer(bodies.subscription(row), 201)


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return seen.body(request, existing(account, gid), gid, bodies.subscription, missing(gid))


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """What it does not know it drops without a word, and answers 200 (mercadopago.md 4.4)."""
    body = partial.thinned(request, account, read_json(request))
    with write():
        row = states.fresh(existing(account, gid))
        before = _changeable(row)
        status = body.get("status")
        if set(body) - {"status"} or status is None:
            states.admit_change(row)
        _apply(row, body)
        if status is not None:
            states.move(row, str(status))
        changed = {name for name, value in _changeable(row).items() if value != before[name]}
        if changed:
            states.changed(row, is_told=bool(changed - UNTOLD))
    return bodies.subscription(row)


def _changeable(row: MpSubscription) -> dict[str, Any]:
    kept = {name: row.data[name] for name in ("reason", "back_url")}
    columns = ("status", "amount_cents", "external_reference")
    return kept | {name: getattr(row, name) for name in columns}


def _apply(row: MpSubscription, body: dict[str, Any]) -> None:
    if "reason" in body:
        row.data["reason"] = terms.text(body, "reason", "Reason is required")
    if "back_url" in body:
        row.data["back_url"] = terms.back_url(body["back_url"])
    if "external_reference" in body:
        row.external_reference = terms.reference(body["external_reference"])
    asked = body.get("auto_recurring")
    if isinstance(asked, dict) and "transaction_amount" in asked:
        row.amount_cents = terms.amount(asked["transaction_amount"], row.account)


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    """It lies as measured: no external_reference, half of the cancelled ones (mercadopago.md 4.6)."""
    offset, limit = paging.window(request, DEFAULT_LIMIT)
    rows = MpSubscription.objects.select_related("account", "plan").filter(account=account)
    rows = _filtered(request, rows.annotate(odd=F("id") % 2).exclude(status=states.CANCELLED, odd=1))
    rows = lag.without_newest(account, request.path, rows)
    sign = "" if str(request.GET.get("sort", "")).endswith("asc") else "-"
    shown = rows.order_by(f"{sign}id")[offset : offset + limit]
    return {
        "paging": {"offset": offset, "limit": limit, "total": rows.count()},
        "results": [bodies.listed(one) for one in seen.many(shown, "gid", bodies.subscription)],
    }


def _filtered(request: HttpRequest, rows: QuerySet) -> QuerySet:
    given = request.GET
    columns = {"status": "status", "preapproval_plan_id": "plan__gid"}
    columns |= {"payer_email": "data__payer_email", "q": "data__reason__icontains"}
    rows = rows.filter(**{column: given[name] for name, column in columns.items() if given.get(name)})
    if given.get("transaction_amount"):
        rows = rows.filter(amount_cents=parse_cents(given["transaction_amount"]) or 0)
    if given.get("payer_id"):
        same = [one.pk for one in rows if str(bodies.payer_id(one.data["payer_email"])) == given["payer_id"]]
        rows = rows.filter(pk__in=same)
    return rows
