"""A gateway that tells the day of a payment tells no time: none is shown, and none is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from payments import moments

MIDNIGHT = datetime(2026, 11, 22, 3, tzinfo=UTC)
HERE = "America/Sao_Paulo"


@pytest.mark.parametrize(
    ("moment", "zone", "is_alone"),
    [
        (MIDNIGHT, HERE, True),
        (MIDNIGHT, "America/Argentina/Buenos_Aires", True),
        (MIDNIGHT, "America/Mexico_City", False),
        (MIDNIGHT + timedelta(seconds=1), HERE, False),
        (MIDNIGHT - timedelta(microseconds=1), HERE, False),
        (MIDNIGHT + timedelta(hours=12), HERE, False),
        (datetime(2026, 11, 22, tzinfo=UTC), "", True),
        # In the years of daylight saving time this was midnight, and 03:00 UTC was not.
        (datetime(2018, 12, 1, 2, tzinfo=UTC), HERE, True),
        (datetime(2018, 12, 1, 3, tzinfo=UTC), HERE, False),
    ],
)
def test_midnight_where_the_account_is_stands_for_a_day(moment: datetime, zone: str, is_alone: bool) -> None:
    assert moments.is_day_alone(moment, zone) is is_alone


@pytest.mark.parametrize("reader", [HERE, "Asia/Tokyo", "America/Anchorage"])
def test_the_day_is_the_accounts_own_wherever_the_reader_is(reader: str) -> None:
    with translation.override("pt-br"), timezone.override(reader):
        assert moments.in_words(MIDNIGHT, HERE) == "22/11/2026"
    assert moments.for_machines(MIDNIGHT, HERE) == "2026-11-22"


def test_a_moment_is_told_on_the_readers_clock() -> None:
    with translation.override("pt-br"), timezone.override("Asia/Tokyo"):
        assert moments.in_words(MIDNIGHT + timedelta(hours=12), HERE).startswith("23/11/2026 00:00")
    assert moments.for_machines(MIDNIGHT + timedelta(hours=12), HERE) == "2026-11-22T12:00:00-03:00"
