"""Compare connections with their gateways now, and say what does not match."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connections.models import Connection
from payments.models import Finding, FindingKind, Reconciliation, RunState, RunTrigger
from payments.services import missed, reconciling, runs

_POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Compare every active connection (or one) with its gateway. Exits 1 when a difference remains."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", help="only this one: its public id")
        parser.add_argument("--since", help="what changed from this day on (YYYY-MM-DD, UTC)")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        since = _day(options["since"])
        report = _report([self._run(connection, since) for connection in _chosen(options["connection"])])
        if options["as_json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._say(report)
        if report["differences"] or any(run["state"] != RunState.DONE for run in report["runs"]):
            raise SystemExit(1)

    def _run(self, connection: Connection, since: datetime | None) -> Reconciliation:
        """A run of our own; one that a worker is at just now is waited for first."""
        while True:
            run = runs.request(connection, trigger=RunTrigger.COMMAND, since=since)
            is_carried_out = reconciling.carry_out(run.pk) is not None
            run.refresh_from_db()
            if is_carried_out:
                return run
            time.sleep(_POLL_SECONDS)

    def _say(self, report: dict[str, Any]) -> None:
        for run in report["runs"]:
            self.stdout.write(
                f"{run['connection']}: {run['state']}, {run['compared']} compared, {run['missed']} repaired, "
                f"{run['differences']} differ, {run['calls']} calls of at most {run['calls_allowed']}"
            )
            if run["error"]:
                self.stdout.write(f"  {run['error']}")
        for line in report["differences"]:
            self.stdout.write(f"differs: {line['charge'] or line['gateway_id']}")


def _day(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time_of_day(), tzinfo=UTC)
    except ValueError:
        raise CommandError(f"--since {text}: write the day as YYYY-MM-DD") from None


def _chosen(public_id: str | None) -> list[Connection]:
    known = Connection.objects.without_secrets().filter(is_active=True).exclude(account_id="").order_by("pk")
    if not public_id:
        return list(known)
    chosen = [connection for connection in known if str(connection.public_id) == public_id]
    if not chosen:
        raise CommandError(f"No active connection has the id {public_id}.")
    return chosen


def _report(done: list[Reconciliation]) -> dict[str, Any]:
    connections = [run.connection_id for run in done]
    still_open = Finding.objects.filter(connection__in=connections, settled_at=None).select_related("charge")
    return {
        "runs": [_run_row(run) for run in done],
        "repaired": [
            {
                "charge": miss.charge.reference,
                "gateway_id": miss.resource.gateway_id,
                "found_at": miss.found_at.isoformat(),
                "before": miss.before,
                "after": miss.after,
            }
            for run in done
            for miss in missed.found_by(run).select_related("charge", "resource")
        ],
        "not_ours": [_finding_row(row) for row in still_open if row.kind == FindingKind.NOT_OURS],
        "differences": [_finding_row(row) for row in still_open if row.kind == FindingKind.DIFFERENCE],
    }


def _run_row(run: Reconciliation) -> dict[str, Any]:
    return {
        "connection": run.connection.name,
        "state": run.state,
        "since": run.since.isoformat(),
        "compared": run.compared,
        "missed": run.missed,
        "not_ours": run.not_ours,
        "differences": run.differences,
        "calls": run.calls,
        "calls_allowed": run.calls_allowed,
        "days": run.days,
        "error": run.error,
    }


def _finding_row(finding: Finding) -> dict[str, Any]:
    return {
        "gateway_id": finding.gateway_id,
        "charge": finding.charge.reference if finding.charge else None,
        "theirs": finding.theirs,
        "ours": finding.ours,
    }
