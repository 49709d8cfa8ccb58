"""Plans at Mercado Pago: ``preapproval_plan``, a link that many people may use (mercadopago.md 4.1)."""

from __future__ import annotations

from datetime import UTC, datetime

from connections.gateways.answers import Answer
from connections.gateways.base import GatewayPlan, PlanOrder
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.mercadopago import recurring, searching
from connections.gateways.mercadopago.api import MercadoPagoApi, required_id
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, instant, text

_PATH = "/preapproval_plan"
_ACTIVE = "active"
_CLOSING_BODY = encode({"status": "cancelled"})
_STILL_OPEN = _("Mercado Pago did not close the plan: close it in its panel.")


def create(api: MercadoPagoApi, order: PlanOrder) -> GatewayPlan:
    terms = recurring.terms_body(order.cycle, order.amount_cents, order.currency)
    if order.turns is not None:
        terms["repetitions"] = order.turns
    body = {
        "reason": order.description[:250] or order.reference,
        "external_reference": order.reference,
        "back_url": recurring.return_address(order.return_url, order.currency),
        "auto_recurring": terms,
    }
    try:
        answer = api.ask("POST", _PATH, body=encode(body))
    except RequestRefused as error:
        raise recurring.explained(error) from error
    required_id(answer)
    return to_plan(answer.record())


def fetch(api: MercadoPagoApi, gateway_id: str) -> GatewayPlan:
    return to_plan(_ask_for(api, "GET", gateway_id).record())


def find(api: MercadoPagoApi, reference: str) -> list[GatewayPlan]:
    """The search knows no reference (4.6): all of them, each that may be ours read by its id."""
    if not reference:
        return []
    rows = searching.every(api, f"{_PATH}/search", {})
    listed = [raw for raw in rows if text(raw.get("external_reference")) in ("", reference)]
    found = []
    for raw in sorted(listed, key=_created):
        try:
            plan = fetch(api, text(raw.get("id"), 100))
        except NotFound:
            continue
        if plan.reference == reference:
            found.append(plan)
    return found


def close(api: MercadoPagoApi, gateway_id: str) -> None:
    """A 200 may have dropped it (4.4), so it is read back; where that fails nobody knows."""
    try:
        _ask_for(api, "PUT", gateway_id, body=_CLOSING_BODY)
    except RequestRefused:
        if fetch(api, gateway_id).is_active:
            raise
        return
    try:
        is_open = fetch(api, gateway_id).is_active
    except GatewayUnavailable as error:
        error.maybe_sent = True
        raise
    if is_open:
        raise RequestRefused(advice=_STILL_OPEN)


def to_plan(raw: Record) -> GatewayPlan:
    terms = recurring.read(raw)
    word = text(raw.get("status"), 60)
    return GatewayPlan(
        gateway_id=text(raw.get("id"), 100),
        reference=text(raw.get("external_reference")),
        is_active=word == _ACTIVE,
        gateway_status=word,
        amount_cents=terms.amount_cents or 0,
        currency=terms.currency,
        cycle=terms.cycle,
        description=text(raw.get("reason")),
        link=text(raw.get("init_point")),
        turns=terms.turns,
        account_id=text(raw.get("collector_id"), 100),
    )


def _ask_for(api: MercadoPagoApi, method: str, gateway_id: str, body: str = "") -> Answer:
    return recurring.ask_for(api, method, _PATH, gateway_id=gateway_id, body=body)


def _created(raw: Record) -> datetime:
    return instant(raw.get("date_created"), UTC) or datetime.max.replace(tzinfo=UTC)
