"""Take over what the account of a connection charged before it was connected here."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import clock
from connections.gateways.errors import GatewayError
from connections.models import Connection
from payments.models import ChargeImport, RunState
from payments.services import importing

_POLL_SECONDS = 0.5
_DAYS = 365


class Command(BaseCommand):
    help = "Import the existing charges of a connection's account. Exits 1 when it did not come to its end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", required=True, help="the public id of the connection")
        parser.add_argument(
            "--since", help="what changed from this day on (YYYY-MM-DD, UTC); a year by itself"
        )
        parser.add_argument("--dry-run", action="store_true", help="only read the list and count")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        connection, since = _chosen(options["connection"]), _day(options["since"])
        report = _looked(connection, since) if options["dry_run"] else _report(_run(connection, since))
        if options["as_json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._say(report)
        if report["state"] != RunState.DONE:
            raise SystemExit(1)

    def _say(self, report: dict[str, Any]) -> None:
        self.stdout.write(
            f"{report['connection']}: {report['state']}, {report['listed']} listed, "
            f"{report['matched']} known, {report['taken']} taken over, {len(report['left'])} left"
        )
        if report["error"]:
            self.stdout.write(f"  {report['error']}")
        for line in report["left"]:
            self.stdout.write(f"left: {line['gateway_id']} ({line['reason']})")


def _run(connection: Connection, since: datetime) -> ChargeImport:
    """A run of our own, or the open one; what a worker is at just now is waited for.

    So is what others look at; not a gateway that gives no answer.
    """
    run = importing.request(connection, since=since)
    tried = importing.carry_out(run.pk)
    run.refresh_from_db()
    while run.is_open and not (tried and run.error):
        time.sleep(_POLL_SECONDS)
        if run.due_at and run.due_at <= clock.now():
            tried = importing.carry_out(run.pk)
        run.refresh_from_db()
    return run


def _looked(connection: Connection, since: datetime) -> dict[str, Any]:
    try:
        found = importing.look(connection, since=since)
    except GatewayError as err:
        raise CommandError(err.text or type(err).__name__) from None
    return {
        "connection": connection.name,
        "state": RunState.DONE.value,
        "dry_run": True,
        "since": since.isoformat(),
        "listed": found.listed,
        "matched": found.matched,
        "taken": found.takes,
        "left": [{"gateway_id": name, "reason": reason} for name, reason in found.left],
        "error": "",
    }


def _report(run: ChargeImport) -> dict[str, Any]:
    left = run.items.filter(charge=None)
    return {
        "connection": run.connection.name,
        "state": run.state,
        "dry_run": False,
        "since": run.since.isoformat(),
        "listed": run.listed,
        "matched": run.matched,
        "taken": run.items.exclude(charge=None).count(),
        "left": [{"gateway_id": item.gateway_id, "reason": item.reason} for item in left],
        "error": run.error,
    }


def _day(text: str | None) -> datetime:
    if not text:
        return clock.now() - timedelta(days=_DAYS)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--since {text}: write the day as YYYY-MM-DD") from None
    if day < importing.OLDEST:
        raise CommandError(f"--since {text}: choose a day from {importing.OLDEST.isoformat()} on")
    return datetime.combine(day, time_of_day(), tzinfo=UTC)


def _chosen(public_id: str) -> Connection:
    known = Connection.objects.without_secrets().filter(is_active=True).exclude(account_id="")
    try:
        return known.get(public_id=public_id)
    except (Connection.DoesNotExist, ValidationError):
        raise CommandError(f"No active connection has the id {public_id}.") from None
