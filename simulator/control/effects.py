"""The controls that act on a charge, on either gateway."""

from dataclasses import replace
from typing import Any

from simulator import clock, outbox
from simulator.answers import jsonable
from simulator.asaas import cash, instalments, paying, payments, sessions, subscriptions
from simulator.asaas import effects as asaas
from simulator.asaas import notify as asaas_notify
from simulator.asaas.errors import AsaasError
from simulator.control import accounts
from simulator.control.errors import ControlError
from simulator.mercadopago import effects as mercadopago
from simulator.mercadopago import notify as mp_notify
from simulator.mercadopago.errors import MpError
from simulator.models import (
    AsaasCheckout,
    AsaasPayment,
    AsaasSubscription,
    AsaasWebhook,
    Delivery,
    MpPayment,
    MpPreference,
    write,
)

Target = AsaasPayment | AsaasCheckout | MpPayment | MpPreference
AtAsaas = AsaasPayment | AsaasCheckout | AsaasSubscription
ASAAS = (AsaasPayment, AsaasCheckout, AsaasSubscription)
FAMILY: dict[type, str] = {
    AsaasPayment: "PAYMENT",
    AsaasCheckout: "CHECKOUT",
    AsaasSubscription: "SUBSCRIPTION",
}


def find(body: dict[str, Any]) -> Target:
    """By id, or the newest with the reference: open ones first, a payment before its preference.

    Of a plan it is the first open parcel, or the one whose number is given as `parcel`; of a subscription
    of Asaas the oldest open charge.
    """
    identifier, reference = body.get("id"), body.get("reference")
    if identifier is None and reference is None:
        raise ControlError("give id or reference")
    target = (
        _by_id(str(identifier))
        if identifier is not None
        else _by_reference(str(reference), body.get("account"))
    )
    if target is None:
        raise ControlError(f"no charge {identifier if identifier is not None else reference}", 404)
    is_named = isinstance(target, AsaasPayment) and target.gid == str(identifier)
    return target if is_named and body.get("parcel") is None else _parcel_of(target, body.get("parcel"))


def _parcel_of(target: Target, number: Any) -> Target:
    plan = target.data.get("installment") if isinstance(target, AsaasPayment) else None
    if plan is None:
        if number is not None:
            raise ControlError("only plans of Asaas have parcels", 404)
        recurring = subscriptions.of_charge(target) if isinstance(target, AsaasPayment) else None
        return (recurring and subscriptions.open_charges(recurring).first()) or target
    parcels = list(AsaasPayment.objects.filter(data__installment=plan).order_by("id"))
    if number is None:
        return next((one for one in parcels if instalments.is_open(one)), target)
    for one in parcels:
        if one.data["installmentNumber"] == int(number):
            return one
    raise ControlError(f"no parcel {number}", 404)


def _by_id(identifier: str) -> Target | None:
    charges = AsaasPayment.objects.order_by("id")
    charge = charges.filter(gid=identifier).first()
    if charge or not identifier:
        return charge
    if identifier.isdigit():
        return MpPayment.objects.filter(number=int(identifier)).first()
    recurring = _subscription(identifier)
    if recurring is not None:
        return subscriptions.open_charges(recurring).first() or subscriptions.charges(recurring).last()
    parcel = charges.filter(data__installment=identifier).first()
    session = parcel or AsaasCheckout.objects.select_related("account").filter(gid=identifier).first()
    return session or MpPreference.objects.select_related("account").filter(gid=identifier).first()


def _subscription(identifier: Any) -> AsaasSubscription | None:
    return AsaasSubscription.objects.select_related("account").filter(gid=str(identifier)).first()


def _by_reference(reference: str, account: Any) -> Target | None:
    where: dict[str, Any] = {"external_reference": reference}
    if account is not None:
        where["account_id"] = account
    checkouts = list(AsaasCheckout.objects.select_related("account").filter(**where).order_by("-id"))
    charges = list(AsaasPayment.objects.filter(**where).order_by("-id"))
    charges += [payment for one in checkouts for payment in reversed(sessions.payments(one))]
    recurring = AsaasSubscription.objects.filter(**where).order_by("-id")
    charges += [payment for one in recurring for payment in subscriptions.charges(one)]
    attempts = list(MpPayment.objects.filter(**where).order_by("-id"))
    waiting: list[Target] = [one for one in charges if instalments.is_open(one)]
    waiting += [one for one in attempts if one.status in mercadopago.PAYABLE]
    if waiting:
        return waiting[0]
    active = [one for one in checkouts if one.status == sessions.ACTIVE]
    if active:
        return active[0]
    preference = MpPreference.objects.select_related("account").filter(**where).order_by("-id").first()
    is_paid = any(one.status == "approved" for one in attempts)
    if preference is not None and not is_paid:
        return preference
    done: list[Target] = [*charges, *attempts, *checkouts]
    return done[0] if done else preference


def edit(body: dict[str, Any]) -> dict[str, Any]:
    """The value or due date of an open charge changed in Asaas's own panel, by the rules of its API."""
    target = find(body)
    if not isinstance(target, AsaasPayment):
        raise ControlError("only charges of Asaas can be edited")
    if body.get("value") is None and body.get("due_date") is None:
        raise ControlError("give value or due_date")
    wanted = {"value": body.get("value"), "dueDate": body.get("due_date")}
    return told(attempt(lambda: payments.change(target, wanted)))


def expire(body: dict[str, Any]) -> dict[str, Any]:
    target = find(body)
    if isinstance(target, MpPayment):
        return told(attempt(lambda: mercadopago.expire(target)))
    session = _session_of(target)
    if session is None:
        raise ControlError(
            "only payments of Mercado Pago and checkouts of Asaas expire; use overdue or delete"
        )
    return told(attempt(lambda: sessions.expire(session)))


def _session_of(target: Target) -> AsaasCheckout | None:
    """The checkout itself, or the one whose PIX code waits."""
    if isinstance(target, AsaasPayment):
        gid = target.data.get("checkoutSession")
        return AsaasCheckout.objects.select_related("account").filter(gid=gid).first() if gid else None
    return target if isinstance(target, AsaasCheckout) else None


def overdue(body: dict[str, Any]) -> dict[str, Any]:
    target = find(body)
    if isinstance(target, AsaasPayment):
        return told(attempt(lambda: asaas.overdue(target)))
    raise ControlError("only charges of Asaas become overdue; use expire")


def delete(body: dict[str, Any]) -> dict[str, Any]:
    """As if done in the gateway's own panel; a checkout is cancelled, a subscription of Asaas removed."""
    recurring = _subscription(body.get("id"))
    if recurring is not None:
        return told(attempt(lambda: subscriptions.delete(recurring)))
    target = find(body)
    if isinstance(target, AsaasCheckout):
        return told(attempt(lambda: sessions.cancel(target)))
    if isinstance(target, AsaasPayment):
        return told(attempt(lambda: asaas.delete(target)))
    if isinstance(target, MpPayment):
        return told(attempt(lambda: mercadopago.cancel(target)))
    raise ControlError("preferences cannot be deleted")


def restore(body: dict[str, Any]) -> dict[str, Any]:
    return told(attempt(lambda: asaas.restore(_charge(body))))


def anticipate(body: dict[str, Any]) -> dict[str, Any]:
    """The receivable of a confirmed charge."""
    return told(attempt(lambda: paying.anticipate(_charge(body))))


def end_registration(body: dict[str, Any]) -> dict[str, Any]:
    """The boleto of an overdue charge, before its day."""
    return told(attempt(lambda: asaas.end_registration(_charge(body))))


def receive_in_cash(body: dict[str, Any]) -> dict[str, Any]:
    """The whole value today, unless `value` or `payment_date` say otherwise."""
    charge = _charge(body)
    value = charge.value_cents / 100 if body.get("value") is None else body["value"]
    day = body.get("payment_date") or clock.today().isoformat()
    return told(attempt(lambda: cash.take(charge, cash.receipt_of({"value": value, "paymentDate": day}))))


def undo_cash(body: dict[str, Any]) -> dict[str, Any]:
    return told(attempt(lambda: cash.give_up(_charge(body))))


def _charge(body: dict[str, Any]) -> AsaasPayment:
    target = find(body)
    if not isinstance(target, AsaasPayment):
        raise ControlError("only charges of Asaas know this")
    return target


def attempt(act: Any) -> Any:
    try:
        return act()
    except AsaasError as err:
        raise ControlError(err.body["errors"][0]["description"] if err.body else "refused", 409) from err
    except MpError as err:
        raise ControlError(err.body["message"], 409) from err


def told(target: AsaasPayment | AsaasCheckout | AsaasSubscription | MpPayment) -> dict[str, Any]:
    identifier = target.number if isinstance(target, MpPayment) else target.gid
    return {"id": identifier, "status": target.status}


def notify(body: dict[str, Any]) -> dict[str, Any]:
    """The last notification of a charge again; Asaas keeps the event's id, Mercado Pago makes a new one."""
    target: Target | AsaasSubscription = _subscription(body.get("id")) or find(body)
    times, delay = int(body.get("times", 1)), float(body.get("delay_seconds", 0))
    claims = jsonable(body.get("claims") or {})
    if claims and not isinstance(target, ASAAS):
        raise ControlError("only the body of Asaas claims anything about a charge")
    with write():
        if isinstance(target, ASAAS):
            notices = _asaas_notices(target, body.get("event"))
        elif isinstance(target, MpPayment):
            notices = _mp_notices(target, body.get("event"))
        else:
            raise ControlError("a preference has no notifications of its own")
        notices = [replace(notice, extra=notice.extra | {"claims": claims}) for notice in notices]
        made = [one for notice in notices for _ in range(times) for one in outbox.again(notice, delay)]
    return {"deliveries": [one.pk for one in made]}


def _asaas_notices(target: AtAsaas, event: str | None) -> list[outbox.Notice]:
    sent = Delivery.objects.filter(resource_id=target.gid, form="asaas")
    last = (sent.filter(event=event) if event else sent).order_by("-id").first()
    name = event or (last.event if last else f"{FAMILY[type(target)]}_CREATED")
    identifier = last.event_id if last else asaas_notify.event_id(name, target.account.environment)
    hooks = AsaasWebhook.objects.filter(account=target.account, enabled=True)
    moment = {"at": last.extra["at"]} if last and "at" in last.extra else {}
    notices = [_asaas_notice(target, name, identifier, hook) for hook in hooks]
    return [replace(notice, extra=notice.extra | moment) for notice in notices]


def _asaas_notice(target: AtAsaas, name: str, identifier: str, hook: AsaasWebhook) -> outbox.Notice:
    if isinstance(target, AsaasCheckout):
        return asaas_notify.checkout_notice(target, name, identifier, hook)
    if isinstance(target, AsaasSubscription):
        return asaas_notify.subscription_notice(target, name, identifier, hook)
    return asaas_notify.notice(target, name, identifier, hook)


def _mp_notices(payment: MpPayment, event: str | None) -> list[outbox.Notice]:
    url = payment.notification_url or mp_notify.panel_url(payment.account, "payment")
    return [mp_notify.notice(payment, event or "payment.updated", url)] if url else []


def panel_event(body: dict[str, Any]) -> dict[str, Any]:
    account = accounts.find(body.get("account"))
    url = body.get("url") or account.options.get("panel_url")
    if account.gateway != "mercadopago" or not url:
        raise ControlError("needs a Mercado Pago account with a panel_url, or a url")
    return {"deliveries": [one.pk for one in mp_notify.panel_event(account, url)]}
