from __future__ import annotations

from functools import update_wrapper
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# The groups of the first page, in the words of the product: a title, a sentence, the models by label.
ROOMS: tuple[tuple[Any, Any, tuple[str, ...]], ...] = (
    (
        _("Accounts at the gateways"),
        _("Connect an account, replace its key, see what is left to do, choose how its pay page looks."),
        ("connections.Connection", "connections.Brand"),
    ),
    (
        _("People"),
        _("Who signs in, in which language, in which group and for which connections."),
        ("auth.User", "auth.Group"),
    ),
    (
        _("What the gateways sent"),
        _("Every notification as it came in, to be looked at. Reprocess them on the page of notifications."),
        ("webhooks.WebhookEvent", "webhooks.RejectedNotification"),
    ),
    (
        _("Charges and customers"),
        _("The rows behind the pages, to be looked at. They are made and changed on the pages themselves."),
        ("payments.Charge", "payments.Subscription", "payments.Plan", "payments.Customer"),
    ),
)


class BackofficeSite(AdminSite):
    """The stock admin under our own name and skin, behind the one login page."""

    site_header = _("Back-office")
    site_title = _("Back-office")
    index_title = _("Administration")
    enable_nav_sidebar = False

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Who is signed in and may not enter is told so, instead of being asked to sign in again."""
        stock = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return stock(request, *args, **kwargs)

        return update_wrapper(guarded, stock)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one page that takes passwords; where it leads afterwards is checked there."""
        following = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': following})}")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The stock page, grouped in the words of the product."""
        rooms = self._rooms(request)
        return super().index(request, {**(extra_context or {}), "rooms": rooms})

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Where the trail above a page leads: that part of the first page."""
        title = apps.get_app_config(app_label).verbose_name
        told = {"rooms": self._rooms(request, app_label), "title": title}
        return super().app_index(request, app_label, {**(extra_context or {}), **told})

    def _rooms(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """What the reader may open; a model no room names stands in one of its own."""
        listed = self.get_app_list(request, app_label)
        found = {entry["model"]._meta.label: entry for app in listed for entry in app["models"]}
        rooms = [
            {
                "title": title,
                "sentence": sentence,
                "models": [found.pop(one) for one in labels if one in found],
            }
            for title, sentence, labels in ROOMS
        ]
        rest = {"title": _("Other"), "sentence": "", "models": list(found.values())}
        return [room for room in (*rooms, rest) if room["models"]]

    def get_urls(self) -> list[Any]:
        """Without the address that leads from any row's number to its page, asking for no permission."""
        return [found for found in super().get_urls() if getattr(found, "name", "") != "view_on_site"]
