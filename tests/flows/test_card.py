"""Cards on the gateways' own pages: good, refused, looked at, and paid twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.running import Running

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.weighty]
CHARGE = "Charge.objects.get(reference={reference!r})"
REFUSED = {
    "OTHE": "cc_rejected_other_reason",
    "CALL": "cc_rejected_call_for_authorize",
    "FUND": "cc_rejected_insufficient_amount",
    "SECU": "cc_rejected_bad_filled_security_code",
    "EXPI": "cc_rejected_bad_filled_date",
    "FORM": "cc_rejected_bad_filled_other",
    "CARD": "cc_rejected_bad_filled_card_number",
    "INST": "cc_rejected_invalid_installments",
    "DUPL": "cc_rejected_duplicated_payment",
    "LOCK": "cc_rejected_card_disabled",
    "CTNA": "cc_rejected_card_type_not_allowed",
    "ATTE": "cc_rejected_max_attempts",
    "BLAC": "cc_rejected_blacklist",
    "UNSU": "unsupported",
    "TEST": "cc_amount_rate_limit_exceeded",
}


def payments(running: Running, reference: str) -> dict[str, list[str]]:
    """Our payments of a charge: our status and the gateway's words, by the gateway's id."""
    own = CHARGE.format(reference=reference) + ".payments"
    rows = running.evaluate(f"list({own}.values_list('gateway_id', 'status', 'gateway_status'))")
    return {gateway_id: words for gateway_id, *words in rows}


def column(running: Running, reference: str, name: str) -> Any:
    return running.evaluate(f"{CHARGE.format(reference=reference)}.{name}")


def attempt(running: Running, reference: str, holder: str = "APRO") -> str:
    """Somebody pays on the page; the gateway's id of it."""
    return str(running.control("pay_card", reference=reference, holder=holder)["id"])


def wait_for_payment(running: Running, reference: str, gateway_id: str, status: str) -> None:
    running.wait_until(
        lambda: payments(running, reference).get(gateway_id, [""])[0] == status,
        f"payment {gateway_id} is {status}",
    )


@pytest.mark.parametrize(
    "key", ["asaas", *(pytest.param(key, marks=pytest.mark.full) for key in ("mercadopago", "checkout"))]
)
def test_a_card_pays_on_the_gateways_own_page(running: Running, key: str) -> None:
    reference = running.charge(key, "card")
    page = running.pay_page(reference)
    assert page.data["data-status"] == "waiting" and page.data["data-checkout-link"]
    assert "data-pix-text" not in page.data
    attempt(running, reference)
    running.wait_for_status(reference, "paid")
    assert running.pay_page(reference).data["data-status"] == "paid"
    assert [words[0] for words in payments(running, reference).values()] == ["paid"]
    assert column(running, reference, "review_reason") == ""


def test_a_refused_card_of_asaas_leaves_the_charge_as_it_was(running: Running) -> None:
    reference = running.charge("asaas", "card")
    answer = running.control("pay_card", reference=reference, number="5184019740373151")
    assert answer["refused"] and running.status(reference) == "pending"
    attempt(running, reference)
    running.wait_for_status(reference, "paid")


def test_a_refused_card_keeps_the_page_open_for_a_good_one(running: Running) -> None:
    reference = running.charge("mercadopago", "card")
    refused = attempt(running, reference, "OTHE")
    wait_for_payment(running, reference, refused, "failed")
    assert running.status(reference) == "pending"
    page = running.pay_page(reference)
    assert page.data["data-checkout-link"] and "data-refused" in page.data
    approved = attempt(running, reference)
    running.wait_for_status(reference, "paid")
    found = payments(running, reference)
    assert {gateway_id: words[0] for gateway_id, words in found.items()} == {
        refused: "failed",
        approved: "paid",
    }
    assert column(running, reference, "review_reason") == ""


def test_paid_twice_is_paid_and_looked_at(running: Running) -> None:
    reference = running.charge("mercadopago", "card")
    both = {attempt(running, reference) for _time in range(2)}
    running.wait_until(lambda: len(payments(running, reference)) == 2, "both payments are known")
    running.wait_until(
        lambda: column(running, reference, "review_reason") == "double_payment", "it is to be looked at"
    )
    assert running.status(reference) == "paid"
    found = payments(running, reference)
    assert set(found) == both and [words[0] for words in found.values()] == ["paid", "paid"]
    assert column(running, reference, "received_cents") == 2 * column(running, reference, "amount_cents")


def test_every_holder_that_is_refused_is_refused_with_its_reason(running: Running) -> None:
    reference = running.charge("mercadopago", "card")
    made = {attempt(running, reference, holder): detail for holder, detail in REFUSED.items()}
    assert len(made) == 15
    running.wait_until(lambda: len(payments(running, reference)) == len(made), "every attempt is known")
    expected = {gateway_id: ["failed", f"rejected/{detail}"] for gateway_id, detail in made.items()}
    assert payments(running, reference) == expected
    assert running.status(reference) == "pending"
    attempt(running, reference)
    running.wait_for_status(reference, "paid")


@pytest.mark.parametrize(
    ("outcome", "payment", "status"),
    [("approve", "paid", "paid"), pytest.param("reject", "failed", "pending", marks=pytest.mark.full)],
)
def test_a_card_under_review_waits_for_the_gateway(
    running: Running, outcome: str, payment: str, status: str
) -> None:
    reference = running.charge("mercadopago", "card")
    looked_at = attempt(running, reference, "CONT")
    running.wait_for_status(reference, "authorized")
    assert payments(running, reference)[looked_at] == ["authorized", "in_process/pending_contingency"]
    assert running.pay_page(reference).data["data-status"] == "checking"
    running.control("review", id=looked_at, outcome=outcome)
    running.wait_for_status(reference, status)
    assert payments(running, reference)[looked_at][0] == payment
