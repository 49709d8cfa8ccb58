"""Reading what a gateway wrote: tolerant of missing keys, odd types and new fields; never raises."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

Record = Mapping[str, object]

_LONGEST_COUNT = 15
_OLDEST_YEAR = 1990  # Mercado Pago writes "0001-01-01T00:00:00Z" for "no date" (mercadopago.md section 9).


def decode_json(raw: bytes | str) -> object:
    """The parsed JSON, fractions as ``Decimal``; raises ``ValueError`` for everything else.

    A key given twice with two values is refused: two readers could believe two different amounts.
    """
    try:
        return json.loads(
            raw, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_without_conflict
        )
    except RecursionError:
        # Nested too deep to be an answer; outside the handler nothing needs to know how deep.
        raise ValueError("nested too deep") from None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _without_conflict(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise ValueError("a key appears twice with different values")
        found[key] = value
    return found


def text(value: object, limit: int = 500) -> str:
    """Text of a string or number, without what a database refuses (NUL, lone surrogates), cut."""
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        value = int(value) if value.adjusted() < limit else ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    try:
        written = str(value)
    except ValueError:  # an integer of more digits than Python prints
        return ""
    return written.replace("\x00", "").encode("utf-8", "ignore").decode()[:limit].strip()


def record(value: object) -> Record:
    return value if isinstance(value, Mapping) else {}


def records(value: object) -> list[Record]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def count(value: object) -> int | None:
    """A number of things, as a number or as text; ``None`` for more digits than any of them has."""
    said = text(value)
    return int(said) if said.isascii() and said.isdigit() and len(said) <= _LONGEST_COUNT else None


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def instant(value: object, zone: tzinfo) -> datetime | None:
    """Aware UTC of an ISO or ``dd/MM/yyyy`` time; civil time of ``zone`` where no offset is written."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(_iso(text(value)))
        if moment.year >= _OLDEST_YEAR:
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    return None


def civil_date(value: object) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(_iso(text(value))[:10])
    return None


def _iso(written: str) -> str:
    """``dd/MM/yyyy`` was the form of Asaas subscription events until 2026-02-02 (asaas.md 5.4)."""
    if written[2:3] == "/" and written[5:6] == "/":
        return f"{written[6:10]}-{written[3:5]}-{written[:2]}{written[10:]}"
    return written
