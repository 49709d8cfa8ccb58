"""The inbox in the admin: to be looked at, never edited."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.admin import ReadOnlyAdmin
from webhooks.models import RejectedNotification, WebhookEvent


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = [
        "received_at",
        "connection",
        "topic",
        "action",
        "gateway_id",
        "state",
        "reason",
        "repeats",
    ]
    list_filter = ["state"]
    search_fields = ["gateway_id", "topic"]
    exclude = ["body"]
    readonly_fields = ["body_text"]

    @admin.display(description=_("body"))
    def body_text(self, event: WebhookEvent) -> str:
        return bytes(event.body).decode("utf-8", "replace")


@admin.register(RejectedNotification)
class RejectedNotificationAdmin(ReadOnlyAdmin):
    list_display = ["day", "connection", "reason", "times", "last_at"]
