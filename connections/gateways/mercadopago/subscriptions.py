"""Subscriptions at Mercado Pago: ``preapproval`` (mercadopago.md 4.2 to 4.4 and 4.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from connections.gateways.answers import Answer
from connections.gateways.base import (
    CustomerDetails,
    GatewaySubscription,
    Method,
    PreparedCall,
    ResourceKind,
    SubscriptionChange,
    SubscriptionOrder,
    SubscriptionStatus,
)
from connections.gateways.errors import NotFound, RequestRefused
from connections.gateways.mercadopago import recurring, searching
from connections.gateways.mercadopago.api import MercadoPagoApi, required_id
from connections.gateways.mercadopago.orders import NO_EMAIL, amount
from connections.gateways.mercadopago.recurring import Body
from connections.gateways.mercadopago.sites import method_of, zone_of
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, count, instant, record, text

PATH = "/preapproval"

_STATUS = {
    "pending": SubscriptionStatus.PENDING,
    "authorized": SubscriptionStatus.ACTIVE,  # says nothing about money (4.5)
    "paused": SubscriptionStatus.PAUSED,
    "cancelled": SubscriptionStatus.CANCELLED,
    "canceled": SubscriptionStatus.CANCELLED,
}
_ASKED = {
    SubscriptionStatus.ACTIVE: "authorized",
    SubscriptionStatus.PAUSED: "paused",
    SubscriptionStatus.CANCELLED: "cancelled",
}
_OVER = (SubscriptionStatus.CANCELLED, SubscriptionStatus.ENDED)
# Noon is the same day in every country's time and in those Mercado Pago writes.
_NOON = time(12)
_LAST = time(23, 59, 59)
_CLOCKS_DIFFER_BY = timedelta(hours=1)

_CARDS_ONLY = _("Mercado Pago collects subscriptions by card.")
_NO_COUNT = _("Mercado Pago ends a subscription on a day, not after a number of charges: enter its last day.")
_ENDS_TOO_SOON = _("The subscription would end before anything is charged: enter a later last day.")
_NO_OTHER_DAY = _("Mercado Pago cannot move the next date of a subscription.")
_NO_SUCH_STATE = _("A subscription can be resumed, paused or cancelled.")


def prepare(order: SubscriptionOrder, *, now: datetime) -> PreparedCall:
    """A pending subscription, to which its payer agrees on the page by giving a card (4.2)."""
    return PreparedCall(
        kind=ResourceKind.SUBSCRIPTION,
        method="POST",
        path=PATH,
        body=encode(_body(order, now=now)),
        idempotency_key=order.idempotency_key,
    )


def submit(api: MercadoPagoApi, prepared: PreparedCall, *, now: datetime) -> GatewaySubscription:
    """The key is sent and ignored: the same bytes make a second one (1.5)."""
    try:
        answer = api.ask(prepared.method, prepared.path, body=prepared.body, key=prepared.idempotency_key)
    except RequestRefused as error:
        raise recurring.explained(error) from error
    required_id(answer)
    return _read(answer, now=now)


def fetch(api: MercadoPagoApi, gateway_id: str, *, now: datetime) -> GatewaySubscription:
    return _read(recurring.ask_for(api, "GET", PATH, gateway_id=gateway_id), now=now)


def find(
    api: MercadoPagoApi, reference: str, *, payer: CustomerDetails, since: datetime, now: datetime
) -> list[GatewaySubscription]:
    """Those of the payer's e-mail address, or all of them, each read by its id (4.6).

    The search ignores a reference and shows old states; it leaves out some of what was cancelled.
    """
    if not reference:
        return []
    query = {"payer_email": payer.email} if payer.email else {}
    earliest = since - _CLOCKS_DIFFER_BY
    listed = (
        text(raw.get("id"), 100)
        for raw in searching.every(api, f"{PATH}/search", query)
        if text(raw.get("external_reference")) in ("", reference) and _created(raw) >= earliest
    )
    found = [one for one in _each(api, listed, now=now) if one.reference == reference]
    return sorted(found, key=lambda one: one.created_at or now)


def of_plan(api: MercadoPagoApi, plan_id: str) -> list[str]:
    if not plan_id:
        return []
    rows = searching.every(api, f"{PATH}/search", {"preapproval_plan_id": plan_id})
    return [
        text(raw.get("id"), 100) for raw in rows if text(raw.get("preapproval_plan_id"), 100) in ("", plan_id)
    ]


def change(api: MercadoPagoApi, gateway_id: str, wanted: SubscriptionChange, *, now: datetime) -> None:
    """One call for each thing, as half of a mixed one may be applied (4.4).

    A state that is refused because it is there already is none. No turn waits for its payer, so a new amount
    holds for what is charged from then on.
    """
    if wanted.next_due_on is not None:
        raise RequestRefused(_NO_OTHER_DAY, field="due_date")
    if wanted.status is not None and wanted.status not in _ASKED:
        raise RequestRefused(_NO_SUCH_STATE)
    is_resume = wanted.status is SubscriptionStatus.ACTIVE
    if is_resume:
        _change_status(api, gateway_id, SubscriptionStatus.ACTIVE, now=now)
    for body in _field_bodies(api, gateway_id, wanted, now=now):
        recurring.ask_for(api, "PUT", PATH, gateway_id=gateway_id, body=encode(body))
    if wanted.status is not None and not is_resume:
        _change_status(api, gateway_id, wanted.status, now=now)


def to_subscription(raw: Record, *, now: datetime) -> GatewaySubscription:
    """As it is ``now``: once its last day is over an active one has ended, whatever its word.

    ``payer_email`` is always empty in here (4.3).
    """
    terms = recurring.read(raw)
    word = text(raw.get("status"), 60)
    status = _STATUS.get(word)
    is_past_end = terms.ends_at is not None and terms.ends_at < now
    if is_past_end and status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAUSED):
        status = SubscriptionStatus.ENDED
    return GatewaySubscription(
        gateway_id=text(raw.get("id"), 100),
        reference=text(raw.get("external_reference")),
        status=status,
        gateway_status=word,
        method=_method(raw, terms.currency),
        amount_cents=terms.amount_cents or 0,
        currency=terms.currency,
        account_id=text(raw.get("collector_id"), 100),
        cycle=terms.cycle,
        description=text(raw.get("reason")),
        starts_on=terms.starts_on,
        next_due_on=None
        if status in _OVER
        else recurring.day_of(raw.get("next_payment_date"), terms.currency),
        ends_on=terms.ends_on,
        turns=terms.turns,
        link=text(raw.get("init_point")),
        plan_id=text(raw.get("preapproval_plan_id"), 100),
        payer=_payer(raw),
        created_at=instant(raw.get("date_created"), UTC),
        version=count(raw.get("version")),
        collected=count(record(raw.get("summarized")).get("charged_quantity")),
    )


def _body(order: SubscriptionOrder, *, now: datetime) -> Body:
    _check(order, now=now)
    terms = recurring.terms_body(order.cycle, order.amount_cents, order.currency)
    # Today's, or one that is over, begins when the payer agrees.
    if order.starts_on > now.astimezone(zone_of(order.currency)).date():
        terms["start_date"] = recurring.moment_of(order.starts_on, _NOON, order.currency)
    if order.ends_on is not None:
        terms["end_date"] = recurring.moment_of(order.ends_on, _LAST, order.currency)
    return {
        "reason": order.description[:250] or order.reference,
        "external_reference": order.reference,
        "payer_email": order.customer.email,
        "back_url": recurring.return_address(order.return_url, order.currency),
        "auto_recurring": terms,
        "status": "pending",
    }


def _check(order: SubscriptionOrder, *, now: datetime) -> None:
    today = now.astimezone(zone_of(order.currency)).date()
    ends = order.ends_on
    checks = (
        (order.method not in recurring.RULE.methods, _CARDS_ONLY, "method"),
        (not order.customer.email, NO_EMAIL, "email"),
        (order.turns is not None, _NO_COUNT, "turns"),
        (ends is not None and ends < max(order.starts_on, today), _ENDS_TOO_SOON, "ends_on"),
    )
    for is_wrong, sentence, field in checks:
        if is_wrong:
            raise RequestRefused(sentence, field=field)


def _field_bodies(
    api: MercadoPagoApi, gateway_id: str, wanted: SubscriptionChange, *, now: datetime
) -> Iterator[Body]:
    if wanted.amount_cents is not None:
        held = fetch(api, gateway_id, now=now)
        cents = amount(wanted.amount_cents, held.currency)
        yield {"auto_recurring": {"transaction_amount": cents, "currency_id": held.currency}}
    if wanted.description is not None:
        yield {"reason": wanted.description[:250]}
    if wanted.reference is not None:
        yield {"external_reference": wanted.reference}


def _change_status(
    api: MercadoPagoApi, gateway_id: str, status: SubscriptionStatus, *, now: datetime
) -> None:
    body = encode({"status": _ASKED[status]})
    try:
        recurring.ask_for(api, "PUT", PATH, gateway_id=gateway_id, body=body)
    except RequestRefused:
        if fetch(api, gateway_id, now=now).status is not status:
            raise


def _each(api: MercadoPagoApi, names: Iterator[str], *, now: datetime) -> Iterator[GatewaySubscription]:
    for name in names:
        try:
            yield fetch(api, name, now=now)
        except NotFound:
            continue


def _read(answer: Answer, *, now: datetime) -> GatewaySubscription:
    """Without an amount it is not what the document promises; zero would pass for an agreement."""
    raw = answer.record()
    if recurring.read(raw).amount_cents is None:
        raise answer.unreadable()
    return to_subscription(raw, now=now)


def _created(raw: Record) -> datetime:
    """What has no date may be new."""
    return instant(raw.get("date_created"), UTC) or datetime.max.replace(tzinfo=UTC)


def _method(raw: Record, currency: str) -> Method | None:
    if text(raw.get("card_id"), 100):
        return Method.CARD
    return method_of(text(raw.get("payment_method_id"), 60), "", currency)


def _payer(raw: Record) -> CustomerDetails | None:
    names = (text(raw.get("payer_first_name"), 60), text(raw.get("payer_last_name"), 60))
    found = CustomerDetails(
        reference=text(raw.get("payer_id"), 100),
        name=" ".join(filter(None, names)),
        document="",
        document_type="",
        email=text(raw.get("payer_email"), 254),
    )
    return found if any((found.reference, found.name, found.email)) else None
