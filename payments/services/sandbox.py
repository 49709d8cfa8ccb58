"""Act for the payer in a gateway's sandbox, with the gateway's own calls."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from config import clock
from connections import waiting
from connections.gateways.base import Exchange, Gateway, PaymentStatus
from connections.gateways.errors import CredentialsRefused, GatewayError
from connections.services import WEB_DEADLINE_SECONDS, gateway_for, note_refusal
from connections.services.accounts import patience
from payments.models import Charge, Payment
from payments.services import refreshing, resources
from payments.services.timeline import note_exchanges, note_person

_WAITING = (PaymentStatus.PENDING, PaymentStatus.OVERDUE)
_NOT_YET_DUE = (PaymentStatus.PENDING,)


class NotPossible(Exception):
    """It was not simulated; ``text`` says why, for the person who asked."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def simulate_payment(charge: Charge, *, actor: User | None) -> None:
    """Let the sandbox pay the charge, and show it at once. Raises ``NotPossible``."""
    _simulate(charge, "simulate_payment", _WAITING, actor=actor)


def simulate_overdue(charge: Charge, *, actor: User | None) -> None:
    """Let the sandbox make the charge overdue, and show it at once. Raises ``NotPossible``."""
    _simulate(charge, "simulate_overdue", _NOT_YET_DUE, actor=actor)


def _simulate(charge: Charge, action: str, states: tuple[PaymentStatus, ...], *, actor: User | None) -> None:
    connection = charge.connection
    if not connection.is_sandbox or action not in connection.capabilities.sandbox_actions:
        raise NotPossible(_("This gateway simulates that for no charge of this account."))
    payment = charge.payments.filter(status__in=states).order_by("parcel", "-pk").first()
    if payment is None:
        raise NotPossible(_("Nothing of this charge is waiting at the gateway for that."))
    with waiting.room.seat() as is_seated:
        if not is_seated:
            raise NotPossible(_("Many calls are waiting for gateways right now. Try again in a moment."))
        _act(charge, payment, action, actor=actor)


def _act(charge: Charge, payment: Payment, action: str, *, actor: User | None) -> None:
    """Both calls share the patience of one request; the charge is brought forward where they do not."""
    exchanges: list[Exchange] = []
    try:
        gateway = gateway_for(
            charge.connection,
            seconds_left=patience(WEB_DEADLINE_SECONDS),
            is_background=False,
            on_exchange=exchanges.append,
        )
        acts: dict[str, Callable[[str], None]] = {
            "simulate_payment": gateway.simulate_payment,
            "simulate_overdue": gateway.simulate_overdue,
        }
        _call(charge, acts[action], payment)
        note_person(charge, "simulated", actor=actor, action=action.removeprefix("simulate_"))
        _refresh(charge, payment, gateway)
    except CredentialsRefused as err:
        note_refusal(charge.connection, err)
        raise NotPossible(_said(err)) from err
    finally:
        note_exchanges(charge, exchanges, source="person")


def _call(charge: Charge, act: Callable[[str], None], payment: Payment) -> None:
    try:
        act(payment.gateway_id)
    except CredentialsRefused:
        raise
    except GatewayError as err:
        # It may have happened all the same.
        _look_soon(charge)
        raise NotPossible(_said(err)) from err


def _said(error: GatewayError) -> str:
    """An adapter's sentence in the reader's language, or the gateway's own words."""
    return _(error.text) if error.text else _("The gateway did not answer. Try again in a moment.")


def _refresh(charge: Charge, payment: Payment, gateway: Gateway) -> None:
    """Fetch the payment and write it; where that fails now, a worker does it in a moment."""
    held = resources.lease(payment.resource_id)
    if held is None:
        _look_soon(charge)
        return
    try:
        fetched = gateway.fetch_payment(payment.gateway_id)
        refreshing.store(payment.resource, fetched, held, source="person", cause="")
    except GatewayError:
        _look_soon(charge)
    finally:
        resources.release(held)


def _look_soon(charge: Charge) -> None:
    Charge.objects.filter(pk=charge.pk).update(check_due_at=clock.now())
