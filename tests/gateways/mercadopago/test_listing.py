"""What changed on a Mercado Pago account, by the search (mercadopago.md 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
    RequestRefused,
    UnreadableAnswer,
)
from tests.gateways import sample
from tests.gateways.mercadopago.desk import BASE, add, gateway, refusal
from tests.gateways.servers import Recorder

PATH = "/v1/payments/search"
SINCE = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
# The most rows one search reaches by its offset, as the tests have it; where it lies is not documented.
REACH = 1000


class Search:
    """The search over some payments, by the time of their last change; ``before`` acts ahead of a page."""

    def __init__(self, mocked: Any, rows: list[dict[str, Any]] | None = None) -> None:
        self.rows = rows or []
        self.asked: list[dict[str, str]] = []
        self.before: Callable[[int], None] = lambda _number: None
        self.envelope: dict[str, Any] = {}
        self.deaf_to: set[str] = set()
        self.includes_beginning = True
        self.largest_page = 100
        mocked.add_callback(responses.GET, BASE + PATH, callback=self._answer)

    def _answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = {key: values[0] for key, values in parse_qs(urlsplit(request.url).query).items()}
        self.before(len(self.asked))
        self.asked.append(query)
        offset = 0 if "offset" in self.deaf_to else int(query["offset"])
        limit = min(int(query["limit"]), self.largest_page)
        if offset + limit > REACH:
            return 400, {}, sample.dump(refusal(400, 1000, "Number of rows exceeded the limits"))
        rows = self._in_range(query)
        paging = {"total": len(rows), "limit": limit, "offset": offset}
        answer = {"paging": paging, "results": rows[offset : offset + limit], **self.envelope}
        return 200, {}, sample.dump(answer)

    def _in_range(self, query: dict[str, str]) -> list[dict[str, Any]]:
        begin, end = (datetime.fromisoformat(query[name]) for name in ("begin_date", "end_date"))
        if "begin_date" in self.deaf_to:
            begin = datetime(2020, 1, 1, tzinfo=UTC)
        if not self.includes_beginning:
            begin += TICK
        dated = [(datetime.fromisoformat(raw["date_last_updated"]), raw) for raw in self.rows]
        inside = [pair for pair in dated if begin <= pair[0] <= end]
        return [raw for _moment, raw in sorted(inside, key=lambda pair: (pair[0], pair[1]["id"]))]


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def short(number: int, changed: datetime, status: str = "pending") -> dict[str, Any]:
    return {"id": number, "status": status, "date_last_updated": stamp(changed), "transaction_amount": 10}


def every(step: timedelta, count: int, *, first: datetime = SINCE) -> list[dict[str, Any]]:
    return [short(number, first + step * number) for number in range(count)]


def read(since: datetime = SINCE, **changes: Any) -> list[GatewayPayment]:
    return list(gateway(**{"account_id": "", **changes}).changed_payments(since=since))


def numbers(found: list[GatewayPayment]) -> list[int]:
    return [int(payment.gateway_id) for payment in found]


def test_asks_for_the_last_change_from_the_oldest_on(mercado: Any) -> None:
    search = Search(mercado)
    assert read(since=SINCE + timedelta(microseconds=1999)) == []
    assert search.asked == [
        {
            "range": "date_last_updated",
            "begin_date": "2026-09-01T09:00:00.001-03:00",
            "end_date": "2026-09-03T09:00:00.000-03:00",
            "sort": "date_last_updated",
            "criteria": "asc",
            "limit": "100",
            "offset": "0",
        }
    ]


def test_shows_what_the_list_says(mercado: Any) -> None:
    rows = [
        sample.body("mercadopago", name, id=number, date_last_updated=stamp(SINCE + TICK * number))
        for number, name in enumerate(["payment_pix", "payment_pix_approved", "payment_card_partial_refund"])
    ]
    Search(mercado, rows)
    found = read()
    assert [payment.status for payment in found] == [
        PaymentStatus.PENDING,
        PaymentStatus.PAID,
        PaymentStatus.PAID,
    ]
    assert found[1].version == SINCE + TICK
    assert found[2].refunded_cents > 0
    assert {payment.reference for payment in found} == {str(raw["external_reference"]) for raw in rows}


def test_leaves_out_what_the_account_bought_itself(mercado: Any) -> None:
    rows = every(TICK, 3)
    rows[0]["collector_id"], rows[1]["collector_id"] = 1402558877, 7
    Search(mercado, rows)
    assert numbers(read(account_id="1402558877")) == [0, 2]


@pytest.mark.parametrize("includes_beginning", [True, False])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250, 1234])
def test_reads_a_list_of_any_length(mercado: Any, count: int, includes_beginning: bool) -> None:
    search = Search(mercado, every(timedelta(seconds=1), count, first=SINCE + TICK))
    search.includes_beginning = includes_beginning
    assert numbers(read()) == list(range(count))
    assert {asked["offset"] for asked in search.asked} == {"0"}
    assert len(search.asked) <= count // 98 + 1


@pytest.mark.parametrize("envelope", [{}, {"paging": {"limit": 30}}])
def test_a_gateway_that_gives_smaller_pages_is_read_to_its_end(
    mercado: Any, envelope: dict[str, Any]
) -> None:
    search = Search(mercado, every(timedelta(seconds=1), 120))
    search.largest_page, search.envelope = 30, envelope
    assert numbers(read()) == list(range(120))


@pytest.mark.parametrize("includes_beginning", [True, False])
def test_many_changes_at_one_moment_are_read_by_the_offset(mercado: Any, includes_beginning: bool) -> None:
    rows = [short(number, SINCE + TICK) for number in range(350)]
    rows += [short(500 + number, SINCE + timedelta(minutes=5)) for number in range(350)]
    search = Search(mercado, rows)
    search.includes_beginning = includes_beginning
    found = numbers(read())
    assert sorted(set(found)) == sorted(raw["id"] for raw in rows)
    assert max(int(asked["offset"]) for asked in search.asked) < 400


def test_says_so_when_more_changed_at_one_moment_than_a_search_reaches(mercado: Any) -> None:
    Search(mercado, [short(number, SINCE) for number in range(REACH + 50)])
    with pytest.raises(RequestRefused) as caught:
        read()
    assert caught.value.code == "1000"


def test_asks_for_nothing_before_it_is_read_and_for_one_page_at_a_time(mercado: Any) -> None:
    search = Search(mercado, every(timedelta(seconds=1), 150))
    listing = gateway(account_id="").changed_payments(since=SINCE)
    assert search.asked == []
    for _row in range(100):
        next(listing)
    assert len(search.asked) == 1
    next(listing)
    assert len(search.asked) == 2
    listing.close()


def test_a_payment_that_changes_while_we_read_hides_no_other(mercado: Any) -> None:
    """By offset the whole list would move up by sixty and as many be skipped."""
    search = Search(mercado, every(timedelta(seconds=1), 300))

    def change(number: int) -> None:
        if number == 1:
            for raw in search.rows[:60]:
                raw.update(status="approved", date_last_updated=stamp(sample.NOW))

    search.before = change
    found = read()
    assert set(numbers(found)) == set(range(300))
    again = [payment for payment in found[300:] if payment.status is PaymentStatus.PAID]
    assert len(again) == 60


def test_stops_where_it_began_when_changes_never_cease(mercado: Any) -> None:
    search = Search(mercado, every(timedelta(seconds=1), 150))

    def flood(number: int) -> None:
        later = sample.NOW + timedelta(minutes=number + 1)
        search.rows += [short(10_000 + number * 1000 + n, later + TICK * n) for n in range(200)]

    search.before = flood
    assert set(range(150)) <= set(numbers(read()))
    assert len(search.asked) <= 3


@given(
    data=st.data(),
    count=st.integers(0, 420),
    moments=st.integers(1, 500),
    includes_beginning=st.booleans(),
)
def test_shows_every_payment_that_stays_whatever_moves(
    data: st.DataObject, count: int, moments: int, includes_beginning: bool
) -> None:
    with responses.RequestsMock() as mocked:
        rows = [short(number, SINCE + TICK * (1 + number % moments)) for number in range(count)]
        search = Search(mocked, rows)
        search.includes_beginning = includes_beginning
        stays = set(range(count))

        def change(number: int) -> None:
            if number == 0 or not search.rows:
                return
            for _time in range(data.draw(st.integers(0, 2))):
                start = data.draw(st.integers(0, len(search.rows) - 1))
                some = search.rows[start : start + data.draw(st.integers(1, 90))]
                # Those that share their time with a whole page are read by offset, so they stay here.
                for raw in some if moments >= 100 else []:
                    stays.discard(raw["id"])
                    raw["date_last_updated"] = stamp(sample.NOW + TICK * number)

        search.before = change
        assert stays <= set(numbers(read()))


@pytest.mark.parametrize(
    "paging",
    [None, {}, {"total": 0}, {"total": 9000}, {"total": None, "limit": None}, {"total": 9000, "limit": 3}],
)
def test_comes_to_an_end_when_the_envelope_lies(mercado: Any, paging: Any) -> None:
    search = Search(mercado, every(timedelta(seconds=1), 3))
    search.envelope = {"paging": paging}
    assert numbers(read()) == [0, 1, 2]
    assert len(search.asked) <= 4


@pytest.mark.parametrize("paging", [None, {"total": 0}, {"total": "250"}])
def test_a_full_page_is_never_taken_for_the_last(mercado: Any, paging: Any) -> None:
    search = Search(mercado, every(timedelta(seconds=1), 250))
    search.envelope = {"paging": paging}
    assert numbers(read()) == list(range(250))


@pytest.mark.parametrize("deaf_to", [{"offset"}, {"begin_date"}, {"offset", "begin_date"}])
@pytest.mark.parametrize("step", [timedelta(seconds=1), timedelta()])
def test_a_search_that_heeds_only_half_misses_nothing_or_says_so(
    mercado: Any, deaf_to: set[str], step: timedelta
) -> None:
    search = Search(mercado, every(step, 250))
    search.deaf_to = deaf_to
    try:
        found = read()
    except UnreadableAnswer:
        assert "offset" in deaf_to
    else:
        assert set(numbers(found)) == set(range(250))
    assert len(search.asked) <= 10


@pytest.mark.parametrize("is_dated", [True, False])
def test_rows_out_of_order_or_without_a_time_are_read_by_the_offset(mercado: Any, is_dated: bool) -> None:
    rows = every(timedelta(seconds=-1), 150, first=sample.NOW)
    rows[99] = short(99, sample.NOW)  # as if all others before were older
    for raw in [] if is_dated else rows:
        raw["date_last_updated"] = None
    add(mercado, "GET", PATH, {"paging": {"total": 150, "limit": 100}, "results": rows[:100]})
    add(mercado, "GET", PATH, {"paging": {"total": 150, "limit": 100}, "results": rows[100:]})
    assert numbers(read()) == list(range(150))
    asked = [parse_qs(urlsplit(call.request.url).query) for call in mercado.calls]
    assert [query["offset"] for query in asked] == [["0"], ["100"]]
    assert asked[0]["begin_date"] == asked[1]["begin_date"]


def test_a_short_answer_without_paging_is_the_last(mercado: Any) -> None:
    search = Search(mercado, every(timedelta(seconds=1), 3))
    search.envelope = {"paging": None}
    assert (numbers(read()), len(search.asked)) == ([0, 1, 2], 1)


def test_a_search_that_makes_up_payments_for_ever_is_given_up(mercado: Any) -> None:
    def invent(request: Any) -> tuple[int, dict[str, str], str]:
        first = len(mercado.calls) * 100
        rows = [short(first + n, SINCE) for n in range(100)]
        return 200, {}, sample.dump({"paging": {"total": 50}, "results": rows})

    mercado.add_callback(responses.GET, BASE + PATH, callback=invent)
    with pytest.raises(UnreadableAnswer):
        read()
    assert len(mercado.calls) < 20


@pytest.mark.parametrize("results", [None, []])
def test_an_empty_list_may_be_null(mercado: Any, results: Any) -> None:
    Search(mercado).envelope = {"results": results, "paging": {"total": 12}}
    assert read() == []


@pytest.mark.parametrize("results", [{}, "x", 5, [{"status": "approved"}], [{"id": ""}]])
def test_what_is_no_list_is_not_taken_for_an_empty_one(mercado: Any, results: Any) -> None:
    Search(mercado).envelope = {"results": results}
    with pytest.raises(UnreadableAnswer) as caught:
        read()
    assert caught.value.maybe_sent is False


def test_an_answer_without_a_list_is_not_taken_for_an_empty_one(mercado: Any) -> None:
    add(mercado, "GET", PATH, {"paging": {"total": 0}})
    with pytest.raises(UnreadableAnswer):
        read()


def test_stops_where_the_gateway_asks_to_wait_and_starts_over_later(mercado: Any) -> None:
    rows = every(timedelta(seconds=1), 150)
    first = {"paging": {"total": 150, "limit": 100}, "results": rows[:100]}
    add(mercado, "GET", PATH, first)
    mercado.get(BASE + PATH, status=429, headers={"Retry-After": "7"})
    add(mercado, "GET", PATH, first)
    add(mercado, "GET", PATH, {"paging": {"total": 51, "limit": 100}, "results": rows[99:]})
    recorder, found = Recorder(), []
    own = gateway(account_id="", budget=recorder)
    with pytest.raises(RateLimited) as caught:
        for payment in own.changed_payments(since=SINCE):
            found.append(payment)
    assert (caught.value.retry_after, len(found)) == (7.0, 100)
    assert recorder.budget == ["acquire", "release", "acquire", "release", "pause 7"]
    assert numbers(list(own.changed_payments(since=SINCE))) == list(range(150))


@pytest.mark.parametrize(
    ("status", "expected"), [(401, CredentialsRefused), (403, CredentialsRefused), (502, GatewayUnavailable)]
)
def test_raises_what_the_caller_acts_on(mercado: Any, status: int, expected: type[Exception]) -> None:
    mercado.get(BASE + PATH, status=status)
    with pytest.raises(expected):
        read()
