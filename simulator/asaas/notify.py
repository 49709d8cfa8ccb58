"""Asaas webhooks on the wire: headers, body, retry table, interruption (asaas.md 5.2, 5.4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from simulator import clock, faults, known, numbering, outbox, veil
from simulator.answers import json_text
from simulator.asaas import serialise
from simulator.asaas.names import event_hash
from simulator.models import (
    Account,
    AsaasCheckout,
    AsaasPayment,
    AsaasSubscription,
    AsaasWebhook,
    Delivery,
)
from simulator.outbox import Notice
from simulator.transport import Answer, Post

TIMEOUT = 10.0
KEPT = timedelta(days=14)
AGENT = {"sandbox": "Asaas_Hmlg/3.0", "production": "Asaas_Prod/3.0"}
COUNTER_START = {"sandbox": 20_000_000, "production": 1_460_000_000}
SEQUENTIAL = "SEQUENTIALLY"
KEY, CHECKOUT, SUBSCRIPTION = "accessToken", "checkout", "subscription"
LONGEST_STREAK = 15
_MINUTE, _HOUR = 60, 3600
WAITS = (
    0,
    30,
    _MINUTE,
    210,
    5 * _MINUTE,
    15 * _MINUTE,
    25 * _MINUTE,
    *[_HOUR] * 5,
    *[2 * _HOUR] * 2,
    3 * _HOUR,
)
"""Seconds before attempt 1, 2, ... 15 (asaas.md 5.2); the 15th failure interrupts the queue."""


def event_id(event: str, environment: str) -> str:
    """`evt_<md5 of the event's name>&<counter>` (asaas.md 5.4)."""
    count = numbering.scattered(f"asaas-events-{environment}", COUNTER_START[environment])
    return f"evt_{event_hash(event)}&{count}"


def emit(payment: AsaasPayment, event: str) -> None:
    """Queues the event on every enabled webhook that asked for it; a disabled one loses it for good."""
    wanted = _listening(payment.account, event)
    if not wanted:
        return
    veil.draw(payment.account, event, payment.gid)
    identifier = event_id(event, payment.account.environment)
    for hook in wanted:
        outbox.enqueue(notice(payment, event, identifier, hook))


def emit_key(account: Account, event: str, shown: dict[str, Any]) -> list[Delivery]:
    """An ACCESS_TOKEN_* event with the key as `shown`; keys are not read again when it is sent."""
    identifier = event_id(event, account.environment)
    made: list[Delivery] = []
    for hook in _listening(account, event):
        gid, extra = shown["id"], {"entity": shown}
        told = notice_of(account, event, identifier, hook, resource=KEY, resource_id=gid, extra=extra)
        made += outbox.enqueue(told)
    return made


def emit_checkout(checkout: AsaasCheckout, event: str) -> None:
    """A CHECKOUT_* event: it names neither payment nor subscription (asaas.md 3.11)."""
    wanted = _listening(checkout.account, event)
    identifier = event_id(event, checkout.account.environment) if wanted else ""
    for hook in wanted:
        outbox.enqueue(checkout_notice(checkout, event, identifier, hook))


def checkout_notice(checkout: AsaasCheckout, event: str, identifier: str, hook: AsaasWebhook) -> Notice:
    told = notice_of(checkout.account, event, identifier, hook, resource=CHECKOUT, resource_id=checkout.gid)
    return replace(told, reference=checkout.external_reference or "")


def emit_subscription(subscription: AsaasSubscription, event: str) -> None:
    wanted = _listening(subscription.account, event)
    if not wanted:
        return
    veil.draw(subscription.account, event, subscription.gid)
    identifier = event_id(event, subscription.account.environment)
    for hook in wanted:
        outbox.enqueue(subscription_notice(subscription, event, identifier, hook))


def subscription_notice(
    subscription: AsaasSubscription, event: str, identifier: str, hook: AsaasWebhook
) -> Notice:
    account, gid = subscription.account, subscription.gid
    told = notice_of(account, event, identifier, hook, resource=SUBSCRIPTION, resource_id=gid)
    return replace(told, reference=subscription.external_reference or "")


def _listening(account: Account, event: str) -> list[AsaasWebhook]:
    hooks = AsaasWebhook.objects.filter(account_id=account.pk, enabled=True)
    return [hook for hook in hooks if event in hook.events]


def notice(payment: AsaasPayment, event: str, identifier: str, hook: AsaasWebhook) -> Notice:
    told = notice_of(payment.account, event, identifier, hook, resource="payment", resource_id=payment.gid)
    return replace(told, reference=payment.external_reference or "")


def notice_of(
    account: Account,
    event: str,
    identifier: str,
    hook: AsaasWebhook,
    *,
    resource: str,
    resource_id: str,
    extra: dict[str, Any] | None = None,
) -> Notice:
    """`extra` may hold the `entity` of what is not read again, `claims` that differ from it, and the
    moment (`at`, ISO) of an event that is told again.
    """
    group = f"asaas:{hook.pk}"
    return Notice(
        account=account,
        group=group,
        lane=group if hook.send_type == SEQUENTIAL else "",
        form="asaas",
        event=event,
        event_id=identifier,
        resource=resource,
        resource_id=resource_id,
        url=hook.url,
        webhook=hook,
        extra={"at": clock.now().isoformat(), **(extra or {})},
    )


def next_of(lane: str) -> Delivery | None:
    waiting = Delivery.objects.filter(lane=lane, state=Delivery.WAITING)
    head = waiting.select_related("webhook").order_by("position").first()
    if head is None or head.webhook is None:
        return None
    head.account = known.by_id(head.account_id)
    return head if head.webhook.enabled and not head.webhook.interrupted else None


def prepare(delivery: Delivery) -> Post | None:
    hook = delivery.webhook
    entity = _entity(delivery)
    if hook is None or entity is None:
        return None
    body = {
        "id": delivery.event_id,
        "event": delivery.event,
        "dateCreated": serialise.timestamp(_happened(delivery)),
        "account": {"id": delivery.account.options["account_id"], "ownerId": None},
        delivery.resource: entity,
    }
    return Post(hook.url, *_dress(delivery, hook, json_text(body)), TIMEOUT)


def _happened(delivery: Delivery) -> datetime:
    at = delivery.extra.get("at")
    return datetime.fromisoformat(at) if at else delivery.created_at


def _entity(delivery: Delivery) -> dict[str, Any] | None:
    """The object as it is now, not as it was when the event happened (asaas.md 5.4)."""
    shown = delivery.extra.get("entity") or PRESENT[delivery.resource](delivery)
    return None if shown is None else shown | delivery.extra.get("claims", {})


def _payment(delivery: Delivery) -> dict[str, Any] | None:
    row = AsaasPayment.objects.filter(gid=delivery.resource_id).order_by().first()
    if row is None:
        return None
    row.account = delivery.account
    return serialise.payment(row)


def _checkout(delivery: Delivery) -> dict[str, Any] | None:
    """As the API shows it, but without its link."""
    row = AsaasCheckout.objects.select_related("customer").filter(gid=delivery.resource_id).first()
    if row is None:
        return None
    row.account = delivery.account
    return serialise.checkout(row) | {"link": None}


def _subscription(delivery: Delivery) -> dict[str, Any] | None:
    row = AsaasSubscription.objects.filter(gid=delivery.resource_id).order_by().first()
    return None if row is None else serialise.subscription(row)


PRESENT = {"payment": _payment, CHECKOUT: _checkout, SUBSCRIPTION: _subscription}
"""What is read again when it is sent; everything else is told as it was."""


def _dress(delivery: Delivery, hook: AsaasWebhook, text: str) -> tuple[dict[str, str], bytes]:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": AGENT[delivery.account.environment],
    }
    if hook.api_version == 2:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return headers, urlencode({"data": text}).encode()
    if hook.auth_token:
        occasion = faults.occasion_of(delivery.account, delivery.event)
        wrong = faults.take("wrong_secret", occasion) is not None
        headers["asaas-access-token"] = numbering.alphanumeric(32) if wrong else hook.auth_token
    return headers, text.encode()


def conclude(delivery: Delivery, answer: Answer) -> None:
    """Exactly 200 is success; everything else penalises the webhook."""
    if answer.status == 200:
        delivery.state, delivery.next_attempt_at = Delivery.DELIVERED, None
        AsaasWebhook.objects.filter(pk=delivery.webhook_id).exclude(penalized=0).update(penalized=0)
        return
    hook = AsaasWebhook.objects.filter(pk=delivery.webhook_id).first()
    delivery.failures += 1
    if hook is None or not hook.enabled:
        delivery.state, delivery.next_attempt_at = Delivery.LOST, None
        return
    hook.penalized += 1
    hook.interrupted = hook.interrupted or hook.penalized >= LONGEST_STREAK
    hook.save(update_fields=["penalized", "interrupted"])
    streak = hook.penalized if hook.send_type == SEQUENTIAL else delivery.failures
    delivery.next_attempt_at = clock.now() + timedelta(seconds=WAITS[min(streak, len(WAITS) - 1)])


def resume(hook: AsaasWebhook) -> None:
    """What waits may be sent at once, in order."""
    lose_expired()
    waiting = Delivery.objects.filter(webhook=hook, state=Delivery.WAITING)
    waiting.update(next_attempt_at=clock.now())
    for delivery in waiting.order_by("position"):
        outbox.wake(delivery)


def lose_waiting(hook: AsaasWebhook) -> None:
    rows = Delivery.objects.filter(webhook=hook, state__in=(Delivery.WAITING, Delivery.HELD))
    rows.update(state=Delivery.LOST, next_attempt_at=None)


def lose_expired() -> int:
    """Events are kept 14 days (asaas.md 5.2)."""
    rows = Delivery.objects.filter(form="asaas", state=Delivery.WAITING, created_at__lt=clock.now() - KEPT)
    return rows.update(state=Delivery.LOST, next_attempt_at=None) if rows.exists() else 0
