"""Each fault, produced at the simulator or in the settings, is told by its own code and by no other.

Then it is mended: by the button beside it where there is one, else by undoing its cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from backoffice.doctor_help import HELP
from connections.models import Connection
from connections.problem_kinds import KINDS, Area
from connections.services import health
from connections.services.keeping import webhook_url
from tests import factories
from tests.backoffice.door import Door
from tests.backoffice.faults import CASES
from tests.backoffice.ward import Ward, browser, told, with_mercado_pago
from tests.connections.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward_reader(db: None) -> Client:
    """Who may read, in a house where nothing is asked."""
    return browser("Auditor")


@pytest.fixture
def ward(door: Door, shop: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    factories.make_pulses()
    health.examine(shop.connection)
    made = Ward(shop, door, settings, monkeypatch)
    yield made
    made.come_back()


@pytest.mark.parametrize("code", sorted(CASES))
def test_it_is_told_by_its_code_and_mended(ward: Ward, code: str) -> None:
    case = CASES[code]
    case.produce(ward)
    assert case.look() == [code]
    address = ward.see(code, case.remedy)
    case.undo(ward)
    ward.press(address, case.remedy)
    assert told("--no-look") == []
    if case.remedy in ("mend", "register", "switch_on"):
        hook = ward.shop.hook
        told_there = (hook["enabled"], hook["interrupted"], hook["apiVersion"], hook["hasAuthToken"])
        assert told_there == (True, False, 3, True) and hook["url"] == webhook_url(ward.connection)


def test_the_page_does_not_register_what_a_look_finds_elsewhere(ward: Ward) -> None:
    """It may be meant, or the address of another copy of this installation."""
    ward.shop.in_the_panel(url="https://other.example.com/asaas")
    ward.shop.later(minutes=2)
    ward.client.post(reverse("doctor_look"))
    assert told() == ["webhook_wrong_url"] and ward.shop.hook["url"] == "https://other.example.com/asaas"


def test_a_test_account_of_mercado_pago_in_production(ward: Ward) -> None:
    with_mercado_pago(ward.shop)
    ward.shop.simulator.change_account(ward.shop.other_account, test_user=False)
    assert told() == []
    Connection.objects.filter(gateway="mercadopago").update(environment="production")
    assert told() == ["key_of_other_environment"]


def test_every_code_is_in_the_handbook_and_has_a_page_of_help() -> None:
    handbook = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    named = set(re.findall(r"^\| `([a-z_]+)` \|", handbook.partition("## The doctor")[2], re.MULTILINE))
    assert named == set(KINDS) == set(HELP)


@pytest.mark.parametrize("code", sorted(HELP))
def test_a_page_of_help_says_what_to_do_and_where(ward_reader: Client, code: str) -> None:
    page = unescape(ward_reader.get(reverse("doctor_help", args=[code])).content.decode())
    words = HELP[code]
    with translation.override(settings.LANGUAGE_CODE):
        for text in (words.means, words.shows, *words.steps):
            assert str(text) in page and "%(" not in str(text)
    assert len(words.steps) >= 2 and f'data-help="{code}"' in page
    has_place = words.place in ("keys", "webhooks")
    at_asaas = code != "webhook_secret_missing"
    at_mercado_pago = KINDS[code].area != Area.WEBHOOK or code == "webhook_secret_missing"
    assert ("Menu do usuário > " in page) == (has_place and at_asaas)
    assert ("Suas integrações > " in page) == (has_place and at_mercado_pago)


def test_every_code_has_a_row() -> None:
    assert set(CASES) == set(KINDS)
