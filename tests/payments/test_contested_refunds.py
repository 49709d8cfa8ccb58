"""A form for giving money back that was opened before the money was contested, and is sent afterwards.

Against the real simulator, lost to the end: nothing is given back, whoever knows of the chargeback already.
"""

from __future__ import annotations

import pytest
from django.test import Client

from payments.models import Charge, Dispute, Refund
from tests.payments import refunds
from tests.payments.simulated import World
from tests.payments.test_refund_page import address, browser, form, read

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = pytest.mark.parametrize("key", ["asaas", "mercadopago"])
TO_THE_END = {"asaas": ["documents", "lost"], "mercadopago": ["ask_documents", "lost"]}


def opened(client: Client, charge: Charge) -> dict[str, str]:
    """What the page asked back then, filled in."""
    page = client.get(address(charge))
    assert 'value="100.00"' in read(page)
    return form(charge, amount="100,00", confirmed="1")


def send(client: Client, charge: Charge, sent: dict[str, str], *, status: int) -> str:
    answer = client.post(address(charge), sent, follow=True)
    assert answer.status_code == status
    return read(answer)


def state(charge: Charge) -> tuple[str, int, int, str]:
    charge.refresh_from_db()
    (dispute,) = Dispute.objects.filter(charge=charge)
    return charge.status, charge.received_cents, charge.refunded_cents, dispute.state


@BOTH
def test_contested_and_lost_nothing_is_given_back(world: World, key: str) -> None:
    charge, client = refunds.paid(world, key, **refunds.BY_CARD), browser()
    sent = opened(client, charge)
    world.control("chargeback", reference=charge.reference)
    refunds.fetched(charge, world)
    assert state(charge)[:3] == ("disputed", 10_000, 0)
    said = send(client, charge, sent, status=422)
    for step in TO_THE_END[key]:
        world.control("chargeback_step", reference=charge.reference, outcome=step)
    refunds.fetched(charge, world)
    assert state(charge) == ("charged_back", 10_000, 0, "lost")
    said_again = send(client, charge, sent, status=422)
    for page in (said, said_again):
        assert "The customer contests this payment at their bank" in page
    assert (refunds.calls(world), refunds.given(world, charge), Refund.objects.count()) == ([], [], 0)


@BOTH
def test_contested_and_nobody_told_us_the_gateway_refuses(world: World, key: str) -> None:
    charge, client = refunds.paid(world, key, **refunds.BY_CARD), browser()
    sent = opened(client, charge)
    world.control("chargeback", reference=charge.reference)
    page = send(client, charge, sent, status=200)
    assert 'data-refund="denied"' in page
    assert refunds.given(world, charge) == []
    refunds.fetched(charge, world)
    assert state(charge)[:3] == ("disputed", 10_000, 0)
