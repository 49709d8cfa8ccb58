"""The address of every page of the administration, by name: of each model what the reader may open."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import reverse


def make(reader: User) -> dict[str, str]:
    request = RequestFactory().get("/admin/")
    request.user = reader
    pages = {
        "admin": reverse("admin:index"),
        "admin-password": reverse("admin:password_change"),
        "admin-password-done": reverse("admin:password_change_done"),
        "admin-user-password": reverse("admin:auth_user_password_change", args=[reader.pk]),
    }
    for model, page in admin.site._registry.items():
        pages[f"admin-of-{model._meta.app_label}"] = reverse("admin:app_list", args=[model._meta.app_label])
        pages |= _of_model(request, page)
    return pages


def _of_model(request: HttpRequest, page: ModelAdmin) -> dict[str, str]:
    """Its list, also where nothing is found, the form for a new row, and of one row all there is."""
    options = page.opts
    name, route = f"admin-{options.model_name}", f"admin:{options.app_label}_{options.model_name}"
    listed = reverse(f"{route}_changelist")
    pages = {f"{name}-list": listed, f"{name}-nothing": f"{listed}?q=zzz"}
    if page.has_add_permission(request):
        pages[f"{name}-new"] = reverse(f"{route}_add")
    if row := page.get_queryset(request).first():
        pages[f"{name}-one"] = reverse(f"{route}_change", args=[row.pk])
        pages[f"{name}-history"] = reverse(f"{route}_history", args=[row.pk])
        if page.has_delete_permission(request, row):
            pages[f"{name}-delete"] = reverse(f"{route}_delete", args=[row.pk])
    return pages
