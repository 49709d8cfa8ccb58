"""Notifications go straight to their view."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from webhooks.views import receive

_WEBHOOK_PATH = re.compile(r"/webhooks/([A-Za-z0-9_-]{16,64})/?")

Handler = Callable[[HttpRequest], HttpResponse]


def notifications_first(get_response: Handler) -> Handler:
    """Hand a notification to its view before any other middleware sees it.

    A gateway does not follow redirects and counts anything but 200 as a failure, so a host that is not in
    ALLOWED_HOSTS, http behind a proxy or a missing slash must not come between.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        match = _WEBHOOK_PATH.fullmatch(request.path_info)
        return receive(request, token=match[1]) if match else get_response(request)

    return middleware
