"""The help pages of the doctor."""

from __future__ import annotations

from backoffice.doctor_help.account import ACCOUNT
from backoffice.doctor_help.house import HOUSE
from backoffice.doctor_help.parts import Help as Help
from backoffice.doctor_help.webhook import WEBHOOK

HELP: dict[str, Help] = {**HOUSE, **ACCOUNT, **WEBHOOK}
