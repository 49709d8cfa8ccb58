"""The four groups and what each may do; kept in step with this table after every migrate."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission

GROUPS: dict[str, tuple[str, ...]] = {
    "Administrator": (
        "connections.view_connection",
        "connections.add_connection",
        "connections.change_connection",
        "connections.delete_connection",
        "payments.view_charge",
        "webhooks.view_webhookevent",
        "auth.view_user",
        "auth.add_user",
        "auth.change_user",
        "auth.view_group",
    ),
    "Finance": ("payments.view_charge", "payments.view_customer", "webhooks.view_webhookevent"),
    "Operator": ("payments.view_charge", "payments.add_charge", "payments.view_customer"),
    "Auditor": (
        "connections.view_connection",
        "payments.view_charge",
        "payments.view_customer",
        "webhooks.view_webhookevent",
    ),
}


def keep_groups(**_signal: Any) -> None:
    for name, permissions in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        wanted = [_permission(text) for text in permissions]
        group.permissions.set(found for found in wanted if found)


def _permission(text: str) -> Permission | None:
    """None while the app that owns it is not migrated yet: its own migrate comes later and calls again."""
    app, _, codename = text.partition(".")
    return Permission.objects.filter(content_type__app_label=app, codename=codename).first()
