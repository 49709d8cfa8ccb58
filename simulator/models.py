"""What the simulated gateways remember. Tables are made at start (tables.py); there are no migrations."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import models, transaction

_WRITER = threading.RLock()


@contextmanager
def write() -> Iterator[None]:
    """One writer at a time in this process: cheaper than SQLite's own busy waiting.

    Inside another one it is part of that one: an error must leave both.
    """
    with _WRITER, transaction.atomic(savepoint=False):
        yield


class Setting(models.Model):
    key = models.CharField(max_length=60, primary_key=True)
    value = models.JSONField()


class Counter(models.Model):
    name = models.CharField(max_length=60, primary_key=True)
    value = models.BigIntegerField()


class Account(models.Model):
    gateway = models.CharField(max_length=20)
    environment = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=300, unique=True)
    key_enabled = models.BooleanField(default=True)
    user_id = models.BigIntegerField(null=True, unique=True)
    options = models.JSONField(default=dict)
    created_at = models.DateTimeField()


class Fault(models.Model):
    name = models.CharField(max_length=40)
    gateway = models.CharField(max_length=20, blank=True)
    account = models.BigIntegerField(null=True)
    times = models.IntegerField(null=True)
    struck = models.IntegerField(default=0)
    parameters = models.JSONField(default=dict)


class Delivery(models.Model):
    """One notification to one address, with everything that was tried."""

    WAITING, HELD, DELIVERED, FAILED = "waiting", "held", "delivered", "failed"
    DROPPED, LOST = "dropped", "lost"

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    webhook = models.ForeignKey("AsaasWebhook", null=True, on_delete=models.SET_NULL)
    group = models.CharField(max_length=60)
    lane = models.CharField(max_length=60, db_index=True)
    position = models.BigIntegerField(default=0)
    form = models.CharField(max_length=20)
    event = models.CharField(max_length=60)
    event_id = models.CharField(max_length=80, blank=True)
    resource = models.CharField(max_length=40)
    resource_id = models.CharField(max_length=80)
    reference = models.CharField(max_length=300, blank=True)
    url = models.TextField()
    state = models.CharField(max_length=12, default=WAITING, db_index=True)
    failures = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    after = models.BigIntegerField(null=True, db_index=True)
    attempts = models.JSONField(default=list)
    extra = models.JSONField(default=dict)
    created_at = models.DateTimeField()


class AsaasCustomer(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    gid = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=300)
    email = models.CharField(max_length=300, blank=True)
    cpf_cnpj = models.CharField(max_length=14, blank=True, db_index=True)
    external_reference = models.CharField(max_length=300, blank=True, db_index=True)
    group_name = models.CharField(max_length=300, blank=True)
    deleted = models.BooleanField(default=False)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()


class AsaasPayment(models.Model):
    """`data` holds what no query needs, in the API's words; `previous` the answer before the last change."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    customer = models.ForeignKey(AsaasCustomer, on_delete=models.CASCADE)
    customer_gid = models.CharField(max_length=40, db_index=True)
    gid = models.CharField(max_length=40, unique=True)
    date_created = models.DateField()
    billing_type = models.CharField(max_length=20)
    status = models.CharField(max_length=40)
    deleted = models.BooleanField(default=False)
    value_cents = models.BigIntegerField()
    net_cents = models.BigIntegerField()
    paid_cents = models.BigIntegerField(default=0)
    refunded_cents = models.BigIntegerField(default=0)
    due_date = models.DateField()
    payment_date = models.DateField(null=True)
    estimated_credit_date = models.DateField(null=True)
    external_reference = models.CharField(max_length=300, null=True, db_index=True)
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField()


class AsaasInstalment(models.Model):
    """A plan; its parcels are charges that carry its gid in `data`."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    customer = models.ForeignKey(AsaasCustomer, on_delete=models.CASCADE)
    customer_gid = models.CharField(max_length=40)
    gid = models.CharField(max_length=40, unique=True)
    date_created = models.DateField()
    billing_type = models.CharField(max_length=20)
    count = models.IntegerField()
    total_cents = models.BigIntegerField()
    deleted = models.BooleanField(default=False)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()


class AsaasCheckout(models.Model):
    """A hosted checkout as it was asked for, in the API's words in `data`; ends by itself at `due_at`."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    customer = models.ForeignKey(AsaasCustomer, null=True, on_delete=models.CASCADE)
    gid = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=12, default="ACTIVE")
    total_cents = models.BigIntegerField()
    external_reference = models.CharField(max_length=200, null=True, db_index=True)
    data = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField()


class AsaasSubscription(models.Model):
    """`next_due_date` is that of the first charge not issued yet; at `due_at` the clock has to look at it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    customer = models.ForeignKey(AsaasCustomer, on_delete=models.CASCADE)
    customer_gid = models.CharField(max_length=40, db_index=True)
    gid = models.CharField(max_length=40, unique=True)
    date_created = models.DateField()
    billing_type = models.CharField(max_length=20)
    cycle = models.CharField(max_length=20)
    status = models.CharField(max_length=20)
    deleted = models.BooleanField(default=False)
    value_cents = models.BigIntegerField()
    next_due_date = models.DateField()
    end_date = models.DateField(null=True)
    external_reference = models.CharField(max_length=300, null=True, db_index=True)
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField()


class AsaasWebhook(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    gid = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=300, blank=True)
    url = models.TextField()
    email = models.CharField(max_length=300, blank=True)
    enabled = models.BooleanField(default=True)
    interrupted = models.BooleanField(default=False)
    api_version = models.IntegerField(default=3)
    auth_token = models.CharField(max_length=255, blank=True)
    send_type = models.CharField(max_length=20, default="SEQUENTIALLY")
    events = models.JSONField(default=list)
    penalized = models.IntegerField(default=0)
    created_at = models.DateTimeField()


class MpPreference(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    gid = models.CharField(max_length=80, unique=True)
    external_reference = models.CharField(max_length=300, blank=True, db_index=True)
    total_cents = models.BigIntegerField()
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True)


class MpOrder(models.Model):
    number = models.BigIntegerField(unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    preference = models.ForeignKey(MpPreference, on_delete=models.CASCADE)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()


class MpPayment(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    order = models.ForeignKey(MpOrder, null=True, on_delete=models.CASCADE)
    number = models.BigIntegerField(unique=True)
    status = models.CharField(max_length=20)
    status_detail = models.CharField(max_length=60)
    method = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    amount_cents = models.BigIntegerField()
    paid_cents = models.BigIntegerField(default=0)
    refunded_cents = models.BigIntegerField(default=0)
    fee_cents = models.BigIntegerField(default=0)
    external_reference = models.CharField(max_length=300, null=True, db_index=True)
    notification_url = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)


class MpIdempotency(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    endpoint = models.CharField(max_length=80)
    key = models.CharField(max_length=64)
    result = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "endpoint", "key"], name="one_effect_per_key")
        ]


class MpPlan(models.Model):
    """A template and its public link; `data` holds the request's own words."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    gid = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=12, default="active")
    amount_cents = models.BigIntegerField()
    external_reference = models.CharField(max_length=300, null=True)
    version = models.IntegerField(default=0)
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()


class MpSubscription(models.Model):
    """A preapproval; `due_at` is the next thing the clock brings, whatever it is."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    plan = models.ForeignKey(MpPlan, null=True, on_delete=models.CASCADE)
    gid = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=12, default="pending")
    amount_cents = models.BigIntegerField()
    external_reference = models.CharField(max_length=300, null=True, db_index=True)
    version = models.IntegerField(default=0)
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()


class MpInvoice(models.Model):
    """One charge of a subscription, an authorized_payment; `payment` is its newest attempt."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    subscription = models.ForeignKey(MpSubscription, on_delete=models.CASCADE)
    payment = models.ForeignKey(MpPayment, null=True, on_delete=models.SET_NULL)
    number = models.BigIntegerField(unique=True)
    status = models.CharField(max_length=12, default="scheduled")
    amount_cents = models.BigIntegerField()
    external_reference = models.CharField(max_length=300, null=True)
    version = models.IntegerField(default=0)
    retries = models.IntegerField(default=0)
    debit_at = models.DateTimeField()
    retry_at = models.DateTimeField(null=True)
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()


class MpChargeback(models.Model):
    """`held_cents` is what the seller does not have while it runs, or has lost by it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    payment = models.ForeignKey(MpPayment, on_delete=models.CASCADE)
    number = models.BigIntegerField(unique=True)
    status = models.CharField(max_length=12)
    amount_cents = models.BigIntegerField()
    held_cents = models.BigIntegerField()
    documentation_status = models.CharField(max_length=20)
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()


class MpClaim(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    payment = models.ForeignKey(MpPayment, on_delete=models.CASCADE)
    number = models.BigIntegerField(unique=True)
    status = models.CharField(max_length=12, default="opened")
    held_cents = models.BigIntegerField()
    data = models.JSONField(default=dict)
    previous = models.JSONField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
