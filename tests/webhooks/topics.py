"""The table of docs/topics.md, which is where the expectations of these tests come from."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "topics.md"
# What a body calls a topic that is sent by another name.
_ONLY_IN_BODIES = {"claim", "automatic-payments"}
# Columns of a table: of what is signed there is one more, whether it is registered.
_SIGNED, _UNSIGNED = 4, 3
Lines = dict[str, str]


def lines(gateway: str) -> Lines:
    """Each name that can be sent, with where the page says that it leads; of a family one name we made up."""
    named = _rows(gateway, columns=_SIGNED, leads=2)
    return {name.replace("*", "INVENTED"): row for name, row in named.items() if name not in _ONLY_IN_BODIES}


def unsigned_lines(gateway: str) -> Lines:
    return _rows(gateway, columns=_UNSIGNED, leads=1)


def _rows(gateway: str, *, columns: int, leads: int) -> Lines:
    half = PAGE.read_text().partition(f"\n## {gateway}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in half.splitlines()]
    return {
        name: row[leads] for row in rows if len(row) == columns for name in re.findall(r"`([\w*-]+)`", row[0])
    }


def kind(leads: str) -> str:
    """What is asked for; empty where nothing is."""
    found = re.match(r"its (\w+) is asked for", leads)
    return found[1] if found else ""


def reason(leads: str) -> str:
    found = re.search(r"\(`(\w+)`\)", leads)
    return found[1] if found else ""
