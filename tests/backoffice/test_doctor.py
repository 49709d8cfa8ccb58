"""Each fault, produced at the simulator or in the settings, is told by its own code and by no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from html import unescape
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse

from backoffice import pulses
from backoffice.house import look
from backoffice.models import Pulse
from config import clock
from config.celery import app
from connections.gateways.asaas.notifications import parse
from connections.gateways.base import Delivery, Notification
from connections.models import Connection, Problem
from connections.problem_kinds import KINDS
from connections.sealed import KeyRing
from connections.services import health, problems
from tests import factories
from tests.backoffice import people
from tests.backoffice.door import Door
from tests.connections.shop import Shop
from tests.gateways.controls import Simulator

pytestmark = pytest.mark.django_db
WRONG_KEY = "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3I="


@pytest.fixture
def shop(simulator_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(clock, "_REFRESH_SECONDS", 0)
    controls = Simulator(simulator_url)
    controls.reset()
    settings.SIMULATOR_URL = simulator_url
    yield Shop(controls)
    controls.reset()
    clock.now()


@pytest.fixture
def door(settings: Any) -> Iterator[Door]:
    door = Door()
    settings.PUBLIC_URL = door.url
    yield door
    with suppress(OSError):
        door.close()


@pytest.fixture
def house(door: Door, shop: Shop, settings: Any) -> Shop:
    """A healthy installation with one healthy account."""
    factories.make_pulses()
    health.examine(shop.connection)
    return shop


def told(*options: str) -> list[str]:
    """The codes of the command; it exits with 1 exactly when something serious is among them."""
    out = StringIO()
    try:
        call_command("doctor", "--json", *options, stdout=out)
        is_serious = False
    except SystemExit as ended:
        is_serious = ended.code == 1
    faults = json.loads(out.getvalue())["faults"]
    assert is_serious == any(fault["severity"] == "serious" for fault in faults)
    return [fault["code"] for fault in faults]


def test_nothing_is_told_of_a_healthy_house(house: Shop) -> None:
    assert told() == []


def with_mercado_pago(shop: Shop, **values: Any) -> Connection:
    account = shop.simulator.account("mercadopago", name="Loja", token_prefix="TEST")
    return factories.make_connection(
        gateway="mercadopago",
        account_id=str(account["user_id"]),
        credentials={"access_token": account["access_token"]},
        **{"webhook_secrets": {"test": "s" * 32}, "webhook_state": "shown", **values},
    )


# -- the installation -----------------------------------------------------------------------------


def _age(name: str) -> None:
    Pulse.objects.filter(name=name).update(at=clock.machine_now() - timedelta(minutes=3))


HOUSE: dict[str, Callable[[Door, Any], Any]] = {
    "public_url_unreachable": lambda door, settings: door.close(),
    "public_url_of_another": lambda door, settings: setattr(door, "page", b"<h1>Welcome to nginx!</h1>"),
    "host_altered": lambda door, settings: setattr(door, "host", "localhost:8000"),
    "https_not_told": lambda door, settings: setattr(settings, "IS_HTTPS", True),
    "host_refused": lambda door, settings: setattr(settings, "ALLOWED_HOSTS", ["pay.example.com"]),
    "worker_silent": lambda door, settings: _age(pulses.WORKER),
    "beat_silent": lambda door, settings: _age(pulses.BEAT),
    "migrations_missing": lambda door, settings: MigrationRecorder.Migration.objects.filter(
        app="backoffice"
    ).delete(),
}


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


@pytest.mark.parametrize("code", HOUSE)
def test_a_fault_of_the_installation(house: Shop, door: Door, settings: Any, code: str) -> None:
    HOUSE[code](door, settings)
    assert told() == [code]
    assert told("--no-look") == [code]


def test_a_host_that_the_proxy_makes_up_and_that_is_not_allowed(house: Shop, door: Door) -> None:
    door.host = "10.0.0.7"
    assert told() == ["host_altered"]


def test_an_address_without_https(house: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        health, "examine", lambda connection: None
    )  # the gateways themselves are out of reach
    settings.SIMULATOR_URL = ""
    assert told() == ["public_url_not_https"]


def test_a_broker_that_is_away(house: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:9/0")
    assert told() == ["broker_away"]


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
    _age(pulses.WORKER)
    assert told("--no-look") == ["worker_silent"]
    Pulse.objects.filter(name=pulses.WORKER).update(at=clock.machine_now())
    assert told("--no-look") == []


# -- the accounts ---------------------------------------------------------------------------------


def _twin(shop: Shop) -> None:
    other = shop.simulator.account("asaas", environment="sandbox", name="Another")
    shop.store_key(other["api_key"])


def _unsealable_webhook(shop: Shop) -> None:
    row = shop.connection
    row.webhook_secrets = KeyRing([WRONG_KEY]).seal(
        {"token": "x" * 40}, context=row._context("webhook_secrets")
    )
    row.save(update_fields=["webhook_secrets"])


def _announced(day: str) -> Notification:
    body = {
        "id": "evt_1&2",
        "event": "ACCESS_TOKEN_EXPIRING_SOON",
        "accessToken": {"id": "k", "expirationDate": day},
    }
    return parse(Delivery(body=json.dumps(body).encode(), headers={}, query=""))


def _away(shop: Shop) -> None:
    shop.simulator.fault("error_500", gateway="asaas")
    health.examine(shop.connection)
    shop.later(minutes=16)


def _two_hooks(shop: Shop) -> None:
    hook, token = shop.hook, shop.connection.open_webhook_secrets()["token"]
    same = {key: hook[key] for key in ("url", "events", "sendType", "apiVersion")}
    shop._ask("POST", "/webhooks", {**same, "name": "Twin", "enabled": True, "authToken": token})


def _stopped_again_and_again(shop: Shop) -> None:
    for _time in range(3):
        shop.in_the_panel(interrupted=True)
        health.examine(shop.connection)


ACCOUNT: dict[str, Callable[[Shop], Any]] = {
    "key_refused": lambda shop: shop.change(key_enabled=False),
    "key_of_other_account": _twin,
    "gateway_away": _away,
    "no_pix_key": lambda shop: shop.change(has_pix_key=False),
    "webhook_disabled": lambda shop: shop.in_the_panel(enabled=False),
    "webhook_secret_sealed": _unsealable_webhook,
    "webhook_duplicate": _two_hooks,
    "webhook_unsteady": _stopped_again_and_again,
    "key_expiring": lambda shop: health.note_key_event(shop.row.pk, _announced("2099-03-08 10:00:00")),
    "notifications_missing": lambda shop: problems.raise_(shop.connection, "notifications_missing"),
}


@pytest.mark.parametrize("code", ACCOUNT)
def test_a_fault_of_an_account(house: Shop, code: str) -> None:
    ACCOUNT[code](house)
    assert told() == [code]


def test_a_secret_of_mercado_pago_that_does_not_open_or_is_not_there(house: Shop) -> None:
    connection = with_mercado_pago(house)
    connection.webhook_secrets = KeyRing([WRONG_KEY]).seal(
        {"test": "x" * 40}, context=connection._context("webhook_secrets")
    )
    connection.save(update_fields=["webhook_secrets"])
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


# -- what a press mends ---------------------------------------------------------------------------


def _cannot_go_on(shop: Shop) -> None:
    shop.in_the_panel(interrupted=True)
    shop.simulator.fault("error_500", gateway="asaas", method="PUT")


def _cannot_be_registered(shop: Shop) -> None:
    shop.delete_hook()
    shop.later(minutes=2)
    shop.simulator.fault("error_500", gateway="asaas", method="POST")


# A webhook is not registered twice within a minute: what was found in it stands so long.
MENDED: dict[str, Callable[[Shop], Any]] = {
    "webhook_interrupted": _cannot_go_on,
    "webhook_refused": _cannot_be_registered,
    "webhook_wrong_version": lambda shop: shop.in_the_panel(apiVersion=2),
    "webhook_missing_events": lambda shop: shop.in_the_panel(events=["PAYMENT_CREATED"]),
    "webhook_no_token": lambda shop: shop.in_the_panel(authToken=""),
    "webhook_missing": lambda shop: shop.delete_hook(),
    "webhook_disabled": lambda shop: shop.in_the_panel(enabled=False),
}


@pytest.mark.parametrize("code", MENDED)
def test_a_press_mends_it(house: Shop, code: str) -> None:
    MENDED[code](house)
    assert told() == [code]
    house.simulator.control("DELETE", "faults")
    house.simulator.fault("drop")
    house.later(minutes=2)
    client = browser("Administrator")
    page = unescape(client.get(reverse("doctor")).content.decode())
    remedy = "switch_on" if code == "webhook_disabled" else "mend"
    assert f'data-fault="{code}"' in page and f'data-remedy="{remedy}"' in page
    assert told("--no-look") == [code]
    client.post(reverse("doctor_mend", args=[house.row.public_id]), {"remedy": remedy})
    assert told("--no-look") == []
    hook = house.hook
    assert (hook["enabled"], hook["interrupted"], hook["apiVersion"], hook["hasAuthToken"]) == (
        True,
        False,
        3,
        True,
    )


# -- the pages ------------------------------------------------------------------------------------


def browser(group: str, **values: Any) -> Client:
    client = Client()
    client.force_login(people.make_person(group.lower(), group, **values))
    return client


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


def test_every_fault_has_a_page(db: None) -> None:
    client = browser("Auditor")
    for code in KINDS:
        page = client.get(reverse("doctor_help", args=[code])).content.decode()
        assert code in page and "%(" not in page
    assert client.get(reverse("doctor_help", args=["nothing-like-it"])).status_code == 404


def test_the_first_page_says_that_no_worker_is_alive(house: Shop) -> None:
    client = browser("Finance")
    assert 'data-problem="worker_silent"' not in client.get("/").content.decode()
    _age(pulses.WORKER)
    assert 'data-problem="worker_silent"' in client.get("/").content.decode()


def test_the_echo_tells_nothing_but_what_was_sent(house: Shop, client: Client) -> None:
    nonce = "5b0e3f5e-0f43-4b3a-9d6e-3f1f2a7b9c11"
    answer = client.get(reverse("doctor_echo", args=[nonce]), headers={"x-request-id": "a" * 300})
    assert set(answer.json()) == {"proof", "host", "request_id", "is_https"}
    assert len(answer.json()["request_id"]) == 100 and Connection.objects.count() == 1
