from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from connections.gateways.base import Country
from connections.gateways.countries import BRAZIL, COUNTRIES
from connections.models import Connection, is_limited

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class DocumentType(models.TextChoices):
    """Brazil's; other countries have their own (``connections.gateways.countries``)."""

    CPF = "CPF", "CPF"
    CNPJ = "CNPJ", "CNPJ"


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> CustomerQuerySet:
        """Who is limited to connections sees those who were charged there."""
        if not user.is_active:
            return self.none()
        if not is_limited(user):
            return self
        charge, subscription = (apps.get_model("payments", name) for name in ("Charge", "Subscription"))
        charged = charge.objects.visible_to(user).values("customer")
        subscribed = subscription.objects.visible_to(user).values("customer")
        return self.filter(models.Q(pk__in=charged) | models.Q(pk__in=subscribed))


class Customer(models.Model):
    """Who pays. One row per document of a country; what a gateway calls them is in ``CustomerAtGateway``.

    ``phone`` holds national digits. Since ``anonymised_at`` nothing here or in what belongs to it names the
    person, and nothing is charged to it any more.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    country = models.CharField(_("country"), max_length=2, default="BR", db_default="BR")
    document_type = models.CharField(_("document type"), max_length=16, blank=True)
    document = models.CharField(_("document"), max_length=32, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    # Where they live, for the gateways that want it on a boleto: all of it or nothing.
    zip_code = models.CharField(_("postal code"), max_length=12, blank=True, default="", db_default="")
    street = models.CharField(_("street"), max_length=120, blank=True, default="", db_default="")
    street_number = models.CharField(_("number"), max_length=20, blank=True, default="", db_default="")
    district = models.CharField(_("district"), max_length=80, blank=True, default="", db_default="")
    city = models.CharField(_("city"), max_length=80, blank=True, default="", db_default="")
    state = models.CharField(
        pgettext_lazy("address", "state"), max_length=2, blank=True, default="", db_default=""
    )
    # One of settings.LANGUAGES; without one they read what is usual in the country of the account.
    language = models.CharField(_("language"), max_length=8, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    anonymised_at = models.DateTimeField(null=True, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [
            ("merge_customer", _("Can merge customers")),
            ("export_customer", _("Can export what is held about a customer")),
            ("anonymise_customer", _("Can anonymise customers")),
        ]
        constraints = [
            # A payer taken over from a gateway that tells no document has none.
            models.UniqueConstraint(
                fields=["country", "document_type", "document"],
                condition=~models.Q(document=""),
                name="one_customer_per_document",
            )
        ]
        indexes = [
            models.Index(fields=["document"], name="customer_document"),
            models.Index(
                fields=["anonymised_at"],
                name="customer_anonymised",
                condition=models.Q(anonymised_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("customer", args=[self.public_id])

    @property
    def home(self) -> Country:
        return COUNTRIES.get(self.country, BRAZIL)

    @property
    def document_name(self) -> str:
        """What the document is called where it is from."""
        kinds = {kind.code: kind.name for kind in self.home.documents}
        return translated(kinds.get(self.document_type, self.document_type))

    @property
    def language_name(self) -> str:
        return str(dict(settings.LANGUAGES).get(self.language, ""))

    @property
    def has_address(self) -> bool:
        return bool(self.zip_code)


class CustomerAtGateway(models.Model):
    """An id that one connection's gateway gave to a customer; some have several there, the oldest is used."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="at_gateways")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    gateway_id = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "gateway_id"], name="one_customer_per_gateway_id")
        ]

    def __str__(self) -> str:
        return self.gateway_id


class CustomerActKind(models.TextChoices):
    CHANGED = "changed", _("details changed")
    MERGED = "merged", _("merged with another")
    EXPORTED = "exported", _("exported")
    ANONYMISED = "anonymised", _("anonymised")


class CustomerAct(models.Model):
    """What a person did with what is held about a customer. ``data`` says what, and names nobody."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="acts")
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=16, choices=CustomerActKind.choices)
    data = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.kind
