"""The inbox: what gateways told us, verified, and what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from config import clock
from connections.models import Connection
from payments.models import GatewayResource

# The reason of what a person took out of the queue: repeats of it are only counted.
BY_PERSON = "by_person"


class RandomId(models.Func):
    """A new uuid for each row, made by the database: the inbox is written by plain SQL."""

    output_field = models.UUIDField()

    def as_sqlite(self, *_context: Any, **_options: Any) -> tuple[str, tuple[Any, ...]]:
        return "lower(hex(randomblob(16)))", ()

    def as_postgresql(self, *_context: Any, **_options: Any) -> tuple[str, tuple[Any, ...]]:
        return "gen_random_uuid()", ()


class EventState(models.TextChoices):
    RECEIVED = "received", _("received")
    RETRY = "retry", _("waiting for another try")
    DONE = "done", _("done")
    TEST = "test", _("test")
    IGNORED = "ignored", _("ignored")
    DEAD = "dead", _("given up")


OPEN_STATES = (EventState.RECEIVED, EventState.RETRY)


class EventProgress(models.TextChoices):
    """What people are shown: the stored state, or that a worker has it in hand at this moment."""

    RECEIVED = "received", _("received")
    WORKING = "working", _("being worked on")
    RETRY = "retry", _("waiting for another try")
    DONE = "done", _("done")
    TEST = "test", _("test")
    IGNORED = "ignored", _("ignored")
    DEAD = "dead", _("given up")


class Failure(models.TextChoices):
    """Why an attempt failed. Only those of the event itself count towards giving it up."""

    UNREADABLE = "unreadable_answer", _("the gateway's answer could not be read")
    REFUSED = "refused", _("refused by the gateway")
    NO_ANSWER = "no_answer", _("the gateway gives no answer about this one thing")
    OWN_FAULT = "own_fault", _("our own fault")
    AWAY = "away", _("the gateway gave no answer")


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    def with_progress(self) -> WebhookEventQuerySet:
        """Marks what a worker has in hand now, for ``WebhookEvent.progress``."""
        leased = GatewayResource.objects.filter(
            connection=models.OuterRef("connection"),
            kind=models.OuterRef("kind"),
            gateway_id=models.OuterRef("gateway_id"),
            lease_until__gt=clock.now(),
        )
        is_open = models.Q(state__in=OPEN_STATES)
        return self.annotate(
            is_working=models.ExpressionWrapper(
                is_open & models.Exists(leased), output_field=models.BooleanField()
            )
        )


class WebhookEvent(models.Model):
    """One verified notification. The row is the queue: a worker takes what is open and due."""

    public_id = models.UUIDField(db_default=RandomId(), unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="events")
    topic = models.CharField(_("topic"), max_length=80)
    action = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=16, blank=True)
    gateway_id = models.CharField(max_length=100, blank=True)
    dedupe_key = models.CharField(max_length=200)
    headers = models.JSONField(default=dict)
    query = models.TextField(blank=True)
    body = models.BinaryField()
    is_truncated = models.BooleanField(default=False)
    is_live = models.BooleanField(null=True)
    is_test = models.BooleanField(default=False)
    secret_name = models.CharField(max_length=32, blank=True)
    # The status of a payment, or of a subscription.
    expected = models.CharField(max_length=16, blank=True)
    expected_refunded_cents = models.BigIntegerField(default=0, db_default=0)
    is_step_back = models.BooleanField(default=False)
    # Which change of the thing it speaks of, where the gateway counts them.
    expected_counter = models.BigIntegerField(null=True)
    # What a turn of the subscription costs now.
    expected_amount_cents = models.BigIntegerField(null=True)
    # The gateway suspects fraud: what was sold shall not be handed over.
    forbids_delivery = models.BooleanField(default=False, db_default=False)
    # Nobody signed it: it may have us ask, in its turn, and is taken only when nothing signed is due.
    is_hint = models.BooleanField(_("unsigned"), default=False, db_default=False)
    # Composed here by a person: it proves nothing about what the gateway sends.
    is_simulated = models.BooleanField(_("simulated"), default=False, db_default=False)
    occurred_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(_("received"))

    state = models.CharField(_("state"), max_length=16, choices=EventState.choices)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    # Of these the event itself was the reason; a gateway that is away is not counted.
    failures = models.PositiveSmallIntegerField(_("failures"), default=0, db_default=0)
    asked_again = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    # Why the last attempt failed (``Failure``), and in the gateway's own words.
    cause = models.CharField(_("cause"), max_length=40, blank=True, default="", db_default="")
    last_error = models.TextField(_("last error"), blank=True)
    # The newest attempts, the oldest first (``webhooks.services.attempts``).
    history = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    repeats = models.PositiveIntegerField(_("repeats"), default=0)
    last_repeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    # From its receipt to what it first brought about; a later replay or repeat does not move it.
    delay = models.DurationField(null=True)
    resource = models.ForeignKey(GatewayResource, on_delete=models.PROTECT, null=True, related_name="events")
    # Who took it out of the queue, and why.
    ignored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    note = models.TextField(_("note"), blank=True, default="", db_default="")

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        permissions = [
            ("replay_webhookevent", _("Can replay notifications")),
            ("ignore_webhookevent", _("Can ignore notifications")),
            ("simulate_webhookevent", _("Can simulate notifications")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["connection", "dedupe_key"], name="one_row_per_notification")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="event_open",
                condition=models.Q(state__in=("received", "retry")),
            ),
            models.Index(fields=["connection", "kind", "gateway_id"], name="event_by_resource"),
            models.Index(fields=["-received_at", "-id"], name="event_newest"),
            models.Index(fields=["state", "-received_at", "-id"], name="event_by_state"),
            models.Index(fields=["connection", "-received_at", "-id"], name="event_by_connection"),
            models.Index(
                fields=["connection", "next_attempt_at"],
                name="hint_waiting",
                condition=models.Q(is_hint=True, state__in=("received", "retry")),
            ),
            models.Index(
                fields=["finished_at"],
                name="hint_over",
                condition=models.Q(is_hint=True, state="ignored"),
            ),
            # All that the figures of a period are made of, so that no row with its body is read for them.
            models.Index(
                fields=["received_at", "connection", "state", "repeats", "delay", "is_simulated"],
                name="event_figures",
            ),
            models.Index(
                fields=["-received_at", "-id"], name="event_repeated", condition=models.Q(repeats__gt=0)
            ),
            models.Index(
                fields=["-received_at", "-id"], name="event_unsigned", condition=models.Q(is_hint=True)
            ),
            models.Index(
                fields=["-received_at", "-id"], name="event_simulated", condition=models.Q(is_simulated=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.gateway_id}"

    @property
    def progress(self) -> EventProgress:
        """The state as people see it; *working* is known only of rows read ``with_progress()``."""
        return EventProgress.WORKING if getattr(self, "is_working", False) else EventProgress(self.state)


class RejectedNotification(models.Model):
    """How often a notification was refused and why: one row per connection, reason and quarter of an hour.

    Days begin at a full quarter everywhere on earth, so that the rows add up to any reader's days.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="rejections")
    reason = models.CharField(_("reason"), max_length=40)
    since = models.DateTimeField(_("from"))
    times = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("refused notification")
        verbose_name_plural = _("refused notifications")
        constraints = [
            models.UniqueConstraint(fields=["connection", "reason", "since"], name="one_row_per_rejection")
        ]
        indexes = [models.Index(fields=["since"], name="rejection_by_time")]

    def __str__(self) -> str:
        return f"{self.reason} x{self.times}"


def quarter(moment: datetime) -> datetime:
    """When the quarter of an hour began that a moment lies in."""
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)


def first_delay(now: datetime) -> Coalesce:
    """For an update: the delay of what has its first effect now; that of any other stays."""
    passed = models.ExpressionWrapper(
        models.Value(now) - models.F("received_at"), output_field=models.DurationField()
    )
    return Coalesce("delay", passed)


class HintTurn(models.Model):
    """When a connection may next ask its gateway because of an unsigned hint."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="+")
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.connection_id} {self.next_at}"


class ReplayState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")


class Replay(models.Model):
    """Somebody had notifications taken up again: which ones, and how far it has come."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    filters = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    charges = models.PositiveIntegerField(default=0)
    handled = models.PositiveIntegerField(default=0)
    state = models.CharField(
        _("state"), max_length=16, choices=ReplayState.choices, default=ReplayState.QUEUED
    )
    finished_at = models.DateTimeField(_("finished"), null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("replay")
        verbose_name_plural = _("replays")
        indexes = [
            models.Index(fields=["-asked_at", "-id"], name="replay_newest"),
            models.Index(
                fields=["asked_at"], name="replay_open", condition=models.Q(state__in=("queued", "running"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class ReplayItem(models.Model):
    """One notification of a replay: what it was before, and what became of it."""

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="items")
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="replay_items")
    state_before = models.CharField(max_length=16, choices=EventState.choices)
    outcome = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["replay", "event"], name="one_item_per_replay_and_event")
        ]
        indexes = [models.Index(fields=["replay", "id"], name="replay_waiting", condition=models.Q(at=None))]

    def __str__(self) -> str:
        return f"{self.replay_id} {self.event_id}"


class Simulation(models.Model):
    """A notification that somebody composed and sent to our own address: what was sent, what was answered.

    ``mark`` travels with it and tells it from a gateway's, until we have answered it. Nothing here is secret.
    """

    public_id = models.UUIDField(unique=True, editable=False)
    mark = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    sent_at = models.DateTimeField()
    topic = models.CharField(max_length=80)
    gateway_id = models.CharField(max_length=100)
    signed_with = models.CharField(max_length=32)
    is_to_old_address = models.BooleanField(default=False, db_default=False)
    query = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    # What the notification became, where it was taken.
    event = models.ForeignKey(WebhookEvent, on_delete=models.SET_NULL, null=True, related_name="simulations")

    class Meta:
        default_permissions = ()
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        indexes = [models.Index(fields=["sent_at"], name="simulation_by_time")]

    def __str__(self) -> str:
        return str(self.public_id)
