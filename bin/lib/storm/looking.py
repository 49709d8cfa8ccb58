"""What is compared: the books of the simulator on one side, the rows of the product on the other."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from lib.storm import rows
from lib.storm.ground import Ground
from lib.storm.lives import Life, Person, Step
from lib.storm.rows import Row

_MOMENTS = ("at", "found_at")


@dataclass(frozen=True)
class Look:
    """Both sides at one moment, and what people did. ``books`` and ``deliveries`` of all accounts."""

    lives: Sequence[Life]
    books: dict[str, list[Row]]
    deliveries: Sequence[Row]
    charges: Sequence[Row]
    payments: Sequence[Row]
    refunds: Sequence[Row]
    disputes: Sequence[Row]
    subscriptions: Sequence[Row]
    moves: Sequence[Row]
    events: Sequence[Row]
    missed: Sequence[Row]
    two_from_one: Sequence[str] = ()

    @cached_property
    def ours(self) -> dict[str, Row]:
        """Our payments by the id of the gateway."""
        return {row["gateway_id"]: row for row in self.payments}

    @cached_property
    def of_charge(self) -> dict[str, list[Row]]:
        """The payments in the books by the charge they belong to."""
        found: dict[str, list[Row]] = defaultdict(list)
        for payment in self.books["payments"]:
            if reference := self.charge_of(payment):
                found[reference].append(payment)
        return found

    @cached_property
    def by_reference(self) -> dict[str, Row]:
        return {row["reference"]: row for row in self.charges}

    def charge_of(self, payment: Row) -> str:
        """By its own reference; of a turn of a subscription, which carries another, by our row."""
        if payment["reference"] in self.by_reference:
            return str(payment["reference"])
        own = self.ours.get(str(payment["id"]))
        return str(own["charge"]) if own else ""

    @cached_property
    def lives_by_reference(self) -> dict[str, Life]:
        return {life.reference: life for life in self.lives if life.reference}


def look(ground: Ground, lives: Sequence[Life], two_from_one: Sequence[str] = ()) -> Look:
    """As both sides are now."""
    ask = ground.database.rows
    books = ground.ask("books")
    return Look(
        lives=lives,
        books=books,
        deliveries=ground.ask("deliveries")["deliveries"],
        charges=ask(rows.CHARGES),
        payments=ask(rows.PAYMENTS),
        refunds=ask(rows.REFUNDS),
        disputes=ask(rows.DISPUTES),
        subscriptions=ask(rows.SUBSCRIPTIONS),
        moves=ask(rows.MOVES),
        events=ask(rows.EVENTS),
        missed=ask(rows.MISSED),
        two_from_one=two_from_one,
    )


def keep(look: Look, file: Path) -> None:
    """Both sides, for who looks for a fault afterwards."""
    file.write_text(json.dumps(asdict(look), indent=1, default=str))


def cents(reais: Any) -> int:
    """Hundredths, as the books say reais."""
    return int((Decimal(str(reais or 0)) * 100).to_integral_value())


def total(payments: Iterable[Row], name: str) -> int:
    return sum(cents(payment[name]) for payment in payments)


def given_back(payment: Row) -> list[int]:
    """The refunds that the books show as done, in cents."""
    return sorted(cents(one["amount"]) for one in payment["refunds"] if one["status"] in ("DONE", "approved"))


def is_asaas(payment: Row) -> bool:
    return bool(payment["gateway"] == "asaas")


def kept(file: Path) -> Look:
    """What ``keep`` wrote, to be compared once more."""
    sides = json.loads(file.read_text())
    lives = [_life(life) for life in sides.pop("lives")]
    for name in ("moves", "missed"):
        for row in sides[name]:
            row |= {column: datetime.fromisoformat(row[column]) for column in _MOMENTS if column in row}
    return Look(lives=lives, **sides)


def _life(kept: dict[str, Any]) -> Life:
    steps = [Step(**step) for step in kept.pop("steps")]
    refunds = [(cents, who) for cents, who in kept.pop("refunds")]
    return Life(**kept | {"person": Person(**kept["person"]), "steps": steps, "refunds": refunds})
