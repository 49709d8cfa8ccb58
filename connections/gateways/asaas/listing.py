"""Every payment that may have changed since a moment, by the filters Asaas has (asaas.md 3.5).

Asaas keeps no time of the last change, so several lists together have to show it. What none of them shows:

of charges we hold as unpaid
- that they were deleted (no list has deleted ones), re-dated or re-priced, if they were made before;
- a receipt in cash that was entered more than a month late;
- what became of a card after a risk analysis that ended badly;
of charges we hold as cancelled, disputed or paid in cash
- that they were restored, that the dispute was won, that the receipt was undone;
of charges we hold as paid
- a refund in part of money that had reached the account before, and the denial of a refund;
- a refund in full, or a dispute, of a charge made more than a year before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connections.gateways.answers import Answer
from connections.gateways.asaas.api import AsaasApi
from connections.gateways.asaas.mapping import ZONE
from connections.gateways.values import Record, records, text

# Overdue is set on the first business day after the due date (3.3): over a weekend with holidays beside it.
_OVERDUE_COMES_WITHIN = timedelta(days=7)
_CASH_ENTERED_WITHIN = timedelta(days=31)
_UNDONE_WITHIN = timedelta(days=365)
# What a charge becomes without any of its days moving.
_WITHOUT_A_DAY = (
    "AUTHORIZED",
    "AWAITING_RISK_ANALYSIS",
    "REFUND_REQUESTED",
    "REFUND_IN_PROGRESS",
    "REFUNDED",
    "CHARGEBACK_REQUESTED",
    "CHARGEBACK_DISPUTE",
    "AWAITING_CHARGEBACK_REVERSAL",
)
_PAGE = 100
_OVERLAP = 10


def changed_payments(api: AsaasApi, *, since: datetime) -> Iterator[Record]:
    """Each payment once, however many of the lists show it."""
    seen: set[str] = set()
    for query in _queries(since):
        for name, raw in every_item(api, "/payments", query):
            if name not in seen:
                seen.add(name)
                yield raw


def _queries(since: datetime) -> Iterator[dict[str, str]]:
    """Asaas knows days in São Paulo only (1.7), so each list begins with the whole day of ``since``.

    A card that was paid has no ``paymentDate`` until its money comes, but the day it will come, which lies
    ahead (3.3); it keeps that day when it is refunded (3.8).
    """
    day = since.astimezone(ZONE).date()
    yield {"dateCreated[ge]": day.isoformat()}
    yield {"paymentDate[ge]": day.isoformat()}
    yield {"estimatedCreditDate[ge]": day.isoformat()}
    yield {"status": "OVERDUE", "dueDate[ge]": (day - _OVERDUE_COMES_WITHIN).isoformat()}
    yield {"status": "RECEIVED_IN_CASH", "paymentDate[ge]": (day - _CASH_ENTERED_WITHIN).isoformat()}
    oldest = (day - _UNDONE_WITHIN).isoformat()
    for status in _WITHOUT_A_DAY:
        yield {"status": status, "dateCreated[ge]": oldest}


@dataclass
class _Walk:
    """How far a list has been read. Its order stays, but its items move under us.

    New ones come in front and push the others back: that only repeats some. Those that leave pull the others
    forward, past us. So each page begins with the end of the one before, and where nothing of that is found
    any more we go back.
    """

    offset: int = 0
    overlap: int = 0
    known: set[str] = field(default_factory=set)
    read: int = 0
    total: int = 0
    is_over: bool = False
    is_stuck: bool = False

    def take(self, names: Collection[str], *, total: int, says_more: bool) -> None:
        self.read += max(len(names), _OVERLAP)
        self.total = max(self.total, total)
        if self.offset and self.overlap and self.known.isdisjoint(names):
            self.offset = max(0, self.offset - _PAGE)
            return
        end = self.offset + len(names)
        brings_news = not self.known.issuperset(names)
        self.is_over = not names or (end >= total and not (brings_news and says_more))
        self.known.update(names)
        self.is_stuck = not brings_news and end > total > len(self.known)
        self.overlap = min(_OVERLAP, len(names) // 2)
        self.offset = end - self.overlap

    @property
    def is_endless(self) -> bool:
        """The offset leads nowhere, or far past all that Asaas says there is."""
        return self.is_stuck or self.read > 4 * self.total + 20 * _PAGE


def every_item(api: AsaasApi, path: str, query: Mapping[str, str]) -> Iterator[tuple[str, Record]]:
    """A whole list of any length by id; raises ``UnreadableAnswer`` for one that never ends."""
    walk = _Walk()
    while not walk.is_over:
        paging = {"limit": str(_PAGE), "offset": str(walk.offset)}
        answer = api.ask("GET", path, query={**query, **paging})
        items = _items(answer)
        yield from ((name, raw) for name, raw in items.items() if name not in walk.known)
        total = answer.record().get("totalCount")
        says_more = answer.record().get("hasMore") is True
        walk.take(items, total=total if isinstance(total, int) else 0, says_more=says_more)
        if walk.is_endless:
            raise answer.unreadable()


def _items(answer: Answer) -> dict[str, Record]:
    """The items of a page by id. ``null`` is an empty list; anything else is no list at all."""
    body = answer.record()
    if "data" not in body or not isinstance(body["data"], list | None):
        raise answer.unreadable()
    items = {text(raw.get("id"), 100): raw for raw in records(body["data"])}
    if "" in items:
        raise answer.unreadable()
    return items
