"""Short words for the tests of this adapter, over a mocked transport."""

from __future__ import annotations

import json
from typing import Any

from connections.gateways.asaas.client import AsaasGateway
from tests.gateways import sample

BASE = "https://api-sandbox.asaas.com/v3"
URL = "https://pay.example.com/webhooks/7f3c/"


def gateway(**changes: Any) -> AsaasGateway:
    return AsaasGateway(sample.access("asaas", **changes))


def add(mocked: Any, method: str, path: str, content: Any = None, **options: Any) -> Any:
    """One answer; a name means a body of the folder, anything else is the JSON itself."""
    text = sample.raw("asaas", content).decode() if isinstance(content, str) else sample.dump(content)
    return mocked.add(method, BASE + path, body=b"" if content is None else text, **options)


def listed(*items: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"object": "list", "hasMore": more, "totalCount": len(items), "data": list(items)}


def error(code: str, description: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "description": description}]}


def sent(mocked: Any, index: int = -1) -> Any:
    return json.loads(mocked.calls[index].request.body)
