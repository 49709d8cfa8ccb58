"""What the admin shows of a connection's problems, and the buttons that answer them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from connections import services, waiting
from connections.gateways.errors import GatewayUnavailable
from connections.models import Connection, ConnectionState, Problem, WebhookState
from connections.problem_kinds import Severity
from connections.services import health, pausing, problems, telling

_HISTORY = 10
# Somebody may have meant it: only a press of a person registers the webhook anew.
_ANEW = ("webhook_disabled", "webhook_wrong_url")
# What was done about a problem that is over.
REPAIRS = {
    "registered": _("the webhook was registered again"),
    health.RESUMED: _("the queue was started again"),
    "": _("over"),
}


def open_ones() -> Prefetch:
    """For the list: one query for the problems of all rows."""
    return Prefetch("problems", queryset=Problem.objects.open(), to_attr="open_problems")


def shown(found: list[Problem]) -> list[dict[str, Any]]:
    """Titles of open problems with the tone of their colours."""
    return [{"problem": problem, "tone": _tone(problem)} for problem in found]


def panel(connection: Connection) -> dict[str, Any]:
    """What the connection's page shows."""
    over = connection.problems.exclude(cleared_at=None).order_by("-cleared_at")
    return {
        "problems": [
            {"problem": problem, "tone": _tone(problem), "may_enable": problem.code in _ANEW}
            for problem in connection.problems.open()
        ],
        "past_problems": [
            {"problem": problem, "outcome": REPAIRS.get(problem.repair, problem.repair)}
            for problem in over[:_HISTORY]
        ],
        "is_email_set_up": telling.is_set_up(),
    }


def _tone(problem: Problem) -> str:
    return "refused" if problem.kind.severity == Severity.SERIOUS else "unhealthy"


def after_new_key(connection: Connection) -> None:
    """The form has just verified it: what was said of the old one is over, and a worker looks at the rest."""
    problems.follow_key(connection)
    if connection.state == ConnectionState.READY:
        pausing.end(connection.pk)
    health.bring_forward(connection.pk)


def enable_webhook(page: ModelAdmin, request: HttpRequest, connection: Connection) -> None:
    """Switch on what somebody switched off in the gateway's panel: the registration is written anew."""
    services.keep_webhook(connection)
    page.log_change(request, connection, str(_("Webhook switched on again")))
    if connection.webhook_state == WebhookState.UNHEALTHY or connection.webhook_untold:
        page.message_user(request, _("The gateway did not do it yet: see below."), messages.WARNING)
        return
    sentence = _("The webhook is switched on. What was paid meanwhile is found by our own checks.")
    page.message_user(request, sentence)


def look_at_webhook(
    page: ModelAdmin, request: HttpRequest, connection: Connection, seconds_left: Callable[[], float]
) -> None:
    """As a worker does by the clock, for a person who waits. Raises ``AllSeatsTaken``."""
    try:
        with waiting.room.insist():
            health.look_at_webhook(connection, seconds_left=seconds_left, is_background=False)
    except GatewayUnavailable:
        page.message_user(request, _("The gateway did not answer about the webhook."), messages.WARNING)
