"""Events made by hand, and how one is verified (asaas.md 5.2 and 5.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connections.gateways.asaas.mapping import ZONE
from connections.gateways.asaas.notifications import EVENTS, TOKEN_HEADER
from connections.gateways.base import Rejection, Sample, SampleCalls, Secrets, Step
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import decode_json, record, text

# What tells of a payment or a subscription; those about keys would only have ours looked at.
_ENTITIES = {"PAYMENT_": "payment", "SUBSCRIPTION_": "subscription"}
_HEADER = _("Header asaas-access-token")
_COMPARED = _("Compared with our token")
_NO_TIME = Step(
    title=_("Age"),
    found=_("Asaas signs no time and no content: that is why only what it answers when asked is believed"),
)
_REFUSED = {
    Rejection.MISSING_TOKEN: (Step(title=_HEADER, found=_("missing"), is_good=False),),
    Rejection.WRONG_TOKEN: (
        Step(title=_HEADER, found=_("there"), is_good=True),
        Step(title=_COMPARED, found=_("it is none of those we accept"), is_good=False),
    ),
    Rejection.NO_SECRET: (Step(title=_COMPARED, found=_("no token is stored here"), is_good=False),),
}


class Samples(SampleCalls):
    sample_topics: Sequence[str] = tuple(event for event in EVENTS if event.startswith(tuple(_ENTITIES)))
    sample_id = "pay_0000000000000000"
    signing_headers: Sequence[str] = (TOKEN_HEADER,)

    @classmethod
    def compose(cls, topic: str, gateway_id: str, *, secret: str, now: datetime, mark: str) -> Sample:
        """Without a status, amount or payer in the object: none of it would be believed."""
        entity = next(name for beginning, name in _ENTITIES.items() if topic.startswith(beginning))
        body = {
            "id": f"evt_simulated&{mark}",
            "event": topic,
            "dateCreated": now.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            entity: {"object": entity, "id": gateway_id},
        }
        return Sample(query={}, body=encode(body), headers={}, signed=Secrets({TOKEN_HEADER: secret}))

    @classmethod
    def explain(
        cls,
        headers: Mapping[str, str],
        query: str,
        *,
        rejection: Rejection | None,
        received_at: datetime,
        tolerance_seconds: int | None = None,
    ) -> Sequence[Step]:
        if rejection:
            return _REFUSED.get(rejection, ())
        return (
            Step(title=_HEADER, found=_("there; it is never kept"), is_good=True),
            Step(title=_COMPARED, found=_("it is {secret}"), is_good=True),
            _NO_TIME,
        )

    @classmethod
    def notification_id(cls, body: bytes) -> str:
        try:
            return text(record(decode_json(body)).get("id"), 200)
        except ValueError:
            return ""
