"""Accounts at gateways."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import Capabilities, Environment, Secrets
from connections.gateways.registry import REGISTRY, gateway_class
from connections.sealed import SealedField, key_ring


def new_path_token() -> str:
    return secrets.token_urlsafe(24)


class ConnectionState(models.TextChoices):
    NEW = "new", _("not checked yet")
    READY = "ready", _("ready")
    REFUSED = "refused", _("key refused")
    UNREACHABLE = "unreachable", _("gateway not reached")
    DISABLED = "disabled", _("disabled")


class WebhookState(models.TextChoices):
    MISSING = "missing", _("not registered")
    SHOWN = "shown", _("waiting for the first notification")
    REGISTERED = "registered", _("registered")
    TESTED = "tested", _("tested")
    UNHEALTHY = "unhealthy", _("needs attention")


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def without_secrets(self) -> ConnectionQuerySet:
        """For lists: the sealed columns stay in the database."""
        return self.defer("credentials", "webhook_secrets")

    def usable(self) -> ConnectionQuerySet:
        """What an operator may charge on."""
        return self.without_secrets().filter(is_active=True, state=ConnectionState.READY)


class Connection(models.Model):
    """One account at one gateway in one environment."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    path_token = models.CharField(max_length=64, unique=True, default=new_path_token, editable=False)
    gateway = models.CharField(_("gateway"), max_length=32)
    name = models.CharField(_("name"), max_length=80, help_text=_("How your team calls this account."))
    environment = models.CharField(
        _("environment"),
        max_length=16,
        choices=[(Environment.PRODUCTION.value, _("production")), (Environment.SANDBOX.value, _("sandbox"))],
        default=Environment.PRODUCTION.value,
    )
    credentials = SealedField(editable=False, null=True)
    credential_hints = models.JSONField(default=dict, editable=False)
    webhook_secrets = SealedField(editable=False, null=True)

    account_id = models.CharField(_("account"), max_length=100, blank=True, editable=False)
    account_name = models.CharField(_("account name"), max_length=200, blank=True, editable=False)
    site = models.CharField(max_length=8, blank=True, editable=False)
    currency = models.CharField(_("currency"), max_length=3, default="BRL", editable=False)
    time_zone = models.CharField(_("time zone"), max_length=64, default="America/Sao_Paulo", editable=False)

    state = models.CharField(
        _("state"),
        max_length=16,
        choices=ConnectionState.choices,
        default=ConnectionState.NEW,
        editable=False,
    )
    state_reason = models.TextField(blank=True, editable=False)
    notices = models.JSONField(default=list, editable=False)
    checked_at = models.DateTimeField(_("last check"), null=True, editable=False)

    webhook_state = models.CharField(
        _("webhook"),
        max_length=16,
        choices=WebhookState.choices,
        default=WebhookState.MISSING,
        editable=False,
    )
    webhook_id = models.CharField(max_length=100, blank=True, editable=False)
    webhook_notices = models.JSONField(default=list, editable=False)
    last_event_at = models.DateTimeField(_("last notification"), null=True, editable=False)

    paused_until = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True, editable=False)
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Chosen beforehand on the page for a new charge.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "environment", "account_id"],
                condition=models.Q(is_active=True) & ~models.Q(account_id=""),
                name="one_active_connection_per_account",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.gateway not in REGISTRY:
            raise ValidationError({"gateway": _("Choose one of the gateways in the list.")})

    @property
    def gateway_label(self) -> str:
        return REGISTRY[self.gateway].label if self.gateway in REGISTRY else self.gateway

    @property
    def capabilities(self) -> Capabilities:
        return gateway_class(self.gateway).capabilities

    @property
    def is_sandbox(self) -> bool:
        return self.environment == Environment.SANDBOX

    @property
    def webhook_path(self) -> str:
        return reverse("webhook", args=[self.path_token])

    def _context(self, column: str) -> str:
        return f"connection:{self.public_id}:{column}"

    def open_credentials(self) -> Secrets:
        """Raises ``CannotOpen`` when no key of the ring fits."""
        if not self.credentials:
            return Secrets()
        return key_ring().open(bytes(self.credentials), context=self._context("credentials"))

    def seal_credentials(self, values: Mapping[str, str], *, at: datetime, by: str) -> None:
        """Take these values as the credentials; the caller saves the row."""
        self.credentials = key_ring().seal(values, context=self._context("credentials"))
        self.credential_hints = {
            name: _hint(value, at=at, by=by, known=self.credential_hints.get(name))
            for name, value in values.items()
        }

    def open_webhook_secrets(self) -> Secrets:
        """Raises ``CannotOpen`` when no key of the ring fits."""
        if not self.webhook_secrets:
            return Secrets()
        return key_ring().open(bytes(self.webhook_secrets), context=self._context("webhook_secrets"))

    def seal_webhook_secrets(self, values: Mapping[str, str]) -> None:
        """Take these values as the webhook's secrets; the caller saves the row."""
        self.webhook_secrets = key_ring().seal(values, context=self._context("webhook_secrets"))


def _hint(value: str, *, at: datetime, by: str, known: dict[str, Any] | None) -> dict[str, Any]:
    fingerprint = hashlib.sha256(value.encode()).hexdigest()[:12]
    if known and known.get("fingerprint") == fingerprint:
        return known
    return {"last_four": value[-4:], "fingerprint": fingerprint, "since": at.isoformat(), "by": by}
