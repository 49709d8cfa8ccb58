"""The buttons that replace what a webhook is known by, and the page that asks for the password again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config import clock
from connections import recent_login, services
from connections.gateways.registry import gateway_class
from connections.models import OLD, Connection


def new_token(page: ModelAdmin, request: HttpRequest, connection: Connection) -> None:
    if not connection.capabilities.registers_webhook:
        page.message_user(request, _("This gateway's secrets come from its own panel."), messages.ERROR)
        return
    is_another_try = connection.webhook_untold
    services.new_token(connection, by=request.user.get_username())
    audit = gettext("Told the gateway again") if is_another_try else gettext("New webhook token")
    page.log_change(request, connection, audit)
    _say_told(page, request, connection)


def new_address(page: ModelAdmin, request: HttpRequest, connection: Connection) -> None:
    try:
        services.new_address(connection)
    except services.Unfinished:
        sentence = _("The last change is not finished: finish it, or drop the old address, before a new one.")
        page.message_user(request, sentence, messages.ERROR)
        return
    page.log_change(request, connection, gettext("New webhook address"))
    if connection.capabilities.registers_webhook:
        _say_told(page, request, connection)
    else:
        page.message_user(
            request, _("Paste the new address in the gateway's panel; the old one still works.")
        )


def _say_told(page: ModelAdmin, request: HttpRequest, connection: Connection) -> None:
    if not connection.webhook_untold:
        page.message_user(request, _("Done. The gateway knows; what was before is accepted for a while."))
        return
    if not connection.webhook_notices:
        page.message_user(
            request, _("Stored. A worker tells the gateway in a moment; old and new are both accepted.")
        )
        return
    reason = " ".join(gettext(notice["text"]) for notice in connection.webhook_notices)
    sentence = _("The gateway could not be told (%s). Nothing is lost: old and new are both accepted.")
    page.message_user(request, sentence % (reason or "?"), messages.WARNING)


def drop_old_secrets(page: ModelAdmin, request: HttpRequest, connection: Connection) -> None:
    name = request.POST.get("name", "")
    try:
        is_dropped = services.drop_old_secrets(connection, name)
    except services.Unfinished:
        page.message_user(request, _in_use(), messages.ERROR)
        return
    if is_dropped:
        page.log_change(request, connection, gettext("Dropped the old webhook secret: %s") % name)
        page.message_user(request, _("Dropped. Only the new one is accepted now."))


def drop_old_address(page: ModelAdmin, request: HttpRequest, connection: Connection) -> None:
    try:
        services.drop_old_path(connection)
    except services.Unfinished:
        page.message_user(request, _in_use(), messages.ERROR)
        return
    page.log_change(request, connection, gettext("Dropped the old webhook address"))
    page.message_user(request, _("Dropped. Only the new one is accepted now."))


def _in_use() -> str:
    return gettext("The gateway still uses the old one: press “Try again” first.")


def reveal_token(page: ModelAdmin, request: HttpRequest, connection: Connection) -> HttpResponse | None:
    """Design rule 10: a generated token, once, by POST after a recent login."""
    if not recent_login.is_recent(request):
        return HttpResponseRedirect(reverse("admin:connections_connection_confirm", args=[connection.pk]))
    token = services.reveal_token(connection)
    if not token:
        sentence = _("The token was shown once already. Make a new one if it is lost.")
        page.message_user(request, sentence, messages.ERROR)
        return None
    page.log_change(request, connection, gettext("Webhook token shown"))
    answer = _render(page, request, connection, "reveal", token=token, title=gettext("Webhook token"))
    answer["Cache-Control"] = "no-store, private"
    return answer


def confirm(page: ModelAdmin, request: HttpRequest, connection: Connection) -> HttpResponse:
    """Ask for the password; afterwards it counts for 15 minutes."""
    is_wrong = False
    if request.method == "POST":
        if recent_login.confirm(request, request.POST.get("password", "")):
            page.message_user(request, _("Thank you. Go on within 15 minutes."))
            return HttpResponseRedirect(reverse("admin:connections_connection_change", args=[connection.pk]))
        is_wrong = True
    return _render(page, request, connection, "confirm", is_wrong=is_wrong, title=gettext("Your password"))


def _render(
    page: ModelAdmin, request: HttpRequest, connection: Connection, name: str, **values: Any
) -> TemplateResponse:
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "original": connection,
        "connection": connection,
        **values,
    }
    return TemplateResponse(request, f"admin/connections/connection/{name}.html", context)


def panel(connection: Connection) -> dict[str, Any]:
    """What the connection's page shows of keys, secrets and what is being replaced."""
    now = clock.now()
    labels = _labels(connection)
    old_until = connection.old_path_until
    is_generated = connection.capabilities.registers_webhook
    hints = connection.webhook_secret_hints
    current = {name: hint for name, hint in hints.items() if OLD not in name}
    return {
        "stored_keys": list(_shown(connection.credential_hints, labels)),
        "stored_secrets": list(_shown(current, labels)),
        "old_secrets": list(_old(hints, labels, now)),
        "old_address_until": old_until if old_until and old_until > now else None,
        "may_reveal": is_generated and bool(connection.webhook_id) and not connection.token_revealed_at,
    }


def _labels(connection: Connection) -> dict[str, str]:
    adapter = gateway_class(connection.gateway)
    boxes = (*adapter.credential_fields, *adapter.webhook_secret_fields)
    return {"token": gettext("Webhook token"), **{box.name: gettext(box.label) for box in boxes}}


def _shown(hints: dict[str, dict[str, Any]], labels: dict[str, str]) -> Iterator[dict[str, Any]]:
    for name, hint in hints.items():
        since = datetime.fromisoformat(hint["since"])
        yield {**hint, "name": name, "label": labels.get(name, name), "since": _in_words(since)}


def _old(hints: dict[str, dict[str, Any]], labels: dict[str, str], now: datetime) -> Iterator[dict[str, Any]]:
    """One line for each name that still has an old secret, with the time of the last of them."""
    untils: dict[str, list[datetime]] = {}
    for name, hint in hints.items():
        if OLD in name and datetime.fromisoformat(hint["until"]) > now:
            untils.setdefault(name.partition(OLD)[0], []).append(datetime.fromisoformat(hint["until"]))
    for name, times in untils.items():
        yield {"name": name, "label": labels.get(name, name), "until": _in_words(max(times))}


def _in_words(moment: datetime) -> str:
    return str(formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT"))
