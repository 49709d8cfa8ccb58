"""However many charges there are, a page asks the database as often, and for no more than it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config import clock
from payments.models import Charge, Customer
from payments.services.choosing import Filters, narrowed
from payments.staff.list_forms import zone
from tests import factories
from tests.payments.crowd import make_crowd

pytestmark = pytest.mark.django_db
# How often each address may ask, whoever signs in included.
BUDGETS = {
    "/charges/": 8,
    "/charges/?tab=waiting": 8,
    "/charges/?tab=review": 8,
    "/charges/?q=lima": 8,
    "/charges/?q=pay_chg_crowd00000000100": 8,
    "/charges/?tab=paid&by=paid&days=month&method=pix&least=10,00&most=500,00&money=real": 8,
    "/charges/?before=chg_crowd00000000300": 9,
    "/charges/?after=chg_crowd00000000300": 9,
    "/charges/?q=nobody&by=created&days=today": 9,
    "/charges/totals/": 4,
    "/charges/totals/?q=lima&by=due&days=month": 4,
    "/charges/cancel/?tab=waiting&by=due&days=month": 8,
    "/": 19,
}


@pytest.fixture
def superuser(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(clock, "now", lambda: factories.NOW)
    factories.make_pulses()
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    yield client


def _spent(client: Client) -> dict[str, int]:
    found = {}
    for address in BUDGETS:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        found[address] = len(queries)
    return found


@pytest.mark.parametrize("number", [1_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_no_page_is_over_its_budget(superuser: Client, number: int) -> None:
    make_crowd(number)
    superuser.get("/charges/")
    spent = _spent(superuser)
    over = {address: count for address, count in spent.items() if count > BUDGETS[address]}
    assert over == {}
    page = superuser.get("/charges/?tab=waiting").content.decode()
    assert page.count("data-reference=") == 25


def _plan(filters: dict[str, Any], shape: Callable[[Any], Any] = lambda found: found) -> str:
    found = narrowed(Charge.objects.all(), Filters(zone=zone(), **filters))
    if connection.vendor != "postgresql":
        return str(shape(found).explain())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    return str(shape(found).explain())


def test_a_search_can_use_an_index_for_each_of_its_parts(db: None) -> None:
    """With few rows nobody would: what is asked is whether it could."""
    factories.make_payment(factories.make_charge(), gateway_id="pay_1")
    plan = _plan({"text": "52998224725"})
    names = {"customer_document", "charge_foreign_reference"}
    if connection.vendor == "postgresql":
        names |= {"one_row_per_gateway_payment", "one_row_per_resource"}
        assert "Seq Scan on payments_charge" not in plan
        assert "customer_name_search" in Customer.objects.filter(name__icontains="lima").explain()
    assert {name for name in names if name not in plan} == set(), plan


def test_what_is_to_be_reviewed_has_an_index(db: None) -> None:
    newest = lambda found: found.order_by("-created_at", "-pk")[:26]  # noqa: E731
    assert "charge_to_review" in _plan({"view": "review"}, newest)
