"""How a connection stands, in words: on its card, in its check list, while its key is typed."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from connections.abilities import abilities
from connections.checklist import StepState, checklist, is_waiting
from connections.gateways.base import Environment, Secrets
from connections.gateways.registry import REGISTRY, gateway_class
from connections.models import ConnectionState, WebhookState
from connections.standing import standing
from tests.factories import NOW, make_charge, make_connection

pytestmark = pytest.mark.django_db

LIST = reverse("admin:connections_connection_changelist")
PAUSED = [{"code": "webhook_interrupted", "text": "stopped"}]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, ["ready"]),
        ({"state": ConnectionState.REFUSED}, ["key_refused"]),
        ({"webhook_state": WebhookState.MISSING}, ["webhook_missing"]),
        ({"webhook_state": WebhookState.UNHEALTHY, "webhook_notices": PAUSED}, ["queue_paused"]),
        ({"webhook_state": WebhookState.SHOWN}, ["untested"]),
        ({"last_event_at": NOW - timedelta(days=3)}, ["ready", "silent"]),
        ({"last_event_at": NOW - timedelta(days=3, seconds=-1)}, ["ready"]),
        ({"is_active": False, "state": ConnectionState.DISABLED}, ["disabled"]),
        (
            {"state": ConnectionState.REFUSED, "webhook_state": WebhookState.MISSING},
            ["key_refused", "webhook_missing"],
        ),
    ],
)
def test_says_how_it_stands(values: dict[str, Any], codes: list[str]) -> None:
    start = {"webhook_state": WebhookState.REGISTERED, "last_event_at": None}
    connection = make_connection(**{**start, **values})
    assert [one.code for one in standing(connection, now=NOW)] == codes


def test_check_list_says_what_is_left() -> None:
    no_key = [{"code": "no_pix_key", "text": "none"}]
    connection = make_connection(
        notices=no_key, webhook_state=WebhookState.REGISTERED, last_event_at=None, account_name="Padaria"
    )
    left = {step.code: step.state for step in checklist(connection) if step.state != StepState.DONE}
    assert left == {"pix_key": StepState.TODO, "first": StepState.WAITING} and is_waiting(connection)
    connection.last_event_at, connection.notices = NOW, []
    assert {step.state for step in checklist(connection)} == {StepState.DONE} and not is_waiting(connection)


def test_a_refused_key_stands_first_with_the_gateways_words() -> None:
    connection = make_connection(state=ConnectionState.REFUSED, state_reason="A chave foi revogada")
    step = checklist(connection)[0]
    assert (step.code, step.state, step.detail) == ("key", StepState.WRONG, "A chave foi revogada")


def test_every_state_has_words() -> None:
    for state in ConnectionState:
        for webhook_state in WebhookState:
            connection = make_connection(state=state, webhook_state=webhook_state)
            assert standing(connection, now=NOW) and all(step.title for step in checklist(connection))


@pytest.mark.parametrize("gateway", REGISTRY)
def test_what_is_said_while_typing_is_what_the_form_says_then(gateway: str) -> None:
    adapter = gateway_class(gateway)
    for box in adapter.credential_fields:
        for hint in box.hints:
            for environment in [hint.environment] if hint.environment else list(Environment):
                typed = {
                    "TEST-": "TEST-1234567890-112112-0123456789abcdef0123456789abcdef-1",
                }.get(hint.begins, hint.begins + "x" * 120)
                refusals = adapter.review_credentials(Secrets({box.name: typed}), environment)
                assert hint.text in [notice.text for notice in refusals]


def test_table_tells_why_not(settings: Any) -> None:
    with translation.override("en"):
        rows = {row.code: row for row in abilities(make_connection())}
    assert rows["pix"].is_there and rows["partial_refunds"].is_there
    assert "Boleto" in rows["partial_refunds"].detail
    assert not rows["plans"].is_there and rows["plans"].detail


def test_cards_cost_no_query_each(person: Client, django_assert_max_num_queries: Any) -> None:
    for _number in range(12):
        make_charge(connection=make_connection())
    with django_assert_max_num_queries(14):
        page = person.get(LIST).content.decode()
    assert page.count("data-card=") == 12 and page.count('data-open-charges="1"') == 12


def test_list_explains_the_first_step(person: Client) -> None:
    assert 'data-empty="first"' in person.get(LIST).content.decode()
    make_connection(name="Loja")
    assert 'data-empty="filtered"' in person.get(LIST, {"q": "zzz"}).content.decode()
    assert "data-card" not in person.get(LIST, {"gateway": "mercadopago"}).content.decode()
    assert "data-card" in person.get(LIST, {"gateway": "asaas"}).content.decode()


def test_waiting_page_asks_for_its_mark(person: Client) -> None:
    connection = make_connection(webhook_state=WebhookState.SHOWN, last_event_at=None)
    address = reverse("admin:connections_connection_state", args=[connection.pk])
    assert f'data-live-url="{address}"' in _page(person, connection.pk)
    before = person.get(address).json()["mark"]
    connection.last_event_at = NOW
    connection.save(update_fields=["last_event_at"])
    assert person.get(address).json()["mark"] != before
    assert "data-live-url" not in _page(person, connection.pk)


def _page(person: Client, pk: int) -> str:
    return person.get(reverse("admin:connections_connection_change", args=[pk])).content.decode()


def test_the_open_charges_that_are_counted_are_those_that_are_listed(admin_client: Client) -> None:
    """Overdue ones too: by this figure somebody decides whether an account may go."""
    connection = make_connection()
    for status in ("pending", "overdue", "authorized", "confirming", "paid", "draft"):
        make_charge(connection, status=status)
    page = admin_client.get(f"/admin/connections/connection/{connection.pk}/change/").content.decode()
    [address] = re.findall(r'href="(/charges/\?[^"]+)"', page)
    assert 'data-open-charges="4"' in page
    assert admin_client.get(unescape(address)).content.decode().count("data-reference=") == 4
