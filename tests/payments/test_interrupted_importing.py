"""What an import meets on its way: a payment without an answer, a gateway that is away, a lost key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction

from connections.gateways.base import Gateway, GatewayPayment, ResourceKind
from connections.gateways.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    RateLimited,
    RequestRefused,
    UnreadableAnswer,
)
from connections.models import Connection, ConnectionState, GatewayPause
from connections.services import pausing
from payments.models import Charge, ChargeImport, LeftBehind, RunState
from payments.services import importing, resources, taking_over
from tests.factories import make_connection
from tests.payments.elsewhere import ANA, calls, imported, made_elsewhere, since
from tests.payments.simulated import World

pytestmark = pytest.mark.django_db
AWAY = GatewayUnavailable("503", maybe_sent=False)


@pytest.mark.parametrize("key", ["asaas", "mercadopago"])
@pytest.mark.parametrize("knows_another", [True, pytest.param(False, marks=pytest.mark.full)])
def test_one_payment_without_an_answer_keeps_no_other_waiting(
    world: World, key: str, knows_another: bool
) -> None:
    if knows_another:
        made_elsewhere(world, key, paid=True, **ANA)
        imported(world.connection(key))
    ids = [made_elsewhere(world, key, paid=True, **ANA) for _number in range(3)]
    before = Charge.objects.count()
    broken = ids[-1]  # the newest is listed first
    world.fault("error_500", method="GET", path=f"/payments/{broken}")
    run = imported(world.connection(key))
    assert (run.state, run.error) == (RunState.DONE, "")
    assert list(run.items.filter(charge=None).values_list("gateway_id", "reason")) == [
        (broken, LeftBehind.NO_ANSWER)
    ]
    assert Charge.objects.count() == before + 2
    world.no_faults()
    imported(world.connection(key))
    assert Charge.objects.count() == before + 3


def test_to_be_asked_to_wait_is_no_failure(world: World) -> None:
    made_elsewhere(world, "asaas", paid=True, **ANA)
    run = importing.request(world.connection("asaas"), since=since())
    world.fault("rate_limit", retry_after=90)
    for _time in range(10):
        assert importing.run_due() == 1
        run.refresh_from_db()
        assert (run.state, run.tries) == (RunState.QUEUED, 0)
        world.move(seconds=95)
    world.no_faults()
    assert importing.run_due() == 1 and Charge.objects.get().status == "paid"


@pytest.mark.parametrize("error", [RateLimited("429"), BudgetExhausted(retry_after=300)])
def test_nor_is_a_budget_that_is_spent(error: GatewayUnavailable) -> None:
    run = importing.request(make_connection(), since=since())
    ChargeImport.objects.update(state=RunState.RUNNING, tries=7)
    run.refresh_from_db()
    importing._put_off(run, error)
    run.refresh_from_db()
    assert (run.state, run.tries, run.finished_at) == (RunState.QUEUED, 6, None)
    assert run.due_at and (run.due_at - run.requested_at).total_seconds() > 29


def test_a_gateway_that_is_away_is_left_alone_by_all(world: World) -> None:
    """Also by the import, which finds out as others do."""
    made_elsewhere(world, "asaas", paid=True, **ANA)
    run = importing.request(world.connection("asaas"), since=since())
    world.fault("outage")
    for _time in range(2):
        importing.carry_out(run.pk)
    assert pausing.away() == {world.connection("asaas").pk}
    ChargeImport.objects.update(due_at=run.requested_at)
    before = len(calls(world))
    assert importing.run_due() == 0 and len(calls(world)) == before
    world.no_faults()
    world.move(minutes=6)
    assert importing.run_due() == 1 and Charge.objects.get().status == "paid"
    assert not pausing.away()


def test_a_refused_key_stops_what_can_wait(world: World) -> None:
    made_elsewhere(world, "asaas", paid=True, **ANA)
    connection = world.connection("asaas")
    connection.seal_credentials({"api_key": "$aact_hmlg_of_nobody"}, at=since(), by="tests")
    connection.save(update_fields=["credentials"])
    run = importing.request(connection, since=since())
    importing.carry_out(run.pk)
    connection.refresh_from_db()
    assert connection.state == ConnectionState.REFUSED and pausing.away() == {connection.pk}


def test_a_pause_that_begins_meanwhile_interrupts_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(3):
        made_elsewhere(world, "asaas", paid=True, **ANA)
    connection, real = world.connection("asaas"), taking_over.take_over

    def another_worker_finds_out(*args: Any, **named: Any) -> Any:
        taken = real(*args, **named)
        for _time in range(pausing.STRIKES):
            pausing.note_failure(connection.pk, AWAY)
        return taken

    run = importing.request(connection, since=since())
    with monkeypatch.context() as patch:
        patch.setattr(importing.taking_over, "take_over", another_worker_finds_out)
        importing.carry_out(run.pk)
    run.refresh_from_db()
    assert (run.state, run.tries, Charge.objects.count()) == (RunState.QUEUED, 0, 1)
    GatewayPause.objects.all().delete()
    world.move(minutes=2)
    assert importing.run_due() == 1 and Charge.objects.count() == 3


def test_an_import_of_a_disabled_account_waits(world: World) -> None:
    run = importing.request(world.connection("asaas"), since=since())
    Connection.objects.update(is_active=False)
    assert importing.run_due() == 0
    Connection.objects.update(is_active=True)
    assert importing.run_due() == 1
    run.refresh_from_db()
    assert run.state == RunState.DONE


class Refusing:
    """The gateway, but it refuses to show one payment."""

    def __init__(self, real: Gateway, broken: str, error: GatewayError) -> None:
        self._real, self._broken, self._error = real, broken, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def fetch_payment(self, gateway_id: str) -> GatewayPayment:
        if gateway_id == self._broken:
            raise self._error
        return self._real.fetch_payment(gateway_id)


@pytest.mark.parametrize(
    "error",
    [
        RequestRefused("no"),
        UnreadableAnswer("?", maybe_sent=False),
        CredentialsRefused("no", http_status=403),
    ],
)
def test_one_that_the_gateway_refuses_to_show_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch, error: GatewayError
) -> None:
    ids = [made_elsewhere(world, "asaas", paid=True, **ANA) for _number in range(2)]
    real = importing.gateway_for
    monkeypatch.setattr(
        importing, "gateway_for", lambda *args, **kwargs: Refusing(real(*args, **kwargs), ids[-1], error)
    )
    run = imported(world.connection("asaas"))
    assert (run.state, Charge.objects.count()) == (RunState.DONE, 1)
    assert list(run.items.filter(charge=None).values_list("gateway_id", "reason")) == [
        (ids[-1], LeftBehind.NO_ANSWER)
    ]


def test_what_cannot_become_a_charge_costs_no_call(world: World) -> None:
    gateway_id = made_elsewhere(world, "mercadopago", paid=True, **ANA)
    connection = world.connection("mercadopago")
    Connection.objects.filter(pk=connection.pk).update(currency="ARS")
    run = imported(Connection.objects.get(pk=connection.pk))
    assert list(run.items.values_list("reason", flat=True)) == [LeftBehind.CURRENCY]
    assert not any(gateway_id in call["path"] for call in calls(world))


def test_an_answer_older_than_a_notification_makes_no_charge(world: World) -> None:
    """A reading that lags behind would make a charge without the money that came meanwhile."""
    gateway_id = made_elsewhere(world, "mercadopago", paid=True, **ANA)
    connection = world.connection("mercadopago")
    resource = resources.find_or_add(connection, kind=ResourceKind.PAYMENT, gateway_id=gateway_id)
    newer = importing.clock.now() + timedelta(days=1)
    type(resource).objects.filter(pk=resource.pk).update(gateway_version=newer)
    taken = taking_over.take_over(connection, importing.gateway_for(connection), gateway_id)
    assert taken.reason == LeftBehind.BUSY and not Charge.objects.exists()


def test_a_connection_that_is_gone_is_no_endless_question(world: World) -> None:
    connection = world.connection("asaas")
    gone = Connection(pk=connection.pk + 1_000, gateway="asaas")
    with pytest.raises(IntegrityError), transaction.atomic():
        importing.request(gone, since=since())
        connections["default"].check_constraints()


def test_a_day_before_all_days_is_answered_in_words(world: World) -> None:
    public_id = str(world.connection("asaas").public_id)
    with pytest.raises(CommandError, match="2015-01-01"):
        call_command("import_charges", "--connection", public_id, "--since", "0001-01-01")
