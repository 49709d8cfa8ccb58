"""Every payment that changed since a moment, by the search (mercadopago.md 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from connections.gateways.answers import Answer
from connections.gateways.mercadopago.api import MercadoPagoApi
from connections.gateways.mercadopago.times import written
from connections.gateways.values import Record, instant, record, records, text

_PAGE = 100
# So far past its own total the search may go before we stop believing it.
_FARTHEST = 1000
# The unit of the gateway's times; begun so much earlier, the next page holds the last row whether the
# beginning counts as inside the range or not.
_TICK = timedelta(milliseconds=1)
# The range ends there: what changes while we read is moved to the end of the list, and is still listed.
_AHEAD = timedelta(days=1)


def changed_payments(api: MercadoPagoApi, *, since: datetime, now: datetime) -> Iterator[Record]:
    """From the oldest change on, until one after ``now`` is reached; a payment may come twice.

    The next page begins at the time of the last row, not at an offset: a payment that changes while we
    read leaves its place, and by offset the one behind it would be missed. Nor does a search reach far by
    offset ("rows limit exceeded", 1.6). Only where a whole page shares one time the offset helps on.
    """
    begin, offset = since, 0
    known: set[tuple[str, str]] = set()
    while True:
        answer = _search(api, begin=begin, end=now + _AHEAD, offset=offset)
        rows = _rows(answer)
        fresh = {name: raw for name, raw in rows.items() if name not in known}
        yield from fresh.values()
        total, size = _paging(answer, "total"), _paging(answer, "limit") or _PAGE
        if not rows or (len(rows) < min(size, _PAGE) and offset + len(rows) >= total):
            return
        last = _last_change(rows)
        if last and last > now:
            return
        if last and last - _TICK > begin:
            begin, offset = last - _TICK, 0
        elif (fresh or not offset) and offset < total + _FARTHEST:
            offset += len(rows)
        else:  # the gateway heeds neither beginning nor offset, or never comes to an end
            raise answer.unreadable()
        known = set(rows)


def _search(api: MercadoPagoApi, *, begin: datetime, end: datetime, offset: int) -> Answer:
    query = {
        "range": "date_last_updated",
        "begin_date": written(begin),
        "end_date": written(end),
        "sort": "date_last_updated",
        "criteria": "asc",
        "limit": str(_PAGE),
        "offset": str(offset),
    }
    return api.ask("GET", "/v1/payments/search", query=query)


def _rows(answer: Answer) -> dict[tuple[str, str], Record]:
    """The rows of a page by id and time of change. ``null`` is none; anything else is no list at all."""
    body = answer.record()
    if "results" not in body or not isinstance(body["results"], list | None):
        raise answer.unreadable()
    rows = {
        (text(raw.get("id"), 100), text(raw.get("date_last_updated"), 60)): raw
        for raw in records(body["results"])
    }
    if any(not name for name, _changed in rows):
        raise answer.unreadable()
    return rows


def _paging(answer: Answer, key: str) -> int:
    number = record(answer.record().get("paging")).get(key)
    return number if isinstance(number, int) else 0


def _last_change(rows: dict[tuple[str, str], Record]) -> datetime | None:
    """The newest time of a page; None when it is not in order, as then nothing follows from it."""
    moments = [instant(changed, UTC) for _name, changed in rows]
    times = [moment for moment in moments if moment]
    return times[-1] if len(times) == len(moments) and times == sorted(times) else None
