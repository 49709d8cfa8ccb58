"""Whatever the filter and the time zone: the list, its totals and the first page tell the same money."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backoffice import overview
from config import clock
from connections.models import Connection
from payments.models import Charge, ChargeStatus
from payments.services import choosing, totalling
from payments.services.choosing import narrowed
from payments.staff.list_forms import FilterForm
from payments.staff.paging import in_portions, page
from tests.payments import listed

pytestmark = pytest.mark.django_db
NUMBER = 150

chosen = partial(settings, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


class Shop:
    """What there is, with one person who sees it all."""

    def __init__(self) -> None:
        self.person = User.objects.create_superuser("root")
        people = [User.objects.create_user(name) for name in ("carla", "davi")]
        self.accounts: list[Connection] = listed.make_accounts()
        self.charges: list[Charge] = listed.make_charges(self.accounts, people, number=NUMBER)

    def filtered(self, params: dict[str, Any]) -> Any:
        query = QueryDict(mutable=True)
        for name, value in params.items():
            query.setlist(name, value if isinstance(value, list) else [value])
        form = FilterForm(query, user=self.person)
        return narrowed(Charge.objects.visible_to(self.person), form.filters())

    def meant(self, params: dict[str, Any], zone: str) -> list[Charge]:
        today = timezone.localdate(clock.now())
        found = [one for one in self.charges if listed.is_meant(one, params, zone, today)]
        return sorted(found, key=lambda one: (one.created_at, one.pk), reverse=True)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(clock, "now", lambda: listed.NOW)
    return Shop()


_days = st.dates(date(2026, 10, 10), date(2026, 11, 25)).map(date.isoformat)
_some_days = st.fixed_dictionaries({}, optional={"since": _days, "until": _days})
_periods = st.fixed_dictionaries({"days": st.sampled_from(["today", "week", "month", "last-month", "30d"])})
_filters = st.fixed_dictionaries(
    {"by": st.sampled_from(["", "created", "due", "paid"])},
    optional={
        "tab": st.sampled_from(["waiting", "paid", "overdue", "review", "refunded"]),
        "status": st.lists(st.sampled_from(ChargeStatus.values), max_size=5, unique=True),
        "method": st.sampled_from(["pix", "boleto", "card"]),
        "operator": st.sampled_from(["carla", "davi"]),
        "least": st.sampled_from(["0,01", "50,00", "100,00"]),
        "most": st.sampled_from(["100,00", "50,00", "1234567,89"]),
        "money": st.sampled_from(["real", "sandbox"]),
        "q": st.sampled_from(["ana", "LIMA", "100%", "_", "nobody"]),
    },
)


@chosen(max_examples=40)
@given(
    own=_filters,
    days=st.one_of(_some_days, _periods),
    zone=st.sampled_from(listed.ZONES),
    account=st.none() | st.integers(0, 3),
    few=st.sampled_from([0, 200]),
)
@example(own={"by": "paid"}, days={"days": "today"}, zone="Pacific/Kiritimati", account=None, few=0)
@example(own={"q": "ana"}, days={}, zone="UTC", account=None, few=0)
@example(own={"q": "ana"}, days={}, zone="UTC", account=None, few=200)
@example(own={"by": "created"}, days={"since": "2026-11-20"}, zone="America/Anchorage", account=None, few=0)
def test_totals_are_the_sum_over_the_rows(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    own: dict[str, Any],
    days: dict[str, str],
    zone: str,
    account: int | None,
    few: int,
) -> None:
    monkeypatch.setattr(choosing, "_FEW", few)  # rare names and common ones are found in two ways
    params = {**own, **days}
    if account is not None:
        params["connection"] = str(shop.accounts[account].public_id)
    if params.get("least", "") == "100,00" and params.get("most") == "50,00":
        del params["most"]
    with timezone.override(zone):
        meant = shop.meant(params, zone)
        found = shop.filtered(params)
        totals = totalling.totals(found)
        shown = list(in_portions(found))
    assert [one.reference for one in shown] == [one.reference for one in meant]
    told = {
        (one.is_sandbox, one.currency): (
            *(one.charges, one.charged_cents, one.received_cents),
            *(one.refunded_cents, one.open_cents),
        )
        for one in totals
    }
    assert told == listed.sums(meant)


@pytest.mark.parametrize("is_sandbox", [False, True])
def test_the_first_page_tells_what_the_list_does(shop: Shop, is_sandbox: bool) -> None:
    """To the cent, against the rows under the address that each figure leads to."""
    seen = 0
    for zone in listed.ZONES:
        with timezone.override(zone):
            told = overview.figures((*overview.NOW, *overview.MONTH), shop.person, is_sandbox=is_sandbox)
            for figure in told:
                rows = shop.meant(QueryDict(figure.address.partition("?")[2]).dict(), zone)
                assert all(row.connection.is_sandbox == is_sandbox for row in rows)
                summed = {currency: own for (_is_sandbox, currency), own in listed.sums(rows).items()}
                place = {"received": 2, "waiting": 4, "overdue": 4, "review": 1}[figure.name.split("-")[0]]
                shown = {one.currency: one.cents for one in figure.sums}
                assert shown == {currency: own[place] for currency, own in summed.items()}, figure.name
                assert figure.charges == len(rows)
                seen += len(rows)
    assert seen > len(listed.ZONES)


def test_each_bar_is_the_list_of_its_day(shop: Shop) -> None:
    for zone in listed.ZONES:
        with timezone.override(zone):
            charts = overview.charts(shop.person, is_sandbox=False)
            rows = shop.meant({"by": "paid", "days": "30d", "money": "real"}, zone)
            sums = {currency: own[2] for (_is_sandbox, currency), own in listed.sums(rows).items()}
            bar = max(charts[0].bars, key=lambda bar: bar.cents)
            own = shop.meant(QueryDict(bar.address.partition("?")[2]).dict(), zone)
        assert {chart.currency: chart.total_cents for chart in charts} == sums
        assert len(charts[0].bars) == 30
        assert charts[0].bars[-1].day == listed.NOW.astimezone(ZoneInfo(zone)).date()
        assert listed.sums(own)[False, charts[0].currency][2] == bar.cents > 0


def test_pages_hold_each_charge_once_while_others_arrive(shop: Shop) -> None:
    """Newest first; going back leads to the newest page, with what came meanwhile."""
    meant = shop.meant({}, "UTC")
    found: list[str] = []
    shown = page(shop.filtered({}), before="", after="")
    while True:
        found += [one.reference for one in shown.charges]
        if not shown.older:
            break
        newer = listed.make_charges(shop.accounts, [], number=1)[0]
        Charge.objects.filter(pk=newer.pk).update(created_at=listed.NOW + timedelta(days=9))
        shown = page(shop.filtered({}), before=shown.older, after="")
    assert found == [one.reference for one in meant]
    beside = page(shop.filtered({}), before="", after=found[25])
    assert [one.reference for one in beside.charges] == found[:25] and beside.newer
    newest = page(shop.filtered({}), before="", after=found[10])
    assert newest.charges[0].created_at > listed.NOW + timedelta(days=8) and not newest.newer
