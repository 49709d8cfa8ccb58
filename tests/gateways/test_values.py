from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.gateways.values import civil_date, count, decode_json, instant, records, text

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-09-04 10:12:31", datetime(2026, 9, 4, 13, 12, 31, tzinfo=UTC)),
        ("2026-09-04", datetime(2026, 9, 4, 3, 0, tzinfo=UTC)),
        ("2026-06-15T18:52:34Z", datetime(2026, 6, 15, 18, 52, 34, tzinfo=UTC)),
        ("2026-08-01T10:15:30.000-04:00", datetime(2026, 8, 1, 14, 15, 30, tzinfo=UTC)),
        ("04/09/2026 10:12:31", datetime(2026, 9, 4, 13, 12, 31, tzinfo=UTC)),
        ("2018-12-04 10:00:00", datetime(2018, 12, 4, 12, 0, tzinfo=UTC)),
    ],
)
def test_reads_times_as_aware_utc(written: str, expected: datetime) -> None:
    assert instant(written, SAO_PAULO) == expected


@pytest.mark.parametrize(
    "written", [None, "", "null", "0001-01-01T00:00:00Z", "2026-13-01", 5, [], "31/02/2026"]
)
def test_reads_no_time_from_what_is_none(written: object) -> None:
    assert instant(written, SAO_PAULO) is None


def test_reads_civil_dates_in_both_forms() -> None:
    assert civil_date("2026-09-05") == civil_date("05/09/2026") == date(2026, 9, 5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (98000123456, "98000123456"),
        (Decimal("7.0"), "7"),
        ("a\x00b\ud800", "ab"),
        (True, ""),
        (None, ""),
        ({}, ""),
    ],
)
def test_reads_ids_from_text_and_numbers(value: object, expected: str) -> None:
    assert text(value) == expected


def test_cuts_long_text() -> None:
    assert text("x" * 900, 100) == "x" * 100


def test_takes_only_objects_from_a_list() -> None:
    assert records([{"a": 1}, None, "b"]) == [{"a": 1}]
    assert records("abc") == records(None) == []


def test_reads_fractions_as_decimals() -> None:
    assert decode_json(b'{"value": 0.1}') == {"value": Decimal("0.1")}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"a": NaN}',
        b"\xff\xfe\xff",
        b'{"a":1,"a":2}',
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_refuses_what_is_not_plain_json(content: bytes) -> None:
    with pytest.raises(ValueError):
        decode_json(content)


def test_accepts_a_key_repeated_with_the_same_value() -> None:
    assert decode_json(b'{"a":1,"a":1}') == {"a": 1}


@settings(deadline=None)
@given(st.binary())
def test_never_raises_anything_but_value_error(content: bytes) -> None:
    try:
        decode_json(content)
    except ValueError:
        return
    assert decode_json(content) == decode_json(content)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        ("12", 12),
        (Decimal("3.0"), 3),
        (10**15 - 1, 10**15 - 1),
        (10**15, None),
        (10**600, None),
        ("-1", None),
        ("²", None),
        ("1e3", None),
        (Decimal("1.5"), None),
        (True, None),
        (None, None),
        ("", None),
        ([], None),
    ],
)
def test_reads_a_count_or_nothing(value: object, expected: int | None) -> None:
    assert count(value) == expected
