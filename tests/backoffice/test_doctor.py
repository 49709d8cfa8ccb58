"""The doctor: what is wrong, who sees it, and what a fault is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import translation

from backoffice import pulses
from backoffice.house import look
from backoffice.models import Pulse
from config import clock
from connections.models import Connection, Problem
from connections.services import health, problems
from tests import factories
from tests.backoffice.door import Door
from tests.backoffice.ward import WRONG_KEY, age, browser, seal_wrongly, told, with_mercado_pago
from tests.connections.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(door: Door, shop: Shop, settings: Any) -> Shop:
    """A healthy installation with one healthy account."""
    factories.make_pulses()
    health.examine(shop.connection)
    return shop


def test_nothing_is_told_of_a_healthy_house(house: Shop) -> None:
    assert told() == []


# -- the installation -----------------------------------------------------------------------------


def test_a_request_id_that_the_proxy_replaces_matters_where_it_is_signed(house: Shop, door: Door) -> None:
    door.request_id = "7f3b9c20aa"
    assert told() == []
    with_mercado_pago(house)
    assert told() == ["request_id_altered"]
    door.request_id = ""
    assert told() == []


def test_a_proxy_that_sends_to_https_what_came_by_it(house: Shop, door: Door) -> None:
    door.redirects = True
    assert told() == ["https_not_told"]


@pytest.mark.parametrize("written", ["HTTP://LOCALHOST:{port}", "http://localhost:{port}"])
def test_a_name_has_no_case(house: Shop, door: Door, settings: Any, written: str) -> None:
    settings.PUBLIC_URL = written.format(port=door.url.rpartition(":")[2])
    assert look() == {}


@pytest.mark.parametrize("wrong", ["closed", "another"])
def test_gateways_that_get_through_prove_the_address_good(house: Shop, door: Door, wrong: str) -> None:
    Connection.objects.update(last_event_at=clock.now() - timedelta(minutes=5))
    if wrong == "closed":
        door.close()
    else:
        door.page = b"Are you human?"
    assert told() == []
    Connection.objects.update(last_event_at=clock.now() - timedelta(minutes=15))
    assert len(told()) == 1


def test_what_a_start_may_bring_is_mailed_only_when_it_stays(house: Shop, door: Door) -> None:
    door.close()
    assert told() == ["public_url_unreachable"]
    problem = Problem.objects.get(code="public_url_unreachable")
    assert problem.tell_due_at and problem.tell_due_at > clock.now() + timedelta(minutes=2)


def test_a_host_that_the_proxy_makes_up_and_that_is_not_allowed(house: Shop, door: Door) -> None:
    door.host = "10.0.0.7"
    assert told() == ["host_altered"]


def test_a_clock_that_is_wrong(house: Shop) -> None:
    with time_machine.travel(clock.machine_now() + timedelta(hours=1), tick=True):
        Pulse.objects.update(at=clock.machine_now())
        assert told() == ["clock_skewed"]
    other = Problem.objects.get(code="clock_skewed")
    Problem.objects.update(data={**other.data, "host": "another machine"})
    assert told() == ["clock_skewed"], "another machine's clock says nothing of that one's"
    Problem.objects.update(data=other.data)
    Pulse.objects.update(at=clock.machine_now())
    assert told() == []


def test_nobody_can_write_that_no_worker_is_alive(house: Shop) -> None:
    age(pulses.WORKER)
    assert told("--no-look") == ["worker_silent"]
    Pulse.objects.filter(name=pulses.WORKER).update(at=clock.machine_now())
    assert told("--no-look") == []


# -- the accounts ---------------------------------------------------------------------------------


def test_a_secret_of_mercado_pago_that_does_not_open_or_is_not_there(house: Shop) -> None:
    connection = with_mercado_pago(house)
    seal_wrongly(connection, "webhook_secrets", {"test": "x" * 40})
    for _look in range(2):
        assert told() == ["webhook_secret_sealed"]
    assert Problem.objects.count() == 1, "each look would mail it anew"
    connection.seal_webhook_secrets({})
    connection.save(update_fields=["webhook_secrets"])
    assert told() == ["webhook_secret_missing"]
    page = browser("Administrator").get(reverse("doctor")).content.decode()
    assert 'data-remedy="mend"' not in page, "only a person can mend it, in the gateway's panel"


def test_a_house_without_the_master_key(house: Shop, settings: Any) -> None:
    settings.CREDENTIALS_KEYS = [WRONG_KEY]
    assert told() == ["key_sealed"]


# -- the pages ------------------------------------------------------------------------------------


def test_looking_again_shows_what_is_there_now(house: Shop, door: Door) -> None:
    door.host = "localhost:8000"
    house.change(has_pix_key=False)
    client = browser("Administrator")
    assert 'data-faults="0"' in client.get(reverse("doctor")).content.decode()
    page = client.post(reverse("doctor_look"), follow=True).content.decode()
    assert 'data-faults="2"' in page
    assert page.index('data-fault="host_altered"') < page.index('data-fault="no_pix_key"')


def test_who_is_limited_sees_their_account_and_not_the_house(house: Shop, door: Door) -> None:
    problems.raise_(None, "request_id_altered")
    problems.raise_(house.connection, "no_pix_key")
    page = browser("Administrator", limited_to=house.connection).get(reverse("doctor")).content.decode()
    assert (
        'data-fault="no_pix_key"' in page
        and "request_id_altered" not in page
        and 'data-patient="house"' not in page
    )


def test_who_only_looks_has_no_buttons(house: Shop) -> None:
    problems.raise_(house.connection, "webhook_interrupted")
    page = browser("Auditor").get(reverse("doctor")).content.decode()
    assert (
        'data-fault="webhook_interrupted"' in page and "data-remedy" not in page and "look-again" not in page
    )


def test_a_code_nobody_knows_has_no_page(db: None) -> None:
    assert browser("Auditor").get(reverse("doctor_help", args=["nothing-like-it"])).status_code == 404


def test_only_what_was_seen_is_called_well(house: Shop) -> None:
    page = browser("Auditor")
    with translation.override("en"):
        nothing_came, something_came = (_well(page, house, at) for at in (None, clock.now()))
    assert "arriving" not in nothing_came and "notifications: arriving" in something_came
    assert "(http, as in a demo)" in nothing_came and "https" not in nothing_came.partition("proxy:")[0]


def _well(page: Client, house: Shop, last_event_at: Any) -> str:
    Connection.objects.filter(pk=house.row.pk).update(last_event_at=last_event_at)
    page.cookies["django_language"] = "en"
    return page.get(reverse("doctor")).content.decode()


def test_the_first_page_says_that_no_worker_is_alive(house: Shop) -> None:
    client = browser("Finance")
    assert 'data-problem="worker_silent"' not in client.get("/").content.decode()
    age(pulses.WORKER)
    assert 'data-problem="worker_silent"' in client.get("/").content.decode()


def test_the_echo_tells_nothing_but_what_was_sent(house: Shop, client: Client) -> None:
    nonce = "5b0e3f5e-0f43-4b3a-9d6e-3f1f2a7b9c11"
    answer = client.get(reverse("doctor_echo", args=[nonce]), headers={"x-request-id": "a" * 300})
    assert set(answer.json()) == {"proof", "host", "request_id", "is_https"}
    assert len(answer.json()["request_id"]) == 100 and Connection.objects.count() == 1
