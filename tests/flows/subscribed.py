"""What a test does with subscriptions inside the product's own process, before they have pages."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from config import clock
from connections.gateways.base import Cycle, Method
from connections.models import Connection
from payments.models import AgreementChangeKind, Charge, Payment, Subscription
from payments.services.agreement_changing import change as change_agreement
from payments.services.agreement_hindrances import NewAgreementChange
from payments.services.customers import save_customer
from payments.services.planning import NewPlan, create_plan
from payments.services.subscribing import create_subscription
from payments.services.subscription_intents import NewSubscription


def make(name: str, method: str) -> str:
    """The reference of a new monthly subscription on the connection of this name, first due in two days."""
    connection = Connection.objects.get(name=name)
    customer = save_customer(
        name="Maria da Silva", document_type="CPF", document="52998224725", email="maria@example.com"
    )
    asked = NewSubscription(
        connection=connection,
        customer=customer,
        method=Method(method),
        amount_cents=4_990,
        description="Plano mensal",
        cycle=Cycle.MONTHLY,
        starts_on=clock.today(connection.time_zone) + timedelta(days=2),
        submission=uuid.uuid4(),
    )
    return create_subscription(asked).reference


def make_plan(name: str) -> str:
    """The reference of a monthly plan with a link of its own."""
    asked = NewPlan(
        connection=Connection.objects.get(name=name),
        name="Clube",
        method=Method.CARD,
        amount_cents=4_990,
        cycle=Cycle.MONTHLY,
        submission=uuid.uuid4(),
    )
    return create_plan(asked).reference


def change(reference: str, kind: str, **values: Any) -> str:
    """What became of a change that a person asks for, at once or by then."""
    own = Subscription.objects.get(reference=reference)
    asked = NewAgreementChange(
        subscription=own, kind=AgreementChangeKind(kind), submission=uuid.uuid4(), **values
    )
    return str(change_agreement(asked).pk)


def mirror(reference: str) -> dict[str, str]:
    """Every payment of it that we hold, in the gateway's first word for its status."""
    own = Payment.objects.filter(charge__subscription__reference=reference)
    return {row.gateway_id: row.gateway_status.split("/")[0] for row in own}


def charges(reference: str) -> list[list[Any]]:
    """Its charges by due date: the day, the status, what a person should look at, and cents."""
    own = Charge.objects.filter(subscription__reference=reference).order_by("due_date")
    return [[row.due_date.isoformat(), row.status, row.review_reason, row.amount_cents] for row in own]
