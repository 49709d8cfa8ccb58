"""What a test committed is gone before the next one, and what migrations left is still there."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from backoffice.groups import OPERATOR
from payments.models import Charge, Payment
from tests.factories import make_charge, make_payment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_one_begins_with_no_rows_but_those_of_the_migrations(time: str) -> None:
    assert not Charge.objects.exists() and not Payment.objects.exists()
    assert Group.objects.get(name=OPERATOR).permissions.exists()
    assert Permission.objects.filter(codename="refund_charge").exists()
    make_payment(make_charge())
