from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BackofficeConfig(AppConfig):
    name = "backoffice"
    verbose_name = _("Back-office")

    def ready(self) -> None:
        from backoffice.groups import keep_groups

        post_migrate.connect(keep_groups, dispatch_uid="backoffice.groups")


class BackofficeAdminConfig(AdminConfig):
    default_site = "backoffice.site.BackofficeSite"
