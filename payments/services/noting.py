"""What people write down about a charge for each other. No gateway and no customer ever gets it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User

from config import clock
from payments.models import Charge
from payments.services.timeline import note_person

MOST_LETTERS = 1_000
_ONE_ACT = timedelta(minutes=2)


def add_note(charge: Charge, text: str, *, actor: User) -> bool:
    """Put it into the story; false where the same was just written by the same person, so pressed twice."""
    same = charge.timeline.filter(code="note", actor=actor, data={"text": text})
    if same.filter(at__gt=clock.now() - _ONE_ACT).exists():
        return False
    note_person(charge, "note", actor=actor, text=text)
    return True
