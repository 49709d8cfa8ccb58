"""The two people of a demo: an administrator and an operator."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError

NAMES = ("admin", "operator")


class Command(BaseCommand):
    help = "Creates the users admin and operator, or gives them the passwords of the file. For demos only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--passwords-file", required=True, type=Path, help='JSON: {"admin": "...", "operator": "..."}'
        )

    def handle(self, *args: Any, passwords_file: Path | str, **options: Any) -> None:
        passwords = _read(Path(passwords_file))
        _keep_user("admin", passwords["admin"], is_administrator=True)
        operator = _keep_user("operator", passwords["operator"], is_administrator=False)
        group, _created = Group.objects.get_or_create(name="Operator")
        operator.groups.add(group)
        self.stdout.write("The users admin and operator are ready.")


def _read(file: Path) -> dict[str, str]:
    try:
        passwords: dict[str, str] = json.loads(file.read_text())
    except (OSError, ValueError) as err:
        raise CommandError(f"{file} is not a JSON file with passwords: {err}") from err
    if missing := [name for name in NAMES if not passwords.get(name)]:
        raise CommandError(f"{file} has no password for {', '.join(missing)}.")
    return passwords


def _keep_user(name: str, password: str, *, is_administrator: bool) -> Any:
    """Writes a password only when it changed: a changed one ends the user's sessions."""
    user, is_new = get_user_model().objects.get_or_create(username=name)
    user.is_active = True
    user.is_staff = user.is_superuser = is_administrator
    if is_new or not user.check_password(password):
        user.set_password(password)
    user.save()
    return user
