"""Chargebacks, as the payment and its ``chargeback`` tell of them (asaas.md 3.3, 3.6, 5.5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connections.gateways.asaas import mapping
from connections.gateways.base import DisputeKind, DisputeState, Environment, GatewayDispute, PaymentStatus
from connections.gateways.errors import CredentialsRefused, GatewayUnavailable, NotFound
from tests.gateways import sample
from tests.gateways.asaas.desk import BASE, add, gateway

PAYMENT_ID = "pay_w8c2n5h0y4j6b1fa"
PATH = f"/payments/{PAYMENT_ID}"
OPEN = "CHARGEBACK_REQUESTED"


def chargeback(**changes: object) -> dict[str, Any]:
    found = {
        "id": "cbk-1",
        "payment": PAYMENT_ID,
        "installment": None,
        "customerAccount": "cus_000007410933",
        "status": "REQUESTED",
        "reason": "COMMERCIAL_DISAGREEMENT",
        "disputeStartDate": "2026-09-20",
        "value": 150.0,
        "paymentDate": "2026-10-05",
        "creditCard": {"number": "8829", "brand": "MASTERCARD"},
        "disputeStatus": None,
        "deadlineToSendDisputeDocuments": "2026-09-30",
    }
    return {**found, **changes}


def look(asaas: Any, status: str, held: object = None, asked: object = None, **changes: Any) -> Any:
    """The disputes of a card payment with this status: what it holds itself, what its own call answers."""
    values = {"status": status, **({"chargeback": held} if held else {}), **changes}
    add(asaas, "GET", PATH, sample.body("asaas", "payment_card", **values))
    if not held:
        add(asaas, "GET", f"{PATH}/chargeback", asked, status=200 if asked else 404)
    return gateway().find_disputes(PAYMENT_ID)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (OPEN, DisputeState.DOCUMENTS),
        ("CHARGEBACK_DISPUTE", DisputeState.REVIEW),
        ("AWAITING_CHARGEBACK_REVERSAL", DisputeState.WON),
    ],
)
def test_the_status_of_the_payment_alone_tells(asaas: Any, status: str, expected: DisputeState) -> None:
    assert look(asaas, status) == (
        GatewayDispute(
            kind=DisputeKind.CHARGEBACK,
            gateway_id=PAYMENT_ID,
            payment_ids=(PAYMENT_ID,),
            state=expected,
            gateway_status=status,
            currency="BRL",
            link="https://sandbox.asaas.com",
        ),
    )


@pytest.mark.parametrize("where", ["held", "asked"])
def test_reads_amount_reason_and_deadline_wherever_they_are(asaas: Any, where: str) -> None:
    (found,) = look(asaas, OPEN, **{where: chargeback()})
    assert (found.state, found.amount_cents) == (DisputeState.DOCUMENTS, 15000)
    assert found.reason == "COMMERCIAL_DISAGREEMENT"
    assert found.opened_at == datetime(2026, 9, 20, 3, tzinfo=UTC)
    assert found.deadline == datetime(2026, 10, 1, 2, 59, 59, tzinfo=UTC)  # the whole day in São Paulo
    assert (found.version, found.closed_at) == (None, None)


@pytest.mark.parametrize(
    ("status", "word", "answer", "expected"),
    [
        ("CONFIRMED", "REVERSED", None, DisputeState.WON),
        ("REFUNDED", "DISPUTE_LOST", "REJECTED", DisputeState.LOST),
        ("RECEIVED", "DONE", "ACCEPTED", DisputeState.WON),
        ("REFUNDED", "DONE", "REJECTED", DisputeState.LOST),
        ("REFUNDED", "DONE", None, DisputeState.LOST),
        ("RECEIVED", "DONE", None, DisputeState.WON),
        ("REFUNDED", "REQUESTED", None, DisputeState.LOST),
        ("CONFIRMED", "IN_DISPUTE", "REQUESTED", DisputeState.WON),
        ("REFUND_IN_PROGRESS", "DISPUTE_LOST", None, DisputeState.LOST),
        ("INVENTED_YESTERDAY", "DONE", None, None),
        ("REFUNDED", "INVENTED_YESTERDAY", "REJECTED", None),
    ],
)
def test_one_that_is_over_is_told_by_the_chargeback(
    asaas: Any, status: str, word: str, answer: str | None, expected: DisputeState | None
) -> None:
    (found,) = look(asaas, status, held=chargeback(status=word, disputeStatus=answer))
    assert (found.state, found.gateway_status) == (expected, word)


@pytest.mark.parametrize(
    ("word", "answer"), [("DISPUTE_LOST", "REJECTED"), ("REVERSED", "ACCEPTED"), ("INVENTED", None)]
)
def test_while_the_payment_is_disputed_its_status_decides(asaas: Any, word: str, answer: str | None) -> None:
    (found,) = look(asaas, OPEN, held=chargeback(status=word, disputeStatus=answer))
    assert (found.state, found.gateway_status) == (DisputeState.DOCUMENTS, OPEN)


@pytest.mark.parametrize("status", ["CONFIRMED", "RECEIVED", "REFUNDED"])
def test_a_payment_that_shows_none_has_none(asaas: Any, status: str) -> None:
    assert look(asaas, status) == ()


@pytest.mark.parametrize("name", ["payment_pix", "payment_boleto", "payment_card_unpaid"])
def test_only_money_of_cards_is_charged_back(asaas: Any, name: str) -> None:
    body = sample.body("asaas", name)
    add(asaas, "GET", f"/payments/{body['id']}", body)
    assert gateway().find_disputes(body["id"]) == ()
    assert len(asaas.calls) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_account_without_that_call_still_shows_its_disputes(asaas: Any, status: int) -> None:
    add(asaas, "GET", PATH, sample.body("asaas", "payment_card", status=OPEN))
    add(asaas, "GET", f"{PATH}/chargeback", status=status)
    assert [found.state for found in gateway().find_disputes(PAYMENT_ID)] == [DisputeState.DOCUMENTS]


@pytest.mark.parametrize(("status", "expected"), [(401, CredentialsRefused), (500, GatewayUnavailable)])
def test_what_is_no_answer_is_raised(asaas: Any, status: int, expected: type[Exception]) -> None:
    add(asaas, "GET", PATH, sample.body("asaas", "payment_card", status=OPEN))
    add(asaas, "GET", f"{PATH}/chargeback", status=status)
    with pytest.raises(expected):
        gateway().find_disputes(PAYMENT_ID)


@pytest.mark.parametrize("content", [[], {}, {"status": "REVERSED", "payment": "pay_other"}])
def test_takes_no_chargeback_of_another_payment(asaas: Any, content: Any) -> None:
    add(asaas, "GET", PATH, sample.body("asaas", "payment_card", status="CONFIRMED"))
    add(asaas, "GET", f"{PATH}/chargeback", content)
    assert gateway().find_disputes(PAYMENT_ID) == ()


@pytest.mark.parametrize(
    ("value", "expected"), [(40.5, 4050), (450.0, None), (0, None), (None, None), ("x", None)]
)
def test_the_sum_of_a_whole_plan_is_not_that_of_a_parcel(
    asaas: Any, value: object, expected: int | None
) -> None:
    (found,) = look(asaas, OPEN, held=chargeback(value=value))
    assert found.amount_cents == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-09-30 18:00:00", datetime(2026, 9, 30, 21, tzinfo=UTC)),
        ("30/09/2026", datetime(2026, 10, 1, 2, 59, 59, tzinfo=UTC)),
        (None, None),
        ("soon", None),
    ],
)
def test_a_deadline_without_a_time_ends_with_its_day(
    asaas: Any, written: object, expected: datetime | None
) -> None:
    (found,) = look(asaas, OPEN, held=chargeback(deadlineToSendDisputeDocuments=written))
    assert found.deadline == expected


def test_leads_to_the_panel_of_its_environment(asaas: Any) -> None:
    body = sample.body("asaas", "payment_card", status=OPEN, chargeback=chargeback())
    asaas.get("https://api.asaas.com/v3" + PATH, body=sample.dump(body))
    asaas.get(f"http://127.0.0.1:9/asaas/sandbox/v3{PATH}", body=sample.dump(body))
    links = [
        gateway(**changes).find_disputes(PAYMENT_ID)[0].link
        for changes in ({"environment": Environment.PRODUCTION}, {"simulator_url": "http://127.0.0.1:9"})
    ]
    assert links == ["https://www.asaas.com", ""]


def test_knows_no_dispute_by_an_id_of_its_own() -> None:
    for kind in DisputeKind:
        with pytest.raises(NotFound):
            gateway().fetch_dispute(kind, "cbk-1")


def test_does_not_know_a_strange_payment(asaas: Any) -> None:
    asaas.get(BASE + PATH, status=404)
    with pytest.raises(NotFound):
        gateway().find_disputes(PAYMENT_ID)


@pytest.mark.parametrize(
    ("held", "given_back", "expected"),
    [
        ({"status": "DISPUTE_LOST", "disputeStatus": "REJECTED"}, 0, (PaymentStatus.CHARGED_BACK, 0)),
        ({"status": "DONE"}, 0, (PaymentStatus.CHARGED_BACK, 0)),
        ({"status": "DONE"}, 40, (PaymentStatus.CHARGED_BACK, 4000)),
        ({"status": "DONE"}, 150, (PaymentStatus.REFUNDED, 15000)),
        ({"status": "DONE", "disputeStatus": "ACCEPTED"}, 0, (PaymentStatus.REFUNDED, 15000)),
        ({"status": "REVERSED", "disputeStatus": "ACCEPTED"}, 0, (PaymentStatus.REFUNDED, 15000)),
        (None, 0, (PaymentStatus.REFUNDED, 15000)),
    ],
)
def test_money_that_was_taken_is_not_money_given_back(
    held: dict[str, Any] | None, given_back: int, expected: tuple[PaymentStatus, int]
) -> None:
    """Also where nobody told us that it was contested: Asaas calls both ``REFUNDED`` (5.5)."""
    refund = {"status": "DONE", "value": given_back, "dateCreated": "2026-09-20 10:00:00"}
    changes = {"refunds": [refund] if given_back else None}
    changes |= {"chargeback": chargeback(**held)} if held else {}
    body = sample.body("asaas", "payment_card", status="REFUNDED", **changes)
    found = mapping.to_payment(body, account_id="")
    assert (found.status, found.refunded_cents) == expected


@pytest.mark.parametrize(
    ("status", "held", "expected"),
    [
        ("CONFIRMED", None, False),
        (OPEN, None, True),
        ("RECEIVED", {"status": "REVERSED"}, True),
        ("REFUNDED", {"status": "DISPUTE_LOST"}, True),
    ],
)
def test_a_payment_tells_that_it_was_contested(
    status: str, held: dict[str, Any] | None, expected: bool
) -> None:
    changes = {"chargeback": chargeback(**held)} if held else {}
    body = sample.body("asaas", "payment_card", status=status, **changes)
    assert mapping.to_payment(body, account_id="").has_dispute is expected
