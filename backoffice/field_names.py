"""What the fields are called in the admin, in the words of the pages. The database knows nothing of them."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from backoffice.site import ROOMS

NAMES: dict[str, Any] = {
    "action": _("action"),
    "adopted_at": _("taken over at"),
    "boleto_barcode": _("barcode"),
    "boleto_line": _("line of the boleto"),
    "boleto_url": _("PDF of the boleto"),
    "called_off_at": _("called off at"),
    "closed_at": _("closed at"),
    "connection": _("connection"),
    "created_at": _("created at"),
    "created_by": _("created by"),
    "currency": _("currency"),
    "customer": _("customer"),
    "cycle": _("how often"),
    "description": _("description"),
    "discount_reason": _("reason of the discount"),
    "due_date": _("due date"),
    "ends_on": _("ends on"),
    "expires_at": _("can be paid until"),
    "failure": _("what went wrong"),
    "foreign_order": _("order elsewhere"),
    "foreign_reference": _("reference elsewhere"),
    "fraud_alert_at": _("fraud alert at"),
    "gateway_id": _("id at the gateway"),
    "gateway_status": _("state at the gateway"),
    "ignored_by": _("ignored by"),
    "imported_at": _("imported at"),
    "instalments": _("parcels"),
    "is_collecting": _("collected by the gateway itself"),
    "is_live": _("of production"),
    "is_test": _("test"),
    "is_truncated": _("kept cut"),
    "kind": _("kind"),
    "last_repeat_at": _("last repeat"),
    "link": _("link"),
    "link_expires_at": _("link valid until"),
    "method": _("way of paying"),
    "name": _("name"),
    "next_attempt_at": _("next attempt"),
    "next_due_on": _("next due date"),
    "next_try_at": _("next try of the gateway"),
    "occurred_at": _("happened at"),
    "paid_at": _("paid at"),
    "pix_expires_at": _("PIX code valid until"),
    "pix_text": _("PIX code"),
    "plan": _("plan"),
    "reference": _("reference"),
    "review_reason": _("why it is to be reviewed"),
    "secret_name": _("verified with"),
    "sends": _("times sent"),
    "sent_at": _("sent at"),
    "sent_to": _("sent to"),
    "settled_at": _("settled at"),
    "settles_at": _("to be settled at"),
    "starts_on": _("first due date"),
    "state": _("state"),
    "status": _("status"),
    "subscription": _("subscription"),
    "turns": _("number of charges"),
}


def give() -> None:
    """To the fields of our own models that have none; what a model says itself stays.

    Migrations compare what a field was made with, so that a word here asks for none.
    """
    for _title, _sentence, labels in ROOMS:
        for label in (label for label in labels if not label.startswith("auth.")):
            for field in apps.get_model(label)._meta.fields:
                if field._verbose_name is None and field.name in NAMES:
                    field.verbose_name = NAMES[field.name]
