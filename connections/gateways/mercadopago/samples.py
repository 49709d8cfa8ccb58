"""Notifications made by hand, and how one is verified (mercadopago.md 6.2 and 6.4)."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from connections.gateways.base import Rejection, Sample, SampleCalls, Secrets, Step
from connections.gateways.mercadopago.notifications import PANEL_TEST_ID, read_signature, signed_seconds
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, decode_json, record, text

# The topic and the action that the word stands for.
_TOPICS = {
    "payment.updated": ("payment", "payment.updated"),
    "payment.created": ("payment", "payment.created"),
    "subscription_preapproval": ("subscription_preapproval", "updated"),
    "subscription_preapproval_plan": ("subscription_preapproval_plan", "updated"),
    "subscription_authorized_payment": ("subscription_authorized_payment", "updated"),
    "topic_chargebacks_wh": ("topic_chargebacks_wh", "created"),
    "topic_claims_integration_wh": ("topic_claims_integration_wh", "created"),
    "stop_delivery_op_wh": ("stop_delivery_op_wh", "Created"),
}
_SUBSCRIPTIONS = "subscription_"
_FRAUD_ALERT = "stop_delivery_op_wh"
_SHOWN = 8
_SIGNATURE, _MANIFEST = _("Header x-signature"), _("What is signed")
_COMPARED, _AGE = _("Compared with our secrets"), _("Age of the signature")
_FAULTS = {
    Rejection.MISSING_SIGNATURE: _("missing"),
    Rejection.MALFORMED_SIGNATURE: _("cannot be read"),
    Rejection.MISSING_TIMESTAMP: _("has no time (ts)"),
    Rejection.MISSING_HASH: _("has no hash (v1)"),
    Rejection.UNSIGNED_IPN: _("nothing signs an IPN"),
}


class Samples(SampleCalls):
    sample_topics: Sequence[str] = tuple(_TOPICS)
    sample_id = PANEL_TEST_ID
    signing_headers: Sequence[str] = ("x-signature",)

    @classmethod
    def compose(cls, topic: str, gateway_id: str, *, secret: str, now: datetime, mark: str) -> Sample:
        name, action = _TOPICS[topic]
        ts, request_id = str(int(now.timestamp())), str(uuid.uuid4())
        manifest = f"id:{gateway_id};request-id:{request_id};ts:{ts};"
        v1 = hmac.new(secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
        return Sample(
            query={"data.id": gateway_id, "type": name},
            body=encode(_body(name, action, gateway_id, now=now, mark=mark)),
            headers={"x-request-id": request_id},
            signed=Secrets({"x-signature": f"ts={ts},v1={v1}"}),
        )

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
        if rejection is Rejection.NO_SECRET:
            return (Step(title=_COMPARED, found=_("no secret is stored here"), is_good=False),)
        if rejection in _FAULTS:
            return (Step(title=_SIGNATURE, found=_FAULTS[rejection], is_good=False),)
        signature = read_signature(headers.get("x-signature", ""))
        shown = {"ts": signature.ts, "v1": signature.v1[:_SHOWN]}
        fits = rejection is not Rejection.SIGNATURE_MISMATCH
        steps = [
            Step(title=_SIGNATURE, found=_("time {ts}, hash {v1}…"), values=shown, is_good=True),
            Step(title=_MANIFEST, found="{manifest}", values={"manifest": _manifest(headers, query)}),
            Step(
                title=_COMPARED,
                found=_("it fits {secret}") if fits else _("it fits none of them"),
                is_good=fits,
            ),
        ]
        return [*steps, _age(signature.ts, received_at, tolerance_seconds)] if fits else steps

    @classmethod
    def notification_id(cls, body: bytes) -> str:
        try:
            return text(record(decode_json(body)).get("id"), 200)
        except ValueError:
            return ""


def _body(name: str, action: str, gateway_id: str, *, now: datetime, mark: str) -> Record:
    """The two families of bodies differ (6.2); neither decides anything."""
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    data = {"id": gateway_id}
    if name == _FRAUD_ALERT:
        data["payment_id"] = gateway_id
    if name.startswith(_SUBSCRIPTIONS):
        entity = name.removeprefix(_SUBSCRIPTIONS)
        return {
            "action": action,
            "data": data,
            "date": moment,
            "entity": entity,
            "id": f"simulated-{mark}",
            "type": name,
        }
    return {
        "action": action,
        "api_version": "v1",
        "data": data,
        "date_created": moment,
        "id": f"simulated-{mark}",
        "type": name,
    }


def _manifest(headers: Mapping[str, str], query: str) -> str:
    """As received; an absent value vanishes with its label (6.4)."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    values = (
        ("id", (given.get("data.id") or given.get("data_id") or "").strip()),
        ("request-id", headers.get("x-request-id", "").strip()),
        ("ts", read_signature(headers.get("x-signature", "")).ts),
    )
    return "".join(f"{label}:{value};" for label, value in values if value)


def _age(ts: str, received_at: datetime, tolerance_seconds: int | None) -> Step:
    """The time of each attempt, as retries are signed anew (6.5)."""
    if not ts.isdigit():
        return Step(title=_AGE, found=_("not known"))
    seconds = round(received_at.timestamp() - signed_seconds(ts))
    values = {"seconds": str(abs(seconds)), "most": str(tolerance_seconds or 0)}
    is_late = bool(tolerance_seconds and abs(seconds) > tolerance_seconds)
    if tolerance_seconds:
        found = _("{seconds} s apart from our clock; at most {most} s are taken")
    else:
        found = _("{seconds} s apart from our clock; any age is taken")
    return Step(title=_AGE, found=found, values=values, is_good=not is_late)
