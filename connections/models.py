"""Accounts at gateways."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connections.branding import Brand as Brand
from connections.gateways.base import Environment, Secrets
from connections.gateways.registry import REGISTRY
from connections.places import Placed
from connections.problem_kinds import Kind, kind_of
from connections.sealed import SealedField, key_ring

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

OLD = ".old"  # a secret that was replaced is kept as "<name>.old1", "<name>.old2", ... until its time is up


def new_path_token() -> str:
    return secrets.token_urlsafe(24)


def fingerprint(secret: str) -> str:
    """Enough of a hash to tell two secrets apart, too little to find one."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


def secret_mark(name: str, secret: str) -> str:
    """Which secret it was, also after a later one has taken the name."""
    return f"{name}:{fingerprint(secret)}"


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

    def at_path(self, token: str, *, now: datetime) -> ConnectionQuerySet:
        """Whom a notification at this address is for; a replaced address works on for its time."""
        is_old = models.Q(old_path_token=token, old_path_until__gt=now)
        return self.filter(models.Q(path_token=token) | is_old)

    def usable(self) -> ConnectionQuerySet:
        """What an operator may charge on: a known account, also while its gateway is away (design rule 7)."""
        is_known_and_away = models.Q(state=ConnectionState.UNREACHABLE) & ~models.Q(account_id="")
        is_ready = models.Q(state=ConnectionState.READY)
        return self.without_secrets().filter(is_ready | is_known_and_away, is_active=True)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> ConnectionQuerySet:
        """Those a person may work with."""
        return self.filter(reachable_by(user, "pk"))


class Connection(Placed):
    """One account at one gateway in one environment."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    path_token = models.CharField(max_length=64, unique=True, default=new_path_token, editable=False)
    old_path_token = models.CharField(max_length=64, unique=True, null=True, editable=False)
    old_path_until = models.DateTimeField(null=True, editable=False)
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
    # Who stored each secret and when; of a replaced one also until when it is accepted.
    webhook_secret_hints = models.JSONField(default=dict, editable=False)
    secrets_lapse_at = models.DateTimeField(null=True, editable=False)
    token_revealed_at = models.DateTimeField(null=True, editable=False)

    account_id = models.CharField(_("account"), max_length=100, blank=True, editable=False)
    account_name = models.CharField(_("account name"), max_length=200, blank=True, editable=False)

    state = models.CharField(
        _("state"),
        max_length=16,
        choices=ConnectionState.choices,
        default=ConnectionState.NEW,
        editable=False,
    )
    state_reason = models.TextField(blank=True, editable=False)
    # Why a key was refused, where it was not the gateway that refused it (``CredentialsUnfit``).
    state_code = models.CharField(max_length=40, blank=True, default="", db_default="", editable=False)
    unreachable_since = models.DateTimeField(null=True, editable=False)
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
    # Our token or address changed and the gateway has not confirmed the change yet.
    webhook_untold = models.BooleanField(default=False, editable=False)
    webhook_told_at = models.DateTimeField(null=True, editable=False)
    last_event_at = models.DateTimeField(_("last notification"), null=True, editable=False)

    health_due_at = models.DateTimeField(null=True, editable=False)
    health_forwarded_at = models.DateTimeField(null=True, editable=False)
    paused_until = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True, editable=False)
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Chosen beforehand on the page for a new charge.")
    )
    require_discount_reason = models.BooleanField(
        _("discounts need a reason"),
        default=False,
        db_default=False,
        help_text=_("Nobody can give a discount on this account without saying why."),
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
    def is_sandbox(self) -> bool:
        return self.environment == Environment.SANDBOX

    @property
    def webhook_path(self) -> str:
        return reverse("webhook", args=[self.path_token])

    @property
    def old_webhook_path(self) -> str:
        return reverse("webhook", args=[self.old_path_token]) if self.old_path_token else ""

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
            name: secret_hint(value, at=at, by=by, known=self.credential_hints.get(name))
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

    def accepted_webhook_secrets(self, *, now: datetime) -> Secrets:
        """What a notification may be signed with now. Raises ``CannotOpen``."""
        opened = self.open_webhook_secrets()
        return Secrets({name: value for name, value in opened.items() if not self._is_over(name, now)})

    def _is_over(self, name: str, now: datetime) -> bool:
        until = self.webhook_secret_hints.get(name, {}).get("until")
        return bool(until) and datetime.fromisoformat(until) <= now

    def reseal(self, column: str) -> bytes | None:
        """The column's value sealed with the newest key, or None when it is. Raises ``CannotOpen``."""
        token = bytes(getattr(self, column))
        context = self._context(column)
        opened = key_ring().open(token, context=context)
        return None if key_ring().is_current(token) else key_ring().seal(opened, context=context)


def secret_hint(value: str, *, at: datetime, by: str, known: dict[str, Any] | None = None) -> dict[str, Any]:
    """What may be shown of a secret: its end, its fingerprint, who stored it and since when."""
    mark = fingerprint(value)
    if known and known.get("fingerprint") == mark:
        return known
    return {"last_four": value[-4:], "fingerprint": mark, "since": at.isoformat(), "by": by}


class ProblemQuerySet(models.QuerySet["Problem"]):
    def open(self) -> ProblemQuerySet:
        return self.filter(cleared_at=None)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> ProblemQuerySet:
        """Those of the connections a person may work with; of the whole house for who is not limited."""
        return self.filter(reachable_by(user))


class Problem(models.Model):
    """Something that a person should know of a connection, or of the whole house; it clears itself.

    A row is one time it was so. Cleared ones are the history: ``repair`` says what we did about it.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="problems")
    code = models.CharField(max_length=40)
    area = models.CharField(max_length=16)
    since = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    repair = models.CharField(max_length=16, blank=True)
    data = models.JSONField(default=dict)  # for the sentences: no secret, no personal data
    # Who has had the e-mail, until everybody has; ``tell_due_at`` is when to send or to try again.
    told_to = models.JSONField(default=list)
    told_at = models.DateTimeField(null=True)
    tell_due_at = models.DateTimeField(null=True)
    tell_tries = models.PositiveSmallIntegerField(default=0)

    objects = ProblemQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = _("problem")
        verbose_name_plural = _("problems")
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "code"],
                condition=models.Q(cleared_at=None, connection__isnull=False),
                name="one_open_problem_per_code",
            ),
            models.UniqueConstraint(
                fields=["code"],
                condition=models.Q(cleared_at=None, connection=None),
                name="one_open_problem_of_the_house",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tell_due_at"],
                name="problem_to_tell",
                condition=models.Q(cleared_at=None, told_at=None),
            ),
            models.Index(fields=["connection", "-cleared_at"], name="problem_history"),
            models.Index(
                fields=["cleared_at"], name="problem_over", condition=models.Q(cleared_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def kind(self) -> Kind:
        return kind_of(self.code)

    @property
    def advice(self) -> str:
        """What to do about it, in the reader's language."""
        return self.kind.advise(self.data)


class GatewayPause(models.Model):
    """A connection whose gateway gave no answer: when it is asked again, and how it comes back.

    Without a row it answers. ``until`` is when one call may try it (who tries has until ``probe_until``);
    ``back_at`` is when one worked again, ``taken`` counts the calls since then. Only
    ``connections.services.pausing`` writes it.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    strikes = models.PositiveSmallIntegerField(default=0)
    rounds = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField(null=True)
    probe_until = models.DateTimeField(null=True)
    back_at = models.DateTimeField(null=True)
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.connection_id} {self.until}"


class ConnectionAccess(models.Model):
    """Limits a person to a connection. Who has no such row works with all of them."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connection_accesses"
    )
    # Protected: with their last row gone, the limited would see every connection.
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="+", verbose_name=_("connection")
    )

    class Meta:
        verbose_name = _("limit to a connection")
        verbose_name_plural = _("limits to connections")
        constraints = [
            models.UniqueConstraint(fields=["user", "connection"], name="one_access_per_user_and_connection")
        ]

    def __str__(self) -> str:
        return self.connection.name


def is_limited(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether a person works with some connections only."""
    return not getattr(user, "is_superuser", False) and _accesses(user).exists()


def reachable_by(user: AbstractBaseUser | AnonymousUser, lookup: str = "connection") -> models.Q:
    """The condition for rows a person may see; ``lookup`` leads to the row's connection."""
    if not user.is_active:
        return models.Q(pk__in=[])
    if getattr(user, "is_superuser", False):
        return models.Q()
    accesses = _accesses(user)
    is_theirs = models.Q(**{f"{lookup}__in": accesses.values("connection")})
    return is_theirs | models.Q(~models.Exists(accesses))


def _accesses(user: AbstractBaseUser | AnonymousUser) -> models.QuerySet[ConnectionAccess]:
    return ConnectionAccess.objects.filter(models.Q(user=user.pk))
