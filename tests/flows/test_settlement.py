"""From the paid card to the money in the account: expected, told or asked for, and in the report."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("second"), pytest.mark.weighty]
KEYS = ("asaas", "mercadopago")
# Asaas credits cards after 32 days and tells it; Mercado Pago releases after 30 and is asked a day later.
DAYS = 35
DAY = 24 * 60 * 60


def shown(running: Running, reference: str) -> dict[str, str]:
    """What the charge page tells of its only payment."""
    return dict(running.people.operator.open(f"/charges/{reference}/").data)


def test_money_is_expected_and_then_in_the_account(running: Running) -> None:
    references = {key: running.charge(key, "card") for key in KEYS}
    for reference in references.values():
        running.control("pay_card", reference=reference)
        running.wait_for_status(reference, "paid")
        [line] = running.ask(f"books?reference={reference}")["payments"]
        said = shown(running, reference)
        assert (said["data-settlement"], said["data-moment"]) == ("expected", line["credit_date"])
        assert (int(said["data-fee"]), int(said["data-net"])) == (
            round(line["fee"] * 100),
            round(line["net"] * 100),
        )
    running.control("clock", advance_seconds=DAYS * DAY)
    for reference in references.values():
        running.wait_until(
            lambda one=reference: shown(running, one)["data-settlement"] == "settled",
            f"the money of {reference} has come",
        )
        [line] = running.ask(f"books?reference={reference}")["payments"]
        assert line["is_settled"] and shown(running, reference)["data-moment"] == line["credit_date"]
    running.people.log_in("admin")
    assert "data-settled" in running.people.admin.open("/reports/settlements/").data
    for reference in references.values():
        [line] = running.ask(f"books?reference={reference}")["payments"]
        assert reported(running, reference, line["credit_date"]) == [
            line["credit_date"],
            *(f"{line[name]:.2f}".replace(".", ",") for name in ("paid", "fee", "refunded", "net")),
        ]


def reported(running: Running, reference: str, day: str) -> list[str]:
    """The day and the sums of its line in the file of what became available on a day."""
    admin = running.people.admin
    address = f"{admin.base}/reports/settlements/csv/?first={day}&last={day}"
    text = admin.session.get(address, timeout=20).content.decode("utf-8-sig")
    [line] = [line for line in csv.reader(StringIO(text), delimiter=";") if reference in line]
    return [line[0], *line[8:]]
