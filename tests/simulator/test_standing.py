"""What an account or a key may not do (yet), as the gateways tell it (docs/simulator.md)."""

from __future__ import annotations

import pytest

from tests.simulator.support import AsaasClient, MpClient


def test_asaas_tells_that_an_account_is_not_approved(asaas: AsaasClient) -> None:
    address = f"accounts/{asaas.account['id']}"
    asaas.simulator.control(address, account_status="AWAITING_APPROVAL")
    told = asaas.get("/myAccount/status/")
    assert (told["general"], told["documentation"]) == ("AWAITING_APPROVAL", "AWAITING_APPROVAL")
    with pytest.raises(AssertionError, match="account_status must be one of"):
        asaas.simulator.control(address, account_status="FINE")


def test_a_key_of_asaas_without_a_permission_is_answered_403(asaas: AsaasClient) -> None:
    asaas.simulator.control(f"accounts/{asaas.account['id']}", key_may_not=["webhooks"])
    refused = asaas.call("GET", "/webhooks")
    assert (refused.status_code, refused.content) == (403, b"")
    assert asaas.call("GET", "/finance/balance").status_code == 200


def test_mercado_pago_tells_how_its_account_stands_and_of_which_country_it_is(mp: MpClient) -> None:
    mp.simulator.control(f"accounts/{mp.account['id']}", site_status="deactive", shown_site="MEC")
    told = mp.call("GET", "/users/me").json()
    assert (told["status"]["site_status"], told["site_id"]) == ("deactive", "MEC")
