"""Each look at a connection: what is found, what mends itself, what waits for a person."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from config import clock
from connections import services
from connections.forms import PASSWORD
from connections.gateways.asaas.notifications import EVENTS, parse
from connections.gateways.base import Delivery, Notification
from connections.gateways.errors import CredentialsRefused
from connections.models import Connection, ConnectionState, WebhookState
from connections.services import health, turns
from tests.connections.conftest import PASSWORD as OWN_PASSWORD
from tests.connections.shop import Shop
from tests.factories import make_connection

pytestmark = pytest.mark.django_db
MOST = ["PAYMENT_CREATED", "PAYMENT_RECEIVED"]


def body(event: str, key: dict[str, Any]) -> bytes:
    return json.dumps({"id": "evt_1&2", "event": event, "accessToken": {"id": "k", **key}}).encode()


def announced(**key: Any) -> Notification:
    """What Asaas sends of a key that is about to expire."""
    return parse(Delivery(body=body("ACCESS_TOKEN_EXPIRING_SOON", key), headers={}, query=""))


# -- the webhook ----------------------------------------------------------------------------------


def test_finds_nothing_where_all_is_well(shop: Shop) -> None:
    assert health.examine(shop.connection) is None
    assert shop.open_codes == [] and shop.past == [] and shop.writes() == []
    assert shop.connection.state == ConnectionState.READY


@pytest.mark.parametrize(
    ("changes", "code", "repair"),
    [
        ({"interrupted": True}, "webhook_interrupted", "resumed"),
        ({"apiVersion": 2}, "webhook_wrong_version", "registered"),
        ({"events": MOST}, "webhook_missing_events", "registered"),
        ({"authToken": ""}, "webhook_no_token", "registered"),
    ],
)
def test_mends_what_is_safe_to_mend(shop: Shop, changes: dict[str, Any], code: str, repair: str) -> None:
    shop.later(minutes=2)
    shop.in_the_panel(**changes)
    health.examine(shop.connection)
    assert shop.open_codes == [] and shop.past == [(code, repair)]
    hook = shop.hook
    assert (hook["enabled"], hook["interrupted"], hook["apiVersion"]) == (True, False, 3)
    assert hook["hasAuthToken"] and set(EVENTS) <= set(hook["events"])
    assert shop.connection.webhook_state == WebhookState.REGISTERED


def test_resuming_touches_nothing_but_the_queue(shop: Shop) -> None:
    shop.in_the_panel(interrupted=True)
    before = len(shop.writes())
    health.examine(shop.connection)
    [(_hook, sent)] = shop.writes()[before:]
    assert sent.replace(" ", "") == '{"interrupted":false}'


def test_registers_again_what_was_deleted(shop: Shop) -> None:
    shop.later(minutes=2)
    shop.delete_hook()
    health.examine(shop.connection)
    assert shop.hook["url"] == services.webhook_url(shop.connection) and shop.open_codes == []
    assert shop.past == [("webhook_missing", "registered")]


def test_registers_nothing_while_somebody_else_just_did(shop: Shop) -> None:
    """Two registrations at the same moment would be two webhooks."""
    shop.delete_hook()
    health.examine(shop.connection)
    assert shop.hooks == [] and shop.open_codes == ["webhook_missing"]


def test_a_webhook_with_another_address_stays_so_until_a_person_presses(shop: Shop, person: Client) -> None:
    shop.later(minutes=2)
    shop.in_the_panel(url="https://other.example.com/asaas", events=MOST)
    health.examine(shop.connection)
    assert shop.open_codes == ["webhook_missing_events", "webhook_wrong_url"]
    assert shop.hook["url"] == "https://other.example.com/asaas"
    page = person.get(reverse("admin:connections_connection_change", args=[shop.row.pk])).content.decode()
    press = reverse("admin:connections_connection_enable_webhook", args=[shop.row.pk])
    assert f'action="{press}"' in page
    person.post(press)
    assert shop.hook["url"] == services.webhook_url(shop.connection) and shop.open_codes == []


def test_an_address_that_was_changed_here_is_told_by_the_next_look(shop: Shop) -> None:
    shop.later(minutes=2)
    row = shop.connection
    row.old_path_token, row.old_path_until = row.path_token, clock.now() + timedelta(days=14)
    row.path_token = "a-new-one"
    row.save()
    health.examine(shop.connection)
    assert shop.hook["url"] == services.webhook_url(shop.connection) and shop.open_codes == []


def test_a_key_without_the_right_to_webhooks_is_told(shop: Shop) -> None:
    shop.change(key_may_not=["webhooks"])
    health.examine(shop.connection)
    assert shop.open_codes == ["webhook_not_allowed"] and shop.connection.state == ConnectionState.READY


def test_a_key_that_may_not_say_whose_it_is_contradicts_nothing(shop: Shop) -> None:
    known = shop.connection.account_id
    shop.change(key_may_not=["myAccount"])
    health.examine(shop.connection)
    assert shop.open_codes == ["identity_unknown"] and shop.connection.account_id == known
    with pytest.raises(services.CredentialsUnfit, match="unknown_account"):
        services.verify_credentials(
            gateway="asaas", environment="sandbox", credentials={"api_key": shop.key}, account_id=known
        )


def test_leaves_what_a_person_switched_off_until_a_person_presses(shop: Shop, person: Client) -> None:
    shop.later(minutes=2)
    shop.in_the_panel(enabled=False, events=MOST)
    for _look in range(2):
        health.examine(shop.connection)
    assert not shop.hook["enabled"] and "webhook_disabled" in shop.open_codes
    page = person.get(reverse("admin:connections_connection_change", args=[shop.row.pk])).content.decode()
    press = reverse("admin:connections_connection_enable_webhook", args=[shop.row.pk])
    assert f'action="{press}"' in page
    person.post(press)
    assert shop.hook["enabled"] and shop.open_codes == []


def test_checking_by_hand_does_not_switch_it_on_either(shop: Shop, person: Client) -> None:
    shop.later(minutes=2)
    shop.in_the_panel(enabled=False)
    person.post(reverse("admin:connections_connection_check", args=[shop.row.pk]))
    assert not shop.hook["enabled"] and shop.open_codes == ["webhook_disabled"]


def test_says_so_when_the_queue_stops_again_and_again(shop: Shop) -> None:
    for times in range(3):
        assert shop.open_codes == [], times
        shop.in_the_panel(interrupted=True)
        health.examine(shop.connection)
    assert shop.open_codes == ["webhook_unsteady"]
    problem = shop.row.problems.open().get()
    assert "3 " in problem.advice
    shop.later(hours=25)
    health.examine(shop.connection)
    assert shop.open_codes == []


def test_asks_mercado_pago_users_for_the_secret() -> None:
    connection = make_connection(
        gateway="mercadopago", credentials={"access_token": "APP_USR-1"}, webhook_secrets={}
    )
    health.look_at_webhook(connection)
    assert [problem.code for problem in connection.problems.open()] == ["webhook_secret_missing"]
    services.replace_secrets(connection, {"webhook_secret": "s" * 32}, by="ana")
    health.look_at_webhook(connection)
    assert not connection.problems.open().exists()


# -- the key --------------------------------------------------------------------------------------


def test_a_key_that_was_switched_off_is_told_and_forgotten_when_it_works_again(shop: Shop) -> None:
    shop.change(key_enabled=False)
    assert health.examine(shop.connection) == health.SOON
    assert shop.open_codes == ["key_refused"] and shop.connection.state == ConnectionState.REFUSED
    shop.change(key_enabled=True)
    health.examine(shop.connection)
    assert shop.open_codes == [] and shop.connection.state == ConnectionState.READY


def test_a_new_key_that_was_pasted_ends_what_was_said_of_the_old_one(shop: Shop, person: Client) -> None:
    key = shop.simulator.control("POST", f"accounts/{shop.account['id']}", {"renew_key": True})["api_key"]
    health.examine(shop.connection)
    assert shop.open_codes == ["key_refused"]
    form = {"name": "Padaria", "environment": "sandbox", "credential_api_key": key, PASSWORD: OWN_PASSWORD}
    person.post(reverse("admin:connections_connection_change", args=[shop.row.pk]), form)
    assert shop.open_codes == [] and turns_now(shop)


def test_a_short_outage_is_no_problem_and_a_long_one_is(shop: Shop) -> None:
    shop.simulator.fault("error_500", gateway="asaas")
    health.examine(shop.connection)
    shop.later(minutes=14)
    health.examine(shop.connection)
    assert shop.open_codes == [] and shop.connection.state == ConnectionState.UNREACHABLE
    shop.later(minutes=2)
    health.examine(shop.connection)
    assert shop.open_codes == ["gateway_away"]
    assert shop.connection in Connection.objects.usable()
    shop.simulator.control("DELETE", "faults")
    health.examine(shop.connection)
    assert shop.open_codes == [] and shop.connection.unreachable_since is None


def test_an_answer_in_between_ends_an_outage(shop: Shop) -> None:
    shop.simulator.fault("error_500", gateway="asaas")
    health.examine(shop.connection)
    services.note_success(shop.connection)
    shop.later(minutes=16)
    health.examine(shop.connection)
    assert shop.open_codes == []


def test_being_asked_to_wait_says_nothing_of_the_account(shop: Shop) -> None:
    shop.simulator.fault("rate_limit", gateway="asaas", retry_after=90)
    assert health.examine(shop.connection) >= timedelta(seconds=60)
    assert shop.connection.state == ConnectionState.READY and shop.open_codes == []


def test_a_process_without_the_master_key_blames_no_key(shop: Shop, settings: Any) -> None:
    right, wrong = settings.CREDENTIALS_KEYS, ["d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3I="]
    settings.CREDENTIALS_KEYS = wrong
    health.examine(shop.connection)
    assert shop.open_codes == ["key_sealed"] and shop.connection.state == ConnectionState.READY
    settings.CREDENTIALS_KEYS = right
    health.examine(shop.connection)
    assert shop.open_codes == []


def test_a_key_of_another_account_is_told_in_its_own_words(shop: Shop) -> None:
    other = shop.simulator.account("asaas", environment="sandbox", name="Another")
    shop.store_key(other["api_key"])
    health.examine(shop.connection)
    assert shop.open_codes == ["key_of_other_account"]
    assert "Another" not in str(shop.row.problems.get().data)


def test_an_account_without_a_pix_key_is_told_until_it_has_one(shop: Shop) -> None:
    shop.change(has_pix_key=False)
    health.examine(shop.connection)
    assert shop.open_codes == ["no_pix_key"]
    shop.change(has_pix_key=True)
    health.examine(shop.connection)
    assert shop.open_codes == []


def test_an_expiring_key_is_told_until_it_was_replaced(shop: Shop) -> None:
    event = announced(expirationDate="2099-03-08 10:00:00")
    health.note_key_event(shop.row.pk, event)
    health.examine(shop.connection)
    assert shop.open_codes == ["key_expiring"] and shop.connection.state == ConnectionState.READY
    assert "08/03/2099" in shop.row.problems.open().get().advice
    shop.store_key(
        shop.simulator.control("POST", f"accounts/{shop.account['id']}", {"renew_key": True})["api_key"]
    )
    health.note_key_event(shop.row.pk, event)
    assert shop.open_codes == [], "the old one goes on being announced"


def test_a_day_that_passed_without_harm_was_another_keys(shop: Shop) -> None:
    day = (clock.now() + timedelta(days=3)).date()
    health.note_key_event(shop.row.pk, announced(expirationDate=f"{day} 10:00:00"))
    shop.later(days=6)
    health.examine(shop.connection)
    assert shop.open_codes == []


def test_a_key_that_ends_for_want_of_use_is_not_ours(shop: Shop) -> None:
    event = announced(expirationDate=None, projectedExpirationDateByLackOfUse="2099-03-08 10:00:00")
    health.note_key_event(shop.row.pk, event)
    assert shop.open_codes == [] and turns_now(shop)


# -- whose turn it is -----------------------------------------------------------------------------


def turns_now(shop: Shop) -> bool:
    due = shop.connection.health_due_at
    return bool(due and due <= clock.now())


def test_looks_every_ten_minutes_and_sooner_while_something_is_wrong(shop: Shop) -> None:
    assert health.sweep() == 0, "the page that connected it has just looked"
    shop.later(minutes=10, seconds=1)
    assert (health.sweep(), health.sweep()) == (1, 0)
    shop.change(key_enabled=False)
    shop.later(minutes=10, seconds=1)
    assert health.sweep() == 1
    shop.later(minutes=5, seconds=1)
    assert health.sweep() == 1


def test_two_processes_do_not_take_the_same_turn(shop: Shop) -> None:
    turns.bring_forward(shop.row.pk)
    assert turns.claim(shop.row.pk) and not turns.claim(shop.row.pk)


def test_is_brought_forward_once_a_minute(shop: Shop) -> None:
    assert health.bring_forward(shop.row.pk) and health.sweep() == 1
    assert not health.bring_forward(shop.row.pk) and health.sweep() == 0
    shop.later(seconds=61)
    assert health.bring_forward(shop.row.pk) and health.sweep() == 1


def test_what_is_brought_forward_during_a_look_is_looked_at_again(shop: Shop) -> None:
    turns.bring_forward(shop.row.pk)
    claimed = turns.claim(shop.row.pk)
    assert claimed
    shop.later(seconds=61)
    turns.bring_forward(shop.row.pk)
    turns.come_back(shop.row.pk, claimed, after=timedelta(minutes=5))
    assert turns_now(shop)


def test_a_refused_call_brings_a_look_forward(shop: Shop) -> None:
    services.note_refusal(shop.connection, CredentialsRefused("no", http_status=401))
    assert turns_now(shop) and shop.open_codes == []
    health.sweep()
    assert shop.connection.state == ConnectionState.READY and shop.open_codes == []


def test_one_connection_that_fails_does_not_keep_the_others_waiting(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = make_connection(gateway="nobody")
    shop.change(key_enabled=False)
    for connection_id in (broken.pk, shop.row.pk):
        turns.bring_forward(connection_id)
    assert health.sweep() == 2 and shop.open_codes == ["key_refused"]


def test_a_disabled_connection_has_no_problems_and_no_turn(shop: Shop, root: User) -> None:
    shop.change(key_enabled=False)
    health.examine(shop.connection)
    services.set_active(shop.connection, is_active=False)
    assert shop.open_codes == [] and not health.bring_forward(shop.row.pk) and health.sweep() == 0
