"""A customer's page in figures and words: sums by currency, what gateways call them, what people did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Max, Q, Sum
from django.db.models.functions import Greatest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.gateways.base import Environment
from payments.models import Charge, ChargeStatus, Customer, CustomerAct, CustomerActKind
from payments.money import format_cents

_OPEN = (ChargeStatus.CONFIRMING, ChargeStatus.PENDING, ChargeStatus.AUTHORIZED, ChargeStatus.OVERDUE)
FIELDS: dict[str, Promise] = {
    "document": gettext_lazy("document"),
    "name": gettext_lazy("name"),
    "email": gettext_lazy("e-mail"),
    "phone": gettext_lazy("phone"),
    "language": gettext_lazy("language"),
}
_ADDRESS = gettext_lazy("address")


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Of one currency, real money or a sandbox's; hundredths. ``overdue`` is a part of ``open``."""

    currency: str
    is_sandbox: bool
    charges: int
    open: int
    overdue: int
    received: int
    given_back: int

    def shown(self) -> list[tuple[str, str, str]]:
        """Name for programs, label, amount."""
        labels = {
            "open": _("Open"),
            "overdue": _("Of that overdue"),
            "received": _("Received"),
            "given_back": _("Given back"),
        }
        return [
            (name, label, format_cents(getattr(self, name), self.currency)) for name, label in labels.items()
        ]


def sums(customer: Customer, reader: AbstractBaseUser | AnonymousUser) -> list[Sums]:
    """One query; real money first. What is to be reviewed was received, and nobody is asked for it again."""
    waits = Q(status__in=_OPEN, review_reason="")
    left = Greatest(F("amount_cents") - F("received_cents"), 0)
    charges = Charge.objects.visible_to(reader).filter(customer=customer).order_by()
    named = charges.values("currency", environment=F("connection__environment"))
    found = named.annotate(
        charges=Count("pk"),
        open=Sum(left, filter=waits, default=0),
        overdue=Sum(left, filter=waits & Q(status=ChargeStatus.OVERDUE), default=0),
        received=Sum("received_cents", default=0),
        given_back=Sum("refunded_cents", default=0),
    )
    sums = [_sums(dict(row)) for row in found]
    return sorted(sums, key=lambda one: (one.is_sandbox, one.currency))


def _sums(row: dict[str, Any]) -> Sums:
    environment = row.pop("environment")
    return Sums(is_sandbox=environment == Environment.SANDBOX, **row)


def rows(customers: Iterable[Customer], reader: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
    """For the list: how many charges the reader sees of each, and when the newest was made; one query."""
    listed = list(customers)
    counted = Charge.objects.visible_to(reader).filter(customer__in=listed).order_by()
    known = {
        row["customer"]: row
        for row in counted.values("customer").annotate(charges=Count("pk"), newest=Max("created_at"))
    }
    nothing: dict[str, Any] = {"charges": 0, "newest": None}
    return [{**known.get(one.pk, nothing), "customer": one} for one in listed]


@dataclass(frozen=True, kw_only=True)
class ActInWords:
    act: CustomerAct
    sentence: str
    detail: str


def acts(customer: Customer) -> list[ActInWords]:
    """The newest first."""
    found = customer.acts.select_related("actor")[:50]
    return [ActInWords(act=act, sentence=_sentence(act), detail=_detail(act)) for act in found]


def _sentence(act: CustomerAct) -> str:
    who = act.actor.get_username() if act.actor else _("The system")
    sentences: dict[str, str] = {
        CustomerActKind.CHANGED.value: _("%(who)s changed the details"),
        CustomerActKind.MERGED.value: _("%(who)s merged another customer into this one"),
        CustomerActKind.EXPORTED.value: _("%(who)s exported what is held"),
        CustomerActKind.ANONYMISED.value: _("%(who)s anonymised the customer"),
    }
    return sentences[act.kind] % {"who": who}


def _detail(act: CustomerAct) -> str:
    if act.kind == CustomerActKind.MERGED:
        text = ngettext("%(count)d charge moved", "%(count)d charges moved", act.data["charges"])
        return text % {"count": act.data["charges"]}
    return ", ".join(field_names(act.data.get("fields", [])))


def field_names(names: Iterable[str]) -> list[str]:
    """Each once, the parts of the address as one."""
    return list(dict.fromkeys(str(FIELDS.get(name, _ADDRESS)) for name in names))
