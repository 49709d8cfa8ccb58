"""How the inbox is doing, in words: shares, delays, what was refused and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from connections.gateways.base import Rejection
from webhooks.panel.forms import TODAY
from webhooks.services import hints
from webhooks.services.measuring import Figures, Refusal

# Rolling periods as the page offers them, by their names in the address.
PERIODS: tuple[tuple[str, str | Promise], ...] = (
    (TODAY, pgettext_lazy("period", "Today")),
    ("24h", gettext_lazy("24 hours")),
    ("7d", gettext_lazy("7 days")),
    ("30d", gettext_lazy("30 days")),
)
# Which of them is shown where none was chosen (``measuring.USUAL``).
USUAL_PERIOD = "24h"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
# Why it was refused or only counted, and what to do about it.
_REFUSALS: dict[str, tuple[str | Promise, str | Promise]] = {
    Rejection.MISSING_TOKEN: (
        gettext_lazy("It had no token"),
        gettext_lazy(
            "The webhook was registered without one, or somebody else knocks at the address. The registration"
            " is sent again by itself."
        ),
    ),
    Rejection.WRONG_TOKEN: (
        gettext_lazy("Its token was not ours"),
        gettext_lazy(
            "Somebody changed the token in the gateway's panel, or another system has the address. The"
            " registration is sent again by itself; if it goes on, make a new token on the connection's page."
        ),
    ),
    Rejection.NO_SECRET: (
        gettext_lazy("No secret is stored to check it with"),
        gettext_lazy("Copy the secret from the gateway's panel to the connection's page."),
    ),
    Rejection.MISSING_SIGNATURE: (
        gettext_lazy("It had no signature"),
        gettext_lazy(
            "Something on the way takes the header x-signature away, or it is not from the gateway at all."
        ),
    ),
    Rejection.MALFORMED_SIGNATURE: (
        gettext_lazy("Its signature could not be read"),
        gettext_lazy("Look whether a proxy changes the header x-signature; else it is not from the gateway."),
    ),
    Rejection.MISSING_TIMESTAMP: (
        gettext_lazy("Its signature has no time"),
        gettext_lazy("Look whether a proxy changes the header x-signature; else it is not from the gateway."),
    ),
    Rejection.MISSING_HASH: (
        gettext_lazy("Its signature has no hash"),
        gettext_lazy("Look whether a proxy changes the header x-signature; else it is not from the gateway."),
    ),
    Rejection.SIGNATURE_MISMATCH: (
        gettext_lazy("Its signature does not fit"),
        gettext_lazy(
            "Copy both secrets (test and production) from the gateway's panel again: each application has its"
            " own. If they are right, a proxy may be replacing x-request-id."
        ),
    ),
    Rejection.TIMESTAMP_OUT_OF_TOLERANCE: (
        gettext_lazy("It was signed too long ago"),
        gettext_lazy("Look at this server's clock, or allow more by SIGNATURE_TOLERANCE_SECONDS."),
    ),
    Rejection.UNSIGNED_IPN: (
        gettext_lazy("Unsigned, about nothing that is followed: counted"),
        gettext_lazy("Nothing is to be done. Choose webhooks instead of IPN in the gateway's panel."),
    ),
    hints.SURPLUS: (
        gettext_lazy("Unsigned, and too many were waiting: counted"),
        gettext_lazy("Nothing is to be done: the charges themselves are looked at as always."),
    ),
}


def refusal_in_words(reason: str) -> tuple[str, str]:
    """Why, and what to do about it; the bare name of a reason nobody described."""
    said, cure = _REFUSALS.get(reason, (reason, ""))
    return str(said), str(cure)


@dataclass(frozen=True, kw_only=True)
class RefusalInWords:
    reason: str
    said: str
    cure: str
    times: int
    last_at: datetime
    is_refused: bool


@dataclass(frozen=True, kw_only=True)
class FiguresInWords:
    """Figures as a page shows them; an empty text where there is nothing to be told."""

    figures: Figures
    share: str
    is_whole: bool
    median: str
    worst: str
    refusals: list[RefusalInWords]

    @property
    def most_refused(self) -> str:
        """Why most were refused; what was only counted is not among them."""
        return next((one.said for one in self.refusals if one.is_refused), "")


def in_words(figures: Figures) -> FiguresInWords:
    return FiguresInWords(
        figures=figures,
        share=share_in_words(figures),
        is_whole=figures.handled == figures.received,
        median=span(figures.median),
        worst=span(figures.worst),
        refusals=_refusals(figures.refusals),
    )


def _refusals(refusals: Iterable[Refusal]) -> list[RefusalInWords]:
    return [
        RefusalInWords(
            reason=one.reason,
            said=refusal_in_words(one.reason)[0],
            cure=refusal_in_words(one.reason)[1],
            times=one.times,
            last_at=one.last_at,
            is_refused=one.is_refused,
        )
        for one in refusals
    ]


def share_in_words(figures: Figures) -> str:
    """A part is never rounded up to the whole, nor something down to nothing."""
    share = figures.share
    if share is None:
        return ""
    if 0 < share < 100:
        share = min(max(round(share, 1), 0.1), 99.9)
    return _("{number}%").format(number=number_format(share, 0 if share in (0, 100) else 1))


def span(passed: timedelta | None) -> str:
    """How long, in the two units that matter; empty for what is not known."""
    if passed is None:
        return ""
    seconds = max(passed.total_seconds(), 0)
    if seconds < 10:
        return _("{number} s").format(number=number_format(round(seconds, 1), 1))
    whole = int(seconds)
    if whole < _MINUTE:
        return _("{number} s").format(number=whole)
    if whole < _HOUR:
        return _("{minutes} min {seconds} s").format(minutes=whole // _MINUTE, seconds=whole % _MINUTE)
    if whole < _DAY:
        return _("{hours} h {minutes} min").format(hours=whole // _HOUR, minutes=whole % _HOUR // _MINUTE)
    return _("{days} d {hours} h").format(days=whole // _DAY, hours=whole % _DAY // _HOUR)
