"""Mercado Pago notifications on the wire: v2 webhooks, legacy IPN, signature, retries (mercadopago.md 6)."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from simulator import clock, faults, known, numbering, outbox, veil
from simulator.answers import json_text
from simulator.mercadopago import notification_bodies, topics
from simulator.mercadopago.signature import signature
from simulator.mercadopago.topics import CONNECT, PAYMENT
from simulator.models import Account, Delivery, MpPayment
from simulator.outbox import Notice
from simulator.transport import Answer, Post

TIMEOUT = 22.0
SUCCESS = (200, 201)
_MINUTE, _HOUR = 60, 3600
WAITS = (0, 15 * _MINUTE, 30 * _MINUTE, 6 * _HOUR, 48 * _HOUR, *[96 * _HOUR] * 3)
"""Seconds before attempt 1, 2, ... 8 (mercadopago.md 6.7); after the eighth it gives up."""
V2, IPN = "v2", "ipn"
CONNECT_ACTIONS = ("application.authorized", "application.deauthorized")


def emit(payment: MpPayment, action: str) -> list[Delivery]:
    """The address of the payment wins over the panel's (mercadopago.md 6.3)."""
    account = payment.account
    url = payment.notification_url or panel_url(account, PAYMENT)
    if not url:
        return []
    veil.draw(account, action, str(payment.number), PAYMENT)
    twins = faults.take("ipn_twin", faults.occasion_of(account, action, PAYMENT))
    if twins is None:
        return outbox.enqueue(notice(payment, action, url))
    made = [] if twins.get("only") else outbox.enqueue(notice(payment, action, url))
    return made + _ipn_twins(payment, url, is_signed=not twins.get("unsigned"))


def panel_url(account: Account, topic: str) -> str:
    topics = account.options.get("panel_topics", ["payment"])
    return account.options.get("panel_url") or "" if topic in topics else ""


def notice(payment: MpPayment, action: str, url: str, delay_seconds: float = 0) -> Notice:
    return Notice(
        account=payment.account,
        group=f"mp:{payment.account_id}",
        form=V2,
        event=action,
        resource=PAYMENT,
        resource_id=str(payment.number),
        reference=payment.external_reference or "",
        url=url,
        delay_seconds=delay_seconds,
    )


def _ipn_twins(payment: MpPayment, url: str, *, is_signed: bool) -> list[Delivery]:
    """Legacy IPN may carry a signature, which nobody can verify (mercadopago.md 6.2)."""
    things = [("payment", str(payment.number))]
    if payment.order:
        things.append(("merchant_order", str(payment.order.number)))
    made: list[Delivery] = []
    for topic, identifier in things:
        twin = Notice(
            account=payment.account,
            group=f"mp:{payment.account_id}",
            form=IPN,
            event=topic,
            resource=topic,
            resource_id=identifier,
            reference=payment.external_reference or "",
            url=url,
            extra={"is_unsigned": not is_signed},
        )
        made += outbox.enqueue(twin)
    return made


def panel_event(account: Account, url: str) -> list[Delivery]:
    """The panel's "simulate" button: payment 123456, which does not exist, really signed (6.5, point 7)."""
    return outbox.enqueue(
        Notice(
            account=account,
            group=f"mp:{account.pk}",
            form=V2,
            event="payment.updated",
            resource=PAYMENT,
            resource_id=notification_bodies.PANEL_TEST_ID,
            url=url,
            extra={"is_simulated": True},
        )
    )


def connect_event(account: Account, action: str, url: str) -> list[Delivery]:
    """An application was linked or unlinked; the object is the account itself (6.1 and the sample in 9)."""
    return outbox.enqueue(topic_notice(account, CONNECT, action, str(account.user_id), url))


def tell(
    account: Account,
    topic: str,
    action: str,
    identifier: str,
    *,
    reference: str | None = "",
    extra: dict[str, Any] | None = None,
) -> list[Delivery]:
    """To the panel's address, where the topic is ticked: there is no other for it (mercadopago.md 6.3)."""
    url = panel_url(account, topic)
    if not url:
        return []
    veil.draw(account, action, identifier, topic)
    return outbox.enqueue(topic_notice(account, topic, action, identifier, url, reference or "", extra))


def topic_notice(
    account: Account,
    topic: str,
    action: str,
    identifier: str,
    url: str,
    reference: str = "",
    extra: dict[str, Any] | None = None,
) -> Notice:
    return Notice(
        account=account,
        group=f"mp:{account.pk}",
        form=V2,
        event=action,
        resource=topic,
        resource_id=identifier,
        reference=reference,
        url=url,
        extra=extra or {},
    )


def next_of(lane: str) -> Delivery | None:
    waiting = Delivery.objects.filter(lane=lane, state=Delivery.WAITING)
    head = waiting.order_by("position").first()
    if head is not None:
        head.account = known.by_id(head.account_id)
    return head


def prepare(delivery: Delivery) -> Post:
    """A new notification id, request id and signature for every attempt (6.5, points 3 and 8)."""
    headers = {
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": "restclient-node/4.15.3",
        "x-rest-pool-name": "/services/webhooks.js",
        "x-retry": str(delivery.failures),
        "x-socket-timeout": "22000",
        "x-request-id": numbering.fresh_uuid(),
    }
    data_id = _data_id(delivery)
    if not delivery.extra.get("is_unsigned"):
        headers["x-signature"] = _signature(delivery, data_id, headers["x-request-id"])
    body = json_text(_body(delivery)).encode()
    patience = topics.SHORTEST_PATIENCE if delivery.resource == topics.DELIVERY else TIMEOUT
    return Post(_address(delivery, data_id), headers, body, patience)


def _data_id(delivery: Delivery) -> str | None:
    """The card updater has none (mercadopago.md 6.1)."""
    if delivery.form == IPN:
        return delivery.resource_id
    if delivery.resource == topics.CARD_UPDATER:
        return None
    return None if faults.take("no_data_id", _occasion(delivery)) is not None else delivery.resource_id


def _occasion(delivery: Delivery) -> faults.Occasion:
    return faults.occasion_of(delivery.account, delivery.event, delivery.resource)


def _signature(delivery: Delivery, data_id: str | None, request_id: str) -> str:
    occasion = _occasion(delivery)
    ts = clock.now().timestamp()
    in_milliseconds = faults.take("signature_ms", occasion) is not None
    stamp = str(int(ts * 1000) if in_milliseconds else int(ts))
    is_wrong = delivery.form == IPN or faults.take("wrong_secret", occasion) is not None
    secret = numbering.alphanumeric(64) if is_wrong else signing_secret(delivery.account)
    if data_id and faults.take("signature_lower_case", occasion) is not None:
        data_id = data_id.lower()
    return f"ts={stamp},v1={signature(secret, data_id, request_id, stamp)}"


def signing_secret(account: Account) -> str:
    tab = (
        "webhook_secret_production"
        if account.options.get("signing_tab") == "production"
        else "webhook_secret"
    )
    return str(account.options[tab])


def _address(delivery: Delivery, data_id: str | None) -> str:
    """The address keeps its own parameters; all are sorted by name (mercadopago.md 6.2)."""
    parts = urlsplit(delivery.url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if delivery.form == IPN:
        query += [("id", delivery.resource_id), ("topic", delivery.resource)]
    else:
        query += [("data.id", data_id)] if data_id else []
        query.append(("type", delivery.resource))
    return urlunsplit(parts._replace(query=urlencode(sorted(query))))


def _body(delivery: Delivery) -> dict[str, Any]:
    if delivery.form == IPN:
        return {"resource": _ipn_resource(delivery), "topic": delivery.resource}
    return notification_bodies.body(delivery)


def _ipn_resource(delivery: Delivery) -> str:
    if delivery.resource == "merchant_order":
        return f"https://api.mercadolibre.com/merchant_orders/{delivery.resource_id}"
    return delivery.resource_id


def conclude(delivery: Delivery, answer: Answer) -> None:
    if answer.status in SUCCESS:
        delivery.state, delivery.next_attempt_at = Delivery.DELIVERED, None
        return
    delivery.failures += 1
    if delivery.failures >= len(WAITS) or delivery.resource == topics.FRAUD:
        delivery.state, delivery.next_attempt_at = Delivery.FAILED, None
        return
    delivery.next_attempt_at = clock.now() + timedelta(seconds=WAITS[delivery.failures])
