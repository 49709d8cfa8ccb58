"""The dead list on a running product: six failures, a named cause, and one press that cures it."""

from __future__ import annotations

import pytest

from tests.flows.running import Running

# In every run a person presses it in a browser: test_journeys.
pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty, pytest.mark.full]
# Longer than each wait between two attempts.
WAITS = (7, 40, 150, 750, 4400)


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_six_failures_are_named_and_one_press_cures_them(running: Running, key: str) -> None:
    reference = running.charge(key)
    about = f"WebhookEvent.objects.filter(resource__charge__reference={reference!r}, topic__icontains='pay')"
    running.control("faults", name="malformed_json", times=None, method="GET", path="/payments/")
    running.control("pay", reference=reference)
    failures = f"max([0, *{about}.values_list('failures', flat=True)])"
    for number, seconds in enumerate((*WAITS, 0), start=1):
        running.wait_until(lambda n=number: running.evaluate(failures) >= n, f"it failed {number} times")
        running.control("clock", advance_seconds=seconds)
    running.wait_until(lambda: running.evaluate(f"{about}.filter(state='dead').count()"), "it is given up")
    running.no_faults()
    admin = running.people.admin
    public_id = running.evaluate(f"str({about}.filter(state='dead').last().public_id)")
    assert f'data-event="{public_id}"' in str(admin.session.get(f"{admin.base}/events/?view=dead").text)
    page = admin.open(f"/events/{public_id}/")
    assert page.data["data-cause"] == "unreadable_answer"
    admin.fill_in(f"/events/{public_id}/", "submission", {})
    admin.wait_for(f"/events/{public_id}/", lambda page: page.data["data-replay"] == "done", 60)
    running.wait_for_status(reference, "paid")
