"""One help page per fault: what it means, how it shows itself, what to do, how to see that it is mended."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class Help:
    """``place`` names a page of the gateways' panels (``Gateway.panel_places``).

    ``mended`` tells how one sees that it is over, where ``doctor_words.MENDED`` of its area does not fit.
    """

    means: Words
    shows: Words
    steps: tuple[Words, ...]
    place: str = ""
    mended: Words = ""


AGAIN = _("Press “Look again” beside the fault.")
AGAIN_ALL = _("Press “Look again now” on the doctor's page.")
RESTART = _("Restart web server, workers and beat: settings are read at the start.")
