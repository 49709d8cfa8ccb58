"""Say what is wrong with the installation and with every account."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from backoffice import doctor
from config import clock
from connections.problem_kinds import Severity


class Command(BaseCommand):
    help = "Look at everything and say what is wrong. Exits 1 when something serious is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument(
            "--no-look",
            action="store_true",
            help="only what is known already: asks no gateway and no address",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_look"]:
            doctor.examine_all()
        faults = [fault for patient in doctor.patients() for fault in patient.faults]
        if options["as_json"]:
            report = {
                "at": clock.now().isoformat(),
                "is_well": not faults,
                "faults": [fault.as_data() for fault in faults],
            }
            self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))
        else:
            self._say(faults)
        if any(fault.kind.severity == Severity.SERIOUS for fault in faults):
            raise SystemExit(1)

    def _say(self, faults: list[doctor.Fault]) -> None:
        for fault in faults:
            whose = fault.connection.name if fault.connection else "installation"
            self.stdout.write(f"{fault.kind.severity.value} {fault.code} ({whose}): {fault.kind.title}")
            self.stdout.write(f"  {fault.advice}")
        if not faults:
            self.stdout.write("Nothing is wrong.")
