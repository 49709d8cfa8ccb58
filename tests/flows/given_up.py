"""A payment whose notification is given up: six times the gateway's answer makes no sense."""

from __future__ import annotations

from tests.flows.running import Running

# Longer than each wait between two attempts to follow a notification.
_WAITS = (7, 40, 150, 750, 4400)


def pay_unreadably(running: Running, reference: str) -> str:
    """Returns how the notifications are asked for; by then the gateway answers as it should again."""
    about = f"WebhookEvent.objects.filter(resource__charge__reference={reference!r}, topic__icontains='pay')"
    running.control("faults", name="malformed_json", times=None, method="GET", path="/payments/")
    running.control("pay", reference=reference)
    failures = f"max([0, *{about}.values_list('failures', flat=True)])"
    for number, seconds in enumerate((*_WAITS, 0), start=1):
        running.wait_until(lambda n=number: running.evaluate(failures) >= n, f"it failed {number} times")
        running.control("clock", advance_seconds=seconds)
    running.wait_until(lambda: running.evaluate(f"{about}.filter(state='dead').count()"), "it is given up")
    running.no_faults()
    return about
