"""Every declared way of paying and giving back, from the staff form by notifications to the final status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from lib import check

from connections.gateways.base import Capabilities, Method
from connections.gateways.registry import REGISTRY, gateway_class
from tests.capabilities import proves
from tests.flows.running import Running
from tests.flows.test_boleto import ADDRESS
from tests.flows.test_refunds import give_back, refunds, stored

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
PART = 300
# Of both gateways one way each goes with every run, the others with the full one.
_ALWAYS = {("asaas", Method.CARD), ("mercadopago", Method.BOLETO)}
BANK = {"document": "52998224725", "bank": "001", "branch": "1", "account": "2-3"}


def _capabilities(key: str) -> Capabilities:
    return gateway_class(key).capabilities


def ways() -> Iterator[Any]:
    """One journey for each way of paying that an adapter declares, with the cells it proves."""
    for registration in REGISTRY.values():
        key = registration.name
        can = _capabilities(key)
        for method in sorted(can.methods):
            marks = [proves(key, f"pay.{method}")]
            for cell, declared in (
                ("refund", can.refunds),
                ("partial_refund", can.partial_refunds),
                ("payer_refund", can.payer_refunds),
            ):
                marks += [proves(key, f"{cell}.{method}")] if method in declared else []
            marks += [] if (key, method) in _ALWAYS else [pytest.mark.full]
            yield pytest.param(key, method, id=f"{key}-{method}", marks=marks)


def pay(running: Running, reference: str, method: Method) -> None:
    running.control("pay_card" if method == Method.CARD else "pay", reference=reference)
    running.wait_until(
        lambda: (
            running.status(reference) == "paid" or not running.control("clock", advance_seconds=6 * 60 * 60)
        ),
        f"{reference} is paid",
    )


def give_back_with_the_payer(running: Running, reference: str, cents: int) -> None:
    """Once the money is there, the payer says on the gateway's page where it shall go, and it is sent."""
    settled = f"Charge.objects.get(reference={reference!r}).settled_at"
    running.wait_until(
        lambda: running.evaluate(settled) or not running.control("clock", advance_seconds=6 * 60 * 60),
        f"the money of {reference} is there",
    )
    give_back(running, reference, cents)
    link = f"Refund.objects.get(charge__reference={reference!r}).payer_link"
    running.wait_until(lambda: bool(running.evaluate(link)), "the payer is asked where the money shall go")
    assert requests.post(running.evaluate(link), data=BANK, timeout=60).ok
    running.control("refund_step", reference=reference, outcome="done")


@pytest.mark.parametrize(("key", "method"), list(ways()))
def test_is_paid_and_given_back(
    running: Running, monkeypatch: pytest.MonkeyPatch, key: str, method: Method
) -> None:
    monkeypatch.setattr(check, "CUSTOMER", {**check.CUSTOMER, **ADDRESS})
    account = running.shop(key).account["id"]
    running.control(f"accounts/{account}", opening_balance=10_000)
    reference = running.charge(key, method.value)
    pay(running, reference, method)
    amount, received, review = stored(running, reference, "amount_cents", "received_cents", "review_reason")
    assert (received, review) == (amount, "")
    can, left = _capabilities(key), received
    if method in can.partial_refunds:
        give_back(running, reference, PART)
        running.wait_for_status(reference, "partially_refunded")
        left -= PART
    if method in can.payer_refunds:
        give_back_with_the_payer(running, reference, left)
    elif method in can.refunds:
        give_back(running, reference, left)
    else:
        return
    running.wait_for_status(reference, "refunded")
    assert stored(running, reference, "refunded_cents", "review_reason") == [received, ""]
    assert sum(cents for state, cents, _ours in refunds(running, reference) if state == "done") == received
