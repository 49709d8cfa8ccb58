"""Disputes as people see them: on their charge, and in a list with the nearest deadline first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from connections.gateways.base import DisputeKind, DisputeState, GatewayDispute
from connections.models import ConnectionAccess
from payments.models import Payment
from payments.services import disputing
from tests.factories import NOW, make_charge, make_connection, make_payment

pytestmark = [pytest.mark.django_db, pytest.mark.small]


def contested(name: str, state: DisputeState, *, days: int | None = None, **values: Any) -> Payment:
    connection = make_connection(name=name, account_id=name)
    charge = make_charge(connection, method="card", status="paid")
    payment = make_payment(charge, "disputed")
    one = GatewayDispute(
        kind=DisputeKind.CHARGEBACK,
        gateway_id=f"cb-{name}",
        payment_ids=(payment.gateway_id,),
        state=state,
        gateway_status=state.value,
        deadline=NOW + timedelta(days=days) if days else None,
        **values,
    )
    disputing.take(payment, [one], source="webhook")
    return payment


@pytest.fixture
def browser(clock: Any) -> Client:
    person = User.objects.create_user("ana", password="x")
    person.groups.add(Group.objects.get(name="Finance"))
    client = Client()
    client.force_login(person)
    return client


def test_the_nearest_deadline_comes_first(browser: Client) -> None:
    contested("late", DisputeState.DOCUMENTS, days=9)
    contested("soon", DisputeState.DOCUMENTS, days=2)
    contested("none", DisputeState.REVIEW)
    contested("over", DisputeState.WON)
    page = browser.get("/disputes/").content.decode()
    places = [page.find(f'data-dispute="cb-{name}"') for name in ("soon", "late", "none")]
    assert -1 not in places and places == sorted(places)
    assert "cb-over" not in page and page.count("status-overdue") == 1
    decided = browser.get("/disputes/?tab=decided").content.decode()
    assert "cb-over" in decided and "cb-soon" not in decided


def test_a_longer_list_asks_no_more(browser: Client, django_assert_max_num_queries: Any) -> None:
    contested("first", DisputeState.OPEN)
    browser.get("/disputes/")
    for number in range(5):
        contested(f"more-{number}", DisputeState.OPEN)
    with django_assert_max_num_queries(8):
        browser.get("/disputes/")


def test_who_is_limited_sees_their_own(browser: Client) -> None:
    own, other = contested("own", DisputeState.OPEN), contested("other", DisputeState.OPEN)
    ConnectionAccess.objects.create(user=User.objects.get(), connection=own.connection)
    page = browser.get("/disputes/").content.decode()
    assert "cb-own" in page and "cb-other" not in page
    assert browser.get(other.charge.get_absolute_url()).status_code == 404


def test_a_charge_tells_its_dispute_and_its_story(browser: Client) -> None:
    payment = contested("one", DisputeState.DOCUMENTS, days=5, reason="fraud", amount_cents=4_000)
    page = browser.get(payment.charge.get_absolute_url(), headers={"Accept-Language": "en"}).content.decode()
    assert 'data-dispute="documents"' in page and "cb-one" in page and "fraud" in page
    assert page.count("40,00") + page.count("40.00") >= 2
