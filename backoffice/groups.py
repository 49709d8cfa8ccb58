"""The four groups and what each may do; kept in step with this table after every migrate."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_lazy as _

ADMINISTRATOR, FINANCE, OPERATOR, AUDITOR = "Administrator", "Finance", "Operator", "Auditor"
_IN_WORDS = {
    ADMINISTRATOR: _("Administrator"),
    FINANCE: _("Finance"),
    OPERATOR: _("Operator"),
    AUDITOR: _("Auditor"),
}


def in_words(name: str) -> str:
    """A group's name as it is shown; one that somebody else made keeps its own."""
    return str(_IN_WORDS.get(name, name))


_MAY = {
    ADMINISTRATOR: _(
        "Connects accounts at the gateways, keeps people, gives money back, handles notifications and"
        " anonymises customers. Creates no charges."
    ),
    FINANCE: _(
        "Reviews charges, gives money back, compares with the gateways, sees the reports and handles"
        " notifications. Creates no charges, connects no accounts."
    ),
    OPERATOR: _(
        "Creates, sends, changes and cancels charges and subscriptions, and keeps plans. Gives no money back."
    ),
    AUDITOR: _("Sees and exports everything, changes nothing."),
}


def may(name: str) -> str:
    """In a sentence what a group is for; of another one nothing is known."""
    return str(_MAY.get(name, "–"))


_READS_MONEY = (
    "payments.view_charge",
    "payments.view_customer",
    "payments.view_dispute",
    "payments.view_subscription",
    "payments.view_plan",
)
_CHANGES_CUSTOMERS = ("payments.change_customer", "payments.merge_customer", "payments.export_customer")
_CHANGES_CHARGES = (
    "payments.ask_charge",
    "payments.note_charge",
    "payments.send_charge",
    "payments.cancel_charge",
    "payments.receive_cash",
    "payments.change_agreement",
)
_MAKES_PLANS = ("payments.add_plan", "payments.change_plan")
_READS_REPORTS = ("payments.view_reconciliation", "payments.view_payment", "payments.export_charge")
_HANDLES_EVENTS = ("webhooks.replay_webhookevent", "webhooks.ignore_webhookevent")
_READS_EVENTS = ("webhooks.view_webhookevent", "webhooks.view_rejectednotification")

GROUPS: dict[str, tuple[str, ...]] = {
    ADMINISTRATOR: (
        "connections.view_connection",
        "connections.add_connection",
        "connections.change_connection",
        "connections.delete_connection",
        "connections.view_connectionaccess",
        "connections.add_connectionaccess",
        "connections.change_connectionaccess",
        "connections.delete_connectionaccess",
        "connections.view_brand",
        "connections.add_brand",
        "connections.change_brand",
        "connections.delete_brand",
        "auth.view_user",
        "auth.add_user",
        "auth.change_user",
        "auth.view_group",
        "payments.run_reconciliation",
        "payments.refund_charge",
        "payments.anonymise_customer",
        *_CHANGES_CUSTOMERS,
        *_CHANGES_CHARGES,
        *_MAKES_PLANS,
        *_HANDLES_EVENTS,
        "webhooks.simulate_webhookevent",
        *_READS_MONEY,
        *_READS_REPORTS,
        *_READS_EVENTS,
    ),
    FINANCE: (
        "payments.review_charge",
        "payments.run_reconciliation",
        "payments.refund_charge",
        *_CHANGES_CUSTOMERS,
        *_CHANGES_CHARGES,
        *_HANDLES_EVENTS,
        *_READS_MONEY,
        *_READS_REPORTS,
        *_READS_EVENTS,
    ),
    OPERATOR: (
        "payments.add_charge",
        "payments.ask_charge",
        "payments.note_charge",
        "payments.send_charge",
        "payments.change_customer",
        "payments.cancel_charge",
        "payments.add_subscription",
        "payments.change_agreement",
        *_MAKES_PLANS,
        *_READS_MONEY,
    ),
    AUDITOR: (
        "connections.view_connection",
        "connections.view_connectionaccess",
        "connections.view_brand",
        "auth.view_user",
        "auth.view_group",
        *_READS_MONEY,
        *_READS_REPORTS,
        *_READS_EVENTS,
    ),
}


def keep_groups(**_signal: Any) -> None:
    """Give each group exactly the permissions of the table."""
    known = _permissions()
    for name, wanted in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(known[text] for text in wanted if text in known)


def _permissions() -> dict[str, Permission]:
    """By dotted name, made first: Django's own receiver of the same signal may come after ours."""
    labels = {text.partition(".")[0] for wanted in GROUPS.values() for text in wanted}
    for label in labels:
        create_permissions(apps.get_app_config(label), verbosity=0)
    found = Permission.objects.filter(content_type__app_label__in=labels).select_related("content_type")
    return {f"{permission.content_type.app_label}.{permission.codename}": permission for permission in found}
