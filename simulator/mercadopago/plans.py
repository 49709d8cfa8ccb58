"""/preapproval_plan (mercadopago.md 4.1, 4.6)."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import clock, known, lag, partial
from simulator.answers import json_answer, read_json
from simulator.mercadopago import notify, paging, seen
from simulator.mercadopago import subscription_bodies as bodies
from simulator.mercadopago import subscription_states as states
from simulator.mercadopago import subscription_terms as terms
from simulator.mercadopago.errors import MpError, not_yet, plain
from simulator.mercadopago.topics import PLAN
from simulator.models import Account, MpPlan, MpSubscription, write

ACTIVE, CANCELLED = "active", "cancelled"
DEFAULT_LIMIT = 20
FIXED = ("frequency", "frequency_type", "currency_id")
"""Dropped without a word by PUT, as of subscriptions (our decision)."""


def existing(account: Account, gid: str) -> MpPlan:
    row = MpPlan.objects.filter(account=account, gid=gid).first()
    if row is None:
        raise missing(gid)
    row.account = account
    return row


def missing(gid: str) -> MpError:
    return plain(404, f"The preapproval_plan with id {gid} does not exist")


def create(request: HttpRequest, account: Account) -> HttpResponse:
    """The idempotency header is accepted and does nothing (mercadopago.md 1.5)."""
    body = read_json(request)
    now = clock.now()
    row = MpPlan(account=account, gid=uuid.uuid4().hex, created_at=now, updated_at=now)
    _fill(row, body)
    with write():
        row.save()
        _tell(row, "created")
    return json_answer(bodies.plan(row), 201)


def _fill(row: MpPlan, body: dict[str, Any]) -> None:
    row.external_reference = terms.reference(body.get("external_reference"))
    row.data = {
        "reason": terms.text(body, "reason", "Reason is required"),
        "back_url": terms.back_url(body.get("back_url")),
        "auto_recurring": terms.recurring(body, row.account),
        "payment_methods_allowed": terms.payment_methods(body.get("payment_methods_allowed")),
    }
    amount = body["auto_recurring"].get("transaction_amount")
    if amount is None:
        raise not_yet("a plan without transaction_amount")
    row.amount_cents = terms.amount(amount, row.account)


def _tell(row: MpPlan, action: str) -> None:
    extra = {"version": row.version}
    notify.tell(row.account, PLAN, action, row.gid, reference=row.external_reference, extra=extra)


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return seen.body(request, existing(account, gid), gid, bodies.plan, missing(gid))


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """What is sent replaces what was; a cancelled one stays so (our decision)."""
    body = partial.thinned(request, account, read_json(request))
    with write():
        row = existing(account, gid)
        row.previous = bodies.plan(row)
        before = row.amount_cents
        status = body.get("status", row.status)
        if row.status == CANCELLED or status not in (ACTIVE, CANCELLED):
            raise plain(400, f"Invalid transition from {row.status} to {status}")
        _fill(row, _merged(row, body))
        row.status = status
        row.version += 1
        row.updated_at = max(clock.now(), row.updated_at + states.INSTANT)
        row.save()
        _tell(row, "updated")
        if row.amount_cents != before and account.options.get("plan_amount_follows"):
            _let_follow(row)
    return bodies.plan(row)


def _merged(row: MpPlan, body: dict[str, Any]) -> dict[str, Any]:
    now = bodies.plan(row)
    asked = body.get("auto_recurring")
    asked = asked if isinstance(asked, dict) else {}
    kept = {key: value for key, value in asked.items() if key not in FIXED}
    return now | body | {"auto_recurring": now["auto_recurring"] | kept}


def _let_follow(plan: MpPlan) -> None:
    """Measured both ways (mercadopago.md 4.4): the account says; a changed amount is not told."""
    for one in MpSubscription.objects.filter(plan=plan).exclude(status=states.CANCELLED):
        row = states.fresh(one)
        row.amount_cents = plan.amount_cents
        states.changed(row, is_told=False)


def search(request: HttpRequest, account: Account) -> dict[str, Any]:
    offset, limit = paging.window(request, DEFAULT_LIMIT)
    rows = MpPlan.objects.filter(account=account)
    if request.GET.get("status"):
        rows = rows.filter(status=request.GET["status"])
    if request.GET.get("q"):
        rows = rows.filter(data__reason__icontains=request.GET["q"])
    rows = lag.without_newest(account, request.path, rows)
    sign = "" if request.GET.get("criteria") == "asc" else "-"
    shown = list(rows.order_by(f"{sign}id")[offset : offset + limit])
    for row in shown:
        row.account = known.by_id(account.pk)
    return {
        "paging": {"offset": offset, "limit": limit, "total": rows.count()},
        "results": seen.many(shown, "gid", bodies.plan),
    }
