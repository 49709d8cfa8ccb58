from __future__ import annotations

from functools import update_wrapper
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


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

    def get_urls(self) -> list[Any]:
        """Without the address that leads from any row's number to its page, asking for no permission."""
        return [found for found in super().get_urls() if getattr(found, "name", "") != "view_on_site"]
