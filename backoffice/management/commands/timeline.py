"""Tell the whole story of one charge or subscription: people, calls, notifications, changes."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from payments.models import Charge, Subscription
from payments.staff import sentences, stories, subscription_story
from payments.staff.sentences import Line


class Command(BaseCommand):
    help = "Tell the story of one charge or subscription, the oldest line first. Exits 1 when there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", help="its reference, or its id at the gateway")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        thing = _named(options["reference"])
        lines = stories.whole(thing, _own_lines(thing), most=None)[::-1]
        if options["as_json"]:
            report = {
                "reference": thing.reference,
                "connection": str(thing.connection.public_id),
                "gateway": thing.connection.gateway,
                "state": thing.status if isinstance(thing, Charge) else thing.state,
                "lines": [_as_data(line) for line in lines],
            }
            self.stdout.write(json.dumps(report, indent=2, cls=DjangoJSONEncoder, ensure_ascii=False))
            return
        for line in lines:
            detail = f" ({line.detail})" if line.detail else ""
            self.stdout.write(
                f"{timezone.localtime(line.at):%Y-%m-%d %H:%M:%S} {line.kind:12} {line.sentence}{detail}"
            )


def _named(name: str) -> Charge | Subscription:
    """Raises CommandError where nothing, or more than one thing, has that name."""
    charges = Charge.objects.select_related("connection")
    subscriptions = Subscription.objects.select_related("connection")
    found: list[Charge | Subscription] = [
        *charges.filter(reference=name),
        *subscriptions.filter(reference=name),
    ]
    if not found:
        at_gateway = {"resources__gateway_id": name}
        found = [*charges.filter(**at_gateway).distinct(), *subscriptions.filter(**at_gateway).distinct()]
    if not found:
        raise CommandError(f"No charge and no subscription is called {name}.")
    if len(found) > 1:
        known = ", ".join(thing.reference for thing in found)
        raise CommandError(f"{name} is about several: {known}. Say one of them.")
    return found[0]


def _own_lines(thing: Charge | Subscription) -> list[Line]:
    return (
        sentences.story(thing, most=None)
        if isinstance(thing, Charge)
        else subscription_story.story(thing, most=None)
    )


def _as_data(line: Line) -> dict[str, Any]:
    return {
        "at": line.at,
        "kind": line.kind,
        "code": line.code,
        "sentence": line.sentence,
        "detail": line.detail,
        **line.facts,
        "exchange": line.exchange,
    }
