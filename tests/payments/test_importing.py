"""What an account charged without us becomes ours: once, with its customer, its money and its refunds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from connections.gateways.base import Method
from payments import transitions
from payments.models import (
    Charge,
    ChargeImport,
    Customer,
    Finding,
    FindingKind,
    ImportedPayment,
    LeftBehind,
    Payment,
    ReviewReason,
    RunState,
)
from payments.services import checking, importing, reconciling, resources, runs, taking_over
from tests.payments.elsewhere import ANA, calls, imported, made_elsewhere, since
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("key", ["asaas", "mercadopago"])


@BOTH
def test_a_paid_payment_becomes_a_paid_charge(world: World, key: str) -> None:
    gateway_id = made_elsewhere(world, key, reference="pedido-9", description="Pedido 9", paid=True, **ANA)
    run = imported(world.connection(key))
    charge = Charge.objects.get()
    assert (run.state, run.listed, run.matched) == (RunState.DONE, 1, 0)
    assert (charge.status, charge.review_reason, charge.received_cents) == ("paid", "", 15_000)
    assert (charge.amount_cents, charge.subtotal_cents, charge.description) == (15_000, 15_000, "Pedido 9")
    assert (charge.customer.name, charge.customer.document) == ("Ana Lima", "52998224725")
    assert charge.fee_cents and charge.imported_at and charge.foreign_reference == "pedido-9"
    assert charge.payments.get().gateway_id == gateway_id
    assert charge.timeline.filter(code="imported").count() == 1


@BOTH
def test_a_second_import_changes_nothing(world: World, key: str) -> None:
    for number in range(3):
        made_elsewhere(world, key, paid=bool(number), reference=f"p-{number}", **ANA)
    connection = world.connection(key)
    imported(connection)
    before = list(Charge.objects.order_by("pk").values()), list(Payment.objects.order_by("pk").values())
    before_calls = len(calls(world))
    again = imported(connection)
    assert (again.listed, again.matched, again.items.count()) == (3, 3, 0)
    assert before == (
        list(Charge.objects.order_by("pk").values()),
        list(Payment.objects.order_by("pk").values()),
    )
    paths = [call["path"] for call in calls(world)[before_calls:]]
    assert not [path for path in paths if not path.endswith(("/payments", "/search"))], "the list alone"
    assert Customer.objects.count() == 1


@BOTH
def test_a_waiting_one_can_be_paid_here_and_is_followed(world: World, key: str) -> None:
    made_elsewhere(world, key, reference="espera", **ANA)
    imported(world.connection(key))
    charge = Charge.objects.get()
    assert charge.status == "pending"
    world.work(charge)
    assert charge.pix_text
    world.control("pay", reference="espera")
    world.move(hours=25)
    checking.plan_open()
    world.move(hours=25)
    checking.sweep()
    charge.refresh_from_db()
    assert (charge.status, charge.review_reason) == ("paid", "")


@BOTH
def test_refunds_come_along(world: World, key: str) -> None:
    gateway_id = made_elsewhere(world, key, paid=True, **ANA)
    world.control("refund", id=gateway_id, amount=50, force=True)
    imported(world.connection(key))
    charge = Charge.objects.get()
    assert (charge.status, charge.refunded_cents) == ("partially_refunded", 5_000)
    assert charge.refunds.count() == 1


@BOTH
def test_what_is_ours_is_matched_and_never_doubled(world: World, key: str) -> None:
    ours = world.charge(key)
    lost = world.charge(key)
    Payment.objects.filter(charge=lost).delete()
    lost.resources.all().delete()
    run = imported(world.connection(key))
    assert Charge.objects.count() == 2 and not run.items.exists()
    assert (run.listed, run.matched) == (2, 2)
    assert lost.payments.count() == ours.payments.count() == 1


@BOTH
def test_a_finding_of_the_comparison_is_settled(world: World, key: str) -> None:
    made_elsewhere(world, key, paid=True, **ANA)
    connection = world.connection(key)
    comparison = runs.request(connection, trigger="person", since=since())  # type: ignore[arg-type]
    reconciling.carry_out(comparison.pk)
    open_ones = Finding.objects.filter(kind=FindingKind.NOT_OURS, settled_at=None)
    assert open_ones.count() == 1
    imported(connection)
    assert not open_ones.exists()


def test_payers_without_a_document_are_told_apart_by_what_there_is(world: World) -> None:
    for email in ("ana@example.com", "ana@example.com", "bia@example.com"):
        made_elsewhere(world, "mercadopago", email=email, paid=True)
    imported(world.connection("mercadopago"))
    assert sorted(Customer.objects.values_list("email", flat=True)) == ["ana@example.com", "bia@example.com"]
    assert set(Customer.objects.values_list("document", flat=True)) == {""}
    assert set(Charge.objects.values_list("status", flat=True)) == {"paid"}


def test_attempts_of_one_order_are_one_charge(world: World) -> None:
    """A card refused, then taken, on one page that somebody else made."""
    charge = world.charge("checkout", Method.CARD)
    world.control("pay_card", reference=charge.reference, holder="FUND")
    world.control("pay_card", reference=charge.reference)
    for model in (Payment, ImportedPayment):
        model.objects.all().delete()
    charge.resources.all().delete()
    Charge.objects.filter(pk=charge.pk).update(reference="chg_of_another_house")
    imported(charge.connection)
    taken = Charge.objects.exclude(pk=charge.pk).get()
    assert (taken.status, taken.review_reason) == ("paid", "")
    assert sorted(taken.payments.values_list("status", flat=True)) == ["failed", "paid"]


@pytest.mark.parametrize("method", ["boleto", "pix"])
def test_the_parcels_of_a_plan_are_one_charge(world: World, method: str) -> None:
    made_elsewhere(world, "asaas", 100, method=method, instalments=3, reference="plano", **ANA)
    run = imported(world.connection("asaas"))
    charge = Charge.objects.get()
    assert (charge.amount_cents, charge.instalments, charge.status) == (10_000, 3, "pending")
    assert sorted(charge.payments.values_list("parcel", flat=True)) == [1, 2, 3]
    assert not charge.review_reason and run.items.count() == 3 and not run.matched
    first = charge.payments.order_by("parcel")[0]
    world.control("pay", id=first.gateway_id, force=True)
    again = imported(world.connection("asaas"))
    assert (again.listed, again.matched) == (3, 3) and Charge.objects.count() == 1


def test_an_import_that_broke_off_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        made_elsewhere(world, "asaas", paid=True, reference=f"p-{number}", **ANA)
    connection = world.connection("asaas")

    class Killed(BaseException):
        pass

    real, left = taking_over.take_over, iter([1, 2])

    def die(*args: Any, **named: Any) -> Any:
        if not next(left, 0):
            raise Killed
        return real(*args, **named)

    run = importing.request(connection, since=since())
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(importing.taking_over, "take_over", die)
        importing.carry_out(run.pk)
    assert importing.carry_out(run.pk) is None, "the dead one's claim still holds"
    world.move(minutes=6)
    assert importing.run_due() == 1
    run.refresh_from_db()
    assert (run.state, run.listed, run.matched) == (RunState.DONE, 4, 0)
    assert run.items.exclude(charge=None).count() == Charge.objects.count() == 4


def test_a_gateway_that_is_away_is_asked_again(world: World) -> None:
    made_elsewhere(world, "asaas", paid=True, **ANA)
    run = importing.request(world.connection("asaas"), since=since())
    world.fault("outage")
    importing.carry_out(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.QUEUED and run.error and run.due_at
    world.no_faults()
    world.move(minutes=2)
    assert importing.run_due() == 1 and Charge.objects.get().status == "paid"


def test_what_cannot_be_taken_over_says_why(world: World) -> None:
    gateway_id = made_elsewhere(world, "asaas", **ANA)
    connection = world.connection("asaas")
    resource = resources.find_or_add(connection, kind="payment", gateway_id=gateway_id)  # type: ignore[arg-type]
    held = resources.lease(resource.pk)
    run = importing.request(connection, since=since())
    for state in (RunState.QUEUED, RunState.QUEUED, RunState.DONE):
        assert importing.run_due() == 1
        run.refresh_from_db()
        assert (run.state, run.error, run.claim_token) == (state, "", None)
        assert importing.run_due() == 0, "what somebody looks at is looked at later"
        world.move(seconds=61)
        held = resources.lease(resource.pk)
    assert held and list(run.items.values_list("reason", flat=True)) == [LeftBehind.BUSY]
    resources.release(held)
    imported(connection)
    assert Charge.objects.get().status == "pending"


def test_money_that_does_not_fit_is_still_for_a_person(world: World) -> None:
    made_elsewhere(world, "asaas", paid=True, reference="x", **ANA)
    imported(world.connection("asaas"))
    charge = Charge.objects.get()
    Payment.objects.filter(charge=charge).update(reference="another")
    transitions.apply(charge.pk, source="check")
    charge.refresh_from_db()
    assert charge.review_reason == ReviewReason.REFERENCE


def test_the_command_tells_and_a_dry_run_writes_nothing(world: World, capsys: Any) -> None:
    made_elsewhere(world, "asaas", paid=True, **ANA)
    world.charge("asaas")
    public_id = str(world.connection("asaas").public_id)
    day = since().date().isoformat()

    def run(*flags: str) -> dict[str, Any]:
        call_command("import_charges", "--connection", public_id, "--since", day, "--json", *flags)
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    looked = run("--dry-run")
    assert (looked["listed"], looked["matched"], looked["taken"]) == (2, 1, 1)
    assert Charge.objects.count() == 1 and not ChargeImport.objects.exists()
    done = run()
    assert (done["state"], done["matched"], done["taken"], done["left"]) == ("done", 1, 1, [])
    with pytest.raises(CommandError):
        call_command("import_charges", "--connection", public_id, "--since", "yesterday")
    with pytest.raises(CommandError):
        call_command("import_charges", "--connection", "nobody")
