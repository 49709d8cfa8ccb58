"""Making a charge: the intent is stored first, then the gateway is called, then its answer is stored.

A call that may have worked is never repeated blindly: without an answer the charge is *confirming*, and
``payments.services.doubt`` goes on where the request stopped.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as dt_time
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from config import clock
from connections.gateways.base import (
    ChargeOrder,
    Exchange,
    Gateway,
    GatewayCharge,
    Method,
    PaymentStatus,
    PreparedCall,
)
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    HostedPageRequired,
    RequestRefused,
)
from connections.models import Connection
from connections.services import (
    WEB_DEADLINE_SECONDS,
    gateway_for,
    note_refusal,
    webhook_url,
)
from payments import transitions
from payments.models import Charge, CreationAttempt, Customer
from payments.models.charges import AttemptState
from payments.services.answers import take_answer, take_code
from payments.services.customers import details_of, id_at_gateway
from payments.services.timeline import note_exchanges, note_person

# Look-ups by our reference after a creating call whose answer was lost (design rule 7).
LOOK_AFTER = (timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=10))
_CODE_AGAIN = timedelta(seconds=10)
_WORKER_LEASE = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class NewCharge:
    """What an operator asks for. ``submission`` names the filled form: sent twice, it makes one charge."""

    connection: Connection
    customer: Customer
    amount_cents: int
    description: str
    due_date: date
    submission: uuid.UUID
    method: Method = Method.PIX
    actor: User | None = None


class Patience:
    """How long the caller still waits for gateways, over several calls."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.1, self._end - time.monotonic())


def create_charge(new: NewCharge) -> Charge:
    """Store the charge, then create it at the gateway within eight seconds, or leave that to a worker.

    Never raises for what the gateway does: a refusal makes the charge *failed* with the gateway's
    sentence, no answer leaves it *confirming*. The same ``submission`` gives the same charge.
    """
    charge, is_new = _store_intent(new)
    if is_new:
        submit(charge, Patience(WEB_DEADLINE_SECONDS), is_background=False)
    charge.refresh_from_db()
    return charge


def _store_intent(new: NewCharge) -> tuple[Charge, bool]:
    known = Charge.objects.filter(submission=new.submission).first()
    if known:
        return known, False
    now = clock.now()
    try:
        with transaction.atomic():
            charge = Charge.objects.create(
                submission=new.submission,
                connection=new.connection,
                customer=new.customer,
                method=new.method,
                currency=new.connection.currency,
                amount_cents=new.amount_cents,
                description=new.description,
                due_date=new.due_date,
                expires_at=_expiry(new.connection, new.due_date),
                created_by=new.actor,
                created_at=now,
                creation_due_at=now + LOOK_AFTER[0],
            )
            note_person(charge, "created", actor=new.actor)
    except IntegrityError:  # the same form, sent twice at once
        return Charge.objects.get(submission=new.submission), False
    return charge, True


def _expiry(connection: Connection, due_date: date) -> datetime | None:
    """The end of the due date there, within what a PIX code may live; None where codes outlive the date."""
    minutes = connection.capabilities.pix_minutes
    if minutes is None:
        return None
    end = datetime.combine(due_date, dt_time(23, 59, 59), tzinfo=ZoneInfo(connection.time_zone))
    shortest, longest = (clock.now() + timedelta(minutes=number) for number in minutes)
    # A minute of margin: the gateway counts from when our call arrives.
    margin = timedelta(minutes=1)
    return min(max(end, shortest + margin), longest - margin).astimezone(UTC)


def submit(charge: Charge, patience: Patience, *, is_background: bool) -> None:
    """Create the charge at its gateway as far as the patience goes; what the gateway does is not raised."""
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_of(charge, patience, exchanges, is_background=is_background)
        take_answer(charge, _create(charge, gateway))
        complete(charge, gateway)
    except (RequestRefused, CredentialsRefused) as err:
        refuse(charge, err)
    except GatewayError as err:
        wait(charge, err)
    finally:
        note_exchanges(charge, exchanges, source="creation")


def gateway_of(
    charge: Charge, patience: Patience, exchanges: list[Exchange], *, is_background: bool
) -> Gateway:
    return gateway_for(
        charge.connection,
        seconds_left=patience.left,
        is_background=is_background,
        on_exchange=exchanges.append,
    )


def _create(charge: Charge, gateway: Gateway) -> GatewayCharge:
    order = _order(charge, customer_id=id_at_gateway(gateway, charge.connection, charge.customer))
    try:
        return _send(charge, gateway, gateway.prepare_charge(order))
    except HostedPageRequired:
        hosted = replace(order, hosted=True)
        return _send(charge, gateway, gateway.prepare_charge(hosted))


def _order(charge: Charge, *, customer_id: str) -> ChargeOrder:
    return ChargeOrder(
        reference=charge.reference,
        idempotency_key=str(charge.submission),
        customer=details_of(charge.customer),
        customer_id=customer_id,
        method=Method(charge.method),
        amount_cents=charge.amount_cents,
        currency=charge.currency,
        description=charge.description,
        due_date=charge.due_date,
        notification_url=webhook_url(charge.connection),
        expires_at=charge.expires_at,
    )


def _send(charge: Charge, gateway: Gateway, prepared: PreparedCall) -> GatewayCharge:
    """Store the call, send it, store what became of it. Raises what the gateway raises."""
    with transaction.atomic():
        attempt = CreationAttempt.objects.create(
            charge=charge,
            kind=prepared.kind,
            http_method=prepared.method,
            path=prepared.path,
            body=prepared.body,
            idempotency_key=prepared.idempotency_key,
            state=AttemptState.SENT,
            sent_at=clock.now(),
        )
        transitions.confirm_with_gateway(charge.pk)
    return deliver(attempt, gateway, prepared)


def deliver(attempt: CreationAttempt, gateway: Gateway, prepared: PreparedCall) -> GatewayCharge:
    try:
        answer = gateway.submit_charge(prepared)
    except GatewayUnavailable as err:
        set_state(attempt, AttemptState.UNKNOWN if err.maybe_sent else AttemptState.PREPARED)
        raise
    except GatewayError:
        set_state(attempt, AttemptState.REFUSED)
        raise
    set_state(attempt, AttemptState.ANSWERED)
    return answer


def set_state(attempt: CreationAttempt, state: AttemptState) -> None:
    attempt.state = state
    attempt.save(update_fields=["state"])


def refuse(charge: Charge, error: GatewayError) -> None:
    """The gateway said no and holds nothing: the charge failed, with the gateway's sentence."""
    if isinstance(error, CredentialsRefused):
        note_refusal(charge.connection, error)
    transitions.fail(charge.pk, source="creation", failure=error.text or error.code)
    stop_creating(charge)


def wait(charge: Charge, error: GatewayError) -> None:
    """Nobody knows yet, or nothing could be sent: the charge stays *confirming* and a worker goes on."""
    transitions.confirm_with_gateway(charge.pk)
    later = getattr(error, "retry_after", None) or LOOK_AFTER[0].total_seconds()
    Charge.objects.filter(pk=charge.pk).update(creation_due_at=clock.now() + timedelta(seconds=later))


def stop_creating(charge: Charge) -> None:
    Charge.objects.filter(pk=charge.pk).update(creation_due_at=None)


def complete(charge: Charge, gateway: Gateway) -> None:
    """Fetch the PIX code where the creating answer had none (Asaas), later again while it is not ready."""
    charge.refresh_from_db(fields=["pix_text", "status", "review_reason"])
    payment = charge.payments.filter(status=PaymentStatus.PENDING).first()
    if charge.pix_text or charge.review_reason or payment is None or charge.method != Method.PIX:
        stop_creating(charge)
        return
    code = gateway.fetch_pix_code(payment.gateway_id)
    if code is None:
        Charge.objects.filter(pk=charge.pk).update(creation_due_at=clock.now() + _CODE_AGAIN)
        return
    take_code(charge, code.text, code.expires_at)
    stop_creating(charge)
