"""Every way of collecting again and again that an adapter declares: agreed to, paid, changed and ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connections.gateways.registry import REGISTRY, gateway_class
from tests.capabilities import proves
from tests.flows.running import Running
from tests.flows.test_subscriptions import TOPICS, Followed, subscribe

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
# By which control the first turn is paid, where the payer does not do it by agreeing.
PAYS = {"boleto": "pay", "pix": "pay", "any": "pay", "card": "pay_card"}
QUICK = ("asaas", "boleto")


def ways() -> list[object]:
    """One journey for each, the quick one in every run."""
    found: list[object] = []
    for key in REGISTRY:
        rule = gateway_class(key).capabilities.subscriptions
        for method in sorted(rule.methods) if rule else []:
            marks = [proves(key, f"subscribe.{method}", "subscription.changes")]
            marks += [] if (key, method) == QUICK else [pytest.mark.full]
            found.append(pytest.param(key, method.value, marks=marks, id=f"{key}-{method}"))
    return found


@pytest.fixture(scope="module", autouse=True)
def told(running: Running) -> Iterator[None]:
    """Our address is in the panel, and everything about subscriptions is ticked there."""
    shop = running.shop("mercadopago")
    shop.test_webhook()
    panel = f"accounts/{shop.account['id']}"
    running.control(panel, panel_topics=TOPICS)
    yield
    running.control(panel, panel_topics=["payment"], panel_url=None)


def agree(running: Running, own: Followed, key: str, method: str) -> None:
    """The payer does what begins it; the first turn is paid."""
    if key == "mercadopago":
        running.control("subscribe", reference=own.reference)
        own.wait_for("active")
        running.control("clock", advance_seconds=3 * 24 * 60 * 60, play=True)
    else:
        running.control(PAYS[method], reference=own.reference)
    running.wait_until(lambda: "paid" in [row[1] for row in own.charges], "its first turn is paid")


@pytest.mark.parametrize(("key", "method"), ways())
def test_is_paid_made_dearer_paused_resumed_and_ended(running: Running, key: str, method: str) -> None:
    own = subscribe(running, key, method)
    agree(running, own, key, method)
    own.change("amount", amount_cents=5_990)
    own.change("pause")
    assert own.state == "paused"
    own.change("resume")
    assert own.state == "active"
    own.change("cancel")
    assert own.state == "cancelled"
    own.wait_for_mirror()
    (found,) = running.ask(f"books?reference={own.reference}")["subscriptions"]
    assert float(found.get("value") or found.get("amount")) == 59.9
    assert all(row[2] == "" for row in own.charges)
