"""A person has the gateway asked now, before a notification comes or our own next look is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Count, Max
from django.utils.translation import gettext as _

from config import clock
from connections import waiting
from connections.gateways.base import Exchange
from connections.gateways.errors import CredentialsRefused, GatewayError
from connections.services import WEB_DEADLINE_SECONDS, gateway_for, note_refusal
from connections.services.accounts import patience
from payments.models import Charge
from payments.services import checking
from payments.services.timeline import note_exchanges, note_person

SOURCE = "asked"
# Sooner than that nothing new is to be expected, and every call counts against the account's budget.
JUST_NOW = timedelta(seconds=10)
_ONE_ACT = timedelta(minutes=2)


class NotPossible(Exception):
    """The gateway said nothing; ``text`` says why, for the person who asked."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, kw_only=True)
class Known:
    """Whether the gateway holds something of a charge, and when it last answered about it (None: never)."""

    is_there: bool
    last: datetime | None


def known(charge: Charge) -> Known:
    found = charge.resources.aggregate(last=Max("fetched_at"), number=Count("pk"))
    return Known(is_there=bool(found["number"]), last=found["last"])


def ask_now(charge: Charge, *, actor: User) -> None:
    """Fetch everything of a charge and write what is new, within eight seconds. Raises ``NotPossible``.

    Where the gateway gives no answer a worker asks soon.
    """
    held = known(charge)
    if not held.is_there:
        raise NotPossible(_("The gateway holds nothing of this charge yet."))
    if held.last and clock.now() - held.last < JUST_NOW:
        raise NotPossible(_("The gateway was asked a moment ago. What it said is shown below."))
    with waiting.room.seat() as is_seated:
        if not is_seated:
            raise NotPossible(_("Many calls are waiting for gateways right now. Try again in a moment."))
        _ask(charge, actor=actor)


def _ask(charge: Charge, *, actor: User) -> None:
    exchanges: list[Exchange] = []

    def hear(exchange: Exchange) -> None:
        if not exchanges:
            _note(charge, actor)
        exchanges.append(exchange)

    try:
        gateway = gateway_for(
            charge.connection,
            seconds_left=patience(WEB_DEADLINE_SECONDS),
            is_background=False,
            on_exchange=hear,
        )
        if not checking.look(charge, source=SOURCE, gateway=gateway, is_for_person=True):
            raise NotPossible(
                _("Somebody is asking the gateway about this right now. Look again in a few seconds.")
            )
    except CredentialsRefused as err:
        note_refusal(charge.connection, err)
        raise NotPossible(_said(err)) from err
    except GatewayError as err:
        _look_soon(charge)
        raise NotPossible(_said(err)) from err
    finally:
        note_exchanges(charge, exchanges, source=SOURCE)


def _note(charge: Charge, actor: User) -> None:
    """Pressed again and again is one line of the story."""
    same = charge.timeline.filter(code="asked", actor=actor, at__gt=clock.now() - _ONE_ACT)
    if not same.exists():
        note_person(charge, "asked", actor=actor)


def _said(error: GatewayError) -> str:
    """An adapter's sentence in the reader's language, or the gateway's own words."""
    return _(error.text) if error.text else _("The gateway did not answer. Try again in a moment.")


def _look_soon(charge: Charge) -> None:
    """What may still move is due now; a closed charge keeps having no date."""
    open_ones = Charge.objects.filter(pk=charge.pk, status__in=checking.OPEN)
    open_ones.update(check_due_at=clock.now())
