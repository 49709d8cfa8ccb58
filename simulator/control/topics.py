"""The control that sends a notification of any topic of Mercado Pago about anything, existing or not."""

from typing import Any

from simulator import outbox
from simulator.control import accounts
from simulator.control.errors import ControlError
from simulator.mercadopago import notify, topics
from simulator.models import Account, MpChargeback, MpInvoice, MpPlan, MpSubscription, write
from simulator.numbering import scattered
from simulator.outbox import Notice


def topic_event(body: dict[str, Any]) -> dict[str, Any]:
    """Really signed, to the panel's address, ticked or not, or to `url`; no fault has a say."""
    account, topic = accounts.find(body.get("account")), str(body.get("topic"))
    if account.gateway != "mercadopago" or topic not in topics.TOPICS:
        raise ControlError(f"needs a Mercado Pago account; topic: {', '.join(topics.TOPICS)}")
    url = body.get("url") or account.options.get("panel_url")
    if not url:
        raise ControlError("needs a url, or a panel_url")
    notice = _notice(account, topic, str(url), body)
    times, delay = int(body.get("times", 1)), float(body.get("delay_seconds", 0))
    with write():
        made = [one for _ in range(times) for one in outbox.again(notice, delay)]
    return {"deliveries": [one.pk for one in made]}


def _notice(account: Account, topic: str, url: str, body: dict[str, Any]) -> Notice:
    """A fraud alert has an id of its own and tells the payment in its data (mercadopago.md 6.1)."""
    identifier = str(body.get("id") or (account.user_id if topic == topics.CONNECT else "123456"))
    extra: dict[str, Any] = {}
    if topic == topics.FRAUD:
        extra["payment_id"] = int(identifier) if identifier.isdigit() else identifier
        identifier = str(scattered("mp-alerts", 6_100_000_000))
    if topic == topics.CHARGEBACK:
        extra["payment_id"] = body.get("payment_id") or _payment_of(identifier)
    version = body.get("version") or _version(topic, identifier)
    if version is not None:
        extra["version"] = int(version)
    action = str(body.get("action") or topics.TOPICS[topic].action)
    return notify.topic_notice(account, topic, action, identifier, url, extra=extra)


def _payment_of(identifier: str) -> int | None:
    rows = MpChargeback.objects.select_related("payment")
    row = rows.filter(number=int(identifier)).first() if identifier.isdigit() else None
    return row.payment.number if row else None


def _version(topic: str, identifier: str) -> int | None:
    """That of the thing as it is now."""
    if topic == topics.INVOICE and identifier.isdigit():
        rows: Any = MpInvoice.objects.filter(number=int(identifier))
    elif topic in (topics.PREAPPROVAL, topics.PLAN):
        model: Any = MpSubscription if topic == topics.PREAPPROVAL else MpPlan
        rows = model.objects.filter(gid=identifier)
    else:
        return None
    return rows.values_list("version", flat=True).first()
