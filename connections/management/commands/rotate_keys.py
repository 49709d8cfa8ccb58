"""``manage.py rotate_keys``: the step between promoting a new master key and dropping the old one."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from connections.services.resealing import Resealed, count, reseal


class Command(BaseCommand):
    help = "Seal the stored secrets again with the first of CREDENTIALS_KEYS. Exits 1 when any is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only count what is not on the first key")
        parser.add_argument("--json", action="store_true", help="write the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        result = count() if options["check"] else reseal()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(result)))
        else:
            self._tell(result)
        if result.left:
            sys.exit(1)

    def _tell(self, result: Resealed) -> None:
        self.stdout.write(_("Sealed again: %(resealed)d of %(values)d.") % asdict(result))
        for place in result.unreadable:
            self.stdout.write(_("No key of CREDENTIALS_KEYS opens %s.") % place)
        if result.left:
            self.stdout.write(_("Not on the first key: %d. Keep the old key.") % result.left)
        else:
            self.stdout.write(_("All are on the first key: the others may be dropped."))
