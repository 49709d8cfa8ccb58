"""A file of charges through a running product: uploaded, cut off in the middle, gone on with."""

from __future__ import annotations

import pytest
from lib.pages import Page

from tests.flows.running import Running
from tests.payments.files import HEAD, line

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty]
SECONDS = 120
ADDRESS = "/charges/import/"
MADE = "BatchRow.objects.filter(batch__public_id={batch!r}, state='made')"


def upload(running: Running, content: str) -> Page:
    """The page that shows what was read of a file."""
    shop, browser = running.shop("asaas"), running.people.operator
    form = browser.open(ADDRESS).form_with("file")
    assert form is not None
    answer = browser.session.post(
        browser.url,
        data={**form.fields, "connection": shop._choice_of(form), "method": "pix"},
        files={"file": ("dezembro.csv", content.encode(), "text/csv")},
        headers={"Referer": browser.url},
        timeout=SECONDS,
    )
    assert answer.status_code == 200, answer.text[:500]
    return Page(answer.text)


def press(running: Running, address: str) -> None:
    """A button of the page the browser is at."""
    browser = running.people.operator
    browser.open(address.rpartition("create/")[0])
    token = browser.session.cookies["csrftoken"]
    answer = browser.session.post(
        browser.base + address,
        data={"csrfmiddlewaretoken": token},
        headers={"Referer": browser.url},
        timeout=SECONDS,
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(("rows", "bad"), [(24, 4), pytest.param(1_000, 50, marks=pytest.mark.full)])
def test_a_worker_killed_in_the_middle_costs_nothing(running: Running, rows: int, bad: int) -> None:
    every = rows // bad
    # Other amounts for every file: rows like charges that exist are asked about first.
    lines = [line(n, amount="zero" if n % every == 0 else f"{rows + n},00") for n in range(rows)]
    shown = upload(running, "\n".join([HEAD, *lines])).data
    assert (shown["data-ready"], shown["data-invalid"]) == (str(rows - bad), str(bad))
    batch = shown["data-batch"]
    page = f"{ADDRESS}{batch}/"
    press(running, f"{page}create/")
    made = MADE.format(batch=batch)
    running.wait_until(lambda: running.evaluate(f"{made}.count()") >= 4, "some are made")
    running.kill("worker")
    is_begun = running.evaluate(f"{made}.count()")
    assert 0 < is_begun < rows - bad, "killed in the middle"
    running.restart("worker")
    running.control("clock", advance_seconds=61)  # the lease of what was being made
    running.wait_for_none(
        lambda: int(
            running.evaluate(f"BatchRow.objects.filter(batch__public_id={batch!r}, state='waiting').count()")
        ),
        "rows that wait",
    )

    def is_done() -> bool:
        """What the worker was at when it was killed is looked up at planned times, ever rarer."""
        running.control("clock", advance_seconds=20)
        return running.people.operator.open(page).data.get("data-state") == "done"

    running.wait_until(is_done, "the batch is done")
    references = running.evaluate(f"list({made}.values_list('charge__reference', flat=True))")
    assert len(set(references)) == rows - bad
    assert {len(running.ask(f"books?reference={reference}")["payments"]) for reference in references} == {1}
    sheet = running.people.operator.session.get(f"{running.stack.url}{page}not-made/", timeout=SECONDS)
    reasons = sheet.content.decode("utf-8-sig").splitlines()[1:]
    assert len(reasons) == bad and all(reason.rpartition(";")[2] for reason in reasons)
    assert running.evaluate(f"{made}.exclude(typed={{}}).count()") == 0
