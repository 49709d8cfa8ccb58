"""Calls to Mercado Pago: answers below 400, and the error that belongs to everything else."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from connections.gateways.answers import Answer
from connections.gateways.base import Access
from connections.gateways.errors import CredentialsRefused, NotFound
from connections.gateways.http import GatewaySession
from connections.gateways.mercadopago import refusals
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import text

_HOST = "https://api.mercadopago.com"


class MercadoPagoApi:
    def __init__(self, access: Access) -> None:
        token = access.credentials.get("access_token", "")
        base_url = f"{access.simulator_url}/mercadopago" if access.simulator_url else _HOST
        self._session = GatewaySession(access, base_url=base_url, auth={"Authorization": f"Bearer {token}"})

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: str = "",
        key: str = "",
    ) -> Answer:
        headers = {"X-Idempotency-Key": key} if key else {}
        answer = self._session.call(method, path, query=query, body=body, headers=headers)
        if answer.status >= 400:
            raise refusals.to_error(answer)
        return answer

    def ask_for(self, method: str, path: str, *, gateway_id: str, body: str = "") -> Answer:
        """One thing under its id. Somebody else's answers 403, which here is as good as 404 (1.6)."""
        try:
            answer = self.ask(method, f"{path}/{quoted(gateway_id)}", body=body)
        except CredentialsRefused as error:
            if error.http_status == 403 and error.code == refusals.NOT_THE_OWNER:
                raise NotFound(error.text, code=error.code, http_status=403) from error
            raise
        if required_id(answer) != gateway_id:
            raise answer.unreadable()
        return answer


def quoted(gateway_id: str) -> str:
    """An id for a path; an empty one would ask for something else."""
    if not gateway_id:
        raise NotFound(_("Mercado Pago does not know this id."))
    return quote(gateway_id, safe="")


def required_id(answer: Answer) -> str:
    """The id of what was created or read; without one the answer is not what the document promises."""
    found = text(answer.record().get("id"), 100)
    if not found:
        raise answer.unreadable()
    return found
