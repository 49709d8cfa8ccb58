from __future__ import annotations

from typing import Any

import pytest

from connections.gateways.asaas.client import AsaasGateway
from connections.gateways.asaas.notifications import EVENTS
from connections.gateways.base import Environment, Secrets
from connections.gateways.errors import (
    CredentialsRefused,
    KeyOfOtherEnvironment,
)
from tests.gateways import sample
from tests.gateways.asaas.desk import (
    URL,
    add,
    gateway,
    listed,
    sent,
)


@pytest.mark.parametrize(
    ("key", "environment", "code"),
    [
        (sample.ASAAS_KEY, "sandbox", None),
        (sample.ASAAS_KEY, "production", "wrong_environment"),
        (sample.ASAAS_KEY.replace("hmlg", "prod"), "sandbox", "wrong_environment"),
        (sample.ASAAS_KEY.replace("hmlg", "prod"), "production", None),
        (sample.ASAAS_KEY[1:], "sandbox", "lost_dollar"),
        (sample.ASAAS_KEY[:50], "sandbox", "truncated"),
        (sample.ASAAS_KEY + "\n", "sandbox", "whitespace"),
        (" " + sample.ASAAS_KEY, "sandbox", "whitespace"),
        (f"'{sample.ASAAS_KEY}'", "sandbox", "whitespace"),
        (sample.MP_TOKEN, "sandbox", "other_gateway"),
        ("", "sandbox", "missing"),
        ("abc", "sandbox", "unknown_format"),
    ],
)
def test_reviews_a_key_without_a_call(key: str, environment: str, code: str | None) -> None:
    notices = AsaasGateway.review_credentials(Secrets({"api_key": key}), Environment(environment))
    assert [notice.code for notice in notices] == ([code] if code else [])
    assert not [notice for notice in notices if key and key in notice.text]


def _account(mocked: Any, *, keys: Any = None, general: str = "APPROVED") -> None:
    add(mocked, "GET", "/myAccount/status/", {"id": "acc-9", "general": general})
    add(mocked, "GET", "/pix/addressKeys", keys or listed({"id": "k", "status": "ACTIVE"}))


def test_tells_whose_account_a_key_opens(asaas: Any) -> None:
    add(asaas, "GET", "/myAccount/commercialInfo/", {"name": "Aurora Ltda", "tradingName": "Padaria Aurora"})
    _account(asaas)
    found = gateway().check_credentials()
    assert (found.account_id, found.name, found.environment) == (
        "acc-9",
        "Padaria Aurora",
        Environment.SANDBOX,
    )
    assert (found.currency, found.time_zone, found.notices) == ("BRL", "America/Sao_Paulo", ())


def test_proves_a_key_with_the_balance_when_it_may_not_read_the_owner(asaas: Any) -> None:
    add(asaas, "GET", "/myAccount/commercialInfo/", status=403)
    add(asaas, "GET", "/finance/balance", {"balance": 5210.96})
    _account(asaas)
    assert gateway().check_credentials().account_id == "acc-9"


def test_warns_of_what_will_go_wrong(asaas: Any) -> None:
    add(asaas, "GET", "/myAccount/commercialInfo/", {"name": "Aurora"})
    _account(asaas, keys=listed(), general="PENDING")
    codes = [notice.code for notice in gateway().check_credentials().notices]
    assert codes == ["account_not_approved", "no_pix_key"]


def test_warns_of_nothing_it_may_not_read(asaas: Any) -> None:
    add(asaas, "GET", "/myAccount/commercialInfo/", {"name": "Aurora"})
    add(asaas, "GET", "/myAccount/status/", status=403)
    add(asaas, "GET", "/pix/addressKeys", status=403)
    found = gateway().check_credentials()
    assert (found.account_id, [notice.code for notice in found.notices]) == ("", ["identity_unknown"])


@pytest.mark.parametrize("content", [None, "error_401"])
def test_refuses_a_key_asaas_refuses(asaas: Any, content: str | None) -> None:
    add(asaas, "GET", "/myAccount/commercialInfo/", content, status=401)
    with pytest.raises(CredentialsRefused) as caught:
        gateway().check_credentials()
    assert caught.value.http_status == 401
    assert caught.value.text


def test_registers_the_webhook_once(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", "list_empty")
    add(asaas, "POST", "/webhooks", {**sample.body("asaas", "webhook"), "url": URL, "events": list(EVENTS)})
    found = gateway().register_webhook(url=URL, token="t" * 32, email="ops@example.com", name="Shop")
    assert (found.is_healthy, found.url) == (True, URL)
    assert sent(asaas) == {
        "name": "Shop",
        "url": URL,
        "email": "ops@example.com",
        "enabled": True,
        "interrupted": False,
        "apiVersion": 3,
        "authToken": "t" * 32,
        "sendType": "NON_SEQUENTIALLY",
        "events": list(EVENTS),
    }


def _hook(**changes: Any) -> dict[str, Any]:
    healthy = {**sample.body("asaas", "webhook"), "url": URL, "events": list(EVENTS)}
    return {**healthy, **changes}


def test_mends_the_webhook_that_is_there(asaas: Any) -> None:
    add(
        asaas,
        "GET",
        "/webhooks",
        listed(_hook(url="https://other.example/"), _hook(id="hook-1", enabled=False)),
    )
    add(asaas, "PUT", "/webhooks/hook-1", _hook(id="hook-1"))
    found = gateway().register_webhook(url=URL, token="t" * 32, email="ops@example.com", name="Shop")
    assert (found.webhook_id, found.is_healthy) == ("hook-1", True)
    assert (sent(asaas)["authToken"], sent(asaas)["enabled"]) == ("t" * 32, True)


def test_lifts_the_penalty_of_a_slowed_webhook(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(_hook(id="hook-1")))
    add(asaas, "PUT", "/webhooks/hook-1", _hook(id="hook-1", penalizedRequestsCount=4))
    add(asaas, "POST", "/webhooks/hook-1/removeBackoff", {})
    add(asaas, "GET", "/webhooks/hook-1", _hook(id="hook-1"))
    assert gateway().register_webhook(url=URL, token="t" * 32, email="o@e.com", name="S").is_healthy


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"enabled": False}, "webhook_disabled"),
        ({"interrupted": True}, "webhook_interrupted"),
        ({"penalizedRequestsCount": 3}, "webhook_penalized"),
        ({"apiVersion": 2}, "webhook_wrong_version"),
        ({"events": ["PAYMENT_RECEIVED"]}, "webhook_missing_events"),
        ({"events": None}, "webhook_missing_events"),
        ({"hasAuthToken": False}, "webhook_no_token"),
    ],
)
def test_names_what_is_wrong_with_a_webhook(asaas: Any, changes: dict[str, Any], code: str) -> None:
    add(asaas, "GET", "/webhooks", listed(_hook(**changes)))
    found = gateway().read_webhook(url=URL)
    assert found is not None
    assert ([notice.code for notice in found.problems], found.is_healthy) == ([code], False)


def test_names_a_second_webhook_with_the_same_address(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(_hook(id="a"), _hook(id="b")))
    found = gateway().read_webhook(url=URL)
    assert found is not None
    assert [notice.code for notice in found.problems] == ["webhook_duplicate"]


def test_accepts_a_webhook_with_more_events_than_ours(asaas: Any) -> None:
    hook = _hook(events=[*EVENTS, "INVOICE_CREATED"])
    del hook["hasAuthToken"], hook["penalizedRequestsCount"]
    add(asaas, "GET", "/webhooks", listed(hook))
    found = gateway().read_webhook(url=URL)
    assert found is not None and found.is_healthy


def test_finds_no_webhook_under_another_address(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", listed(_hook(url=URL + "x")))
    assert gateway().read_webhook(url=URL) is None


def test_finds_the_one_that_was_ours_at_another_address(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", "list_empty")
    add(asaas, "GET", "/webhooks/hook-1", _hook(id="hook-1", url="https://other.example/", enabled=False))
    found = gateway().read_webhook(url=URL, webhook_id="hook-1")
    assert found is not None and not found.is_healthy and found.url == "https://other.example/"
    assert [notice.code for notice in found.problems] == ["webhook_wrong_url", "webhook_disabled"]


def test_moves_the_one_that_was_ours(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", "list_empty")
    add(asaas, "GET", "/webhooks/hook-1", _hook(id="hook-1", url="https://other.example/"))
    add(asaas, "PUT", "/webhooks/hook-1", _hook(id="hook-1"))
    found = gateway().register_webhook(
        url=URL, token="t" * 32, email="o@e.com", name="S", webhook_id="hook-1"
    )
    assert found.is_healthy and sent(asaas)["url"] == URL


def test_one_that_was_deleted_is_found_nowhere(asaas: Any) -> None:
    add(asaas, "GET", "/webhooks", "list_empty")
    add(asaas, "GET", "/webhooks/hook-1", {}, status=404)
    assert gateway().read_webhook(url=URL, webhook_id="hook-1") is None


def test_a_key_of_the_other_environment_is_told_apart(asaas: Any) -> None:
    refusal = {"errors": [{"code": "invalid_environment", "description": "A chave não pertence"}]}
    add(asaas, "GET", "/myAccount/commercialInfo/", refusal, status=401)
    with pytest.raises(KeyOfOtherEnvironment):
        gateway().check_credentials()
