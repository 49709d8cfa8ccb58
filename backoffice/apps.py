from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BackofficeConfig(AppConfig):
    name = "backoffice"
    verbose_name = _("Back-office")

    def ready(self) -> None:
        from backoffice import field_names, lockout
        from backoffice.groups import keep_groups
        from backoffice.preferences import remember_language

        apps.get_app_config("auth").verbose_name = _("People")
        field_names.give()
        # Once a migrate, after the uppermost app that has tables.
        top = apps.get_app_config("webhooks")
        post_migrate.connect(keep_groups, sender=top, dispatch_uid="backoffice.groups")
        user_logged_in.connect(remember_language, dispatch_uid="backoffice.preferences")
        lockout.forget_forms()


class BackofficeAdminConfig(AdminConfig):
    default_site = "backoffice.site.BackofficeSite"
