"""What people write down about a charge for each other. No gateway and no customer ever gets it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from config import clock
from payments.models import Charge, Customer
from payments.services.timeline import note_person

MOST_LETTERS = 1_000
_ONE_ACT = timedelta(minutes=2)


class Forgotten(Exception):
    """The customer was anonymised: nothing is written about them any more."""


def add_note(charge: Charge, text: str, *, actor: User) -> bool:
    """Put it into the story; false where the same was just written by the same person, so pressed twice.

    Raises ``Forgotten``. The customer is held meanwhile, as by who anonymises: no note comes after that.
    """
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=charge.customer_id)
        if customer.anonymised_at:
            raise Forgotten
        same = charge.timeline.filter(code="note", actor=actor, data={"text": text})
        if same.filter(at__gt=clock.now() - _ONE_ACT).exists():
            return False
        note_person(charge, "note", actor=actor, text=text)
    return True
