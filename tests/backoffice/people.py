"""One person of each kind, and rows on two connections: theirs, and one the limited may not see."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

from django.contrib.auth.models import Group, User
from django.test import Client

from backoffice.groups import ADMINISTRATOR, AUDITOR, FINANCE, OPERATOR
from connections.models import Brand, Connection, ConnectionAccess
from payments.models import (
    BatchRow,
    Cancellation,
    CancellationItem,
    Charge,
    ChargeBatch,
    ChargeImport,
    Plan,
    Reconciliation,
    Refund,
    Subscription,
)
from tests.factories import (
    NOW,
    make_charge,
    make_connection,
    make_payment,
    make_plan,
    make_pulses,
    make_subscription,
)
from webhooks.models import RejectedNotification, Replay, ReplayItem, Simulation, WebhookEvent

PASSWORD = "a long pass phrase"
# In the order of the columns of the table.
WHO = (
    "anonymous",
    "administrator",
    "finance",
    "operator",
    "auditor",
    "limited operator",
    "limited administrator",
)
_STAFF = (ADMINISTRATOR, AUDITOR)


@dataclass(kw_only=True)
class Place:
    """What there is on one connection."""

    connection: Connection
    brand: Brand
    charge: Charge
    event: WebhookEvent
    rejection: RejectedNotification
    run: Reconciliation
    replay: Replay
    simulation: Simulation
    refund: Refund
    batch: ChargeBatch
    cancellation: Cancellation
    imported: ChargeImport
    subscription: Subscription
    plan: Plan


@dataclass(kw_only=True)
class House:
    theirs: Place
    other: Place
    colleague: User
    group: Group
    people: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=Client)

    def browser(self, who: str) -> Client:
        """With nothing but the session: an answer before may have set or taken cookies."""
        self.client.cookies = SimpleCookie({"sessionid": self.sessions[who]} if who in self.sessions else {})
        return self.client


def make_house() -> House:
    make_pulses()
    house = House(
        theirs=make_place("Loja Centro"),
        other=make_place("Loja Online"),
        colleague=make_person("colleague", OPERATOR),
        group=Group.objects.get(name=OPERATOR),
    )
    for group in (ADMINISTRATOR, FINANCE, OPERATOR, AUDITOR):
        house.people[group.lower()] = make_person(group.lower(), group)
    for group in (OPERATOR, ADMINISTRATOR):
        who = f"limited {group.lower()}"
        house.people[who] = make_person(who, group, limited_to=house.theirs.connection)
    for who, user in house.people.items():
        house.client.cookies = SimpleCookie()
        house.client.force_login(user)
        house.sessions[who] = house.client.cookies["sessionid"].value
    return house


def make_person(name: str, group: str, *, limited_to: Connection | None = None) -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=group in _STAFF)
    user.groups.add(Group.objects.get(name=group))
    if limited_to:
        ConnectionAccess.objects.create(user=user, connection=limited_to)
    return user


def make_place(name: str) -> Place:
    connection = make_connection(name=name)
    event = WebhookEvent.objects.create(
        connection=connection,
        topic=f"PAYMENT_OF_{connection.pk}",
        dedupe_key=name,
        body=b"{}",
        received_at=NOW,
        state="done",
    )
    rejection = RejectedNotification.objects.create(
        connection=connection, reason="wrong_secret", since=NOW, first_at=NOW, last_at=NOW
    )
    charge = make_charge(connection)
    run = Reconciliation.objects.create(
        connection=connection, trigger="schedule", since=NOW, state="done", requested_at=NOW, finished_at=NOW
    )
    replay = Replay.objects.create(asked_at=NOW, total=1, state="done", finished_at=NOW)
    ReplayItem.objects.create(replay=replay, event=event, state_before="dead", outcome="done", at=NOW)
    return Place(
        connection=connection,
        brand=Brand.objects.create(connection=connection, name=name, colour="#0a6b4d"),
        charge=charge,
        event=event,
        rejection=rejection,
        run=run,
        replay=replay,
        simulation=_make_simulation(connection),
        refund=_make_refund(charge),
        batch=_make_batch(connection),
        cancellation=_make_cancellation(charge),
        imported=ChargeImport.objects.create(
            connection=connection, since=NOW, state="done", requested_at=NOW, finished_at=NOW
        ),
        subscription=make_subscription(connection),
        plan=make_plan(connection),
    )


def _make_cancellation(charge: Charge) -> Cancellation:
    asker, _is_new = User.objects.get_or_create(username="asker")
    made = Cancellation.objects.create(asked_by=asker, asked_at=NOW, total=1)
    CancellationItem.objects.create(cancellation=made, charge=charge)
    return made


def _make_simulation(connection: Connection) -> Simulation:
    return Simulation.objects.create(
        public_id=uuid.uuid4(),
        connection=connection,
        sent_at=NOW,
        topic="PAYMENT_RECEIVED",
        gateway_id="pay_1",
        signed_with="token",
        answered_at=NOW,
        http_status=200,
    )


def _make_refund(charge: Charge) -> Refund:
    """One that a person must look for."""
    return Refund.objects.create(
        payment=make_payment(charge, "paid"),
        charge=charge,
        amount_cents=1_000,
        state="unsure",
        created_at=NOW,
        requested_at=NOW,
        is_for_person=True,
    )


def _make_batch(connection: Connection) -> ChargeBatch:
    """A file that was read and waits to be confirmed."""
    batch = ChargeBatch.objects.create(
        connection=connection,
        method="pix",
        created_by=User.objects.get_or_create(username="uploader")[0],
        created_at=NOW,
        file_name="charges.csv",
        content_hash="0" * 64,
        checked_on=NOW.date(),
        state="preview",
    )
    BatchRow.objects.create(batch=batch, line=2, state="invalid", problems=[{"text": "?"}])
    return batch
