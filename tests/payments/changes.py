"""Changes of charges in the simulator, as a person asks for them."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User
from lib import accounts

from payments.models import ChangeKind, Charge, ChargeChange
from payments.services import changing
from payments.services.changeable import Typed
from payments.services.changing import NewChange
from tests.payments.simulated import World


def change(charge: Charge, kind: ChangeKind, **values: Any) -> ChargeChange:
    """Press once; the charge is as it is then."""
    typed = Typed(**{name: values.pop(name) for name in ("day", "amount_cents", "text") if name in values})
    given = {"charge": charge, "kind": kind, "typed": typed, "submission": uuid.uuid4(), **values}
    asked = NewChange(**given)
    done = changing.change(asked)
    charge.refresh_from_db()
    return done


def work(change: ChargeChange) -> ChargeChange:
    """What a worker does when it sweeps; change and charge as they are then."""
    changing.settle_due()
    change.refresh_from_db()
    change.charge.refresh_from_db()
    return change


def calls(world: World, method: str, path: str) -> list[dict[str, Any]]:
    """Every call of this kind to a gateway."""
    asked = accounts.control(world.url, "GET", f"received?method={method}&path={path}")
    return [call for call in asked["calls"] if not call["path"].startswith("/_control")]


def person(name: str = "olga") -> User:
    return User.objects.get_or_create(username=name)[0]


def steps(charge: Charge) -> list[tuple[str, str]]:
    """The story of its changes."""
    lines = charge.timeline.filter(code="change").order_by("pk")
    return [(line.data["kind"], line.data["step"]) for line in lines]
