"""Money in the admin is read-only: charges are made and changed on the staff pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from connections.models import reachable_by
from payments.models import Charge, Customer, Plan, Subscription
from payments.money import format_cents

_AMOUNTS = {
    "subtotal_cents": _("before the discount on the total"),
    "discount_cents": _("discount on the total"),
    "amount_cents": _("amount"),
    "received_cents": _("received"),
    "refunded_cents": _("refunded"),
    "fee_cents": _("fee"),
    "net_cents": _("net"),
}


class ReadOnlyAdmin(admin.ModelAdmin):
    """To be looked at; of rows with a ``connection``, those the reader may see."""

    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        if not any(field.name == "connection" for field in self.opts.fields):
            return rows
        sealed = ("connection__credentials", "connection__webhook_secrets")
        return rows.filter(reachable_by(request.user)).select_related("connection").defer(*sealed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _amount(name: str) -> Callable[[Charge | Plan | Subscription], str]:
    """A column of cents, shown as an amount."""

    @admin.display(description=_AMOUNTS.get(name, name.removesuffix("_cents")), ordering=name)
    def shown(row: Charge | Plan | Subscription) -> str:
        cents = getattr(row, name)
        return "–" if cents is None else format_cents(cents, row.currency)

    return shown


_CENTS = [field.name for field in Charge._meta.fields if field.name.endswith("_cents")]
_SHOWN: tuple[Any, ...] = tuple(_amount(name) for name in _CENTS)


# How the creating call was made: nothing a person reads.
_CREATION = ["creation_token", "creation_due_at", "creation_tries", "creation_round"]


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    list_display = [
        "reference",
        "customer",
        _amount("amount_cents"),
        "status",
        "due_date",
        "connection",
    ]
    list_filter = ["status"]
    search_fields = ["reference"]
    exclude = ["pay_token", *_CREATION, "revision", "check_due_at", *_CENTS]
    readonly_fields = _SHOWN

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("customer")

    def view_on_site(self, charge: Charge) -> str:
        return charge.get_absolute_url()


_ONE_AMOUNT: tuple[Any, ...] = (_amount("amount_cents"),)
_CALL = [
    *("submission", "token", "http_method", "path", "body", "due_at", "tries", "looked_up"),
    *("call_state", "revision", "check_due_at"),
]


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = [
        "reference",
        "customer",
        _amount("amount_cents"),
        "cycle",
        "state",
        "next_due_on",
        "connection",
    ]
    list_filter = ["state"]
    search_fields = ["reference", "gateway_id"]
    exclude = ["amount_cents", *_CALL]
    readonly_fields = _ONE_AMOUNT

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("customer", "plan")

    def view_on_site(self, subscription: Subscription) -> str:
        return subscription.get_absolute_url()


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    list_display = ["name", _amount("amount_cents"), "cycle", "state", "connection"]
    list_filter = ["state"]
    search_fields = ["name", "reference", "gateway_id"]
    exclude = ["amount_cents", "submission", "token", "due_at", "tries", "check_due_at"]
    readonly_fields = _ONE_AMOUNT

    def view_on_site(self, plan: Plan) -> str:
        return plan.get_absolute_url()


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ["name", "document_type", "email", "created_at"]
    search_fields = ["name", "document"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return Customer.objects.visible_to(request.user).order_by("-pk")

    def view_on_site(self, customer: Customer) -> str:
        return customer.get_absolute_url()
