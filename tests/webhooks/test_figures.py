"""The figures of the panel equal a count over the rows, in whatever period, zone and filter."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from statistics import median_low
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.groups import ADMINISTRATOR
from connections.gateways.base import Rejection
from connections.models import Connection
from tests.backoffice import people
from tests.factories import NOW, make_connection
from tests.webhooks import events
from webhooks.models import RejectedNotification, WebhookEvent, quarter
from webhooks.panel import figures
from webhooks.panel.forms import PERIODS
from webhooks.services import hints, recording
from webhooks.services.choosing import VIEWS, Filters
from webhooks.services.measuring import Figures, measure

pytestmark = pytest.mark.django_db
# Whole hours, and zones whose days begin at half past and at a quarter past of UTC.
ZONES = ("America/Sao_Paulo", "UTC", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Auckland")
STATES = ("received", "retry", "done", "test", "ignored", "dead")
REASONS = ("wrong_token", "signature_mismatch", hints.SURPLUS)
TOPICS = ("PAYMENT_RECEIVED", "PAYMENT_OVERDUE")
DAY = NOW.date()
PAGES = ("/events/", "/events/accounts/")

# Moments gather where days begin somewhere, and just before.
_borders = st.builds(
    lambda day, zone, seconds: (
        datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) + timedelta(seconds=seconds)
    ),
    st.sampled_from([DAY - timedelta(days=back) for back in range(3)]),
    st.sampled_from(ZONES),
    st.integers(-2, 2),
)
moments = _borders | st.builds(lambda hours: NOW - timedelta(hours=hours), st.floats(0, 60))
rows = st.fixed_dictionaries(
    {
        "connection": st.integers(0, 2),
        "topic": st.sampled_from(TOPICS),
        "action": st.sampled_from(("", *TOPICS)),
        "is_hint": st.booleans(),
        "state": st.sampled_from(STATES),
        "received_at": moments,
        "repeats": st.integers(0, 3),
        "is_simulated": st.booleans(),
        "delay": st.none() | st.builds(timedelta, milliseconds=st.integers(0, 90_000)),
    }
)
refusals = st.tuples(st.integers(0, 2), st.sampled_from(REASONS), moments)
days = st.none() | st.sampled_from([DAY - timedelta(days=back) for back in range(4)])


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(people.make_person("maria", ADMINISTRATOR))
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def three() -> list[Connection]:
    return [make_connection(name=name) for name in "abc"]


def begin_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def tallies(page: str) -> list[dict[str, str]]:
    """What each group of figures on a page says."""
    groups = re.findall(
        r'<dl class="tally"([^>]*)>.*?<strong>(?:<svg.*?</svg>)?([^<]*)</strong>', page, re.DOTALL
    )
    return [
        {**dict(re.findall(r'data-([a-z]+)="([^"]*)"', group)), "share": share} for group, share in groups
    ]


def reasons(page: str) -> list[dict[str, int]]:
    """Of each account on the page, how often which reason is told."""
    accounts = page.split("data-account=")[1:]
    found = (re.findall(r'data-refusal="([a-z_]+)" data-times="(\d+)"', account) for account in accounts)
    return [{reason: int(times) for reason, times in told} for told in found]


def share_of(handled: int, received: int) -> str:
    if not received:
        return "–"
    return f"{100 * handled // received}%" if handled in (0, received) else f"{100 * handled / received:.1f}%"


def refused_for(refused: list[Any], connection: int, since: datetime, until: datetime) -> dict[str, int]:
    return dict(Counter(reason for one, reason, at in refused if one == connection and since <= at < until))


def counted(
    rows: list[dict[str, Any]], refused: list[Any], since: datetime, until: datetime
) -> dict[str, str]:
    """The same by plain counting of what the gateway sent."""
    rows = [row for row in rows if not row["is_simulated"]]
    inside = [row for row in rows if since <= row["received_at"] < until]
    delays = [row["delay"] for row in inside if row["delay"] is not None]
    handled = sum(row["state"] in ("done", "test", "ignored") for row in inside)
    waiting = [row["received_at"] for row in rows if row["state"] in ("received", "retry")]
    return {
        "received": str(len(inside)),
        "handled": str(handled),
        "share": share_of(handled, len(inside)),
        "repeated": str(sum(row["repeats"] for row in inside)),
        "waiting": str(len(waiting)),
        "oldest": str(int(min(waiting).timestamp())) if waiting else "",
        "dead": str(sum(row["state"] == "dead" for row in inside)),
        "refused": str(sum(since <= at < until and reason in REASONS[:2] for _c, reason, at in refused)),
        "median": str(median_low(delays).total_seconds()) if delays else "",
        "worst": str(max(delays).total_seconds()) if delays else "",
    }


def keep(rows: list[dict[str, Any]], refused: list[Any], three: list[Connection]) -> None:
    WebhookEvent.objects.all().delete()
    RejectedNotification.objects.all().delete()
    WebhookEvent.objects.bulk_create(
        WebhookEvent(**{**row, "connection": three[row["connection"]]}, dedupe_key=str(number), body=b"{}")
        for number, row in enumerate(rows)
    )
    for number, reason, at in refused:
        with time_machine.travel(at, tick=False):
            recording.count(three[number], reason)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(rows, max_size=14),
    refused=st.lists(refusals, max_size=5),
    zone=st.sampled_from(ZONES),
    chosen=st.none() | st.integers(0, 2),
    topic=st.sampled_from(("", *TOPICS)),
    view=st.sampled_from(("", *VIEWS)),
    period=st.sampled_from(("", "today", "24h", "7d", "30d")),
    since=days,
    until=days,
)
def test_figures_equal_a_count_over_the_rows(
    admin: Client,
    three: list[Connection],
    rows: list[dict[str, Any]],
    refused: list[Any],
    zone: str,
    chosen: int | None,
    topic: str,
    view: str,
    period: str,
    since: date | None,
    until: date | None,
) -> None:
    keep(rows, refused, three)
    query = {"period": period, "since": since or "", "until": until or "", "topic": topic, "view": view}
    query |= {"connection": str(three[chosen].public_id)} if chosen is not None else {}
    with time_machine.travel(NOW, tick=False), timezone.override(zone):
        whole, parts = (admin.get(address, query).content.decode() for address in PAGES)
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if since or until:
        first = begin_of(since, zone) if since else first
        last = begin_of(until + timedelta(days=1), zone) if until else last
    elif period == "today":
        first = begin_of(NOW.astimezone(ZoneInfo(zone)).date(), zone)
    else:
        first = quarter(NOW - PERIODS[period or "24h"])
    meant = [chosen] if chosen is not None else [0, 1, 2]
    about = [row for row in rows if topic in ("", row["topic"], row["action"])]
    wanted = [
        counted(
            [row for row in about if row["connection"] in group],
            [one for one in refused if one[0] in group],
            first,
            last,
        )
        for group in (meant, *([number] for number in meant))
    ]
    assert tallies(whole) + tallies(parts) == wanted
    assert reasons(parts) == [refused_for(refused, number, first, last) for number in meant]


def test_the_oldest_waits_whatever_the_period() -> None:
    connection = make_connection()
    old = events.make_event(connection, state="retry", received_at=NOW - timedelta(days=40))
    events.make_event(connection, state="received", received_at=NOW)
    measured = measure(Connection.objects.all(), Filters(since=NOW - timedelta(hours=1)))
    assert (measured.total.oldest, measured.total.waiting, measured.total.received) == (old.received_at, 2, 1)


@pytest.mark.parametrize(
    ("handled", "received", "said"),
    [
        (0, 0, ""),
        (0, 5, "0%"),
        (5, 5, "100%"),
        (2, 3, "66.7%"),
        (9_999, 10_000, "99.9%"),
        (1, 10_000, "0.1%"),
    ],
)
def test_a_share_is_never_rounded_up_to_the_whole(handled: int, received: int, said: str) -> None:
    with translation.override("en"):
        assert figures.share_in_words(Figures(handled=handled, received=received)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.27, "0.3 s"), (42, "42 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min"), (97_200, "1 d 3 h")],
)
def test_a_delay_is_said_in_two_units(seconds: float, said: str) -> None:
    with translation.override("en"):
        assert figures.span(timedelta(seconds=seconds)) == said


def test_the_reason_beside_the_refused_is_one_they_were_refused_for(admin: Client) -> None:
    connection = make_connection()
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        for reason in (*[Rejection.UNSIGNED_IPN] * 5, Rejection.WRONG_TOKEN):
            recording.count(connection, reason)
        page = admin.get("/events/").content.decode()
    assert tallies(page)[0]["refused"] == "1"
    found = re.search(r"data-refused-for>([^<]*)<", page)
    assert found and found[1] == "Its token was not ours"


def test_every_refusal_has_words_and_a_cure() -> None:
    with translation.override("en"):
        for reason in (*(rejection.value for rejection in Rejection), hints.SURPLUS):
            said, cure = figures.refusal_in_words(reason)
            assert said != reason and cure


def test_what_was_refused_long_ago_is_forgotten() -> None:
    connection = make_connection()
    for days in (91, 89):
        with time_machine.travel(NOW - timedelta(days=days), tick=False):
            recording.count(connection, "wrong_token")
    with time_machine.travel(NOW, tick=False):
        assert (recording.forget(), recording.forget()) == (1, 0)
    assert RejectedNotification.objects.count() == 1
