"""What a lane does: choose the next notification, send it, note the outcome. The gateway modules say how."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from simulator import clock, outbox, transport
from simulator.asaas import notify as asaas
from simulator.mercadopago import notify as mercadopago
from simulator.models import Delivery, write
from simulator.transport import Answer, Post


@dataclass(frozen=True)
class Manners:
    """How one gateway notifies."""

    prepare: Callable[[Delivery], Post | None]
    """The request as it is at this moment; None when there is nothing to send any more."""
    conclude: Callable[[Delivery, Answer], None]
    """Sets state, failures and next attempt after an answer."""
    next_of: Callable[[str], Delivery | None]
    """The delivery a lane would send next, whatever its time."""


MANNERS = {
    "asaas": Manners(asaas.prepare, asaas.conclude, asaas.next_of),
    "mp": Manners(mercadopago.prepare, mercadopago.conclude, mercadopago.next_of),
}


def run(lane: str) -> datetime | None:
    """Sends what is due in the lane; answers when to come back."""
    manners = MANNERS[lane.partition(":")[0]]
    while True:
        outbox.release_overdue(lane)
        delivery = manners.next_of(lane)
        if delivery is None:
            return outbox.next_hold(lane)
        if delivery.next_attempt_at and delivery.next_attempt_at > clock.now():
            return delivery.next_attempt_at
        _attempt(manners, delivery)
        if _is_alone(lane) and not outbox.is_holding():
            return delivery.next_attempt_at


def _is_alone(lane: str) -> bool:
    """gateway:group:number is the lane of one delivery, gateway:group a queue."""
    return lane.count(":") == 2


def _attempt(manners: Manners, delivery: Delivery) -> None:
    message = manners.prepare(delivery)
    if message is None:
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.LOST, next_attempt_at=None)
        return
    record = outbox.attempt_record(
        at=clock.now(), headers=message.headers, url=message.url, body=message.body
    )
    answer = transport.post(message)
    record |= {
        "status": answer.status,
        "error": answer.error,
        "answer": answer.text,
        "milliseconds": answer.milliseconds,
    }
    delivery.attempts.append(record)
    with write():
        manners.conclude(delivery, answer)
        _store(delivery)
        outbox.release_followers(delivery)


def _store(delivery: Delivery) -> None:
    """Nothing is written when the row is gone, or was given up while it was under way."""
    open_rows = Delivery.objects.filter(pk=delivery.pk)
    changed = open_rows.filter(state=Delivery.WAITING).update(
        attempts=delivery.attempts,
        state=delivery.state,
        failures=delivery.failures,
        next_attempt_at=delivery.next_attempt_at,
    )
    if not changed:
        open_rows.update(attempts=delivery.attempts)
