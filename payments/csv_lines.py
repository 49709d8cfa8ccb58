"""Lines of a CSV file as Brazilian spreadsheets open it: semicolons, decimal commas, UTF-8 with its mark."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

_MARK = "\ufeff"
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """One row at a time, so that a long file is never whole in memory."""
    yield _MARK
    line = StringIO()
    writer = csv.writer(line, delimiter=";")
    for row in rows:
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def text(value: str) -> str:
    """What somebody else wrote must not be calculated: an apostrophe makes it text."""
    return f"'{value}" if value.lstrip(" ").startswith(_STARTS_A_FORMULA) else value


def amount(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100},{abs(cents) % 100:02d}"
