"""Subscriptions and plans of a small shop, at both gateways."""

from __future__ import annotations

from datetime import timedelta

from config import clock
from payments.models import Charge, Subscription, SubscriptionAmount, TimelineEntry
from tests import factories

_PAGE = "https://www.mercadopago.com.br/subscriptions/checkout?preapproval_plan_id=2c93808493"


def make_subscriptions(asaas: Charge, mercado: Charge) -> dict[str, str]:
    """The addresses of their pages, by name; accounts and customers are those of two charges."""
    today = clock.today(asaas.connection.time_zone)
    soon = {"starts_on": today, "next_due_on": today + timedelta(days=31), "created_at": clock.now()}
    shop = {"connection": asaas.connection, "customer": asaas.customer, "method": "boleto", **soon}
    net = {"connection": mercado.connection, "customer": mercado.customer, **soon}
    local = factories.make_plan(asaas.connection, method="boleto", turns=12, created_at=clock.now())
    public = factories.make_plan(
        mercado.connection, name="Caixa do mês", gateway_id="2c938084", link=_PAGE, created_at=clock.now()
    )
    made = {
        "active": factories.make_subscription(**shop, plan=local),
        "pending": factories.make_subscription(**net, state="pending", link=_PAGE),
        "collected": factories.make_subscription(**net, plan=public, adopted_at=clock.now()),
        "paused": factories.make_subscription(**shop, state="paused", amount_cents=12_000),
        "review": factories.make_subscription(**shop, review_reason="amount"),
        "confirming": factories.make_subscription(
            **shop, state="confirming", gateway_id="", call_state="unknown", looked_up=4, due_at=clock.now()
        ),
        "failed": factories.make_subscription(
            **net, state="failed", gateway_id="", failure="Cannot pay an amount lower than $ 15.00"
        ),
    }
    SubscriptionAmount.objects.create(
        subscription=made["review"], since=clock.now(), amount_cents=5_990, is_agreed=False
    )
    _bill(made["active"])
    _collect(made["collected"])
    pages = {f"subscription-{name}": own.get_absolute_url() for name, own in made.items()}
    active = made["active"].get_absolute_url()
    pages |= {
        f"agreement-{kind}": f"{active}{kind}/"
        for kind in ("pause", "resume", "amount", "description", "cancel")
    }
    pages["subscription-deciding"] = f"{made['review'].get_absolute_url()}review/"
    return pages | {
        "subscriptions": "/subscriptions/",
        "subscriptions-nothing": "/subscriptions/?q=zzz",
        "subscription-new": f"/subscriptions/new/?plan={local.reference}",
        "plans": "/plans/",
        "plan-new": "/plans/new/",
        "plan-local": local.get_absolute_url(),
        "plan-public": public.get_absolute_url(),
        "plan-close": f"{public.get_absolute_url()}close/",
    }


def _bill(own: Subscription) -> None:
    """Two months paid, one open."""
    line = "23793381286008301352856000063307789840000150000"
    for months, status in ((2, "paid"), (1, "paid"), (0, "pending")):
        due = own.starts_on - timedelta(days=30 * months - 5)
        charge = factories.make_charge(
            own.connection,
            customer=own.customer,
            subscription=own,
            method="boleto",
            amount_cents=own.amount_cents,
            description=own.description,
            due_date=due,
            status=status,
            boleto_line=line if status == "pending" else "",
            link="https://example.com/boleto",
        )
        data = {"charge": charge.reference, "due": due.isoformat(), "amount_cents": own.amount_cents}
        _tell(own, "turn", **data)
    _tell(own, "state", before="confirming", after="active", cause="", failure="")


def _collect(own: Subscription) -> None:
    """Refused once, tried again by the gateway itself."""
    factories.make_charge(
        own.connection,
        customer=own.customer,
        subscription=own,
        method="card",
        amount_cents=own.amount_cents,
        description=own.description,
        due_date=own.starts_on,
        is_collecting=True,
        next_try_at=clock.now() + timedelta(days=3),
    )
    _tell(own, "adopted", plan=own.plan.reference if own.plan else "", reference="")


def _tell(own: Subscription, code: str, **data: object) -> None:
    TimelineEntry.objects.create(
        subscription=own, at=clock.now(), kind="change", code=code, source="webhook", data=data
    )
