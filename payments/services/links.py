"""The link that a customer opens: who has it may see the page and pay."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from payments.models import Charge
from payments.models.charges import new_pay_token
from payments.services.timeline import note_person


def new_link(charge: Charge, *, actor: User) -> None:
    """Give the charge another link and end the one it has; of several who ask at once, one does it."""
    with transaction.atomic():
        own = Charge.objects.filter(pk=charge.pk, pay_token=charge.pay_token)
        if own.update(pay_token=new_pay_token()):
            note_person(charge, "new_link", actor=actor)
