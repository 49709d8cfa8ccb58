"""The customer finds an expired code, presses for another one, and pays that."""

from __future__ import annotations

import pytest
from lib.browser import Browser

from tests.capabilities import proves
from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]


@proves("mercadopago", "new_code")
def test_a_customer_gets_a_new_code_and_pays_it(running: Running) -> None:
    reference = running.charge("mercadopago")
    address = running.evaluate(f"Charge.objects.get(reference={reference!r}).pay_url")
    customer = Browser(running.stack.url)
    old = customer.open(address).data["data-pix-text"]
    running.control("expire", reference=reference)
    running.wait_for_status(reference, "expired")
    page = customer.open(address)
    assert "data-pix-text" not in page.data
    renewed = customer.send(next(form for form in page.forms if form.action.endswith("/code/")), {})
    assert renewed.data["data-status"] == "waiting"
    assert renewed.data["data-pix-text"] not in ("", old)
    running.control("pay", reference=reference)
    running.wait_for_status(reference, "paid")
    assert customer.open(address).data["data-status"] == "paid"
    states = [row["status"] for row in running.ask(f"books?reference={reference}")["payments"]]
    assert states == ["cancelled", "approved"]
