"""An account's charges from before it was connected, taken over through a running product."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]


@pytest.mark.parametrize("key", ["asaas", pytest.param("mercadopago", marks=pytest.mark.full)])
def test_charges_made_elsewhere_become_ours_and_are_followed(running: Running, key: str) -> None:
    shop = running.shop(key)
    account = shop.account["id"]
    who = {"name": "Bia Souza", "document": "15350946056"}
    for reference, is_paid in ((f"antes-{key}-1", True), (f"antes-{key}-2", False)):
        running.control("panel_payment", account=account, amount=77, reference=reference, paid=is_paid, **who)
    pk = urlsplit(shop.connection_page).path.strip("/").split("/")[-2]
    public_id = running.evaluate(f"Connection.objects.get(pk={pk}).public_id")
    day = running.evaluate(
        "__import__('config.clock', fromlist=['x']).today('America/Sao_Paulo').isoformat()"
    )
    admin = running.people.admin
    admin.fill_in(f"/imports/of/{public_id}/", "since", {"since": day})
    page = admin.url
    running.wait_until(lambda: admin.open(page).data["data-state"] == "done", "the import is done")
    found = f"Charge.objects.get(foreign_reference='antes-{key}-%s')"
    paid, waiting = (running.evaluate(f"{found % number}.reference") for number in (1, 2))
    assert running.status(paid) == "paid" and running.status(waiting) == "pending"
    assert running.evaluate(f"{found % 1}.customer.document") == who["document"]
    running.control("pay", reference=f"antes-{key}-2")
    if key == "mercadopago":  # tells of what another one made only where the panel names our address
        running.wait_until(
            lambda: running.evaluate(f"{found % 2}.check_due_at is not None"), "a look at it is planned"
        )
        running.control("clock", advance_seconds=2 * 60 * 60)
    running.wait_for_status(waiting, "paid")
