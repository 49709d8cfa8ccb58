"""How many charges wait for money on each connection: counted above, shown here.

This room knows no charges. Who knows them hands a counter down when the program starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

Counter = Callable[[Collection[int]], Mapping[int, int]]

_counters: list[Counter] = []


def count_with(counter: Counter) -> None:
    """Use this counter from now on: of primary keys of connections, how many charges are open on each."""
    _counters[:] = [counter]


def open_charges(connection_ids: Collection[int]) -> dict[int, int]:
    """By primary key; a connection without any has 0."""
    counted = dict(_counters[0](connection_ids)) if _counters else {}
    return {pk: counted.get(pk, 0) for pk in connection_ids}
