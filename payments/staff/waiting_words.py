"""What an open charge waits for, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config import clock
from connections.gateways.base import Method
from payments import parcels
from payments.models import Charge, ChargeStatus

_FOR: dict[str, Promise] = {
    Method.PIX: _("We wait until the customer pays with the PIX code."),
    Method.BOLETO: _("We wait until the boleto is paid. It shows here one to three business days later."),
    Method.CARD: _("We wait until the customer pays on the page of %(gateway)s."),
}
_ANY = _("We wait until the customer pays, in a way they choose.")
_NEXT_PARCEL = _("We wait until the customer pays the next parcel.")


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """``until``: it can be paid so long, where that is known; ``next_look``: when we ask by ourselves."""

    what: str
    until: datetime | None
    next_look: datetime | None


def waiting(charge: Charge) -> Waiting | None:
    """None where nothing is waited for, or a notice of its own says it."""
    if charge.review_reason or not charge.is_open:
        return None
    next_look = charge.check_due_at
    return Waiting(
        what=_what(charge),
        until=_until(charge) if charge.is_payable else None,
        next_look=next_look if next_look and next_look > clock.now() else None,
    )


def _what(charge: Charge) -> str:
    """Others than what was never paid have a notice of their own."""
    if charge.status != ChargeStatus.PENDING:
        return ""
    is_plan = parcels.are_ours(charge)
    said = _NEXT_PARCEL if is_plan else _FOR.get(charge.method, _ANY)
    return str(said) % {"gateway": charge.connection.gateway_label}


def _until(charge: Charge) -> datetime | None:
    """The first end that is ahead."""
    ends = (charge.expires_at, charge.pix_expires_at, charge.link_expires_at)
    return min((end for end in ends if end and end > clock.now()), default=None)
