"""Every fault the doctor knows: how it comes about, which button it has, what a person does before pressing.

One row per code. What has no button that mends it is undone first, as its page of help says; the press then
looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db.migrations.recorder import MigrationRecorder

from backoffice import pulses
from backoffice.house import look
from config.celery import app
from connections import services
from connections.services import health
from tests.backoffice.ward import Ward, age, seal_wrongly, told, with_mercado_pago
from tests.factories import make_connection
from tests.webhooks import signing
from webhooks.models import EventState, WebhookEvent
from webhooks.services import inbox

Act = Callable[[Ward], Any]


def nothing(ward: Ward) -> None:
    """The press does it."""


@dataclass(frozen=True)
class Case:
    produce: Act
    undo: Act = nothing
    remedy: str = "look"
    look: Callable[[], list[str]] = told


# -- the installation -----------------------------------------------------------------------------


def _forget_tables(ward: Ward) -> None:
    rows = MigrationRecorder.Migration.objects.filter(app="backoffice")
    ward.kept = list(rows.values_list("app", "name"))
    rows.delete()


def _remember_tables(ward: Ward) -> None:
    for label, name in ward.kept:
        MigrationRecorder(database).record_applied(label, name)


def _take_broker_away(ward: Ward) -> None:
    ward.kept = app.conf.broker_write_url
    ward.patch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:9/0")


def _house_alone() -> list[str]:
    """The gateways themselves are out of reach."""
    look(seconds=1)
    return told("--no-look")


def _alter_request_id(ward: Ward) -> None:
    with_mercado_pago(ward.shop)
    ward.door.request_id = "7f3b9c20aa"


HOUSE = {
    "public_url_not_https": Case(
        lambda ward: setattr(ward.settings, "SIMULATOR_URL", ""),
        lambda ward: setattr(ward.settings, "SIMULATOR_URL", ward.shop.simulator.url),
        look=_house_alone,
    ),
    "public_url_unreachable": Case(lambda ward: ward.door.close(), lambda ward: ward.door.open()),
    "public_url_of_another": Case(
        lambda ward: setattr(ward.door, "page", b"<h1>Welcome to nginx!</h1>"),
        lambda ward: setattr(ward.door, "page", b""),
    ),
    "host_refused": Case(
        lambda ward: setattr(ward.settings, "ALLOWED_HOSTS", ["testserver"]),
        lambda ward: setattr(ward.settings, "ALLOWED_HOSTS", ["*"]),
    ),
    "host_altered": Case(
        lambda ward: setattr(ward.door, "host", "localhost:8000"),
        lambda ward: setattr(ward.door, "host", ""),
    ),
    "https_not_told": Case(
        lambda ward: setattr(ward.settings, "IS_HTTPS", True),
        lambda ward: setattr(ward.settings, "IS_HTTPS", False),
    ),
    "request_id_altered": Case(_alter_request_id, lambda ward: setattr(ward.door, "request_id", "")),
    "worker_silent": Case(lambda ward: age(pulses.WORKER), lambda ward: ward.live()),
    "beat_silent": Case(lambda ward: age(pulses.BEAT), lambda ward: ward.live()),
    "broker_away": Case(
        _take_broker_away, lambda ward: ward.patch.setattr(app.conf, "broker_write_url", ward.kept)
    ),
    "migrations_missing": Case(_forget_tables, _remember_tables),
    "clock_skewed": Case(lambda ward: ward.travel(), lambda ward: ward.come_back()),
}

# -- key and account ------------------------------------------------------------------------------


def _key_of(**account: Any) -> Act:
    def store(ward: Ward) -> None:
        other = ward.shop.simulator.account("asaas", name="Another", **account)
        ward.shop.store_key(other["api_key"])

    return store


def _own_key(ward: Ward) -> None:
    ward.shop.store_key(ward.shop.key)


def _connect_twice(ward: Ward) -> None:
    ward.kept = make_connection(
        name="Twin", credentials={"api_key": ward.shop.key}, account_id="", state="new"
    )


def _go_away(ward: Ward) -> None:
    ward.shop.simulator.fault("error_500", gateway="asaas")
    health.examine(ward.connection)
    ward.shop.later(minutes=16)


def _announce_end_of_key(ward: Ward) -> None:
    ward.no_faults()
    ward.shop.simulator.act("key_event", account=ward.shop.account["id"], event="expiring_soon")
    ward.deliver()


def _renew_key(ward: Ward) -> None:
    account = ward.shop.simulator.control("POST", f"accounts/{ward.shop.account['id']}", {"renew_key": True})
    ward.shop.store_key(account["api_key"])


def _change(**switches: Any) -> Act:
    return lambda ward: ward.shop.change(**switches)


def _abroad(ward: Ward) -> None:
    with_mercado_pago(ward.shop)
    ward.shop.simulator.change_account(ward.shop.other_account, shown_site="MEC")


ACCOUNT = {
    "key_refused": Case(_change(key_enabled=False), _change(key_enabled=True)),
    "key_sealed": Case(
        lambda ward: seal_wrongly(ward.connection, "credentials", {"api_key": ward.shop.key}), _own_key
    ),
    "key_of_other_environment": Case(_key_of(environment="production"), _own_key),
    "key_of_other_account": Case(_key_of(environment="sandbox"), _own_key),
    "account_connected_twice": Case(
        _connect_twice, lambda ward: services.set_active(ward.kept, is_active=False)
    ),
    "gateway_away": Case(_go_away, lambda ward: ward.no_faults()),
    "key_expiring": Case(_announce_end_of_key, _renew_key),
    "account_not_approved": Case(
        _change(account_status="AWAITING_APPROVAL"), _change(account_status="APPROVED")
    ),
    "no_pix_key": Case(_change(has_pix_key=False), _change(has_pix_key=True)),
    "identity_unknown": Case(_change(key_may_not=["myAccount"]), _change(key_may_not=[])),
    "site_unknown": Case(
        _abroad, lambda ward: ward.shop.simulator.change_account(ward.shop.other_account, shown_site=None)
    ),
}

# -- the webhook ----------------------------------------------------------------------------------


def _in_the_panel(**changes: Any) -> Act:
    return lambda ward: ward.shop.in_the_panel(**changes)


def _a_little_later(ward: Ward) -> None:
    """A webhook is not registered twice within a minute: what was found in it stands so long."""
    ward.shop.later(minutes=2)


def _answer_again(ward: Ward) -> None:
    ward.no_faults()
    ward.door.takes = 200
    ward.shop.later(minutes=2)


def _cannot_go_on(ward: Ward) -> None:
    ward.shop.in_the_panel(interrupted=True)
    ward.shop.simulator.fault("error_500", gateway="asaas", method="PUT")


def _cannot_be_registered(ward: Ward) -> None:
    ward.shop.delete_hook()
    ward.shop.later(minutes=2)
    ward.shop.simulator.fault("error_500", gateway="asaas", method="POST")


def _refuse_notifications(ward: Ward) -> None:
    ward.no_faults()
    ward.door.takes = 500
    ward.shop.simulator.act("asaas_event", account=ward.shop.account["id"], event="TRANSFER_DONE")
    ward.shop.simulator.control("POST", "flush", {})
    ward.shop.simulator.fault("error_500", gateway="asaas", path="removeBackoff")


def _two_hooks(ward: Ward) -> None:
    hook, token = ward.shop.hook, ward.connection.open_webhook_secrets()["token"]
    same = {key: hook[key] for key in ("url", "events", "sendType", "apiVersion")}
    ward.kept = ward.shop._ask(
        "POST", "/webhooks", {**same, "name": "Twin", "enabled": True, "authToken": token}
    )


def _stopped_again_and_again(ward: Ward) -> None:
    for _time in range(3):
        ward.shop.in_the_panel(interrupted=True)
        health.examine(ward.connection)


def _no_secret(ward: Ward) -> None:
    ward.kept = with_mercado_pago(ward.shop, webhook_secrets={}, webhook_state="missing")


def _paste_secret(ward: Ward) -> None:
    services.replace_secrets(ward.kept, {"test": "s" * 32}, by="ana")


def _seal_token(ward: Ward) -> None:
    ward.kept = ward.connection.open_webhook_secrets()["token"]
    seal_wrongly(ward.connection, "webhook_secrets", {"token": "x" * 40})


def _open_token(ward: Ward) -> None:
    row = ward.connection
    row.seal_webhook_secrets({"token": ward.kept})
    row.save(update_fields=["webhook_secrets"])


WEBHOOK = {
    "webhook_missing": Case(lambda ward: ward.shop.delete_hook(), _a_little_later, "mend"),
    "webhook_wrong_url": Case(_in_the_panel(url="https://other.example.com/asaas"), remedy="register"),
    "webhook_disabled": Case(_in_the_panel(enabled=False), remedy="switch_on"),
    "webhook_interrupted": Case(_cannot_go_on, _answer_again, "mend"),
    "webhook_penalized": Case(_refuse_notifications, _answer_again, "mend"),
    "webhook_wrong_version": Case(_in_the_panel(apiVersion=2), _a_little_later, "mend"),
    "webhook_missing_events": Case(_in_the_panel(events=["PAYMENT_CREATED"]), _a_little_later, "mend"),
    "webhook_no_token": Case(_in_the_panel(authToken=""), _a_little_later, "mend"),
    "webhook_duplicate": Case(
        _two_hooks, lambda ward: ward.shop._ask("DELETE", f"/webhooks/{ward.kept['id']}")
    ),
    "webhook_refused": Case(_cannot_be_registered, _answer_again, "mend"),
    "webhook_not_allowed": Case(_change(key_may_not=["webhooks"]), _change(key_may_not=[])),
    "webhook_secret_missing": Case(_no_secret, _paste_secret),
    "webhook_secret_sealed": Case(_seal_token, _open_token),
    "webhook_unsteady": Case(_stopped_again_and_again, lambda ward: ward.shop.later(hours=25)),
}

# -- what comes in --------------------------------------------------------------------------------


def _paid_without_a_word(ward: Ward) -> None:
    ward.kept = [ward.charge() for _number in range(3)]
    for charge in ward.kept:
        ward.pay(charge)
    ward.compare()


def _silent_for_a_day(ward: Ward) -> None:
    _paid_without_a_word(ward)
    ward.shop.later(hours=25)


def _tell_at_last(ward: Ward) -> None:
    ward.no_faults()
    ward.shop.later(seconds=5)
    ward.shop.simulator.act("notify", reference=ward.kept[0].reference)
    ward.deliver()
    inbox.work()


def _give_up(ward: Ward) -> None:
    charge = ward.charge()
    ward.no_faults()
    ward.pay(charge)
    ward.deliver()
    ward.shop.simulator.fault("malformed_json", gateway="asaas", path="/payments/")
    for _time in range(7):
        inbox.work()
        ward.shop.later(days=1)
    ward.no_faults()


def _warn_of_fraud(ward: Ward) -> None:
    connection = with_mercado_pago(ward.shop)
    body = {"action": "Created", "data": {"id": "61"}, "type": "stop_delivery_op_wh"}
    headers = signing.mercadopago_headers("s" * 32, "61")
    answer = signing.post(ward.client, connection, body, headers, "data.id=61&type=stop_delivery_op_wh")
    assert answer.status_code == 200


def _ignore(ward: Ward) -> None:
    for event in WebhookEvent.objects.filter(state=EventState.DEAD):
        answer = ward.client.post(f"/events/{event.public_id}/ignore/", {"note": "Asked the gateway"})
        assert answer.status_code == 302


COMING_IN = {
    "notifications_silent": Case(_silent_for_a_day, _tell_at_last),
    "notifications_missing": Case(_paid_without_a_word, _tell_at_last),
    "notifications_given_up": Case(_give_up, _ignore, "list"),
    "fraud_alert_unnamed": Case(_warn_of_fraud, _ignore, "list"),
}

CASES = {**HOUSE, **ACCOUNT, **WEBHOOK, **COMING_IN}
