"""Calls to Asaas: answers below 400, whole lists, and the error that belongs to everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from connections.gateways.answers import Answer
from connections.gateways.asaas import refusals
from connections.gateways.base import Access, Environment
from connections.gateways.errors import CredentialsRefused, NotFound
from connections.gateways.http import GatewaySession
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, record, records, text

_HOSTS = {
    Environment.PRODUCTION: "https://api.asaas.com/v3",
    Environment.SANDBOX: "https://api-sandbox.asaas.com/v3",
}
_PAGE = 100
_MOST_PAGES = 10


class AsaasApi:
    def __init__(self, access: Access) -> None:
        base_url = _HOSTS[access.environment]
        if access.simulator_url:
            base_url = f"{access.simulator_url}/asaas/{access.environment}/v3"
        auth = {"access_token": access.credentials.get("api_key", "")}
        self._session = GatewaySession(access, base_url=base_url, auth=auth)

    def ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: str = ""
    ) -> Answer:
        answer = self._session.call(method, path, query=query, body=body)
        if answer.status >= 400:
            raise refusals.to_error(answer)
        return answer

    def items(self, path: str, query: Mapping[str, str]) -> Iterator[Record]:
        """Every item of a list; gives up after 1,000, which no reference of ours comes near."""
        for page in range(_MOST_PAGES):
            paging = {"limit": str(_PAGE), "offset": str(page * _PAGE)}
            answer = self.ask("GET", path, query={**query, **paging}).record()
            yield from records(answer.get("data"))
            if answer.get("hasMore") is not True:
                return

    def read_allowed(self, path: str) -> Record:
        """An object, or an empty one when this key may not read it."""
        try:
            return record(self.ask("GET", path).data)
        except (CredentialsRefused, NotFound) as error:
            if error.http_status == 401:
                raise
            return {}


def quoted(gateway_id: str) -> str:
    """An id for a path; an empty one would ask for the whole list."""
    if not gateway_id:
        raise NotFound(_("Asaas does not know this id."))
    return quote(gateway_id, safe="")


def required_id(answer: Answer) -> str:
    """The id of what was created or read; without one the answer is not what the document promises."""
    found = text(answer.record().get("id"), 100)
    if not found:
        raise answer.unreadable()
    return found
