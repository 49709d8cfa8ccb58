"""The whole product under fire. What drives it lies beside the product, with the demo's house scripts."""

from __future__ import annotations

import importlib
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

# What the storm is made of; a product that was only deployed has neither.
_PARTS = ("bin/lib/storm/command.py", "bin/simulator", "simulator/server.py")


class Command(BaseCommand):
    help = (
        "Puts a whole product of its own under fire and compares it with the simulator's books. It starts "
        "everything itself, PostgreSQL and Redis too, and touches nothing of this installation. Ends with 0 "
        "when everything balances, 1 when something does not, 2 when it could not be carried out."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="everything random is drawn from it (1)")
        parser.add_argument("--charges", type=int, default=100, help="how many charges to make (100)")
        parser.add_argument("--json", action="store_true", help="the report as JSON on standard output")
        parser.add_argument("--keep", type=Path, help="folder for the logs; without it they go at the end")

    def handle(self, *args: Any, seed: int, charges: int, keep: Path | None, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        if missing := [part for part in _PARTS if not (root / part).exists()]:
            raise CommandError(
                f"The storm needs the whole source tree: {', '.join(missing)} is not there. "
                "Run it from a clone, with the packages of requirements-dev.txt."
            )
        if charges < 1:
            raise CommandError("--charges must be at least 1.")
        sys.path.append(str(root / "bin"))
        storm = importlib.import_module("lib.storm.command")
        sys.exit(storm.main(root, seed=seed, charges=charges, as_json=options["json"], keep=keep))
