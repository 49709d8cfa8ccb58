from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = _("What the gateways sent")

    def ready(self) -> None:
        from payments.services import anonymising, resources
        from payments.staff import stories as shown
        from webhooks import sweeper  # noqa: F401  (hangs itself on the worker's start)
        from webhooks.panel import stories
        from webhooks.services import forgetting, matching

        resources.when_matched(matching.take_up)
        shown.also_told_by(stories.notifications_of)
        anonymising.also_cleared_by(forgetting.clear)
