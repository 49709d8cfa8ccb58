from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class BackofficeSite(AdminSite):
    """The stock admin under our own name and skin."""

    site_header = _("Back-office")
    site_title = _("Back-office")
    index_title = _("Administration")
    enable_nav_sidebar = False
