"""The dead list on a running product: six failures, a named cause, and one press that cures it."""

from __future__ import annotations

import pytest

from tests.flows.given_up import pay_unreadably
from tests.flows.running import Running

# In every run a person presses it in a browser: test_journeys.
pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty, pytest.mark.full]


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
def test_six_failures_are_named_and_one_press_cures_them(running: Running, key: str) -> None:
    reference = running.charge(key)
    about = pay_unreadably(running, reference)
    admin = running.people.admin
    public_id = running.evaluate(f"str({about}.filter(state='dead').last().public_id)")
    assert f'data-event="{public_id}"' in str(admin.session.get(f"{admin.base}/events/?view=dead").text)
    page = admin.open(f"/events/{public_id}/")
    assert page.data["data-cause"] == "unreadable_answer"
    admin.fill_in(f"/events/{public_id}/", "submission", {})
    admin.wait_for(f"/events/{public_id}/", lambda page: page.data["data-replay"] == "done", 60)
    running.wait_for_status(reference, "paid")
