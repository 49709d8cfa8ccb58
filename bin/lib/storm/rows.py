"""The product's rows as they are stored, read by plain SQL: none of its code stands between."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from lib.postgres import libpq

Row = dict[str, Any]
_PATIENCE = 30.0

CHARGES = """
select c.id, c.reference, c.submission::text as submission, c.status, c.review_reason, c.method,
       c.amount_cents, c.received_cents, c.refunded_cents, c.fee_cents, c.net_cents, c.instalments,
       c.failure, n.name as connection, s.reference as subscription
from payments_charge c join connections_connection n on n.id = c.connection_id
left join payments_subscription s on s.id = c.subscription_id order by c.id"""
PAYMENTS = """
select p.id, p.gateway_id, p.status, p.gateway_status, p.amount_cents, p.received_cents, p.refunded_cents,
       p.reserved_cents, p.fee_cents, p.net_cents, c.reference as charge, n.name as connection
from payments_payment p join payments_charge c on c.id = p.charge_id
join connections_connection n on n.id = p.connection_id order by p.id"""
REFUNDS = """
select r.id, r.state, r.amount_cents, r.is_ours, r.is_for_person, r.payer_link, r.failure,
       r.public_id::text as public_id, p.gateway_id, c.reference as charge
from payments_refund r join payments_payment p on p.id = r.payment_id
join payments_charge c on c.id = r.charge_id order by r.id"""
DISPUTES = """
select d.kind, d.state, d.amount_cents, p.gateway_id
from payments_dispute d join payments_payment p on p.id = d.payment_id order by d.id"""
SUBSCRIPTIONS = """
select s.reference, s.submission::text as submission, s.state, s.review_reason, n.name as connection
from payments_subscription s join connections_connection n on n.id = s.connection_id order by s.id"""
MOVES = """
select c.reference, t.at, t.source, t.data ->> 'before' as before, t.data ->> 'after' as after
from payments_timelineentry t join payments_charge c on c.id = t.charge_id
where t.kind = 'change' and t.code = 'status' order by t.charge_id, t.id"""
EVENTS = """
select e.id, e.state, e.reason, e.cause, e.last_error, e.topic, e.gateway_id, e.dedupe_key, e.repeats,
       e.attempts, n.name as connection
from webhooks_webhookevent e join connections_connection n on n.id = e.connection_id order by e.id"""
MISSED = """
select m.found_at, m.source, m.arrived_at, g.gateway_id, c.reference as charge
from payments_missednotification m join payments_gatewayresource g on g.id = m.resource_id
join payments_charge c on c.id = m.charge_id order by m.id"""
RUNS = """
select n.name as connection, r.state, r.is_thorough, r.requested_at, r.differences, r.missed
from payments_reconciliation r join connections_connection n on n.id = r.connection_id order by r.id"""
IN_DOUBT = """
select c.reference, c.status, c.review_reason from payments_charge c
where c.status in ('draft', 'confirming') or c.review_reason <> '' order by c.id"""
# What a worker shall do by a moment; each line counts what is open and what of it is due.
WORK: dict[str, LiteralString] = {
    "events": "select next_attempt_at as due from webhooks_webhookevent where state in ('received', 'retry')",
    "creations": "select creation_due_at as due from payments_charge where creation_due_at is not null",
    "refunds": "select due_at as due from payments_refund where due_at is not null",
    "changes": "select due_at as due from payments_chargechange where due_at is not null",
    "subscriptions": "select due_at as due from payments_subscription where due_at is not null",
    "agreements": "select due_at as due from payments_agreementchange where due_at is not null",
    "watched": "select next_watch_at as due from payments_creationattempt where next_watch_at is not null",
    "checks": "select check_due_at as due from payments_charge where check_due_at is not null",
    # One at work is waited for; one that was put off, because its gateway was away, has its time.
    "runs": (
        "select case state when 'running' then requested_at else due_at end as due"
        " from payments_reconciliation where state in ('queued', 'running')"
    ),
}


@dataclass(frozen=True)
class Work:
    """How much is open, and how much of it is due by a moment."""

    open: dict[str, int]
    due: dict[str, int]

    @property
    def is_due(self) -> bool:
        return any(self.due.values())


class Database:
    """Asks on a connection of its own each time: the server is restarted under its hands."""

    def __init__(self, url: str) -> None:
        self._url = libpq(url)

    def rows(self, query: LiteralString, *values: Any) -> list[Row]:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                with psycopg.connect(self._url, connect_timeout=5, row_factory=dict_row) as connection:
                    return connection.execute(query, values).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def work(self, now: datetime) -> Work:
        total: LiteralString = " union all ".join(
            f"select '{name}' as name, due from ({query}) as {name}" for name, query in WORK.items()
        )
        found = self.rows(
            "select name, count(*) as open, count(*) filter (where due is null or due <= %s) as due"
            f" from ({total}) as work group by name",
            now,
        )
        return Work({row["name"]: row["open"] for row in found}, {row["name"]: row["due"] for row in found})
