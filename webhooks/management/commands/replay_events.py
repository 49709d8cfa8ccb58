"""Have notifications taken up again, and wait for what becomes of them."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connections.models import Connection
from webhooks.models import Replay, ReplayState, WebhookEvent
from webhooks.services import inbox, replaying
from webhooks.services.choosing import Filters, narrowed
from webhooks.services.replaying import Plan

_POLL_SECONDS = 0.5
# So often nothing may come of a pass before what is left is said to wait.
_PATIENCE = 3


class Command(BaseCommand):
    help = (
        "Ask the gateways again about stored notifications, the oldest first, 10,000 at most. Exits 1 when"
        " one failed again or could not be asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", help="received from then on: YYYY-MM-DD or YYYY-MM-DDTHH:MM, UTC")
        parser.add_argument("--failed", action="store_true", help="only given up or waiting for another try")
        parser.add_argument("--connection", help="only of this one: its public id")
        parser.add_argument("--dry-run", action="store_true", help="only count; nothing is changed or asked")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        filters = Filters(
            view="failed" if options["failed"] else "",
            connection=_known(options["connection"]),
            since=_moment(options["since"]),
        )
        planned = replaying.plan(narrowed(WebhookEvent.objects.all(), filters))
        report = _plan_row(planned, is_dry=options["dry_run"])
        if not options["dry_run"]:
            report |= _result(_work_off(planned, filters))
        self.stdout.write(json.dumps(report, indent=2) if options["as_json"] else _sentences(report))
        is_kept = not (report.get("failed_again") or report.get("not_asked") or planned.left_out)
        if not (options["dry_run"] or is_kept):
            raise SystemExit(1)


def _work_off(planned: Plan, filters: Filters) -> Replay:
    """Do it here, together with whatever workers there are; ends early when nothing can go on."""
    replay = replaying.request(planned, actor=None, filters=filters.as_json())
    idle = 0
    while replay.state != ReplayState.DONE and idle < _PATIENCE:
        before = replay.handled
        inbox.work()
        woken = replaying.carry_on(replay.pk)
        replay.refresh_from_db()
        if woken or replay.handled > before or replay.state == ReplayState.DONE:
            idle = 0
            continue
        idle = 0 if replaying.is_in_hand(replay) else idle + 1
        time.sleep(_POLL_SECONDS)
    return replay


def _moment(text: str | None) -> datetime | None:
    """A day begins at midnight; a time without a zone is UTC."""
    if not text:
        return None
    try:
        if len(text) == len("YYYY-MM-DD"):
            return datetime.combine(date.fromisoformat(text), time_of_day(), tzinfo=UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--since {text}: write YYYY-MM-DD or YYYY-MM-DDTHH:MM") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _known(public_id: str | None) -> str:
    if not public_id:
        return ""
    known = Connection.objects.without_secrets()
    if not any(str(connection.public_id) == public_id for connection in known):
        raise CommandError(f"No connection has the id {public_id}.")
    return public_id


def _plan_row(planned: Plan, *, is_dry: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry,
        "notifications": planned.total,
        "charges": planned.charges,
        "connections": planned.connections,
        "calls": planned.calls,
        "left_out": planned.left_out,
    }


def _result(replay: Replay) -> dict[str, Any]:
    tally = replaying.tally(replay)
    failed = replaying.failed_again(replay).select_related("event", "event__connection").order_by("pk")
    return {
        "replay": str(replay.public_id),
        "state": replay.state,
        "done": tally.done,
        "ignored": tally.ignored,
        "waiting": tally.waiting,
        "given_up": tally.dead,
        "not_asked": tally.unasked + tally.asking,
        "failed_again": [
            {
                "notification": str(item.event.public_id),
                "connection": item.event.connection.name,
                "gateway_id": item.event.gateway_id,
                "state": item.event.state,
                "cause": item.event.cause,
                "error": item.event.last_error,
            }
            for item in failed
        ],
    }


def _sentences(report: dict[str, Any]) -> str:
    lines = [
        "{notifications} notifications about {charges} charges on {connections} connections,"
        " {calls} calls in the first round".format(**report)
    ]
    if report["left_out"]:
        lines.append(f"{report['left_out']} more match: only the oldest 10,000 are taken, narrow them down")
    if not report["dry_run"]:
        counts = "{done} done, {ignored} ignored, {waiting} waiting for another try, {given_up} given up"
        lines.append(counts.format(**report))
        if report["not_asked"]:
            lines.append(f"{report['not_asked']} wait for their gateway; the workers go on with them")
        lines += [f"failed again: {_failure(row)}" for row in report["failed_again"]]
    return "\n".join(lines)


def _failure(row: dict[str, Any]) -> str:
    return f"{row['notification']} {row['gateway_id']} ({row['connection']}): {row['cause']} {row['error']}"
