"""A new PIX code by one press, for the customer and for the operator, against the simulator."""

from __future__ import annotations

from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client

from payments.models import Charge, TimelineEntry
from tests.gateways.controls import Simulator
from tests.pages import sample

OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
REFUSED = [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]


@pytest.fixture
def charge(on_demand: Charge) -> Charge:
    return on_demand


def look(charge: Charge) -> str:
    answer = Client().get(f"/pay/{charge.pay_token}/?lang=en")
    assert answer.status_code == 200 and not answer.cookies
    return unescape(answer.content.decode())


def press(charge: Charge, headers: dict[str, str]) -> HttpResponse:
    """As a browser without any cookie, with Django's own check of forms switched on."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post(f"/pay/{charge.pay_token}/code/", headers={"accept-language": "en", **headers})
    assert not answer.cookies
    return answer  # type: ignore[return-value]


def test_customer_gets_the_code_when_they_are_ready(charge: Charge) -> None:
    page = look(charge)
    assert 'data-status="renewable"' in page and "Get your PIX code when you are ready to pay." in page
    assert f'action="/pay/{charge.pay_token}/code/?lang=en"' in page and "data-pix-text" not in page
    answer = press(charge, OURS)
    assert (answer.status_code, answer["Location"]) == (303, f"/pay/{charge.pay_token}/")
    assert 'data-status="waiting"' in look(charge) and "data-pix-text" in look(charge)
    line = TimelineEntry.objects.get(charge=charge, code="new_code")
    assert line.actor is None


def test_an_expired_code_is_followed_by_another(charge: Charge, simulator: Simulator) -> None:
    press(charge, OURS)
    charge.refresh_from_db()
    first = charge.pix_text
    assert first and "code/" not in look(charge)
    simulator.control("POST", "clock", {"advance_seconds": 31 * 24 * 3600})
    page = look(charge)
    assert "The code has expired. Get a new one." in page and first not in page
    press(charge, OURS)
    charge.refresh_from_db()
    assert charge.pix_text and charge.pix_text != first and charge.pix_text in look(charge)
    made = simulator.control("GET", f"books?reference={charge.reference}")["payments"]
    assert sorted(payment["status"] for payment in made) == ["cancelled", "pending"]


@pytest.mark.parametrize("headers", REFUSED)
def test_refuses_a_press_from_elsewhere(
    charge: Charge, simulator: Simulator, headers: dict[str, str]
) -> None:
    answer = press(charge, headers)
    assert answer.status_code == 403
    assert "Open the link you received and press the button there." in answer.content.decode()
    assert answer["Cache-Control"] == "no-store" and answer["Referrer-Policy"] == "no-referrer"
    assert not simulator.control("GET", "books")["payments"] and not charge.timeline.exists()


def test_looking_makes_no_code(charge: Charge, simulator: Simulator) -> None:
    assert Client().get(f"/pay/{charge.pay_token}/code/", headers=OURS).status_code == 405
    look(charge)
    assert not simulator.control("GET", "books")["payments"]


def test_many_presses_make_one_code(charge: Charge, simulator: Simulator) -> None:
    for _press in range(4):
        assert press(charge, OURS).status_code == 303
    assert len(simulator.control("GET", "books")["payments"]) == 1


def test_only_the_page_with_the_form_tells_us_where_we_came_from(charge: Charge) -> None:
    address = f"/pay/{charge.pay_token}/"
    assert Client().get(address)["Referrer-Policy"] == "same-origin"
    press(charge, OURS)
    assert Client().get(address)["Referrer-Policy"] == "no-referrer"


def test_a_refusal_is_said_and_may_be_tried_again(charge: Charge, simulator: Simulator) -> None:
    account = simulator.control("GET", "accounts")["accounts"][0]["id"]
    simulator.control("POST", f"accounts/{account}", {"has_pix_key": False})
    press(charge, OURS)
    page = look(charge)
    assert "data-not-renewed" in page and 'data-status="renewable"' in page
    simulator.control("POST", f"accounts/{account}", {"has_pix_key": True})
    press(charge, OURS)
    assert "data-pix-text" in look(charge) and "data-not-renewed" not in look(charge)


def test_operator_makes_the_code_and_sees_it(operator: Client, charge: Charge) -> None:
    english = {"accept-language": "en"}
    page = unescape(operator.get(charge.get_absolute_url(), headers=english).content.decode())
    assert 'data-code="first"' in page and f'data-pay-link="{charge.pay_url}"' in page
    assert "There is no PIX code yet." in page
    answer = operator.post(f"{charge.get_absolute_url()}new-code/", follow=True, headers=english)
    assert answer.redirect_chain == [(charge.get_absolute_url(), 302)]
    charge.refresh_from_db()
    page = unescape(answer.content.decode())
    assert charge.pix_text and charge.pix_text in page and "data-code=" not in page
    assert TimelineEntry.objects.get(charge=charge, code="new_code").actor is not None


def test_operator_reads_why_the_gateway_refused(
    operator: Client, charge: Charge, simulator: Simulator
) -> None:
    account = simulator.control("GET", "accounts")["accounts"][0]["id"]
    simulator.control("POST", f"accounts/{account}", {"has_pix_key": False})
    answer = operator.post(
        f"{charge.get_absolute_url()}new-code/", follow=True, headers={"accept-language": "en"}
    )
    page = unescape(answer.content.decode())
    charge.refresh_from_db()
    assert charge.failure and charge.failure in page and 'data-status="pending"' in page


def test_a_code_that_ran_out_is_told_apart_from_a_charge_that_did(
    operator: Client, charges: dict[str, Charge]
) -> None:
    english = {"accept-language": "en"}
    page = operator.get(charges["expired"].get_absolute_url(), headers=english).content.decode()
    assert 'data-code="new"' in page and sample.PIX_TEXT not in page and "/new-code/" in page
    Charge.objects.filter(pk=charges["card"].pk).update(status="expired")
    page = operator.get(charges["card"].get_absolute_url(), headers=english).content.decode()
    assert "data-expired" in page and "/new-code/" not in page and "data-pay-link" not in page
