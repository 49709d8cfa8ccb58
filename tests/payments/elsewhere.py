"""What an account charged without us, and what an import makes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from lib import accounts

from config import clock
from connections.models import Connection
from payments.models import ChargeImport
from payments.services import importing
from tests.payments.simulated import World

ANA = {"name": "Ana Lima", "document": "52998224725"}


def since() -> datetime:
    return clock.now() - timedelta(days=2)


def made_elsewhere(world: World, key: str, amount: float = 150, **values: Any) -> str:
    """The gateway id of a payment made in its panel."""
    world.connection(key)
    body = {"account": world.accounts[key]["id"], "amount": amount, **values}
    return str(world.control("panel_payment", **body)["id"])


def imported(connection: Connection) -> ChargeImport:
    run = importing.request(connection, since=since())
    assert importing.carry_out(run.pk)
    run.refresh_from_db()
    return run


def calls(world: World) -> list[dict[str, Any]]:
    """What the gateways were asked."""
    return list(accounts.control(world.url, "GET", "received")["calls"])
