"""Where the customer chooses, our own page has each way ready that the gateway lets us show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from config import clock
from connections.gateways.base import Method
from payments.models import Charge
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db(transaction=True)


def ways(charge: Charge) -> list[str]:
    page = Client().get(f"/pay/{charge.pay_token}/").content.decode()
    return [way for way in ("pix", "boleto", "page") if f'id="way-{way}"' in page]


@pytest.mark.once
def test_asaas_gives_code_boleto_and_page(world: World) -> None:
    charge = world.charge("asaas", Method.ANY)
    charge.refresh_from_db()
    assert charge.pix_text and charge.boleto_line and charge.boleto_url and charge.link
    assert charge.creation_due_at is None and not charge.review_reason
    assert ways(charge) == ["pix", "boleto", "page"]


@pytest.mark.once
def test_mercado_pago_has_its_page_alone(world: World) -> None:
    charge = world.charge("mercadopago", Method.ANY)
    charge.refresh_from_db()
    assert (charge.pix_text, charge.boleto_line) == ("", "") and charge.creation_due_at is None
    assert ways(charge) == ["page"]


@pytest.mark.once
def test_what_is_missing_is_fetched_by_the_worker_and_nothing_twice(world: World) -> None:
    charge = world.charge("asaas", Method.ANY)
    code = charge.pix_text
    Charge.objects.filter(pk=charge.pk).update(boleto_line="", creation_due_at=clock.now())
    charge = world.work(charge)
    assert charge.boleto_line and charge.pix_text == code and charge.creation_due_at is None


@pytest.mark.once
def test_a_code_that_is_over_takes_the_other_ways_nothing(world: World) -> None:
    charge = world.charge("asaas", Method.ANY)
    Charge.objects.filter(pk=charge.pk).update(pix_expires_at=clock.now() - timedelta(minutes=1))
    charge.refresh_from_db()
    assert ways(charge) == ["boleto", "page"]
