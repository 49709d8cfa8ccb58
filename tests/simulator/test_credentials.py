"""What tells of keys and links: ACCESS_TOKEN_* and mp-connect (asaas.md 1.2, mercadopago.md 6.1)."""

from typing import Any

import pytest
import requests
from mercadopago.webhook import WebhookSignatureValidator

from tests.simulator import samples
from tests.simulator.support import STRONG_TOKEN, AsaasClient, Inbox, MpClient

NAMES = ["CREATED", "DISABLED", "ENABLED", "EXPIRING_SOON", "EXPIRED", "DELETED"]
SHOWN = samples.keys(
    "id name enabled dateCreated disabledReason expirationDate projectedExpirationDateByLackOfUse"
)


@pytest.fixture
def watched(asaas: AsaasClient, inbox: Inbox) -> AsaasClient:
    asaas.webhook(inbox.url, [f"ACCESS_TOKEN_{name}" for name in NAMES])
    return asaas


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("created", 200),
        ("disabled", 401),
        ("enabled", 200),
        ("expiring_soon", 200),
        ("expired", 401),
        ("deleted", 401),
    ],
)
def test_each_event_of_a_key(watched: AsaasClient, inbox: Inbox, name: str, status: int) -> None:
    watched.simulator.control("key_event", account=watched.account["id"], event=name)
    [got] = inbox.wait(1)
    assert list(got.json) == ["id", "event", "dateCreated", "account", "accessToken"]
    assert got.json["event"] == f"ACCESS_TOKEN_{name.upper()}"
    assert got.headers["asaas-access-token"] == STRONG_TOKEN
    assert list(got.json["accessToken"]) == SHOWN
    assert got.json["accessToken"]["enabled"] is (status == 200)
    assert bool(got.json["accessToken"]["expirationDate"]) is (name in ("expiring_soon", "expired"))
    assert watched.account["api_key"] not in got.body.decode()
    answer = watched.call("GET", "/finance/balance")
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["errors"][0]["code"] == "invalid_access_token"


def test_created_is_about_another_key(watched: AsaasClient, inbox: Inbox) -> None:
    for name in ("created", "disabled"):
        watched.simulator.control("key_event", account=watched.account["id"], event=name)
    other, own = (one.json["accessToken"]["id"] for one in inbox.wait(2))
    assert own == watched.simulator.read(f"accounts/{watched.account['id']}")["key"]["id"] != other


def test_key_that_is_switched_off_and_on_tells_it(watched: AsaasClient, inbox: Inbox) -> None:
    path = f"accounts/{watched.account['id']}"
    for is_enabled in (False, False, True):
        watched.simulator.control(path, key_enabled=is_enabled)
    watched.simulator.flush()
    events = [one.json["event"] for one in inbox.received]
    assert events == ["ACCESS_TOKEN_DISABLED", "ACCESS_TOKEN_ENABLED"]
    assert watched.call("GET", "/finance/balance").status_code == 200


def test_key_dies_quietly_where_nobody_asked_to_be_told(asaas: AsaasClient, inbox: Inbox) -> None:
    asaas.webhook(inbox.url, ["PAYMENT_CREATED"])
    answer = asaas.simulator.control("key_event", account=asaas.account["id"], event="expired")
    assert answer == {"deliveries": [], "key_enabled": False}


def validate(headers: dict[str, str], data_id: str, secret: str) -> None:
    WebhookSignatureValidator.validate(headers["x-signature"], headers["x-request-id"], data_id, secret)


@pytest.mark.parametrize("revoke", [False, True])
def test_application_is_unlinked(mp: MpClient, inbox: Inbox, revoke: bool) -> None:
    mp.simulator.control(
        f"accounts/{mp.account['id']}", panel_url=inbox.url, panel_topics=["payment", "mp-connect"]
    )
    mp.simulator.control("connect_event", account=mp.account["id"], revoke=revoke)
    [got] = inbox.wait(1)
    user_id = mp.account["user_id"]
    assert got.query == f"data.id={user_id}&type=mp-connect"
    assert list(got.json) == samples.MP_NOTIFICATION
    assert (got.json["action"], got.json["type"]) == ("application.deauthorized", "mp-connect")
    assert (got.json["data"], got.json["user_id"]) == ({"id": str(user_id)}, user_id)
    assert isinstance(got.json["id"], str)
    validate(got.headers, str(user_id), mp.account["webhook_secret"])
    assert mp.call("GET", "/users/me").status_code == (401 if revoke else 200)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("key_event", {"event": "eaten"}),
        ("connect_event", {"action": "application.eaten", "url": "http://127.0.0.1:9/"}),
        ("connect_event", {}),
    ],
)
def test_refuses_what_cannot_happen(
    asaas: AsaasClient, mp: MpClient, path: str, body: dict[str, Any]
) -> None:
    account = asaas.account if path == "key_event" else mp.account
    url = f"{asaas.simulator.url}/_control/{path}"
    assert requests.post(url, json={"account": account["id"], **body}, timeout=60).status_code == 400
