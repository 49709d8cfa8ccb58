"""Moves the clock from one due moment to the next, so that everything on the way happens at its time."""

from datetime import datetime, timedelta

from simulator import clock, schedule
from simulator.models import (
    AsaasCheckout,
    AsaasPayment,
    AsaasSubscription,
    Delivery,
    MpChargeback,
    MpPayment,
    MpSubscription,
)
from simulator.sending import sender

PATIENCE = 30.0
"""Real seconds for what is sent at one moment."""


def play_to(offset_seconds: float) -> None:
    """Up to that offset of the clock; each moment is done, its notifications tried, before the next."""
    distance = offset_seconds - clock.offset_seconds()
    goal = clock.now() + timedelta(seconds=distance)
    sender.wait_idle(None, PATIENCE)
    while (moment := _next_moment(goal)) is not None:
        clock.set_offset(clock.offset_seconds() + clock.real_seconds_until(moment))
        schedule.run_due()
        sender.wait_idle(None, PATIENCE)
    clock.set_offset(clock.offset_seconds() + max(0.0, clock.real_seconds_until(goal)))


def _next_moment(goal: datetime) -> datetime | None:
    """What waits since before now waits for something else, like a queue that is interrupted."""
    now = clock.now()
    open_rows = Delivery.objects.filter(state__in=(Delivery.WAITING, Delivery.HELD))
    ahead = [
        open_rows.filter(next_attempt_at__gt=now).order_by("next_attempt_at").values_list("next_attempt_at"),
        AsaasSubscription.objects.filter(due_at__gt=now).order_by("due_at").values_list("due_at"),
        AsaasPayment.objects.filter(due_at__gt=now).order_by("due_at").values_list("due_at"),
        AsaasCheckout.objects.filter(due_at__gt=now).order_by("due_at").values_list("due_at"),
        MpPayment.objects.filter(due_at__gt=now).order_by("due_at").values_list("due_at"),
        MpSubscription.objects.filter(due_at__gt=now).order_by("due_at").values_list("due_at"),
        MpChargeback.objects.filter(due_at__gt=now).order_by("due_at").values_list("due_at"),
    ]
    moments = [row[0] for rows in ahead if (row := rows.first()) is not None and row[0] <= goal]
    return min(moments, default=None)
