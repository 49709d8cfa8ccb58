"""The inbox in the admin: to be looked at, never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import Rejection
from payments.admin import ReadOnlyAdmin
from webhooks.models import RejectedNotification, WebhookEvent
from webhooks.panel import figures, presentation
from webhooks.services import hints

# How it is followed; what of it a person wants to know stands on the page of the notification.
_WORKINGS = [
    *("dedupe_key", "expected", "expected_refunded_cents", "expected_amount_cents", "expected_counter"),
    *("is_step_back", "forbids_delivery", "asked_again", "history", "delay", "resource"),
]


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "connection", "topic", "gateway_id", "state", "is_hint"]
    list_filter = ["state", "is_hint"]
    search_fields = ["gateway_id", "topic"]
    exclude = ["body", "query", "headers", *_WORKINGS]
    readonly_fields = ["body_text"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What was received may speak of customers: it is for who may see those."""
        shown = super().get_readonly_fields(request, obj)
        if request.user.has_perm("payments.view_customer"):
            return shown
        return [name for name in shown if name != "body_text"]

    @admin.display(description=_("body"))
    def body_text(self, event: WebhookEvent) -> str:
        """As on the page of the notification: without what names people."""
        return presentation.body_text(bytes(event.body))


@admin.register(RejectedNotification)
class RejectedNotificationAdmin(ReadOnlyAdmin):
    """Unsigned hints stand here, too, where they were only counted: nothing of them was followed."""

    list_display = ["since", "connection", "why", "times", "last_at"]

    @admin.display(description=_("reason"), ordering="reason")
    def why(self, counted: RejectedNotification) -> str:
        sentences = {
            hints.SURPLUS: _("unsigned hint: too many were waiting already"),
            Rejection.UNSIGNED_IPN.value: _("unsigned hint about nothing we follow"),
        }
        return str(sentences.get(counted.reason) or figures.refusal_in_words(counted.reason)[0])
