"""Who took what to send it stands in the story."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client

from backoffice.groups import AUDITOR
from payments.models import Charge, Subscription
from tests import factories
from tests.backoffice.people import make_person


def test_what_is_taken_stands_in_the_story_once(operator: Client, charges: dict[str, Charge]) -> None:
    charge = charges["pending"]
    address = f"{charge.get_absolute_url()}sent/"
    page = operator.get(charge.get_absolute_url()).content.decode()
    assert f'data-sent-url="{address}"' in page
    assert {f'data-how="{how}"' in page for how in ("link", "pix", "message", "whatsapp")} == {True}
    for how in ("whatsapp", "whatsapp", "link"):
        assert operator.post(address, {"how": how}).status_code == 204
    lines = charge.timeline.filter(code="sent")
    assert sorted(line.data["how"] for line in lines) == ["link", "whatsapp"]
    assert all(line.actor and line.actor.get_username() == "carla" for line in lines)
    page = unescape(operator.get(charge.get_absolute_url()).content.decode())
    assert "carla" in page and "WhatsApp" in page.partition('id="story-title"')[2]


@pytest.mark.parametrize("how", ["", "pigeon"])
def test_what_cannot_be_taken_is_not_noted(operator: Client, charges: dict[str, Charge], how: str) -> None:
    answer = operator.post(f"{charges['pending'].get_absolute_url()}sent/", {"how": how})
    assert answer.status_code == 422
    assert not charges["pending"].timeline.filter(code="sent").exists()


def test_later_is_another_time(
    operator: Client, people: tuple[User, User], charges: dict[str, Charge]
) -> None:
    charge = charges["pending"]
    earlier = charge.created_at - timedelta(days=1)
    charge.timeline.create(at=earlier, kind="people", code="sent", actor=people[1], data={"how": "link"})
    operator.post(f"{charge.get_absolute_url()}sent/", {"how": "link"})
    assert charge.timeline.filter(code="sent").count() == 2


def test_of_a_subscription_too(operator: Client) -> None:
    own: Subscription = factories.make_subscription()
    assert operator.post(f"{own.get_absolute_url()}sent/", {"how": "link"}).status_code == 204
    assert own.timeline.get(code="sent").data == {"how": "link"}
    assert operator.get(own.get_absolute_url()).status_code == 200


def test_who_only_looks_sends_nothing(charges: dict[str, Charge]) -> None:
    charge, own = charges["pending"], factories.make_subscription()
    auditor = Client()
    auditor.force_login(make_person("ugo", AUDITOR))
    for thing in (charge, own):
        page = auditor.get(thing.get_absolute_url()).content.decode()
        assert "data-sent-url" not in page and "wa.me" not in page
        assert auditor.post(f"{thing.get_absolute_url()}sent/", {"how": "link"}).status_code == 403
        assert not thing.timeline.filter(code="sent").exists()
    assert charge.pay_token in auditor.get(charge.get_absolute_url()).content.decode()
