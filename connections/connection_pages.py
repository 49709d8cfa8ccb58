"""What the list and the page of a connection show beside the form, put together for the templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.forms import BoundField
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext_lazy

from config import clock
from connections import problem_pages, rotation_pages, services
from connections.abilities import abilities
from connections.checklist import StepState, checklist, is_waiting, mark
from connections.forms import CREDENTIAL, WEBHOOK_SECRET, ConnectionForm
from connections.gateways.registry import REGISTRY, gateway_class
from connections.models import Connection, ConnectionAccess
from connections.open_work import open_charges
from connections.standing import standing

_HISTORY = 8


class GatewayFilter(SimpleListFilter):
    """By the gateways' names; the column keeps only their keys."""

    title = gettext_lazy("gateway")
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, line.label) for name, line in REGISTRY.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(gateway=self.value()) if self.value() else queryset


def cards(found: list[Connection]) -> list[dict[str, Any]]:
    """One for each connection of a page of the list; the charges of all are counted at once."""
    now = clock.now()
    counted = open_charges([connection.pk for connection in found])
    return [
        {
            "connection": connection,
            "standings": standing(connection, now=now),
            "problems": problem_pages.shown(connection.open_problems),  # type: ignore[attr-defined]
            "open_charges": counted[connection.pk],
        }
        for connection in found
    ]


def panel(connection: Connection) -> dict[str, Any]:
    """What the page of one connection shows."""
    adapter = gateway_class(connection.gateway)
    steps = checklist(connection)
    return {
        "connection": connection,
        "standings": standing(connection, now=clock.now()),
        "steps": steps,
        "steps_left": sum(step.state != StepState.DONE for step in steps),
        "is_waiting": is_waiting(connection),
        "mark": mark(connection),
        "webhook_url": services.webhook_url(connection),
        "registers_webhook": connection.capabilities.registers_webhook,
        "panel_topics": adapter.panel_topics,
        "webhook_place": adapter.panel_places.get("webhooks", ""),
        "abilities": abilities(connection),
        "open_charges": open_charges([connection.pk])[connection.pk],
        "limited_people": _limited_people(connection),
        "history": _history(connection),
        **rotation_pages.panel(connection),
        **problem_pages.panel(connection),
    }


def _limited_people(connection: Connection) -> list[Any]:
    rows = ConnectionAccess.objects.filter(connection=connection, user__is_active=True)
    return [row.user for row in rows.select_related("user").order_by("user__username")]


def _history(connection: Connection) -> list[LogEntry]:
    """The last entries; all of them stand on a page of their own."""
    kind = ContentType.objects.get_for_model(Connection)
    lines = LogEntry.objects.filter(content_type=kind, object_id=str(connection.pk))
    return list(lines.select_related("user").order_by("-action_time", "-pk")[:_HISTORY])


def gateways_of(form: ConnectionForm) -> list[dict[str, Any]]:
    """For each gateway the form has boxes for: the boxes, and what becomes of its webhook."""
    return [_gateway(form, name) for name in form.gateways_shown]


def _gateway(form: ConnectionForm, name: str) -> dict[str, Any]:
    adapter = gateway_class(name)
    return {
        "name": name,
        "label": REGISTRY[name].label,
        "key_boxes": list(_boxes(form, CREDENTIAL, adapter.credential_fields)),
        "secret_boxes": list(_boxes(form, WEBHOOK_SECRET, adapter.webhook_secret_fields)),
        "key_place": adapter.panel_places.get("keys", ""),
        "webhook_place": adapter.panel_places.get("webhooks", ""),
        "registers_webhook": adapter.capabilities.registers_webhook,
        "panel_topics": adapter.panel_topics,
    }


def _boxes(form: ConnectionForm, prefix: str, boxes: Any) -> Iterator[BoundField]:
    for box in boxes:
        if prefix + box.name in form.fields:
            yield form[prefix + box.name]


def state(connection: Connection) -> JsonResponse:
    """Whether a step may have changed, for the page that waits for the first notification."""
    answer = JsonResponse({"mark": mark(connection)})
    answer["Cache-Control"] = "no-store"
    return answer
