"""The story of a charge holds what the gateway told, with repeats, beside what people did."""

from __future__ import annotations

import json
import re
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from payments.models import Charge, GatewayResource
from tests import factories
from tests.backoffice import people
from tests.webhooks.speaking import PAYMENT, URL, notify, repeat, state_at_asaas
from webhooks.models import WebhookEvent
from webhooks.services import inbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker")]


@pytest.fixture
def told(client: Client, charge: Charge, gateway: Any, clock: Any) -> Charge:
    """Paid by a notification that came three times."""
    gateway.get(URL, json=state_at_asaas(charge, "RECEIVED"))
    body = notify(client, charge.connection)
    inbox.work()
    for _time in range(2):
        clock.shift(30)
        repeat(client, charge.connection, body)
    inbox.work()
    return charge


def lines_of(name: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("timeline", name, "--json", stdout=out)
    return json.loads(out.getvalue())["lines"]


def page_for(group: str, charge: Charge) -> str:
    client = Client()
    client.force_login(people.make_person(group.lower(), group))
    return unescape(client.get(charge.get_absolute_url()).content.decode())


def test_the_command_tells_it_in_the_order_it_happened(told: Charge) -> None:
    lines = lines_of(told.reference)
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    notification = next(line for line in lines if line["code"] == "notification")
    event = WebhookEvent.objects.get()
    assert notification["notification"] == str(event.public_id)
    assert (notification["repeats"], notification["state"], notification["is_signed"]) == (2, "done", True)
    paid = next(line for line in lines if line["code"] == "status" and line["data"]["after"] == "paid")
    assert paid["source"] == "webhook" and paid["cause"] == event.topic
    call = next(line for line in lines if line["code"] == "exchange")["exchange"]
    assert call["method"] == "GET" and call["http_status"] == 200 and call["milliseconds"] >= 0
    assert told.reference in call["response_body"]


def test_the_id_at_the_gateway_names_it_too(told: Charge) -> None:
    assert lines_of(PAYMENT) == lines_of(told.reference)


def test_what_is_unknown_and_what_is_two_things_is_said(told: Charge) -> None:
    with pytest.raises(CommandError, match="nothing-like-it"):
        call_command("timeline", "nothing-like-it")
    other = factories.make_charge(factories.make_connection())
    GatewayResource.objects.create(
        connection=other.connection, charge=other, kind="payment", gateway_id=PAYMENT
    )
    with pytest.raises(CommandError, match=other.reference):
        call_command("timeline", PAYMENT)


def test_in_words_without_json(told: Charge) -> None:
    out = StringIO()
    call_command("timeline", told.reference, stdout=out)
    assert "PAYMENT_RECEIVED" in out.getvalue() and len(out.getvalue().splitlines()) >= 3


def test_nothing_is_cut_off_for_the_command(told: Charge) -> None:
    for number in range(210):
        told.timeline.create(at=told.created_at, kind="people", code="sent_again", data={"number": number})
    assert len(lines_of(told.reference)) > 210


def test_the_page_leads_to_the_notification_for_who_may_read_it(told: Charge) -> None:
    link = f'href="/events/{WebhookEvent.objects.get().public_id}/"'
    assert link in page_for("Administrator", told)
    for_operators = page_for("Operator", told)
    assert "PAYMENT_RECEIVED" in for_operators and link not in for_operators


def test_a_part_of_it_is_a_link_away(told: Charge) -> None:
    for code, data in (("sent", {"how": "link"}), ("sent_again", {})):
        told.timeline.create(at=told.created_at, kind="people", code=code, data=data)
    client = Client()
    client.force_login(people.make_person("maria", "Administrator"))
    whole = client.get(told.get_absolute_url()).content.decode()
    links = dict(re.findall(r'href="[^"?]*(\?story=[a-z]+)#story-title" data-part="([a-z]+)"', whole))
    assert sorted(links.values()) == ["changes", "gateway", "notifications", "people", "sends"]
    parts = {
        name: client.get(f"{told.get_absolute_url()}{link}").content.decode() for link, name in links.items()
    }
    lines = {name: re.findall(r'class="kind-([a-z]+)"', page) for name, page in parts.items()}
    kinds = {"changes": "change", "gateway": "gateway", "notifications": "notification", "people": "people"}
    for name, kind in {**kinds, "sends": "people"}.items():
        assert lines[name] and set(lines[name]) == {kind}, name
        assert 'aria-current="page"' in parts[name].partition("story-title")[2]
    assert len(lines["sends"]) == 1
    assert sum(map(len, lines.values())) == len(re.findall(r'class="kind-', whole))
    unknown = client.get(f"{told.get_absolute_url()}?story=nothing").content.decode()
    assert len(re.findall(r'class="kind-', unknown)) == len(re.findall(r'class="kind-', whole))


def test_an_empty_part_says_so(charge: Charge) -> None:
    client = Client()
    client.force_login(people.make_person("maria", "Administrator"))
    assert "data-no-lines" in client.get(f"{charge.get_absolute_url()}?story=sends").content.decode()
    own = factories.make_subscription()
    assert "data-no-lines" in client.get(f"{own.get_absolute_url()}?story=sends").content.decode()
