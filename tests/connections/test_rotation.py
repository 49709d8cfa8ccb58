"""Replacing tokens, secrets and addresses of a webhook: nothing is refused meanwhile, old ones end."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from connections import services
from connections.models import Connection
from connections.services.secrets_of_webhook import Held, change, generated_token
from tests.connections.asaas_desk import AsaasDesk
from tests.factories import NOW, make_connection
from tests.webhooks import signing
from webhooks.models import EventState, RejectedNotification, WebhookEvent
from webhooks.services import inbox, reasserting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker", "clock"), pytest.mark.weighty]
_numbers = itertools.count(1)
_client = Client()  # one for all: each loads the middleware anew


def deliver(connection: Connection, token: str, *, path_token: str = "") -> int:
    """An Asaas notification as signed with this token; the status it is answered with."""
    body = signing.asaas_body("PAYMENT_RECEIVED", f"pay_{next(_numbers)}")
    path = f"/webhooks/{path_token or connection.path_token}/"
    headers = {"asaas-access-token": token}
    return _client.post(path, data=body, content_type="application/json", headers=headers).status_code


def deliver_signed(connection: Connection, secret: str, *, path_token: str = "") -> int:
    """A Mercado Pago notification as signed with this secret; the status it is answered with."""
    number = str(90_000_000 + next(_numbers))
    return _client.post(
        f"/webhooks/{path_token or connection.path_token}/?data.id={number}&type=payment",
        data=signing.mercadopago_body(number),
        content_type="application/json",
        headers=signing.mercadopago_headers(secret, number),
    ).status_code


def token_of(connection: Connection) -> str:
    return Connection.objects.get(pk=connection.pk).open_webhook_secrets()["token"]


def press(person: Client, connection: Connection, button: str, **values: str) -> Any:
    url = reverse(f"admin:connections_connection_{button}", args=[connection.pk])
    return person.post(url, values, follow=True)


def page_of(person: Client, connection: Connection) -> str:
    url = reverse("admin:connections_connection_change", args=[connection.pk])
    return person.get(url).content.decode()


def audit(connection: Connection) -> list[str]:
    entries = LogEntry.objects.filter(object_id=str(connection.pk)).order_by("pk")
    return [entry.get_change_message() for entry in entries]


@pytest.fixture
def mercadopago() -> Connection:
    secrets = {"test": "test-tab-secret", "production": "production-tab-secret"}
    return make_connection(
        gateway="mercadopago", credentials={"access_token": "APP_USR-1"}, webhook_secrets=secrets
    )


# -- the token of a gateway with an API for webhooks ----------------------------------------------


def test_a_new_token_is_accepted_before_the_gateway_hears_of_it(
    person: Client, registered: Connection, desk: AsaasDesk
) -> None:
    old, answers = token_of(registered), []
    desk.before_put = lambda sent: answers.extend(
        [deliver(registered, old), deliver(registered, sent["authToken"])]
    )
    press(person, registered, "new_token")
    assert answers == [200, 200]
    assert desk.only_hook["authToken"] == token_of(registered) != old


def test_a_new_token_leaves_an_audit_line_and_needs_a_post(person: Client, registered: Connection) -> None:
    url = reverse("admin:connections_connection_new_token", args=[registered.pk])
    assert person.get(url).status_code == 405
    person.post(url)
    assert len(audit(registered)) == 1
    hint = Connection.objects.get(pk=registered.pk).webhook_secret_hints["token"]
    assert hint["by"] == "root"


def test_the_old_token_ends_with_the_first_delivery_that_has_the_new_one(
    registered: Connection, clock: time_machine.Traveller
) -> None:
    old = token_of(registered)
    services.new_token(registered, by="root")
    assert deliver(registered, old) == 200
    inbox.work()
    assert deliver(registered, old) == 200, "a delivery with the old one ends nothing"
    clock.shift(1)
    assert deliver(registered, token_of(registered)) == 200
    inbox.work()
    assert deliver(registered, old) == 200, "what is on its way is taken"
    clock.shift(31)
    assert deliver(registered, old) == 401
    assert deliver(registered, token_of(registered)) == 200


def test_a_late_worker_does_not_end_the_token_after_next(registered: Connection) -> None:
    services.new_token(registered, by="root")
    second = token_of(registered)
    assert deliver(registered, second) == 200
    services.new_token(registered, by="root")
    inbox.work()
    held = Connection.objects.get(pk=registered.pk).open_webhook_secrets()
    assert second in held.values() and len(held) == 3


def test_the_old_token_ends_after_14_days_and_is_forgotten(
    registered: Connection, clock: time_machine.Traveller
) -> None:
    old = token_of(registered)
    services.new_token(registered, by="root")
    clock.shift(timedelta(days=14, seconds=-1))
    assert deliver(registered, old) == 200
    clock.shift(2)
    assert deliver(registered, old) == 401
    services.drop_lapsed()
    assert list(Connection.objects.get(pk=registered.pk).open_webhook_secrets()) == ["token"]


def test_a_worker_without_the_key_leaves_everything_as_it_is(
    registered: Connection, clock: time_machine.Traveller, settings: LazySettings
) -> None:
    services.new_token(registered, by="root")
    assert deliver(registered, token_of(registered)) == 200
    fitting, settings.CREDENTIALS_KEYS = settings.CREDENTIALS_KEYS, ["A" * 43 + "="]
    inbox.work()
    clock.shift(timedelta(days=15))
    services.drop_lapsed()
    settings.CREDENTIALS_KEYS = fitting
    assert len(Connection.objects.get(pk=registered.pk).open_webhook_secrets()) == 2
    assert WebhookEvent.objects.get().state == EventState.RETRY


def test_a_gateway_that_cannot_be_told_refuses_nothing_and_says_so(
    person: Client, registered: Connection, desk: AsaasDesk
) -> None:
    old = token_of(registered)
    desk.is_down = True
    answer = press(person, registered, "new_token")
    new = token_of(registered)
    assert new != old and deliver(registered, old) == deliver(registered, new) == 200
    assert 'id="untold"' in answer.content.decode()
    press(person, registered, "new_token")
    assert token_of(registered) == new, "trying again makes no third token"
    desk.is_down = False
    answer = press(person, registered, "new_token")
    assert 'id="untold"' not in answer.content.decode()
    assert (desk.only_hook["authToken"], token_of(registered)) == (new, new)


def test_an_old_token_in_use_cannot_be_dropped(
    person: Client, registered: Connection, desk: AsaasDesk
) -> None:
    old, desk.is_down = token_of(registered), True
    press(person, registered, "new_token")
    press(person, registered, "drop_old_secrets", name="token")
    assert deliver(registered, old) == 200
    desk.is_down = False
    press(person, registered, "new_token")
    press(person, registered, "drop_old_secrets", name="token")
    assert deliver(registered, old) == 401


def test_a_worker_tells_what_the_page_could_not(
    registered: Connection, desk: AsaasDesk, clock: time_machine.Traveller
) -> None:
    desk.is_down = True
    services.new_token(registered, by="root")
    desk.is_down = False
    clock.shift(61)
    assert (reasserting.reassert(), reasserting.reassert()) == (1, 0)
    assert desk.only_hook["authToken"] == token_of(registered)
    assert not Connection.objects.get(pk=registered.pk).webhook_untold


def test_the_gateway_is_told_again_when_the_token_changed_on_the_way(
    registered: Connection, desk: AsaasDesk
) -> None:
    def another_person(_sent: dict[str, Any]) -> None:
        desk.before_put = lambda _again: None
        change(Connection.objects.get(pk=registered.pk), lambda held: _put(held, "x" * 40))

    desk.before_put = another_person
    services.new_token(registered, by="root")
    assert desk.only_hook["authToken"] == token_of(registered) == "x" * 40


def _put(held: Held, value: str) -> bool:
    until = NOW + timedelta(days=14)
    return held.put("token", value, at=until, by="other", old_until=until)


def test_changes_at_the_same_moment_are_all_kept(mercadopago: Connection) -> None:
    def slow(held: Held) -> bool:
        if not interrupted:
            interrupted.append(1)
            services.replace_secrets(mercadopago, {"production": "new-production"}, by="other")
        held.values["test"] = "new-test"
        return True

    interrupted: list[int] = []
    change(Connection.objects.get(pk=mercadopago.pk), slow)
    values = Connection.objects.get(pk=mercadopago.pk).open_webhook_secrets()
    assert (values["test"], values["production"]) == ("new-test", "new-production")
    assert values["production.old1"] == "production-tab-secret"


def test_generated_tokens_are_what_asaas_takes() -> None:
    for token in (generated_token() for _time in range(300)):
        assert len(token) == 48 and token.isalnum()
        assert not any(token[at] * 4 == token[at : at + 4] for at in range(45))


# -- refused at our door ---------------------------------------------------------------------------


def test_the_first_401_registers_again_by_a_worker_once_a_minute(
    registered: Connection, desk: AsaasDesk, clock: time_machine.Traveller
) -> None:
    clock.shift(3600)
    desk.only_hook["authToken"] = "changed in the panel of the gateway"
    before = desk.calls
    for _time in range(20):
        assert deliver(registered, desk.only_hook["authToken"]) == 401
    assert desk.calls == before, "nothing is asked in the request"
    assert (reasserting.reassert(), reasserting.reassert()) == (1, 0)
    assert deliver(registered, desk.only_hook["authToken"]) == 200


def test_ten_thousand_knocks_are_one_registration_a_minute(
    registered: Connection, desk: AsaasDesk, clock: time_machine.Traveller
) -> None:
    clock.shift(3600)
    asked = 0
    for second in range(180):
        clock.shift(1)
        if second % 10 == 0:
            deliver(registered, "forged")
        asked += reasserting.reassert()
    assert asked == 3


def test_refusals_of_a_gateway_without_an_api_ask_nothing(mercadopago: Connection) -> None:
    assert deliver_signed(mercadopago, "forged") == 401
    assert reasserting.reassert() == 0


# -- the secrets a person pastes -------------------------------------------------------------------


@pytest.fixture
def paste(person: Client, mercadopago: Connection) -> Callable[..., None]:
    def do(**secrets: str) -> None:
        url = reverse("admin:connections_connection_change", args=[mercadopago.pk])
        boxes = {f"webhook_secret_{name}": value for name, value in secrets.items()}
        answer = person.post(url, {"name": "MP", "environment": "sandbox", **boxes})
        assert answer.status_code == 302

    return do


@pytest.mark.parametrize("tab", ["test", "production"])
def test_a_pasted_secret_keeps_the_old_one_for_7_days(
    mercadopago: Connection, paste: Callable[..., None], clock: time_machine.Traveller, tab: str
) -> None:
    paste(**{tab: "pasted-secret"})
    clock.shift(timedelta(days=7, seconds=-1))
    answers = [deliver_signed(mercadopago, secret) for secret in (f"{tab}-tab-secret", "pasted-secret")]
    assert answers == [200, 200]
    clock.shift(2)
    assert deliver_signed(mercadopago, f"{tab}-tab-secret") == 401
    assert deliver_signed(mercadopago, "pasted-secret") == 200


def test_a_mistyped_secret_does_not_push_out_the_real_one(
    mercadopago: Connection, paste: Callable[..., None]
) -> None:
    paste(test="a-mistake")
    paste(test="right-at-last")
    for secret in ("test-tab-secret", "right-at-last", "production-tab-secret"):
        assert deliver_signed(mercadopago, secret) == 200


def test_pasting_the_old_one_again_brings_it_back(
    mercadopago: Connection, paste: Callable[..., None], clock: time_machine.Traveller
) -> None:
    paste(test="a-mistake")
    paste(test="test-tab-secret")
    clock.shift(timedelta(days=8))
    assert deliver_signed(mercadopago, "test-tab-secret") == 200
    assert deliver_signed(mercadopago, "a-mistake") == 401


def test_a_button_drops_the_old_secret_now(
    person: Client, mercadopago: Connection, paste: Callable[..., None]
) -> None:
    paste(test="pasted", production="pasted-too")
    assert 'data-name="test"' in page_of(person, mercadopago)
    press(person, mercadopago, "drop_old_secrets", name="test")
    assert deliver_signed(mercadopago, "test-tab-secret") == 401
    assert deliver_signed(mercadopago, "production-tab-secret") == 200
    page = page_of(person, mercadopago)
    assert 'data-name="test"' not in page and 'data-name="production"' in page
    assert "pasted" not in page


# -- the address -----------------------------------------------------------------------------------


def test_a_new_address_moves_the_registration_in_place(
    person: Client, registered: Connection, desk: AsaasDesk
) -> None:
    old_path, token = registered.path_token, token_of(registered)
    answers: list[int] = []
    desk.before_put = lambda _sent: answers.append(deliver(registered, token, path_token=old_path))
    press(person, registered, "new_address")
    new_path = Connection.objects.get(pk=registered.pk).path_token
    assert new_path != old_path and answers == [200]
    assert desk.only_hook["url"].endswith(f"/webhooks/{new_path}/")
    assert desk.writes == ["hook-0", "hook-0"] and len(audit(registered)) == 1
    assert deliver(registered, token, path_token=new_path) == 200


def test_the_old_address_works_for_14_days(registered: Connection, clock: time_machine.Traveller) -> None:
    old_path, token = registered.path_token, token_of(registered)
    services.new_address(registered)
    clock.shift(timedelta(days=14, seconds=-1))
    assert deliver(registered, token, path_token=old_path) == 200
    clock.shift(2)
    assert deliver(registered, token, path_token=old_path) == 404
    assert deliver(registered, token) == 200


def test_a_second_new_address_waits_for_the_first(person: Client, registered: Connection) -> None:
    first = registered.path_token
    press(person, registered, "new_address")
    second = Connection.objects.get(pk=registered.pk).path_token
    press(person, registered, "new_address")
    assert Connection.objects.get(pk=registered.pk).path_token == second
    press(person, registered, "drop_old_address")
    assert deliver(registered, token_of(registered), path_token=first) == 404
    press(person, registered, "new_address")
    assert Connection.objects.get(pk=registered.pk).old_path_token == second


def test_an_address_the_gateway_does_not_know_yet_drops_nothing(
    person: Client, registered: Connection, desk: AsaasDesk
) -> None:
    old_path, desk.is_down = registered.path_token, True
    press(person, registered, "new_address")
    press(person, registered, "drop_old_address")
    assert deliver(registered, token_of(registered), path_token=old_path) == 200
    desk.is_down = False
    press(person, registered, "new_token")
    registered.refresh_from_db()
    assert desk.only_hook["url"].endswith(registered.webhook_path)


def test_mercado_pago_shows_the_new_address_to_paste(person: Client, mercadopago: Connection) -> None:
    old_path = mercadopago.path_token
    press(person, mercadopago, "new_address")
    mercadopago.refresh_from_db()
    page = page_of(person, mercadopago)
    assert mercadopago.webhook_path in page and 'id="old-address"' in page
    assert deliver_signed(mercadopago, "test-tab-secret", path_token=old_path) == 200


# -- under traffic ---------------------------------------------------------------------------------


@pytest.fixture(params=[150, pytest.param(1000, marks=pytest.mark.full)])
def many(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def under_traffic(one: Callable[[int], int], *, many: int, rotate: Callable[[], Any]) -> None:
    """So many notifications with the rotation among them: none refused, none lost."""
    answers = []
    before = WebhookEvent.objects.count()
    for number in range(many):
        if number == many // 3:
            rotate()
        answers.append(one(number))
    assert answers == [200] * many
    assert WebhookEvent.objects.count() - before >= many
    assert not RejectedNotification.objects.exists()


def test_a_new_token_under_traffic(registered: Connection, desk: AsaasDesk, many: int) -> None:
    tokens = [token_of(registered)]

    def on_the_way(sent: dict[str, Any]) -> None:
        tokens.append(sent["authToken"])
        assert {deliver(registered, token) for token in tokens * 10} == {200}

    desk.before_put = on_the_way
    under_traffic(
        lambda number: deliver(registered, tokens[number % len(tokens)]),
        many=many,
        rotate=lambda: services.new_token(registered, by="root"),
    )
    assert len(tokens) == 2


def test_pasted_secrets_under_traffic(mercadopago: Connection, many: int) -> None:
    old, new = ["test-tab-secret", "production-tab-secret"], ["new-test", "new-production"]
    in_use = list(old)

    def rotate() -> None:
        services.replace_secrets(mercadopago, {"test": new[0], "production": new[1]}, by="root")
        in_use.extend(new)

    under_traffic(
        lambda number: deliver_signed(mercadopago, in_use[number % len(in_use)]),
        many=many,
        rotate=rotate,
    )


def test_a_new_address_under_traffic(registered: Connection, many: int) -> None:
    token, paths = token_of(registered), [registered.path_token]

    def rotate() -> None:
        services.new_address(registered)
        paths.append(registered.path_token)

    under_traffic(
        lambda number: deliver(registered, token, path_token=paths[number % len(paths)]),
        many=many,
        rotate=rotate,
    )


def test_taking_a_notification_stays_at_two_statements(
    registered: Connection, django_assert_num_queries: Any
) -> None:
    old_path, tokens = registered.path_token, [token_of(registered)]
    services.new_token(registered, by="root")
    services.new_address(registered)
    tokens.append(token_of(registered))
    for token, path in itertools.product(tokens, (old_path, registered.path_token)):
        with django_assert_num_queries(2):
            assert deliver(registered, token, path_token=path) == 200
