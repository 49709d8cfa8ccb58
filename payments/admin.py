"""Money in the admin is read-only: charges are made and changed on the staff pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from payments.models import Charge, Customer


class ReadOnlyAdmin(admin.ModelAdmin):
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    list_display = ["reference", "customer", "amount_cents", "currency", "status", "due_date", "connection"]
    list_filter = ["status"]
    list_select_related = ["customer", "connection"]
    search_fields = ["reference"]
    exclude = ["pay_token"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return Charge.objects.for_lists()


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ["name", "document_type", "email", "created_at"]
    search_fields = ["name", "document"]
