"""The order in which what waits at several gateways is taken up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, zip_longest


def in_turns(rows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Rows of (id, connection), the longest waiting of each in turns: no connection keeps another waiting."""
    queues: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        queues[row[1]].append(row)
    return [row for row in chain.from_iterable(zip_longest(*queues.values())) if row]
