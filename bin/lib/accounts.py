"""The demo's accounts at the simulated gateways, and how to connect them by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

SECONDS = 10


@dataclass(frozen=True)
class Kind:
    """One account a demo has, and what an administrator chooses for it."""

    key: str
    name: str
    environment: str
    switches: Mapping[str, Any]

    @property
    def gateway(self) -> str:
        return str(self.switches["gateway"])

    @property
    def is_asaas(self) -> bool:
        return self.gateway == "asaas"

    @property
    def is_hosted(self) -> bool:
        """The account may not create payments: its customers pay on the gateway's own page."""
        return not self.switches.get("direct_payments", True)


# Asaas keeps its fee: a whole refund of the only payment needs money from elsewhere.
REAIS_AT_START = 1000

KINDS = (
    Kind(
        "asaas",
        "Demo Asaas",
        "sandbox",
        {
            "gateway": "asaas",
            "environment": "sandbox",
            "has_pix_key": True,
            "opening_balance": REAIS_AT_START,
        },
    ),
    Kind(
        "mercadopago",
        "Demo Mercado Pago",
        "production",
        {
            "gateway": "mercadopago",
            "test_user": False,
            "token_prefix": "APP_USR",
            "site": "MLB",
            "direct_payments": True,
        },
    ),
    Kind(
        "checkout",
        "Demo Mercado Pago Checkout",
        "sandbox",
        {
            "gateway": "mercadopago",
            "test_user": True,
            "token_prefix": "APP_USR",
            "site": "MLB",
            "direct_payments": False,
        },
    ),
)


def control(simulator_url: str, method: str, path: str, **options: Any) -> Any:
    with requests.Session() as session:
        session.trust_env = False  # it runs on this machine: no proxy stands between
        answer = session.request(method, f"{simulator_url}/_control/{path}", timeout=SECONDS, **options)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def create(simulator_url: str, kind: Kind) -> dict[str, Any]:
    body = {**kind.switches, "name": kind.name}
    return dict(control(simulator_url, "POST", "accounts", json=body))


def ensure_all(simulator_url: str) -> list[tuple[Kind, dict[str, Any]]]:
    """The three accounts; those of an earlier run are used again."""
    answer = control(simulator_url, "GET", "accounts")
    known = {
        account["name"]: account for account in (answer["accounts"] if isinstance(answer, dict) else answer)
    }
    return [(kind, known.get(kind.name) or create(simulator_url, kind)) for kind in KINDS]


def credentials(kind: Kind, account: Mapping[str, Any]) -> dict[str, str]:
    """What to paste, by the name of the form's field."""
    if kind.is_asaas:
        return {"credential_api_key": account["api_key"]}
    return {
        "credential_access_token": account["access_token"],
        "webhook_secret_test": account["webhook_secret"],
        "webhook_secret_production": account["webhook_secret_production"],
    }


def drop_notifications(simulator_url: str) -> None:
    control(simulator_url, "POST", "faults", json={"name": "drop", "times": None})


def drop_nothing(simulator_url: str) -> None:
    control(simulator_url, "DELETE", "faults")


LABELS = {
    "credential_api_key": "API key",
    "credential_access_token": "Access Token",
    "webhook_secret_test": "webhook secret, test tab",
    "webhook_secret_production": "webhook secret, production tab",
}


def how_to_connect(url: str, kind: Kind, account: Mapping[str, Any]) -> list[str]:
    pasted = [f"     {LABELS[name]}: {value}" for name, value in credentials(kind, account).items()]
    gateway = "Asaas" if kind.is_asaas else "Mercado Pago"
    last = (
        "     3. It registers the webhook by itself and says: ready."
        if kind.is_asaas
        else "     3. It waits for the first notification; the first payment brings it."
    )
    return [
        f"  {kind.name} ({kind.environment})",
        *pasted,
        f"     1. As admin, at {url}/admin/connections/connection/add/",
        f"        choose {gateway} and {kind.environment}.",
        "     2. Paste the key above" + ("." if kind.is_asaas else " and both secrets.") + " Save.",
        last,
    ]
