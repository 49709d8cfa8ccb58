"""Agreements that Asaas charges again and again, and the payments it issues for them (asaas.md 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from connections.gateways.answers import Answer
from connections.gateways.asaas import mapping
from connections.gateways.asaas.api import AsaasApi, quoted, required_id
from connections.gateways.asaas.listing import every_item
from connections.gateways.base import (
    Cycle,
    GatewayPayment,
    GatewaySubscription,
    GatewayTurn,
    Method,
    PaymentStatus,
    PreparedCall,
    ResourceKind,
    SubscriptionChange,
    SubscriptionOrder,
    SubscriptionRule,
    SubscriptionStatus,
    TurnState,
)
from connections.gateways.errors import NotFound, RequestRefused
from connections.gateways.money import encode, from_cents, to_cents
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, civil_date, instant, text

PATH = "/subscriptions"
# A charge appears about 40 days before it is due; the first at once, however far ahead.
RULE = SubscriptionRule(
    methods=frozenset({Method.PIX, Method.BOLETO, Method.CARD, Method.ANY}),
    cycles=frozenset(Cycle),
    moves_open=True,
    issues_ahead=40,
    takes_turns=True,
)
_WORD_OF = {
    Cycle.WEEKLY: "WEEKLY",
    Cycle.BIWEEKLY: "BIWEEKLY",
    Cycle.MONTHLY: "MONTHLY",
    Cycle.BIMONTHLY: "BIMONTHLY",
    Cycle.QUARTERLY: "QUARTERLY",
    Cycle.HALF_YEARLY: "SEMIANNUALLY",
    Cycle.YEARLY: "YEARLY",
}
_CYCLE = {word: cycle for cycle, word in _WORD_OF.items()}
_STATUS = {
    "ACTIVE": SubscriptionStatus.ACTIVE,
    "INACTIVE": SubscriptionStatus.PAUSED,
    "EXPIRED": SubscriptionStatus.ENDED,
}
_ASKED_AS = {SubscriptionStatus.ACTIVE: "ACTIVE", SubscriptionStatus.PAUSED: "INACTIVE"}
_UNKNOWN = _("Asaas does not know this id.")
_REMOVED = _("This subscription was removed at Asaas: nothing of it can be changed any more.")


def prepare(order: SubscriptionOrder) -> PreparedCall:
    """The first charge exists as soon as this is sent, due on ``starts_on``, even far ahead.

    No ``callback``: Asaas refuses a return address outside the registered site (section 8, row 29). A card
    is given by the payer on the first charge's page.
    """
    if not order.customer_id:
        raise RequestRefused(_("The customer does not exist on Asaas yet."), field="customer")
    if order.method not in RULE.methods:
        raise RequestRefused(_("Asaas has no subscriptions for this way of paying."), field="method")
    body = {
        "customer": order.customer_id,
        "billingType": mapping.BILLING_TYPE[order.method],
        "value": from_cents(order.amount_cents),
        "nextDueDate": order.starts_on.isoformat(),
        "cycle": _WORD_OF[order.cycle],
        "description": order.description[:500],
        "endDate": order.ends_on.isoformat() if order.ends_on else "",
        "maxPayments": order.turns or "",
        "externalReference": order.reference,
    }
    return PreparedCall(
        kind=ResourceKind.SUBSCRIPTION,
        method="POST",
        path=PATH,
        body=encode({key: value for key, value in body.items() if value != ""}),
        idempotency_key=order.idempotency_key,
    )


def submit(api: AsaasApi, prepared: PreparedCall, *, account_id: str) -> GatewaySubscription:
    """The idempotency key is not sent: Asaas honours none, a repeat makes a second one (1.6)."""
    answer = api.ask(prepared.method, prepared.path, body=prepared.body)
    required_id(answer)
    return _read(answer, account_id=account_id)


def find(api: AsaasApi, reference: str, *, account_id: str) -> Sequence[GatewaySubscription]:
    """Removed ones are hidden unless asked for; in which order they are listed is said nowhere."""
    if not reference:
        return ()
    query = {"externalReference": reference, "includeDeleted": "true"}
    listed = [raw for _name, raw in every_item(api, PATH, query)]
    ours = [_whole(api, raw, account_id) for raw in listed if text(raw.get("externalReference")) == reference]
    return tuple(sorted(reversed(ours), key=lambda one: one.created_at or datetime.max.replace(tzinfo=UTC)))


def fetch(api: AsaasApi, gateway_id: str, *, account_id: str) -> GatewaySubscription:
    answer = api.ask("GET", f"{PATH}/{quoted(gateway_id)}")
    if required_id(answer) != gateway_id:
        raise answer.unreadable()
    return _read(answer, account_id=account_id)


def fetch_turns(api: AsaasApi, gateway_id: str, *, account_id: str) -> Sequence[GatewayTurn]:
    """Every charge issued and not deleted: no list shows deleted ones (3.5), those are read by their id.

    Raises ``NotFound`` also where the list speaks of another subscription.
    """
    path = f"{PATH}/{quoted(gateway_id)}/payments"
    payments = [mapping.to_payment(raw, account_id=account_id) for _name, raw in every_item(api, path, {})]
    if any(payment.subscription_id != gateway_id for payment in payments):
        raise NotFound(_UNKNOWN)
    turns = [to_turn(payment) for payment in reversed(payments)]
    return tuple(sorted(turns, key=lambda turn: turn.due_on or date.max))


def change(api: AsaasApi, gateway_id: str, wanted: SubscriptionChange) -> None:
    """Only what shall be otherwise is sent. What was issued before follows with ``with_open`` alone.

    Removing it deletes its pending charges, too; removed before is as good as removed now.
    """
    path = f"{PATH}/{quoted(gateway_id)}"
    if wanted.status is SubscriptionStatus.CANCELLED:
        _remove(api, path, gateway_id)
        return
    body = _changed(wanted)
    if not body:
        return
    try:
        required_id(api.ask("PUT", path, body=encode(body)))
    except NotFound as error:
        if fetch(api, gateway_id, account_id="").is_deleted:
            raise RequestRefused(_REMOVED, http_status=error.http_status) from error
        raise


def _remove(api: AsaasApi, path: str, gateway_id: str) -> None:
    try:
        answer = api.ask("DELETE", path)
    except (RequestRefused, NotFound):
        if not fetch(api, gateway_id, account_id="").is_deleted:
            raise
        return
    if answer.record().get("deleted") is not True:
        raise answer.unreadable()


def _changed(wanted: SubscriptionChange) -> dict[str, object]:
    body: dict[str, object] = {}
    if wanted.status is not None:
        if wanted.status not in _ASKED_AS:
            raise RequestRefused(_("A subscription can be paused, resumed or cancelled."))
        body["status"] = _ASKED_AS[wanted.status]
    if wanted.amount_cents is not None:
        body["value"] = from_cents(wanted.amount_cents)
    if wanted.description is not None:
        body["description"] = wanted.description[:500]
    if wanted.next_due_on is not None:
        body["nextDueDate"] = wanted.next_due_on.isoformat()
    if wanted.reference is not None:
        body["externalReference"] = wanted.reference
    if body and wanted.with_open:
        body["updatePendingPayments"] = True
    return body


def to_subscription(raw: Record, *, account_id: str) -> GatewaySubscription:
    """One subscription object. A removed one says ``INACTIVE`` as if it were paused: ``deleted`` first.

    ``nextDueDate`` is the first turn that is not issued yet: right after creation one cycle behind what was
    sent. On which day it began is told by nothing but its first charge.
    """
    word = text(raw.get("status"), 60)
    is_deleted = raw.get("deleted") is True
    return GatewaySubscription(
        gateway_id=text(raw.get("id"), 100),
        reference=text(raw.get("externalReference")),
        status=SubscriptionStatus.CANCELLED if is_deleted else _STATUS.get(word),
        gateway_status=word,
        method=mapping.METHOD.get(text(raw.get("billingType"), 60)),
        amount_cents=to_cents(raw.get("value")) or 0,
        currency=mapping.CURRENCY,
        account_id=account_id,
        cycle=_CYCLE.get(text(raw.get("cycle"), 60)),
        description=text(raw.get("description"), 500),
        is_deleted=is_deleted,
        next_due_on=civil_date(raw.get("nextDueDate")),
        ends_on=civil_date(raw.get("endDate")),
        turns=_turns(raw),
        checkout_id=text(raw.get("checkoutSession"), 100),
        customer_id=text(raw.get("customer"), 100),
        created_at=instant(raw.get("dateCreated"), mapping.ZONE),
    )


def _read(answer: Answer, *, account_id: str) -> GatewaySubscription:
    """One without an amount would be believed to cost nothing."""
    if to_cents(answer.record().get("value")) is None:
        raise answer.unreadable()
    return to_subscription(answer.record(), account_id=account_id)


def _whole(api: AsaasApi, raw: Record, account_id: str) -> GatewaySubscription:
    if to_cents(raw.get("value")) is None:
        return fetch(api, text(raw.get("id"), 100), account_id=account_id)
    return to_subscription(raw, account_id=account_id)


def to_turn(payment: GatewayPayment) -> GatewayTurn:
    """A turn is a payment. While it waits a card may still be charged on its due date; once that has passed
    Asaas does nothing more by itself.
    """
    return GatewayTurn(
        gateway_id=payment.gateway_id,
        subscription_id=payment.subscription_id,
        reference=payment.reference,
        state=_turn_state(payment),
        gateway_status=payment.gateway_status,
        amount_cents=payment.amount_cents,
        currency=payment.currency,
        due_on=payment.due_date,
        payment_ids=(payment.gateway_id,),
        payment=payment,
    )


def _turn_state(payment: GatewayPayment) -> TurnState | None:
    if payment.is_deleted:
        return TurnState.CANCELLED
    if payment.status is None:
        return None
    return TurnState.SCHEDULED if payment.status is PaymentStatus.PENDING else TurnState.DONE


def _turns(raw: Record) -> int | None:
    most = raw.get("maxPayments")
    is_number = isinstance(most, int) and not isinstance(most, bool) and 0 < most < 32_768
    return most if is_number else None  # type: ignore[return-value]
