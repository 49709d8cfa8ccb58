"""Chargebacks and claims at Mercado Pago (mercadopago.md 5.1 and 5.2). Neither names a page in the panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from connections.gateways.answers import Answer
from connections.gateways.base import (
    DisputeKind,
    DisputeState,
    GatewayDispute,
    GatewayPayment,
    PaymentStatus,
    RefundState,
)
from connections.gateways.errors import CredentialsRefused, NotFound, RequestRefused
from connections.gateways.mercadopago import lookups, mapping, searching
from connections.gateways.mercadopago.api import MercadoPagoApi
from connections.gateways.money import to_cents
from connections.gateways.values import Record, instant, records, text

_CHARGEBACKS = "/v1/chargebacks"
_CLAIMS = "/post-purchase/v1/claims"

# By ``documentation_status``, while nobody decided. What was handed in is judged before the case is.
_DOCUMENTS = {
    "pending": DisputeState.DOCUMENTS,
    "review_pending": DisputeState.REVIEW,
    "valid": DisputeState.REVIEW,
    "invalid": DisputeState.REVIEW,
    "not_supplied": DisputeState.OPEN,
    "not_applicable": DisputeState.OPEN,
}
# The only word of the other shape that anybody has shown (5.1).
_SIMPLE = {"in_review": DisputeState.REVIEW}
_DECIDED = (DisputeState.WON, DisputeState.LOST)
_WITHOUT_MONEY = ("pending", "in_process", "authorized", "rejected", "cancelled")
_KEPT = (PaymentStatus.PAID,)
_GONE = (
    PaymentStatus.REFUNDED,
    PaymentStatus.CHARGED_BACK,
    PaymentStatus.CANCELLED,
    PaymentStatus.EXPIRED,
    PaymentStatus.FAILED,
)


def fetch(api: MercadoPagoApi, kind: DisputeKind, gateway_id: str) -> GatewayDispute:
    if kind is DisputeKind.CHARGEBACK:
        return to_chargeback(_read(api, _CHARGEBACKS, gateway_id))
    return _claim(api, _read(api, _CLAIMS, gateway_id))


def find(api: MercadoPagoApi, payment_id: str) -> list[GatewayDispute]:
    """Of both kinds, each read by its id."""
    if not payment_id:
        return []
    found = [*_chargebacks_about(api, payment_id), *_claims_about(api, payment_id)]
    return sorted(found, key=lambda one: one.opened_at or datetime.max.replace(tzinfo=UTC))


def to_chargeback(raw: Record) -> GatewayDispute:
    """Either shape: that of the reference, or the simpler one of the SDKs' samples (5.1).

    ``coverage_applied``: true, the seller keeps the money; false, it is gone; null, nobody decided.
    """
    state = _chargeback_state(raw)
    word = text(raw.get("documentation_status"), 60) or text(raw.get("status"), 60)
    verdict = {DisputeState.WON: "covered", DisputeState.LOST: "not_covered"}.get(state) if state else ""
    changed = _time(raw, "date_last_updated") or _time(raw, "last_modified")
    return GatewayDispute(
        kind=DisputeKind.CHARGEBACK,
        gateway_id=text(raw.get("id"), 100),
        payment_ids=_payments_of_chargeback(raw),
        state=state,
        gateway_status="/".join(filter(None, (word, verdict))),
        amount_cents=to_cents(raw.get("amount")),
        currency=text(raw.get("currency") or raw.get("currency_id"), 8),
        reason=text(raw.get("reason") or raw.get("reason_id"), 200),
        opened_at=_time(raw, "date_created"),
        deadline=_time(raw, "date_documentation_deadline"),
        closed_at=changed if state in _DECIDED else None,
        version=changed,
    )


def to_claim(
    raw: Record, *, payment_ids: tuple[str, ...], payments: Sequence[GatewayPayment] = ()
) -> GatewayDispute:
    """Of what ``payments`` a claim is about: who won a closed one only their money tells.

    While that is still held the claim counts as open, its outcome is not carried out. Where they tell
    different ends, each is to be asked by itself, and the state is not known here.
    """
    changed, opened = _time(raw, "last_updated"), _time(raw, "date_created")
    word = text(raw.get("status"), 30)
    ends = {_end_of(payment, opened) for payment in payments} or {(DisputeState.OPEN, None)}
    end, given_back = next(iter(ends)) if len(ends) == 1 else (None, None)
    state = {"opened": DisputeState.OPEN, "closed": end}.get(word)
    return GatewayDispute(
        kind=DisputeKind.CLAIM,
        gateway_id=text(raw.get("id"), 100),
        payment_ids=payment_ids,
        state=state,
        gateway_status="/".join(filter(None, (text(raw.get("type"), 24), text(raw.get("stage"), 24), word))),
        amount_cents=given_back if state is DisputeState.LOST else None,
        reason=text(raw.get("reason_id"), 200),
        opened_at=opened,
        closed_at=changed if state in _DECIDED else None,
        version=changed,
    )


def _chargeback_state(raw: Record) -> DisputeState | None:
    covered = raw.get("coverage_applied")
    if isinstance(covered, bool):
        return DisputeState.WON if covered else DisputeState.LOST
    word = text(raw.get("documentation_status"), 60)
    if not word and "documentation_required" not in raw:
        return _SIMPLE.get(text(raw.get("status"), 60))
    if raw.get("documentation_required") is True and not word:
        return DisputeState.DOCUMENTS
    if raw.get("documentation_required") is not True and word in ("", "pending"):
        return DisputeState.OPEN
    return _DOCUMENTS.get(word)


def _end_of(payment: GatewayPayment, opened: datetime | None) -> tuple[DisputeState, int | None]:
    """How a closed claim ended for a payment, and what went back to the payer since it was opened."""
    since = [one for one in payment.refunds if opened and one.created_at and one.created_at >= opened]
    given_back = sum(one.amount_cents for one in since if one.state is not RefundState.DENIED)
    if payment.status in _GONE or (given_back and payment.status in _KEPT):
        return DisputeState.LOST, given_back or None
    return (DisputeState.WON if payment.status in _KEPT else DisputeState.OPEN), None


def _payments_of_chargeback(raw: Record) -> tuple[str, ...]:
    listed = raw.get("payments")
    named = listed if isinstance(listed, list) else [raw.get("payment_id")]
    ids = (text(item.get("id") if isinstance(item, dict) else item, 100) for item in named)
    return tuple(dict.fromkeys(filter(None, ids)))


def _chargebacks_about(api: MercadoPagoApi, payment_id: str) -> Iterator[GatewayDispute]:
    for row in _listed(api, f"{_CHARGEBACKS}/search", {"payment_id": payment_id}):
        if _payments_of_chargeback(row) and payment_id not in _payments_of_chargeback(row):
            continue
        found = to_chargeback(_fresh(api, _CHARGEBACKS, row))
        if payment_id in found.payment_ids:
            yield found


def _claims_about(api: MercadoPagoApi, payment_id: str) -> Iterator[GatewayDispute]:
    """A claim is about a payment, or about the order the payment belongs to."""
    for named in filter(None, (payment_id, _order_of(api, payment_id))):
        for row in _listed(api, f"{_CLAIMS}/search", {"resource_id": named}):
            if text(row.get("resource_id"), 100) not in ("", named):
                continue
            raw = _fresh(api, _CLAIMS, row)
            if text(raw.get("resource_id"), 100) == named:
                yield _claim(api, raw, about=payment_id)


def _claim(api: MercadoPagoApi, raw: Record, *, about: str = "") -> GatewayDispute:
    """``about``: the payment it was found by; its order may name others too, or none."""
    payment_ids = _payments_of_claim(api, raw) or ((about,) if about else ())
    asked = ((about,) if about else payment_ids) if text(raw.get("status")) == "closed" else ()
    payments = [found for name in asked if (found := _payment(api, name))]
    return to_claim(raw, payment_ids=payment_ids, payments=payments)


def _payments_of_claim(api: MercadoPagoApi, raw: Record) -> tuple[str, ...]:
    """Of an order those that brought money: a refused attempt is contested by nobody."""
    named = text(raw.get("resource_id"), 100)
    if not named or text(raw.get("resource")) != "order":
        return (named,) if named else ()
    try:
        order = lookups.read_order(api, named)
    except NotFound:
        return ()
    listed = records(order.get("payments"))
    paid = [raw for raw in listed if text(raw.get("status")) not in _WITHOUT_MONEY]
    return lookups.payment_ids({"payments": paid})


def _payment(api: MercadoPagoApi, payment_id: str) -> GatewayPayment | None:
    try:
        return mapping.to_payment(lookups.read_payment(api, payment_id))
    except NotFound:
        return None


def _order_of(api: MercadoPagoApi, payment_id: str) -> str:
    found = _payment(api, payment_id)
    return found.order_id if found else ""


def _read(api: MercadoPagoApi, path: str, gateway_id: str) -> Record:
    return _unless_refused(lambda: api.ask_for("GET", path, gateway_id=gateway_id)).record()


def _fresh(api: MercadoPagoApi, path: str, row: Record) -> Record:
    try:
        return _read(api, path, text(row.get("id"), 100))
    except NotFound:
        return row


def _listed(api: MercadoPagoApi, path: str, query: dict[str, str]) -> list[Record]:
    """None where the account has no such product: that is nothing against its payments."""
    try:
        return list(searching.every(api, path, query))
    except (NotFound, RequestRefused):
        return []
    except CredentialsRefused as error:
        if error.http_status != 403:
            raise
        return []


def _unless_refused(ask: Callable[[], Answer]) -> Answer:
    """What the account may not see is not there; a key that is not taken is another matter (1.6)."""
    try:
        return ask()
    except RequestRefused as error:
        raise NotFound(error.text, code=error.code, http_status=error.http_status) from error
    except CredentialsRefused as error:
        if error.http_status != 403:
            raise
        raise NotFound(error.text, code=error.code, http_status=403) from error


def _time(raw: Record, key: str) -> datetime | None:
    return instant(raw.get(key), UTC)
