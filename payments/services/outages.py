"""What one failure of a gateway means: that it is away, or that one thing there cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

from connections.gateways.errors import CredentialsRefused, GatewayError, is_about_all, is_no_answer
from connections.models import Connection
from connections.services import note_refusal, pausing

OUTAGE = timedelta(minutes=1)
REFUSED = timedelta(minutes=10)

Thing = TypeVar("Thing")


def wait_after(connection: Connection, error: GatewayError) -> timedelta | None:
    """How long to leave the gateway alone, which is noted; None where the answer was about one thing.

    So is a 403, unless nothing else was answered since the last one.
    """
    if isinstance(error, CredentialsRefused):
        note_refusal(connection, error)
        pausing.note_failure(connection.pk, error)
        return REFUSED if is_about_all(error) or connection.pk in pausing.away() else None
    if is_no_answer(error):
        pausing.note_failure(connection.pk, error)
        asked = getattr(error, "retry_after", None)
        return timedelta(seconds=asked) if asked else OUTAGE
    return None


def for_each(things: Iterable[Thing], work: Callable[[Thing], object]) -> None:
    """Do the work for every one of them: one that fails keeps no later one from its turn.

    Raises the first ``GatewayError`` afterwards, and at once where the gateway is away: after two in
    succession without an answer, or what it says of the key or of a pause.
    """
    first: GatewayError | None = None
    strikes = 0
    for thing in things:
        try:
            work(thing)
        except GatewayError as err:
            first = first or err
            strikes = strikes + 1 if is_no_answer(err) else 0
            if strikes >= pausing.STRIKES or is_about_all(err):
                raise
        else:
            strikes = 0
    if first:
        raise first
