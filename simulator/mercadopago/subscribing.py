"""A person authorizes a subscription, or starts one from the link of a plan (mercadopago.md 4.2, 8.3)."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from simulator import clock, numbering
from simulator.cards import Card
from simulator.days import months_after
from simulator.mercadopago import billing, cards, serialise
from simulator.mercadopago import subscription_states as states
from simulator.mercadopago.effects import moment_of
from simulator.mercadopago.errors import plain
from simulator.mercadopago.subscription_terms import MONTHS
from simulator.models import Account, MpPlan, MpSubscription, write

ACTIVE = "active"
UNCHARGED = {"count": 0, "cents": 0, "at": None, "last_cents": 0}


def create(
    account: Account,
    *,
    amount_cents: int,
    external_reference: str | None,
    data: dict[str, Any],
    plan: MpPlan | None = None,
) -> MpSubscription:
    """Pending, and told. `data` holds reason, back_url, payer_email and auto_recurring."""
    now = clock.now()
    row = MpSubscription(
        account=account,
        plan=plan,
        gid=uuid.uuid4().hex,
        amount_cents=amount_cents,
        external_reference=external_reference,
        data=data | {"cycle": 0, "failures": 0, "decides": ""},
        created_at=now,
        updated_at=now,
    )
    with write():
        row.save()
        states.tell(row, "created")
    return row


def join(plan: MpPlan, card: Card, email: str) -> MpSubscription:
    """A new one of the plan's terms; no reference of ours can reach it (mercadopago.md 4.2)."""
    if plan.status != ACTIVE:
        raise plain(400, "The preapproval_plan is not active")
    terms = dict(plan.data["auto_recurring"])
    if terms["free_trial"] and _had_trial(plan, email):
        terms["free_trial"] = None
    data = {key: plan.data[key] for key in ("reason", "back_url")}
    data |= {"payer_email": email, "auto_recurring": terms}
    with write():
        row = create(
            plan.account, amount_cents=plan.amount_cents, external_reference=None, data=data, plan=plan
        )
        return authorize(row, card, email)


def _had_trial(plan: MpPlan, email: str) -> bool:
    """A trial is given once per payer and plan (mercadopago.md 4.2)."""
    same = MpSubscription.objects.filter(plan=plan, data__payer_email=email)
    return any(one.data["auto_recurring"]["free_trial"] for one in same)


def authorize(subscription: MpSubscription, card: Card, email: str = "") -> MpSubscription:
    """A bad holder fails here instead of at a charge (8.3); a good one is checked by a payment of 0."""
    with write():
        row = states.fresh(subscription)
        if row.status != states.PENDING:
            raise plain(400, f"Invalid transition from {row.status} to authorized")
        _check_payer(row, email)
        result = cards.outcome(card.holder, is_binary=True)
        if result != cards.APPROVED:
            raise plain(400, "CC_VAL_433 Credit card validation has failed")
        row.status = states.AUTHORIZED
        row.data |= {
            "card": cards.kept(card),
            "method": cards.method_of(card),
            "card_id": numbering.scattered("mp-cards", 9_000_000_000),
            "first_charge_at": _first_charge(row).isoformat(),
            "charged": UNCHARGED,
        }
        cards.decided(billing.blank(row, 0, serialise.VALIDATION), result, row.data["card"])
        states.changed(row)
        billing.run_all_due(row)
    return row


def _check_payer(row: MpSubscription, email: str) -> None:
    """Refused in some flows only (mercadopago.md 4.2): the account says."""
    wanted = row.data["payer_email"]
    if row.account.options.get("match_payer_email") and email and email.lower() != wanted.lower():
        raise plain(400, "Payer email does not match the preapproval")


def _first_charge(row: MpSubscription) -> datetime:
    """Some minutes on, not before its start, after a trial."""
    terms, now = row.data["auto_recurring"], clock.now()
    start = max(now, moment_of(terms["start_date"]) or now)
    if terms["free_trial"]:
        return _after(start, terms["free_trial"])
    minutes = timedelta(minutes=row.account.options.get("first_charge_minutes", 0))
    return max(start, now + minutes)


def _after(start: datetime, span: dict[str, Any]) -> datetime:
    local = start.astimezone(serialise.ZONE)
    if span["frequency_type"] != MONTHS:
        return local + timedelta(days=span["frequency"])
    day = months_after(local.date(), span["frequency"])
    return datetime.combine(day, local.time(), serialise.ZONE)


def change_status(subscription: MpSubscription, status: str) -> MpSubscription:
    """As its owner or payer does at Mercado Pago."""
    with write():
        row = states.fresh(subscription)
        if row.status == status:
            return row
        states.move(row, status)
        return states.changed(row)


def decide_card(subscription: MpSubscription, holder: str) -> MpSubscription:
    """What the card answers from now on, by the table of holders; nothing is told."""
    with write():
        row = states.fresh(subscription)
        if row.status == states.PENDING:
            raise plain(400, "The preapproval has no card yet")
        row.data["decides"] = holder
        return states.store(row)
