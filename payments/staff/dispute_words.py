"""Disputes in words: how each stands, until when papers are taken, what happened to the money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import clock
from payments.models import Charge, Dispute, DisputeProgress, TimelineEntry
from payments.models.disputes import DisputeKindChoices
from payments.money import format_cents

_ICONS = {
    DisputeProgress.OPEN: "disputed",
    DisputeProgress.DOCUMENTS: "review",
    DisputeProgress.REVIEW: "pending",
    DisputeProgress.WON: "paid",
    DisputeProgress.LOST: "failed",
}
_COLOURS = {
    DisputeProgress.DOCUMENTS: "status-review",
    DisputeProgress.WON: "status-paid",
    DisputeProgress.LOST: "status-failed",
}
_MEANING: dict[str, Promise] = {
    DisputeProgress.OPEN.value: gettext_lazy("The money is held until it is decided."),
    DisputeProgress.DOCUMENTS.value: gettext_lazy(
        "Send papers that prove the sale and the delivery in the gateway's panel. Without them it is lost."
    ),
    DisputeProgress.REVIEW.value: gettext_lazy("The papers are there; the bank or the gateway decides."),
    DisputeProgress.WON.value: gettext_lazy("The money stays with you, or comes back within days."),
    DisputeProgress.LOST.value: gettext_lazy("The money went back to the customer. This is not a refund."),
}
_STEPS: dict[tuple[str, str], Promise] = {
    ("chargeback", "open"): gettext_lazy("The customer contests %(amount)s at their bank"),
    ("chargeback", "documents"): gettext_lazy("Chargeback of %(amount)s: papers are asked for"),
    ("chargeback", "review"): gettext_lazy("Chargeback of %(amount)s: the papers are being looked at"),
    ("chargeback", "won"): gettext_lazy("Chargeback of %(amount)s won"),
    ("chargeback", "lost"): gettext_lazy("Chargeback of %(amount)s lost"),
    ("claim", "open"): gettext_lazy("The customer complained to the gateway about %(amount)s"),
    ("claim", "documents"): gettext_lazy("Claim about %(amount)s: an answer is asked for"),
    ("claim", "review"): gettext_lazy("Claim about %(amount)s: the gateway decides"),
    ("claim", "won"): gettext_lazy("Claim about %(amount)s won"),
    ("claim", "lost"): gettext_lazy("Claim about %(amount)s lost"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A dispute, ready to show. ``is_urgent``: papers are asked for and the time for them is nearly over."""

    dispute: Dispute
    kind: str
    amount: str
    state: str
    icon: str
    colour: str
    meaning: str
    deadline: str
    is_urgent: bool


_URGENT_SECONDS = 3 * 24 * 60 * 60


def of_charge(charge: Charge) -> list[Line]:
    return lines(charge.disputes.select_related("connection"))


def lines(disputes: Iterable[Dispute]) -> list[Line]:
    now = clock.now()
    return [_line(dispute, now) for dispute in disputes]


def _line(dispute: Dispute, now: datetime) -> Line:
    state = DisputeProgress(dispute.state) if dispute.state else None
    ends = dispute.deadline if dispute.is_open else None
    is_asked = state == DisputeProgress.DOCUMENTS
    return Line(
        dispute=dispute,
        kind=str(DisputeKindChoices(dispute.kind).label),
        amount=format_cents(dispute.amount_cents, dispute.currency),
        state=str(state.label) if state else dispute.gateway_status,
        icon=_ICONS[state] if state else "review",
        colour=_COLOURS.get(state, "status-disputed") if state else "status-review",
        meaning=str(_MEANING[state.value]) if state else _("The gateway uses a word we do not know."),
        deadline=_moment(ends, dispute.connection.time_zone) if ends else "",
        is_urgent=bool(is_asked and ends and (ends - now).total_seconds() < _URGENT_SECONDS),
    )


def _moment(moment: datetime, zone: str) -> str:
    return date_format(moment.astimezone(ZoneInfo(zone)), "SHORT_DATETIME_FORMAT")


def sentence(entry: TimelineEntry) -> tuple[str, str]:
    """A line of the charge's story, and its detail."""
    data = entry.data
    said = _STEPS.get((data["kind"], data["state"]))
    amount = format_cents(data["amount_cents"], data["currency"])
    words = str(said) % {"amount": amount} if said else _("Dispute about %(amount)s") % {"amount": amount}
    if not data["deadline"] or data["state"] not in ("open", "documents"):
        return words, ""
    ends = datetime.fromisoformat(data["deadline"])
    zone = entry.charge.connection.time_zone if entry.charge else "UTC"
    return words, _("until %(moment)s") % {"moment": _moment(ends, zone)}
