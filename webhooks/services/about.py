"""What people did with a notification stands in the story of the charge it is about."""

from __future__ import annotations

from django.contrib.auth.models import User

from payments.models import Charge, GatewayResource
from payments.services.timeline import note_person
from webhooks.models import WebhookEvent


def charge_of(event: WebhookEvent) -> Charge | None:
    """The charge, where the gateway id is known as one of ours."""
    if not event.gateway_id:
        return None
    same = {"connection": event.connection_id, "kind": event.kind, "gateway_id": event.gateway_id}
    resource = GatewayResource.objects.filter(**same).select_related("charge").first()
    return resource.charge if resource else None


def note(event: WebhookEvent, code: str, *, actor: User, **data: str) -> None:
    """One line for the charge; nothing where there is none."""
    if charge := charge_of(event):
        note_person(charge, code, actor=actor, topic=event.topic, **data)
