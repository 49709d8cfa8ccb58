"""The comparison of a storm: silent when both sides agree, and never silent about anything else."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from lib.storm import lives
from lib.storm.comparing import compare, expected_status
from lib.storm.lives import KINDS, Life, Person
from lib.storm.looking import Look

from connections.gateways.documents import is_cpf

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ASAAS, MERCADO_PAGO = "chg_asaas", "chg_mercadopago"


def _life(reference: str, account: str, *refunds: tuple[int, str]) -> Life:
    person = Person("Ana Dias", "52998224725", "ana@example.com")
    life = Life(1, account, "pix", 10_000, person, f"form-{reference}", 3, 0, reference=reference)
    life.refunds = list(refunds)
    return life


def _there(gateway_id: str, reference: str, **columns: Any) -> dict[str, Any]:
    """A payment of R$ 100.00 in the books."""
    common = {"amount": 100, "paid": 100, "fee": 1.99, "net": 98.01, "refunded": 0, "refunds": []}
    names = {"id": gateway_id, "reference": reference, "account": 1}
    at_asaas = {"gateway": "asaas", "deleted": False, "chargeback": None, "status": "RECEIVED"}
    elsewhere = {"gateway": "mercadopago", "status": "approved", "status_detail": "accredited"}
    return common | names | (at_asaas if reference == ASAAS else elsewhere) | columns


def _here(gateway_id: str, reference: str, **columns: Any) -> dict[str, Any]:
    cents = {"received_cents": 10_000, "refunded_cents": 0, "fee_cents": 199, "net_cents": 9_801}
    name = KINDS["asaas" if reference == ASAAS else "direct"].name
    return (
        {"gateway_id": gateway_id, "charge": reference, "status": "paid", "connection": name}
        | cents
        | columns
    )


def _charge(reference: str, **columns: Any) -> dict[str, Any]:
    sums = {"received_cents": 10_000, "refunded_cents": 0, "instalments": 1}
    names = {"reference": reference, "submission": f"form-{reference}"}
    return names | sums | {"status": "paid", "review_reason": ""} | columns


def _refund(gateway_id: str, cents: int, state: str = "done") -> dict[str, Any]:
    return {"gateway_id": gateway_id, "amount_cents": cents, "state": state, "is_for_person": False}


def _move(reference: str, before: str, after: str) -> dict[str, Any]:
    return {"reference": reference, "before": before, "after": after, "source": "webhook", "at": AT}


def _delivery(gateway_id: str, state: str, event: str = "PAYMENT_RECEIVED", **columns: Any) -> dict[str, Any]:
    attempts = [{"at": AT.isoformat(), "status": 200}] if state == "delivered" else []
    names = {"resource_id": gateway_id, "event": event, "event_id": f"evt_{gateway_id}", "form": "asaas"}
    return names | {"state": state, "attempts": attempts, "created_at": AT.isoformat()} | columns


def sides() -> Look:
    """Two charges that were paid; of the second R$ 3.00 went back."""
    given = [{"id": 1, "amount": 3, "status": "approved", "at": ""}]
    return Look(
        lives=[_life(ASAAS, "asaas"), _life(MERCADO_PAGO, "direct", (300, "operator"))],
        books={
            "payments": [
                _there("pay_1", ASAAS),
                _there("2", MERCADO_PAGO, refunded=3, refunds=given),
            ],
            **{name: [] for name in ("subscriptions", "chargebacks", "claims")},
        },
        deliveries=[_delivery("pay_1", "delivered")],
        charges=[
            _charge(ASAAS),
            _charge(MERCADO_PAGO, status="partially_refunded", refunded_cents=300),
        ],
        payments=[_here("pay_1", ASAAS), _here("2", MERCADO_PAGO, refunded_cents=300)],
        refunds=[_refund("2", 300)],
        disputes=[],
        subscriptions=[],
        moves=[
            _move(ASAAS, "pending", "paid"),
            _move(MERCADO_PAGO, "pending", "paid"),
            _move(MERCADO_PAGO, "paid", "partially_refunded"),
        ],
        events=[
            {"id": 1, "state": "done", "cause": "", "topic": "PAYMENT", "last_error": "",
             "gateway_id": "pay_1", "dedupe_key": "evt_pay_1"},
        ],
        missed=[],
    )  # fmt: skip


def test_says_nothing_when_both_sides_agree() -> None:
    assert compare(sides()) == []


def _one_cent_more(look: Look) -> None:
    look.payments[0]["received_cents"] += 1


def _sum_of_a_charge(look: Look) -> None:
    look.charges[0]["received_cents"] -= 1


def _fee(look: Look) -> None:
    look.payments[0]["fee_cents"] = 198


def _lost_payment(look: Look) -> None:
    look.books["payments"].append(_there("pay_3", "chg_unknown"))


def _refunded_twice(look: Look) -> None:
    look.books["payments"][1]["refunds"] *= 2
    look.books["payments"][1]["refunded"] = 6
    look.payments[1]["refunded_cents"] = look.charges[1]["refunded_cents"] = 600
    look.refunds.append(_refund("2", 300))  # type: ignore[attr-defined]


def _refund_unknown_there(look: Look) -> None:
    look.refunds.append(_refund("2", 500))  # type: ignore[attr-defined]


def _refund_left_open(look: Look) -> None:
    look.refunds.append(_refund("2", 500, "unsure"))  # type: ignore[attr-defined]


def _twin_at_the_gateway(look: Look) -> None:
    twin = _there("pay_9", ASAAS, status="PENDING", paid=0)
    look.books["payments"].append(twin)
    look.payments.append(_here("pay_9", ASAAS, status="pending", received_cents=0))  # type: ignore[attr-defined]


def _two_charges_of_one_form(look: Look) -> None:
    look.charges.append(_charge("chg_other", submission=f"form-{ASAAS}"))  # type: ignore[attr-defined]


def _paid_became_pending(look: Look) -> None:
    look.moves[2].update(before="paid", after="pending")


def _line_without_its_line_before(look: Look) -> None:
    look.moves[2]["before"] = "overdue"


def _event_left_open(look: Look) -> None:
    look.events[0]["state"] = "retry"


def _dead_without_a_cause(look: Look) -> None:
    look.events[0]["state"] = "dead"


def _answered_200_and_lost(look: Look) -> None:
    look.deliveries.append(_delivery("pay_1", "delivered", event_id="evt_lost"))  # type: ignore[attr-defined]


def _never_told_and_found_silently(look: Look) -> None:
    late = (AT + timedelta(hours=1)).isoformat()
    look.deliveries.append(_delivery("pay_1", "dropped", created_at=late))  # type: ignore[attr-defined]
    look.moves[0].update(source="check", at=AT + timedelta(hours=2))


def _lost_dispute(look: Look) -> None:
    look.books["claims"].append({"payment": 2, "for": "payer"})


def _still_to_review(look: Look) -> None:
    look.charges[0]["review_reason"] = "amount"


TAMPERED: list[tuple[Callable[[Look], None], set[str]]] = [
    (_one_cent_more, {"payment", "sum"}),
    (_sum_of_a_charge, {"charge"}),
    (_fee, {"payment"}),
    (_lost_payment, {"payment", "sum"}),
    (_refunded_twice, {"refund"}),
    (_refund_unknown_there, {"refund"}),
    (_refund_left_open, {"refund"}),
    (_twin_at_the_gateway, {"twin", "charge"}),
    (_two_charges_of_one_form, {"twin", "charge"}),
    (_paid_became_pending, {"transition"}),
    (_line_without_its_line_before, {"transition"}),
    (_event_left_open, {"event"}),
    (_dead_without_a_cause, {"event"}),
    (_answered_200_and_lost, {"event"}),
    (_never_told_and_found_silently, {"missed"}),
    (_lost_dispute, {"dispute"}),
    (_still_to_review, {"charge"}),
]


@pytest.mark.parametrize(("tamper", "kinds"), TAMPERED, ids=[one.__name__ for one, _kinds in TAMPERED])
def test_names_what_does_not_balance(tamper: Callable[[Look], None], kinds: set[str]) -> None:
    look = deepcopy(sides())
    tamper(look)
    assert {finding.kind for finding in compare(look)} == kinds


def test_a_missed_notification_that_is_named_is_no_finding() -> None:
    look = deepcopy(sides())
    _never_told_and_found_silently(look)
    named = {"gateway_id": "pay_1", "charge": ASAAS, "found_at": AT + timedelta(hours=2)}
    assert compare(replace(look, missed=[named])) == []


def test_the_word_of_a_charge_is_that_of_its_payments() -> None:
    paid, open_one = _there("pay_1", ASAAS), _there("pay_2", ASAAS, status="OVERDUE", paid=0)
    deleted = _there("pay_3", ASAAS, status="PENDING", paid=0, deleted=True)
    assert expected_status([paid], 1) == {"paid"}
    assert expected_status([paid, open_one], 2) == {"overdue"}
    assert expected_status([deleted, paid], 1) == {"paid"}
    assert "paid" not in expected_status([deleted], 1)


def test_the_command_says_what_is_missing(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match=r"bin/lib/storm.*simulator/server\.py"):
        call_command("storm")


def test_the_command_begins_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "sides.json").touch()
    with pytest.raises(SystemExit) as ended:
        call_command("storm", keep=tmp_path)
    assert ended.value.code == 2
    with pytest.raises(CommandError, match="--charges"):
        call_command("storm", charges=0)


def test_a_seed_draws_the_same_lives_again() -> None:
    assert lives.draw(3, 60) == lives.draw(3, 60) != lives.draw(4, 60)


def test_every_way_and_every_end_is_drawn() -> None:
    drawn = lives.draw(1, 400)
    steps = {step.kind for life in drawn for step in life.steps}
    assert {life.method for life in drawn} == {"pix", "boleto", "card", "any"}
    assert {life.account for life in drawn} == {kind.key for kind in lives.ACCOUNTS}
    assert {"refund", "panel_refund", "refund_step", "chargeback", "claim", "cash", "cancel"} <= steps
    assert all(is_cpf(life.person.document) for life in drawn)
