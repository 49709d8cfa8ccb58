"""HTTP of the controls: JSON in, JSON out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import clock, faults, known, outbox, playing, received, schedule, tables, veil
from simulator.answers import BadJson, json_answer, jsonable, read_json
from simulator.asaas import throttle
from simulator.control import (
    accounts,
    asaas_subscriptions,
    books,
    credentials,
    describe,
    disputes,
    effects,
    elsewhere,
    events,
    mp_disputes,
    mp_subscriptions,
    paying,
    refunds,
    topics,
)
from simulator.control.errors import ControlError
from simulator.models import Delivery, Fault, write
from simulator.sending import sender

FLUSH_TIMEOUT = 30.0
COMMON = ("name", "gateway", "account", "times", "reads")


def control(**handlers: Callable[..., Any]) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, **kwargs: str) -> HttpResponse:
        handler = handlers.get(request.method or "")
        if handler is None:
            return json_answer({"error": f"use {' or '.join(handlers)}"}, 405)
        try:
            return json_answer(handler(request, **kwargs))
        except ControlError as err:
            return json_answer({"error": str(err)}, err.status)
        except (BadJson, ValueError, TypeError) as err:
            return json_answer({"error": f"{type(err).__name__}: {err}"}, 400)

    return view


def acting(act: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[HttpRequest], dict[str, Any]]:
    return lambda request: act(read_json(request))


def describe_all(request: HttpRequest) -> dict[str, Any]:
    return describe.description()


def reset(request: HttpRequest) -> dict[str, Any]:
    sender.forget()
    with write():
        tables.empty()
        faults.clear()
        throttle.forget()
        veil.forget()
        received.clear()
        clock.set_offset(0)
    known.forget()
    return show_clock(request)


def show_clock(request: HttpRequest) -> dict[str, Any]:
    return {"now": clock.now().isoformat(), "offset_seconds": clock.offset_seconds()}


def move_clock(request: HttpRequest) -> dict[str, Any]:
    body = read_json(request)
    wanted = _wanted_offset(body)
    if body.get("play"):
        playing.play_to(wanted)
    else:
        with write():
            clock.set_offset(wanted)
    schedule.run_due()
    return show_clock(request)


def _wanted_offset(body: dict[str, Any]) -> float:
    if "advance_seconds" in body:
        return clock.offset_seconds() + float(body["advance_seconds"])
    if "offset_seconds" in body:
        return float(body["offset_seconds"])
    if "now" in body:
        moment = datetime.fromisoformat(body["now"])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return clock.offset_seconds() + clock.real_seconds_until(moment)
    raise ControlError("give advance_seconds, now or offset_seconds")


def list_accounts(request: HttpRequest) -> dict[str, Any]:
    return {"accounts": accounts.show_all()}


def create_account(request: HttpRequest) -> dict[str, Any]:
    return accounts.show(accounts.create(jsonable(read_json(request))))


def change_account(request: HttpRequest, identifier: str) -> dict[str, Any]:
    return accounts.show(accounts.change(identifier, jsonable(read_json(request))))


def show_account(request: HttpRequest, identifier: str) -> dict[str, Any]:
    return accounts.show(accounts.find(identifier))


def list_faults(request: HttpRequest) -> dict[str, Any]:
    return {"faults": [_fault(one) for one in faults.listed()]}


def add_fault(request: HttpRequest) -> dict[str, Any]:
    body = jsonable(read_json(request))
    if body.get("name") not in faults.KNOWN:
        raise ControlError(f"name must be one of {', '.join(sorted(faults.KNOWN))}")
    if body.get("when", "before") not in faults.WHEN:
        raise ControlError("when must be before or after")
    if not isinstance(body.get("share", 0), int | float) or not 0 <= body.get("share", 0) <= 1:
        raise ControlError("share must be a number from 0 to 1")
    for name in (*faults.NUMBERS, "times", "account"):
        if body.get(name) is not None and not isinstance(body[name], int | float):
            raise ControlError(f"{name} must be a number")
    default_times = body.get("reads", 1) if body["name"] == "stale_read" else None
    fault = Fault(
        name=body["name"],
        gateway=body.get("gateway") or "",
        account=body.get("account"),
        times=body.get("times", default_times),
        parameters={key: value for key, value in body.items() if key not in COMMON},
    )
    return _fault(faults.add(fault))


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "id": fault.pk,
        "name": fault.name,
        "gateway": fault.gateway or None,
        "account": fault.account,
        "times": fault.times,
        "struck": fault.struck,
        **fault.parameters,
    }


def clear_faults(request: HttpRequest) -> dict[str, Any]:
    """All, or those of the `name` in the query; answers what stays on."""
    faults.clear(request.GET.get("name", ""))
    return list_faults(request)


def remove_fault(request: HttpRequest, identifier: str) -> dict[str, Any]:
    if not identifier.isdigit() or not faults.remove(int(identifier)):
        raise ControlError(f"no fault {identifier}", 404)
    return list_faults(request)


def show_received(request: HttpRequest) -> dict[str, Any]:
    given = request.GET
    account = given.get("account", "")
    if account and not account.isdigit():
        raise ControlError("account must be the id of an account")
    chosen = received.Chosen(
        since=given.get("since", ""),
        account=int(account) if account else None,
        method=given.get("method", ""),
        path=given.get("path", ""),
    )
    return received.count(chosen) if given.get("count") else {"calls": received.calls(chosen)}


def flush(request: HttpRequest) -> dict[str, Any]:
    body = read_json(request)
    waiting = Delivery.objects.filter(state__in=books.OPEN_STATES)
    if body.get("ignore_schedule"):
        with write():
            waiting.update(next_attempt_at=clock.now())
        outbox.wake_all_waiting()
    is_idle = sender.wait_idle(None, float(body.get("timeout_seconds", FLUSH_TIMEOUT)))
    return {"idle": is_idle, "waiting": waiting.count()}


ACTIONS = {
    "pay": paying.pay,
    "pay_card": paying.pay_card,
    "review": paying.review,
    "edit": effects.edit,
    "expire": effects.expire,
    "overdue": effects.overdue,
    "delete": effects.delete,
    "restore": effects.restore,
    "end_registration": effects.end_registration,
    "anticipate": effects.anticipate,
    "receive_in_cash": effects.receive_in_cash,
    "undo_cash": effects.undo_cash,
    "notify": effects.notify,
    "refund": refunds.refund,
    "refund_step": refunds.refund_step,
    "chargeback": disputes.chargeback,
    "chargeback_step": disputes.chargeback_step,
    "retry_card": asaas_subscriptions.retry_card,
    "asaas_event": events.asaas_event,
    "panel_payment": elsewhere.panel_payment,
    "panel_event": effects.panel_event,
    "key_event": credentials.key_event,
    "connect_event": credentials.connect_event,
    "topic_event": topics.topic_event,
    "subscribe": mp_subscriptions.subscribe,
    "kept_card": mp_subscriptions.kept_card,
    "subscription_status": mp_subscriptions.subscription_status,
    "claim": mp_disputes.claim,
    "claim_step": mp_disputes.claim_step,
}
