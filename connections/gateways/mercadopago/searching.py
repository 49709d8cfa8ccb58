"""Every row of a search of Mercado Pago that answers ``paging`` and ``results`` (mercadopago.md 4.5 to 5.2).

What they list may be old, shortened or not what was asked for: whoever reads on compares, and reads by id
what matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connections.gateways.answers import Answer
from connections.gateways.mercadopago.api import MercadoPagoApi
from connections.gateways.values import Record, record, records, text

_PAGE = 100
_FARTHEST = 10_000


def every(api: MercadoPagoApi, path: str, query: Mapping[str, str]) -> Iterator[Record]:
    """Each row that has an id, once. The total counts rows that are never shown (4.6), so no row ends it."""
    offset = 0
    seen: set[str] = set()
    while offset < _FARTHEST:
        answer = api.ask("GET", path, query={**query, "limit": str(_PAGE), "offset": str(offset)})
        rows = {text(raw.get("id"), 100): raw for raw in _rows(answer)}
        fresh = {name: raw for name, raw in rows.items() if name and name not in seen}
        yield from fresh.values()
        seen |= fresh.keys()
        offset += len(rows)
        total, limit = _paging(answer, "total"), _paging(answer, "limit") or _PAGE
        if not fresh or (offset >= total and len(rows) < min(limit, _PAGE)) or offset == total:
            return
    raise answer.unreadable()


def _rows(answer: Answer) -> list[Record]:
    """The list under ``results`` or, of claims, ``data``; ``null`` is none, anything else is no list."""
    body = answer.record()
    listed = body["results"] if "results" in body else body.get("data", "")
    if not isinstance(listed, list | None):
        raise answer.unreadable()
    return records(listed)


def _paging(answer: Answer, key: str) -> int:
    number = record(answer.record().get("paging")).get(key)
    return number if isinstance(number, int) else 0
