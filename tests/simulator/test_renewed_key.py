"""A renewed key opens the same account, and the one before opens nothing (docs/simulator.md)."""

from __future__ import annotations

from tests.simulator.support import AsaasClient, MpClient


def test_a_renewed_key_takes_the_place_of_the_old_one(asaas: AsaasClient, mp: MpClient) -> None:
    for client, path, key in ((asaas, "/myAccount/status", "api_key"), (mp, "/users/me", "access_token")):
        known = client.call("GET", path).json()["id"]
        renewed = client.simulator.control(f"accounts/{client.account['id']}", renew_key=True)
        assert client.call("GET", path).status_code == 401
        client.account[key] = renewed[key]
        assert client.call("GET", path).json()["id"] == known
