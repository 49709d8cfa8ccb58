"""The inbox: what gateways told us, verified, and what became of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from connections.models import Connection
from payments.models import GatewayResource


class EventState(models.TextChoices):
    RECEIVED = "received", _("received")
    RETRY = "retry", _("waiting for another try")
    DONE = "done", _("done")
    TEST = "test", _("test")
    IGNORED = "ignored", _("ignored")
    DEAD = "dead", _("given up")


OPEN_STATES = (EventState.RECEIVED, EventState.RETRY)


class WebhookEvent(models.Model):
    """One verified notification. The row is the queue: a worker takes what is open and due."""

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
    expected = models.CharField(max_length=16, blank=True)
    is_step_back = models.BooleanField(default=False)
    # Nobody signed it: it may have us ask, in its turn, and is taken only when nothing signed is due.
    is_hint = models.BooleanField(_("unsigned"), default=False, db_default=False)
    occurred_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(_("received"))

    state = models.CharField(_("state"), max_length=16, choices=EventState.choices)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    asked_again = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    last_error = models.TextField(_("last error"), blank=True)
    repeats = models.PositiveIntegerField(_("repeats"), default=0)
    last_repeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    resource = models.ForeignKey(GatewayResource, on_delete=models.PROTECT, null=True, related_name="events")

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
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
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.gateway_id}"


class RejectedNotification(models.Model):
    """How often a notification was refused and why: one row per connection, reason and day."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="rejections")
    reason = models.CharField(_("reason"), max_length=40)
    day = models.DateField(_("day"))
    times = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("refused notification")
        verbose_name_plural = _("refused notifications")
        constraints = [
            models.UniqueConstraint(fields=["connection", "reason", "day"], name="one_row_per_rejection")
        ]

    def __str__(self) -> str:
        return f"{self.reason} x{self.times}"


class HintTurn(models.Model):
    """When a connection may next ask its gateway because of an unsigned hint."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="+")
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.connection_id} {self.next_at}"
