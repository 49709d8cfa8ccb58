"""How a notification was verified, step by step, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from connections.gateways.base import Rejection, Step
from connections.gateways.registry import gateway_class
from webhooks.models import Simulation, WebhookEvent
from webhooks.panel import presentation


@dataclass(frozen=True, kw_only=True)
class StepInWords:
    title: str
    found: str
    is_good: bool | None


def steps_of(event: WebhookEvent) -> list[StepInWords]:
    """Of one that was taken; an unsigned hint was never verified."""
    if event.is_hint:
        return []
    steps = gateway_class(event.connection.gateway).explain(
        event.headers,
        event.query,
        rejection=None,
        received_at=event.received_at,
        tolerance_seconds=settings.SIGNATURE_TOLERANCE_SECONDS or None,
    )
    return _in_words(steps, secret=_secret(event))


def _secret(event: WebhookEvent) -> str:
    """By name and fingerprint, also after another one has taken its name."""
    name, _colon, mark = event.secret_name.partition(":")
    said = presentation.secret_in_words(event) if name else _("one of our secrets")
    return f"{said} ({mark})" if mark else said


def steps_of_simulation(
    simulation: Simulation, rejection: str, event: WebhookEvent | None
) -> list[StepInWords]:
    """Nothing where our address did not get as far as verifying it."""
    if event:
        return steps_of(event)
    if not rejection:
        return []
    steps = gateway_class(simulation.connection.gateway).explain(
        simulation.headers,
        simulation.query,
        rejection=Rejection(rejection),
        received_at=simulation.sent_at,
        tolerance_seconds=settings.SIGNATURE_TOLERANCE_SECONDS or None,
    )
    return _in_words(steps, secret="")


def _in_words(steps: Iterable[Step], *, secret: str) -> list[StepInWords]:
    return [_step_in_words(step, {**step.values, "secret": secret}) for step in steps]


def _step_in_words(step: Step, values: dict[str, Any]) -> StepInWords:
    return StepInWords(title=_(step.title), found=_(step.found).format(**values), is_good=step.is_good)
