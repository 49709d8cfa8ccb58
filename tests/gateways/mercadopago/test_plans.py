"""Plans at Mercado Pago: a public link for many payers (mercadopago.md 4.1 and 4.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connections.gateways.base import Cycle, GatewayPlan
from connections.gateways.errors import GatewayUnavailable, NotFound, RequestRefused
from connections.gateways.mercadopago.plans import to_plan
from tests.gateways import sample
from tests.gateways.mercadopago.desk import add, gateway, page, plan_order, refusal, sent

PLAN = "2c93808490aa11bb0190bb22cc33dd44"
PATH = f"/preapproval_plan/{PLAN}"
SEARCH = "/preapproval_plan/search"
REFERENCE = "plan_01J4ZA7Q"


def raw(**changes: Any) -> dict[str, Any]:
    return sample.body("mercadopago", "plan", **{"external_reference": REFERENCE, **changes})


def test_makes_a_plan_with_its_public_link(mercado: Any) -> None:
    add(mercado, "POST", "/preapproval_plan", raw(), status=201)
    made = gateway().create_plan(plan_order(turns=12))
    assert sent(mercado, "POST") == [
        {
            "reason": "Plano mensal",
            "external_reference": REFERENCE,
            "back_url": "https://pay.example.com/sub/back",
            "auto_recurring": {
                "frequency": 1,
                "frequency_type": "months",
                "transaction_amount": Decimal("39.90"),
                "currency_id": "BRL",
                "repetitions": 12,
            },
        }
    ]
    assert made == GatewayPlan(
        gateway_id=PLAN,
        reference=REFERENCE,
        is_active=True,
        gateway_status="active",
        amount_cents=3990,
        currency="BRL",
        cycle=Cycle.MONTHLY,
        description="Plano mensal",
        link=f"https://www.mercadopago.com.br/subscriptions/checkout?preapproval_plan_id={PLAN}",
        turns=12,
        account_id="1402558877",
    )


def test_a_plan_without_an_end_says_no_number(mercado: Any) -> None:
    add(mercado, "POST", "/preapproval_plan", raw(), status=201)
    gateway().create_plan(plan_order())
    assert "repetitions" not in sent(mercado, "POST")[0]["auto_recurring"]


@pytest.mark.parametrize("changes", [{"amount_cents": 0}, {"currency": "ARS", "amount_cents": 100}])
def test_an_amount_it_never_takes_is_refused_without_a_call(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused) as caught:
        gateway().create_plan(plan_order(**changes))
    assert caught.value.field == "amount"


def test_a_refusal_keeps_the_sentence(mercado: Any) -> None:
    add(mercado, "POST", "/preapproval_plan", {"message": "Back url is required", "status": 400}, status=400)
    with pytest.raises(RequestRefused) as caught:
        gateway().create_plan(plan_order())
    assert caught.value.text == "Back url is required"


def test_a_lost_answer_counts_as_sent(mercado: Any) -> None:
    add(mercado, "POST", "/preapproval_plan", status=500)
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().create_plan(plan_order())
    assert caught.value.maybe_sent


def test_finds_ours_among_all_of_them_oldest_first(mercado: Any) -> None:
    rows = [
        raw(id="a" * 32, external_reference="plan_other"),
        raw(id="b" * 32, date_created="2026-08-02T11:00:00.000-04:00"),
        raw(external_reference=None),
        raw(id="c" * 32, external_reference=None),
        raw(id="d" * 32),
    ]
    add(mercado, "GET", SEARCH, page(*rows))
    add(mercado, "GET", "/preapproval_plan/" + "b" * 32, raw(id="b" * 32))
    add(mercado, "GET", PATH, raw())
    add(mercado, "GET", "/preapproval_plan/" + "c" * 32, raw(id="c" * 32, external_reference="plan_other"))
    add(mercado, "GET", "/preapproval_plan/" + "d" * 32, refusal(404), status=404)
    assert [plan.gateway_id for plan in gateway().find_plans(REFERENCE)] == [PLAN, "b" * 32]


@pytest.mark.parametrize(("word", "is_active"), [("active", True), ("cancelled", False), ("new_word", False)])
def test_reads_whether_anybody_may_still_enter(mercado: Any, word: str, is_active: bool) -> None:
    add(mercado, "GET", PATH, raw(status=word))
    found = gateway().fetch_plan(PLAN)
    assert (found.is_active, found.gateway_status) == (is_active, word)


def test_a_plan_without_an_amount_is_read_as_one_over_nothing() -> None:
    assert to_plan(raw(auto_recurring={})).amount_cents == 0


@pytest.mark.parametrize(
    ("told", "turns"), [(12, 12), ("12", 12), (32_767, 32_767), (32_768, None), (10**14, None), (0, None)]
)
def test_a_number_of_charges_that_no_agreement_has_is_none(told: object, turns: int | None) -> None:
    assert to_plan(raw(auto_recurring={"repetitions": told})).turns == turns


def test_a_closed_plan_is_read_back(mercado: Any) -> None:
    add(mercado, "PUT", PATH, raw())
    add(mercado, "GET", PATH, raw(status="cancelled"))
    gateway().close_plan(PLAN)
    assert sent(mercado, "PUT") == [{"status": "cancelled"}]


def test_a_plan_that_stayed_open_is_said_so(mercado: Any) -> None:
    add(mercado, "PUT", PATH, raw())
    add(mercado, "GET", PATH, raw())
    with pytest.raises(RequestRefused) as caught:
        gateway().close_plan(PLAN)
    assert "panel" in caught.value.advice


def test_a_closing_that_could_not_be_read_back_may_have_worked(mercado: Any) -> None:
    add(mercado, "PUT", PATH, raw())
    add(mercado, "GET", PATH, status=503)
    with pytest.raises(GatewayUnavailable) as caught:
        gateway().close_plan(PLAN)
    assert caught.value.maybe_sent


@pytest.mark.parametrize(("word", "is_refused"), [("cancelled", False), ("active", True)])
def test_closing_again_is_no_fault(mercado: Any, word: str, is_refused: bool) -> None:
    add(mercado, "PUT", PATH, {"message": "Invalid status", "status": 400}, status=400)
    add(mercado, "GET", PATH, raw(status=word))
    if not is_refused:
        return gateway().close_plan(PLAN)
    with pytest.raises(RequestRefused):
        gateway().close_plan(PLAN)


def test_a_plan_that_is_not_there_is_not_found(mercado: Any) -> None:
    add(mercado, "GET", PATH, refusal(404), status=404)
    with pytest.raises(NotFound):
        gateway().fetch_plan(PLAN)


def test_names_the_subscriptions_made_from_it(mercado: Any) -> None:
    rows = [{"id": "a" * 32, "preapproval_plan_id": PLAN}, {"id": "b" * 32}, {"id": "c" * 32}]
    rows[2]["preapproval_plan_id"] = "another"
    add(mercado, "GET", "/preapproval/search", page(*rows))
    assert gateway().find_plan_subscriptions(PLAN) == ["a" * 32, "b" * 32]
    assert mercado.calls[0].request.params["preapproval_plan_id"] == PLAN
