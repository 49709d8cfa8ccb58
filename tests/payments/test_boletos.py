"""A boleto from the form to the customer's page, on both gateways of a real simulator."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils.translation import gettext as _

from connections.gateways.base import Address, Boleto, Method
from payments import boletos, presentation
from payments.models import Charge, ChargeStatus, Customer, ReviewReason
from payments.public.look import _BOLETO_OVER, look
from payments.services import checking
from payments.services.answers import take_boleto
from payments.services.customers import details_of, save_customer
from tests.payments.simulated import DOCUMENT, World

# 47 digits over R$ 100.00, and the bars that say the same.
LINE = "23793381286008200000506000063307789840000010000"
BARS = "23797898400000100003381260082000000600006330"
HOME = Address(
    zip_code="01310100",
    street="Av. Paulista",
    number="1000",
    district="Bela Vista",
    city="São Paulo",
    state="SP",
)
pytestmark = pytest.mark.django_db(transaction=True)


def customer() -> Customer:
    return save_customer(
        name="Ana Souza", document_type="CPF", document=DOCUMENT, email="ana@example.com", address=HOME
    )


def test_line_is_written_in_the_groups_of_paper() -> None:
    assert boletos.grouped(LINE) == "23793.38128 60082.000005 06000.063307 7 89840000010000"


def test_what_is_no_line_stays_as_it_is() -> None:
    assert boletos.grouped("8367 0000") == "8367 0000"


def test_bars_are_two_of_five() -> None:
    """Two digits are five bars and the five gaps between them; start and stop are seven elements more."""
    drawn = boletos.bars_svg(BARS)
    bars = re.findall(r"M(\d+) 0h(\d)v\d+h-\d+z", drawn.split('fill="#000"')[1])
    assert len(bars) == 5 * len(BARS) // 2 + 4
    wide = [width for _position, width in bars if width == "3"]
    assert len(wide) == 2 * len(BARS) // 2 + 1
    assert "style" not in drawn and "<script" not in drawn


@pytest.mark.parametrize(("asked", "fits"), [(10_000, True), (10_001, False)])
def test_sum_in_the_bars_decides(asked: int, fits: bool) -> None:
    assert boletos.fits(LINE, BARS, asked=(asked,)) is fits


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_boleto_is_made_shown_and_paid(world: World, key: str) -> None:
    charge = world.charge(key, Method.BOLETO, customer=customer())
    charge = world.work(charge)
    assert charge.status == ChargeStatus.PENDING
    shown = look(charge)
    assert shown.boleto and shown.boleto.digits == charge.boleto_line and not shown.checkout_link
    assert boletos.amount_cents(charge.boleto_barcode) == charge.amount_cents
    sent = presentation.sending(charge, code="")
    assert sent and sent.boleto and sent.boleto.line.count(" ") == 4
    world.control("pay", reference=charge.reference)
    settle(world, charge)
    assert charge.status == ChargeStatus.PAID and charge.received_cents == charge.amount_cents
    assert presentation.sending(charge, code="") is None


def settle(world: World, charge: Charge) -> None:
    """Days pass until the bank has told the gateway, and our own checks ask."""
    for _day in range(8):
        world.move(days=1)
        checking.sweep()
        charge.refresh_from_db()
        if charge.status == ChargeStatus.PAID:
            return


def test_boleto_of_mercado_pago_dies_with_its_due_date(world: World) -> None:
    charge = world.work(world.charge("mercadopago", Method.BOLETO, customer=customer()))
    world.move(days=4)
    checking.turn_overdue()
    charge.refresh_from_db()
    shown = look(charge)
    assert (shown.shape, shown.boleto) == ("closed", None)
    assert shown.sentence == _(_BOLETO_OVER)
    assert presentation.sending(charge, code="") is None


def test_boleto_of_asaas_is_paid_late_too(world: World) -> None:
    charge = world.work(world.charge("asaas", Method.BOLETO, customer=customer()))
    world.move(days=4)
    Charge.objects.filter(pk=charge.pk).update(status=ChargeStatus.OVERDUE)
    charge.refresh_from_db()
    shown = look(charge)
    assert (shown.shape, shown.tone) == ("waiting", "overdue") and shown.boleto


def test_another_amount_in_the_bars_is_for_a_person(world: World) -> None:
    charge = world.charge("asaas", Method.PIX)
    take_boleto(charge, Boleto(line=LINE, barcode=BARS.replace("0000010000", "0000009999", 1)))
    charge.refresh_from_db()
    assert (charge.review_reason, charge.boleto_line) == (ReviewReason.PIX_CODE, "")


def test_new_due_date_at_the_gateway_brings_its_new_line(world: World) -> None:
    charge = world.work(world.charge("asaas", Method.BOLETO, customer=customer()))
    before = charge.boleto_line
    later = charge.due_date + timedelta(days=10)
    world.control("edit", reference=charge.reference, due_date=later.isoformat())
    Charge.objects.filter(pk=charge.pk).update(check_due_at=charge.created_at)
    checking.check_due()
    charge = world.work(charge)
    assert charge.due_date == later
    assert charge.boleto_line and charge.boleto_line != before


def test_contact_details_that_are_left_out_stay() -> None:
    customer()
    again = save_customer(name="Ana Maria Souza", document_type="CPF", document=DOCUMENT)
    assert details_of(again).address == HOME and again.email == "ana@example.com"
