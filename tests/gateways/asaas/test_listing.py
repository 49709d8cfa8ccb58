"""What changed on an Asaas account, by its filters (asaas.md 3.5)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from connections.gateways.base import GatewayPayment, PaymentStatus
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayUnavailable,
    RateLimited,
    UnreadableAnswer,
)
from tests.gateways import sample
from tests.gateways.asaas.desk import BASE, gateway
from tests.gateways.servers import Recorder

SINCE = datetime(2026, 9, 2, 2, 30, tzinfo=UTC)  # still the first of September in São Paulo
CREATED = {"dateCreated[ge]": "2026-09-01"}
Query = dict[str, str]


class Lists:
    """``GET /payments``: the rows of each query, newest first, in pages; ``before`` acts ahead of a page."""

    def __init__(self, mocked: Any, rows: dict[str, list[Any]] | None = None) -> None:
        self.rows = rows or {}
        self.asked: list[Query] = []
        self.before: Callable[[int], None] = lambda _number: None
        self.envelope: dict[str, Any] = {}
        self.deaf = False
        mocked.add_callback(responses.GET, f"{BASE}/payments", callback=self._answer)

    def _answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = {key: values[0] for key, values in parse_qs(urlsplit(request.url).query).items()}
        self.before(len(self.asked))
        self.asked.append(query)
        rows = self.rows.get(_filter(query), [])
        start = 0 if self.deaf else int(query["offset"])
        page = rows[start : start + int(query["limit"])]
        body = {"object": "list", "hasMore": start + len(page) < len(rows), "totalCount": len(rows)}
        return 200, {}, sample.dump({**body, "limit": 100, "offset": start, "data": page, **self.envelope})

    def offsets(self, query: Query = CREATED) -> list[int]:
        return [int(asked["offset"]) for asked in self.asked if _filter(asked) == _filter(query)]


def _filter(query: Query) -> str:
    return json.dumps({key: query[key] for key in sorted(query) if key not in ("limit", "offset")})


def row(name: object, **changes: Any) -> dict[str, Any]:
    return sample.body("asaas", "payment_pix", id=f"pay_{name}", **changes)


def short(name: object) -> dict[str, Any]:
    return {"object": "payment", "id": f"pay_{name}", "status": "PENDING", "value": 10}


def created(mocked: Any, count: int) -> Lists:
    return Lists(mocked, {_filter(CREATED): [short(number) for number in range(count)]})


def read(**changes: Any) -> list[GatewayPayment]:
    return list(gateway(**changes).changed_payments(since=SINCE))


def names(found: list[GatewayPayment]) -> list[str]:
    return [payment.gateway_id.removeprefix("pay_") for payment in found]


def test_asks_by_every_day_and_every_status_without_one(asaas: Any) -> None:
    lists = Lists(asaas)
    assert read() == []
    assert [(asked["limit"], asked["offset"]) for asked in lists.asked] == [("100", "0")] * 13
    asked = [json.loads(_filter(query)) for query in lists.asked]
    assert asked[:5] == [
        {"dateCreated[ge]": "2026-09-01"},
        {"paymentDate[ge]": "2026-09-01"},
        {"estimatedCreditDate[ge]": "2026-09-01"},
        {"dueDate[ge]": "2026-08-25", "status": "OVERDUE"},
        {"paymentDate[ge]": "2026-08-01", "status": "RECEIVED_IN_CASH"},
    ]
    assert {query["dateCreated[ge]"] for query in asked[5:]} == {"2025-09-01"}
    assert {query["status"] for query in asked[5:]} == {
        "AUTHORIZED",
        "AWAITING_RISK_ANALYSIS",
        "REFUND_REQUESTED",
        "REFUND_IN_PROGRESS",
        "REFUNDED",
        "CHARGEBACK_REQUESTED",
        "CHARGEBACK_DISPUTE",
        "AWAITING_CHARGEBACK_REVERSAL",
    }


def test_shows_a_payment_once_however_many_lists_have_it(asaas: Any) -> None:
    paid = row("1", status="CONFIRMED", billingType="CREDIT_CARD")
    refunded = row("2", status="REFUNDED")
    lists = Lists(
        asaas,
        {
            _filter(CREATED): [paid],
            _filter({"estimatedCreditDate[ge]": "2026-09-01"}): [paid, refunded],
            _filter({"status": "REFUNDED", "dateCreated[ge]": "2025-09-01"}): [refunded],
        },
    )
    found = read(account_id="acc-7")
    assert [(payment.gateway_id, payment.status) for payment in found] == [
        ("pay_1", PaymentStatus.PAID),
        ("pay_2", PaymentStatus.REFUNDED),
    ]
    assert (found[0].reference, found[0].account_id) == ("chg-1007", "acc-7")
    assert len(lists.asked) == 13


def test_asks_for_nothing_before_it_is_read_and_for_one_page_at_a_time(asaas: Any) -> None:
    lists = created(asaas, 150)
    listing = gateway().changed_payments(since=SINCE)
    assert lists.asked == []
    for _row in range(100):
        next(listing)
    assert lists.offsets() == [0]
    next(listing)
    assert lists.offsets() == [0, 90]
    listing.close()


@pytest.mark.parametrize(
    ("count", "offsets"),
    [(1, [0]), (99, [0]), (100, [0]), (101, [0, 90]), (250, [0, 90, 180]), (1234, [*range(0, 1171, 90)])],
)
def test_reads_a_list_of_any_length(asaas: Any, count: int, offsets: list[int]) -> None:
    lists = created(asaas, count)
    assert names(read()) == [str(number) for number in range(count)]
    assert lists.offsets() == offsets


def test_every_page_is_a_call_under_the_budget(asaas: Any) -> None:
    lists, recorder = created(asaas, 150), Recorder()
    read(budget=recorder, on_exchange=recorder.exchanges.append)
    assert recorder.budget == ["acquire", "release"] * len(lists.asked)
    assert len(recorder.exchanges) == len(lists.asked) == 14


@pytest.mark.parametrize("left", [1, 10, 60, 100])
def test_misses_nothing_when_many_leave_the_list_between_two_pages(asaas: Any, left: int) -> None:
    lists = created(asaas, 300)
    rows = lists.rows[_filter(CREATED)]

    def leave(number: int) -> None:
        if number == 1:
            del rows[:left]

    lists.before = leave
    assert set(names(read())) == {str(number) for number in range(300)}


def test_misses_nothing_when_many_are_added_between_two_pages(asaas: Any) -> None:
    lists = created(asaas, 250)
    rows = lists.rows[_filter(CREATED)]

    def add(number: int) -> None:
        if number < 3:
            rows[:0] = [short(f"new-{number}-{position}") for position in range(120)]

    lists.before = add
    found = names(read())
    assert {str(number) for number in range(250)} <= set(found)
    assert len(found) == len(set(found))


@given(data=st.data(), count=st.integers(0, 420))
def test_shows_every_payment_that_stays_whatever_moves(data: st.DataObject, count: int) -> None:
    with responses.RequestsMock() as mocked:
        lists = created(mocked, count)
        rows = lists.rows[_filter(CREATED)]
        stays = {f"pay_{number}" for number in range(count)}

        def move(number: int) -> None:
            if number > 12:
                return
            for _time in range(data.draw(st.integers(0, 3))):
                if rows and data.draw(st.booleans()):
                    start = data.draw(st.integers(0, len(rows) - 1))
                    end = start + data.draw(st.integers(1, 150))
                    stays.difference_update(gone["id"] for gone in rows[start:end])
                    del rows[start:end]
                else:
                    new = data.draw(st.integers(1, 150))
                    rows[:0] = [short(f"new-{number}-{_time}-{position}") for position in range(new)]

        lists.before = move
        assert stays <= {payment.gateway_id for payment in read()}


@pytest.mark.parametrize(
    "envelope",
    [
        {"hasMore": True},
        {"hasMore": True, "totalCount": None},
        {"hasMore": True, "totalCount": 0},
        {"hasMore": None, "totalCount": 7},
    ],
)
def test_comes_to_an_end_when_the_envelope_lies(asaas: Any, envelope: dict[str, Any]) -> None:
    lists = created(asaas, 3)
    lists.envelope = envelope
    assert names(read()) == ["0", "1", "2"]
    assert len(lists.offsets()) <= 4


@pytest.mark.parametrize("envelope", [{"hasMore": False}, {"totalCount": 0}, {"totalCount": None}])
def test_believes_what_says_that_more_is_there(asaas: Any, envelope: dict[str, Any]) -> None:
    lists = created(asaas, 250)
    lists.envelope = envelope
    assert len(read()) == 250


@pytest.mark.parametrize("count", [101, 150, 250, 5000])
def test_an_offset_that_leads_nowhere_is_no_end(asaas: Any, count: int) -> None:
    lists = created(asaas, count)
    lists.deaf = True
    with pytest.raises(UnreadableAnswer) as caught:
        read()
    assert caught.value.maybe_sent is False


def test_a_list_that_never_ends_is_given_up(asaas: Any) -> None:
    lists = created(asaas, 300)
    rows = lists.rows[_filter(CREATED)]
    lists.before = lambda number: rows.extend(short(f"more-{number}-{n}") for n in range(100))
    lists.envelope = {"totalCount": 50, "hasMore": True}
    with pytest.raises(UnreadableAnswer):
        read()
    assert len(lists.asked) < 40


@pytest.mark.parametrize("data", [None, []])
def test_an_empty_list_may_be_null(asaas: Any, data: Any) -> None:
    Lists(asaas).envelope = {"data": data, "totalCount": 12}
    assert read() == []


@pytest.mark.parametrize("data", [{}, "x", 5, [{"object": "payment"}], [{"id": ""}]])
def test_what_is_no_list_is_not_taken_for_an_empty_one(asaas: Any, data: Any) -> None:
    Lists(asaas).envelope = {"data": data}
    with pytest.raises(UnreadableAnswer):
        read()


def test_an_answer_without_a_list_is_not_taken_for_an_empty_one(asaas: Any) -> None:
    asaas.get(f"{BASE}/payments", json={"object": "error"})
    with pytest.raises(UnreadableAnswer):
        read()


def test_stops_where_the_gateway_asks_to_wait_and_starts_over_later(asaas: Any) -> None:
    asaas.get(f"{BASE}/payments", body=sample.dump(_page(*range(100), total=150)))
    asaas.get(f"{BASE}/payments", status=429, headers={"Retry-After": "7"})
    asaas.get(f"{BASE}/payments", body=sample.dump(_page(*range(100), total=150)))
    asaas.get(f"{BASE}/payments", body=sample.dump(_page(*range(90, 150), total=150)))
    asaas.get(f"{BASE}/payments", body=sample.dump(_page(total=0)))
    recorder, found = Recorder(), []
    own = gateway(budget=recorder)
    with pytest.raises(RateLimited) as caught:
        for payment in own.changed_payments(since=SINCE):
            found.append(payment)
    assert (caught.value.retry_after, len(found)) == (7.0, 100)
    assert recorder.budget[-1] == "pause 7"
    assert len(list(own.changed_payments(since=SINCE))) == 150


def _page(*numbers: int, total: int) -> dict[str, Any]:
    rows = [short(number) for number in numbers]
    return {"object": "list", "hasMore": total > len(rows), "totalCount": total, "data": rows}


@pytest.mark.parametrize(
    ("status", "expected"), [(401, CredentialsRefused), (403, CredentialsRefused), (502, GatewayUnavailable)]
)
def test_raises_what_the_caller_acts_on(asaas: Any, status: int, expected: type[Exception]) -> None:
    asaas.get(f"{BASE}/payments", status=status)
    with pytest.raises(expected):
        read()
