from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("Charges and customers")

    def ready(self) -> None:
        from connections import open_work
        from payments.services.totalling import open_by_connection

        open_work.count_with(open_by_connection)
