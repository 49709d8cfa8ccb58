"""The pages of the inbox: what they say, what they keep hidden, what a press does."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.groups import ADMINISTRATOR, AUDITOR
from connections.gateways.registry import REGISTRY, gateway_class
from connections.models import GatewayPause
from payments.models import Charge
from tests.backoffice import people
from tests.factories import NOW, make_charge, make_connection
from tests.webhooks import events
from webhooks.models import EventState, Replay, WebhookEvent
from webhooks.services import replaying

pytestmark = pytest.mark.django_db
LIST = "/events/"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "wake", lambda _name: True)


@pytest.fixture
def charge() -> Charge:
    return make_charge()


def browser(name: str, group: str, **values: Any) -> Client:
    client = Client()
    client.force_login(people.make_person(name, group, **values))
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def admin() -> Client:
    return browser("maria", ADMINISTRATOR)


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def listed(client: Client, query: str = "") -> list[str]:
    return re.findall(r'data-event="([^"]+)"', text(client, LIST + query))


def page_of(event: WebhookEvent) -> str:
    return f"{LIST}{event.public_id}/"


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def confirm(client: Client, query: str = "") -> Any:
    """Look at the preview and press."""
    address = f"{LIST}replay/{query}"
    page = text(client, address)
    return client.post(address, {name: value(page, name) for name in ("submission", "expected", "seen_at")})


def test_list_says_what_became_of_each(admin: Client, charge: Charge) -> None:
    dead, resource = events.dead_about(charge, last_error="502 Bad Gateway", repeats=2)
    events.make_event(charge.connection, is_hint=True, state="ignored", reason="not_ours", gateway_id="77")
    page = text(admin, LIST)
    for said in ("Given up", "Payment received", "PAYMENT_RECEIVED", "502 Bad Gateway", "6 attempts"):
        assert said in page
    assert "repeated 2 times" in page and "Unsigned" in page and "was not made here" in page
    assert charge.get_absolute_url() in page and resource.gateway_id not in page
    assert f'data-event="{dead.public_id}"' in page and f"/{dead.pk}/" not in page


@pytest.mark.parametrize("gateway", list(REGISTRY))
def test_what_needs_nothing_says_why(admin: Client, gateway: str) -> None:
    connection = make_connection(gateway=gateway)
    for key, sentence in gateway_class(gateway).idle_reasons.items():
        event = events.make_event(connection, state="ignored", reason=key, kind="", gateway_id="")
        page = unescape(text(admin, page_of(event)))
        assert sentence in page and f">{key}<" not in page


def test_tabs_and_filters_narrow_the_list(admin: Client, charge: Charge) -> None:
    dead, resource = events.dead_about(charge, received_at=NOW - timedelta(days=9))
    done = events.make_event(make_connection(), topic="PAYMENT_OVERDUE")
    queries = {
        "": {done, dead},
        "?view=dead": {dead},
        "?view=done": {done},
        "?view=waiting": set(),
        f"?connection={charge.connection.public_id}": {dead},
        "?topic=PAYMENT_OVERDUE": {done},
        f"?q={resource.gateway_id}": {dead},
        f"?q={charge.reference}": {dead},
        f"?since={(NOW - timedelta(days=1)).date()}": {done},
        f"?until={(NOW - timedelta(days=8)).date()}": {dead},
    }
    for query, wanted in queries.items():
        assert set(listed(admin, query)) == {str(event.public_id) for event in wanted}, query
    assert "Given up (1)" in text(admin, LIST)


@pytest.mark.parametrize(
    "query",
    [
        "?since=yesterday",
        "?connection=nothing",
        f"?connection={NOBODY}",
        "?view=none",
        "?before=x&after=y",
        f"?before={NOBODY}",
        "?replay=1",
        "?until=9999-12-31",
    ],
)
def test_wrong_filters_filter_nothing_and_break_nothing(admin: Client, charge: Charge, query: str) -> None:
    events.dead_about(charge)
    assert len(listed(admin, query)) == 1


def test_pages_begin_where_the_last_one_ended(admin: Client) -> None:
    connection = make_connection()
    for number in range(60):  # five share each moment
        events.make_event(connection, received_at=NOW - timedelta(minutes=number // 5))
    seen, query = [], ""
    while True:
        page = text(admin, LIST + query)
        seen.append(re.findall(r'data-event="([^"]+)"', page))
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if not older:
            break
        query = older[1]
    wanted = [
        str(row)
        for row in WebhookEvent.objects.order_by("-received_at", "-pk").values_list("public_id", flat=True)
    ]
    assert [len(part) for part in seen] == [25, 25, 10] and sum(seen, []) == wanted
    newer = re.search(r'rel="prev" href="([^"]+)"', text(admin, LIST + query))
    assert newer and listed(admin, newer[1]) == seen[1]


def test_the_list_asks_as_little_for_many_as_for_few(admin: Client, charge: Charge) -> None:
    events.dead_about(charge)
    text(admin, LIST)
    with CaptureQueriesContext(database) as few:
        text(admin, LIST)
    for _event in range(20):
        events.dead_about(make_charge(charge.connection))
    with CaptureQueriesContext(database) as many:
        text(admin, LIST)
    assert len(many) == len(few)


def test_limited_people_see_theirs_only(charge: Charge) -> None:
    theirs, _resource = events.dead_about(charge)
    other, _resource = events.dead_about(make_charge())
    limited = browser("lia", ADMINISTRATOR, limited_to=charge.connection)
    assert listed(limited) == [str(theirs.public_id)]
    assert limited.get(page_of(other)).status_code == 404
    everything = replaying.request(replaying.plan(WebhookEvent.objects.all()), actor=None)
    assert limited.get(f"{LIST}replays/{everything.public_id}/").status_code == 404
    assert 'data-total="1"' in text(limited, f"{LIST}replay/")


def test_page_of_one_tells_cause_and_cure(admin: Client, charge: Charge) -> None:
    event, _resource = events.dead_about(charge, last_error="502 Bad Gateway")
    events.make_event(charge.connection, gateway_id=event.gateway_id, topic="PAYMENT_CREATED")
    page = text(admin, page_of(event))
    assert "could not be read: 502 Bad Gateway" in page and "have it asked again" in page
    assert charge.get_absolute_url() in page and "Payment created" in page


def test_page_says_when_the_gateway_is_left_alone(admin: Client, charge: Charge) -> None:
    event = events.make_event(charge.connection, state="retry", cause="away", next_attempt_at=NOW)
    GatewayPause.objects.create(connection=charge.connection, since=NOW, until=NOW + timedelta(days=9000))
    assert "left alone until" in text(admin, page_of(event))


BODY = {
    "event": "PAYMENT_RECEIVED",
    "payment": {
        "id": "pay_1",
        "value": 100.0,
        "customerName": "x",
        "name": "Ana Lima",
        "cpfCnpj": "52998224725",
        "email": "ana@example.com",
        "description": "for ana@example.com, 529.982.247-25",
    },
}


@pytest.mark.parametrize("raw", [json.dumps(BODY), json.dumps(BODY)[:-2]], ids=["whole", "cut"])
def test_body_is_shown_without_people(admin: Client, charge: Charge, raw: str) -> None:
    event = events.make_event(charge.connection, body=raw.encode(), query="a=ana@example.com")
    for address in (page_of(event), f"/admin/webhooks/webhookevent/{event.pk}/change/"):
        page = text(admin, address)
        assert "pay_1" in page
        for hidden in ("52998224725", "529.982.247-25", "ana@example.com"):
            assert hidden not in page
    if raw.endswith("}}"):
        assert "Ana Lima" not in text(admin, page_of(event))


def test_a_press_has_it_asked_again_once(admin: Client, charge: Charge) -> None:
    event, _resource = events.dead_about(charge)
    press = {"submission": value(text(admin, page_of(event)), "submission")}
    for _time in range(2):
        answer = admin.post(f"{page_of(event)}replay/", press, follow=True)
        assert "is asked again" in answer.content.decode()
    event.refresh_from_db()
    assert (event.state, Replay.objects.count()) == (EventState.RECEIVED, 1)
    page = text(admin, page_of(event))
    assert "maria: under way" in page and "data-live-url" in page


def test_its_mark_moves_with_it(admin: Client, charge: Charge) -> None:
    event, _resource = events.dead_about(charge)
    before = admin.get(f"{page_of(event)}state/").json()["mark"]
    assert f'data-mark="{before}"' in text(admin, page_of(event))
    WebhookEvent.objects.update(state="done")
    assert admin.get(f"{page_of(event)}state/").json()["mark"] != before


def test_ignoring_needs_a_reason(admin: Client, charge: Charge) -> None:
    event, _resource = events.dead_about(charge)
    answer = admin.post(f"{page_of(event)}ignore/", {"note": " "})
    assert answer.status_code == 422 and "Write a few words" in answer.content.decode()
    event.refresh_from_db()
    assert event.state == EventState.DEAD
    page = admin.post(f"{page_of(event)}ignore/", {"note": "Paid in cash"}, follow=True).content.decode()
    assert "“Paid in cash”" in page and "maria" in page and 'id="ignore"' not in page
    again = admin.post(f"{page_of(event)}ignore/", {"note": "again"}, follow=True).content.decode()
    assert "had left the queue" in again


def test_who_only_reads_finds_no_buttons(charge: Charge) -> None:
    event, _resource = events.dead_about(charge)
    auditor = browser("ugo", AUDITOR)
    page = text(auditor, page_of(event)) + text(auditor, LIST)
    assert "/replay/" not in page and 'id="ignore"' not in page


def test_preview_says_what_it_means_and_the_press_does_it(admin: Client, charge: Charge) -> None:
    events.dead_about(charge)
    events.dead_about(make_charge())
    events.make_event(charge.connection, kind="", gateway_id="", state="ignored")
    page = text(admin, f"{LIST}replay/")
    assert "2 notifications will be asked again" in page and "at most 2 calls" in page
    assert "1 in the list is left out" in page
    answer = confirm(admin, "?view=dead")
    replay = Replay.objects.get()
    assert answer["Location"] == f"{LIST}replays/{replay.public_id}/"
    assert (replay.total, replay.charges, replay.filters) == (2, 2, {"view": "dead"})
    shown = text(admin, answer["Location"])
    assert "0 of 2" in shown and "data-live-url" in shown and "<noscript>" in shown
    assert str(replay.public_id) in text(admin, LIST)


def test_a_confirmation_sent_again_makes_no_second_replay(admin: Client, charge: Charge) -> None:
    events.dead_about(charge)
    address = f"{LIST}replay/"
    page = text(admin, address)
    form = {name: value(page, name) for name in ("submission", "expected", "seen_at")}
    first, second = (admin.post(address, form)["Location"] for _time in range(2))
    assert first == second and Replay.objects.count() == 1


def test_never_asks_more_than_was_shown(admin: Client, charge: Charge) -> None:
    events.dead_about(charge)
    address = f"{LIST}replay/?view=dead"
    page = text(admin, address)
    form = {name: value(page, name) for name in ("submission", "expected", "seen_at")}
    events.dead_about(charge)
    answer = admin.post(address, form, follow=True)
    assert "More match by now" in answer.content.decode() and not Replay.objects.exists()
    assert admin.post(address, {}, follow=True).status_code == 200 and not Replay.objects.exists()


def test_result_leads_to_what_became_of_them(admin: Client, charge: Charge) -> None:
    done, _resource = events.dead_about(charge)
    dead, _resource = events.dead_about(charge)
    answer = confirm(admin)
    WebhookEvent.objects.filter(pk=done.pk).update(state="done")
    WebhookEvent.objects.filter(pk=dead.pk).update(state="dead")
    replaying.work()
    page = text(admin, answer["Location"])
    assert "2 of 2" in page and "data-live-url" not in page
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="/events/(\?replay=[^"]+)"', page)]
    assert [listed(admin, link) for link in links] == [[str(done.public_id)], [str(dead.public_id)]]


def test_nothing_to_ask_says_so(admin: Client) -> None:
    assert "nothing to ask again" in text(admin, f"{LIST}replay/?view=dead")
    assert "No notification yet" in text(admin, LIST)


def test_operators_have_no_way_in(charge: Charge) -> None:
    client = Client()
    client.force_login(User.objects.create_user("carla"))
    event, _resource = events.dead_about(charge)
    assert [client.get(address).status_code for address in (LIST, page_of(event))] == [403, 403]
