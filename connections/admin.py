"""Connections in the admin: connect, look at the state in words, check, disable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import router
from django.db.models import ProtectedError, RestrictedError
from django.db.models.deletion import Collector
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from connections import connection_pages, problem_pages, recent_login, rotation_pages, services
from connections.brand_admin import BrandAdmin
from connections.connection_pages import GatewayFilter
from connections.forms import ConnectionForm
from connections.models import Brand, Connection, ConnectionState, is_limited
from connections.sealed import CannotOpen
from connections.services import telling
from connections.waiting import AllSeatsTaken

Action = Callable[[HttpRequest, Connection], HttpResponse | None]

admin.site.register(Brand, BrandAdmin)


def _confirm(request: HttpRequest) -> Callable[[str], bool] | None:
    """How the form checks the password, or None while it was typed lately."""
    return None if recent_login.is_recent(request) else partial(recent_login.confirm, request)


def _seconds_left(request: HttpRequest) -> Callable[[], float]:
    """One patience for all calls of a page: eight seconds together (design rule 13)."""
    if not hasattr(request, "gateway_patience"):
        request.gateway_patience = services.patience(services.WEB_DEADLINE_SECONDS)  # type: ignore[attr-defined]
    return request.gateway_patience  # type: ignore[attr-defined]


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin):
    form = ConnectionForm
    change_form_template = "admin/connections/connection/change_form.html"
    list_display = ["name"]
    list_filter = [GatewayFilter, "environment", "state", "webhook_state"]
    search_fields = ["name", "account_name"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = Connection.objects.without_secrets().visible_to(request.user)
        return seen.prefetch_related(problem_pages.open_ones())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who is limited to connections could not see the new one."""
        return super().has_add_permission(request) and not is_limited(request.user)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {
            **(extra_context or {}),
            "is_email_set_up": telling.is_set_up(),
            "has_change_permission": self.has_change_permission(request),
        }
        answer: Any = super().changelist_view(request, context)
        if shown := getattr(answer, "context_data", {}).get("cl"):
            answer.context_data["cards"] = connection_pages.cards(list(shown.result_list))
        return answer

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        user_name = request.user.get_username()
        confirm, seconds_left = _confirm(request), _seconds_left(request)

        class FormForUser(ConnectionForm):
            def __init__(self, *args: Any, **options: Any) -> None:
                options |= {"confirm": confirm, "seconds_left": seconds_left}
                super().__init__(*args, user_name=user_name, **options)

        FormForUser.base_fields = ConnectionForm.base_fields
        return FormForUser

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        """All of the form: the template puts the boxes in their places."""
        return [(None, {"fields": list(ConnectionForm(instance=obj, confirm=_confirm(request)).fields)})]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> Any:
        form = context["adminform"].form
        if isinstance(form, ConnectionForm):
            context["gateways"] = connection_pages.gateways_of(form)
        return super().render_change_form(request, context, *args, **options)

    @method_decorator(sensitive_post_parameters())
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Without Django's transaction around the page: saving speaks to the gateway (design rule 4)."""
        connection = self.get_object(request, unquote(object_id)) if object_id else None
        panel = connection_pages.panel(connection) if connection else {}
        context = {**(extra_context or {}), **panel}
        try:
            return self._changeform_view(request, object_id, form_url, context)  # type: ignore[attr-defined]
        except CannotOpen:
            self.message_user(request, _cannot_open(), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:connections_connection_changelist"))

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.written_fields)
        else:
            obj.save()
        if change and form.replaces_key:
            problem_pages.after_new_key(obj)
        if form.pasted_secrets:
            services.replace_secrets(obj, form.pasted_secrets, by=request.user.get_username())
            self.log_change(request, obj, gettext("Webhook secrets stored"))
        if change and form.replaces_key:
            self.log_change(request, obj, gettext("Key of the account replaced"))
        if form.unreachable_reason:
            sentence = _(
                "Saved, but the gateway could not be reached (%s). Press “Check now” when it is back."
            )
            self.message_user(request, sentence % form.unreachable_reason, messages.WARNING)
            return
        if form.is_unchecked:
            sentence = _("Saved, but not checked: many calls are waiting for gateways. Press “Check now”.")
            self.message_user(request, sentence, messages.WARNING)
            return
        self._keep_webhook(request, obj)

    def _keep_webhook(self, request: HttpRequest, connection: Connection) -> None:
        services.keep_webhook(connection, seconds_left=_seconds_left(request))
        if connection.webhook_untold and not connection.webhook_notices:
            self.message_user(request, _("The gateway is told of the webhook in a moment."))
        for notice in connection.webhook_notices:
            sentence = _("The webhook could not be set up. The gateway says: “%s”")
            self.message_user(request, sentence % gettext(notice["text"] or "?"), messages.WARNING)

    def response_add(
        self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None
    ) -> HttpResponse:
        """After connecting comes the page with the webhook's address, not the list."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(self._page(obj))

    def _page(self, connection: Connection) -> str:
        return reverse("admin:connections_connection_change", args=[connection.pk])

    def has_delete_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        """A connection that was used is disabled, never deleted."""
        return super().has_delete_permission(request, obj) and (obj is None or not _is_used(obj))

    def get_actions(self, request: HttpRequest) -> Any:
        """Deleting in bulk would pass by the question whether a connection was used."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_urls(self) -> list[Any]:
        actions: dict[str, Action] = {
            "check": self._check,
            "disable": self._disable,
            "enable": self._enable,
            "enable_webhook": partial(problem_pages.enable_webhook, self),
            "new_token": partial(rotation_pages.new_token, self),
            "new_address": partial(rotation_pages.new_address, self),
            "drop_old_secrets": partial(rotation_pages.drop_old_secrets, self),
            "drop_old_address": partial(rotation_pages.drop_old_address, self),
            "reveal_token": partial(rotation_pages.reveal_token, self),
        }
        own = [self._url(name, action, "POST") for name, action in actions.items()]
        own.append(self._url("state", lambda _request, row: connection_pages.state(row), "GET", to_look=True))
        confirm = self._url("confirm", partial(rotation_pages.confirm, self), "GET", "POST")
        return [*own, confirm, *super().get_urls()]

    def _url(self, name: str, action: Action, *methods: str, to_look: bool = False) -> Any:
        """A page or button of one connection, for who may change it, or (``to_look``) see it."""
        may = self.has_view_permission if to_look else self.has_change_permission

        @require_http_methods(methods)
        @sensitive_post_parameters()
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            connection = self.get_object(request, str(pk))
            if connection is None:
                raise Http404
            if not may(request, connection):
                raise PermissionDenied
            try:
                answer = action(request, connection)
            except CannotOpen:
                self.message_user(request, _cannot_open(), messages.ERROR)
                answer = None
            except AllSeatsTaken:
                sentence = _("Many calls are waiting for gateways right now. Try again in a moment.")
                self.message_user(request, sentence, messages.WARNING)
                answer = None
            return answer or HttpResponseRedirect(self._back(request, connection))

        route = f"<int:pk>/{name.replace('_', '-')}/"
        return path(route, self.admin_site.admin_view(view), name=f"connections_connection_{name}")

    def _back(self, request: HttpRequest, connection: Connection) -> str:
        """Where the button was: the list, or else the connection's own page."""
        is_list = request.POST.get("from") == "list"
        return reverse("admin:connections_connection_changelist") if is_list else self._page(connection)

    def _check(self, request: HttpRequest, connection: Connection) -> None:
        services.check(connection, seconds_left=_seconds_left(request))
        if connection.state == ConnectionState.READY:
            problem_pages.look_at_webhook(self, request, connection, _seconds_left(request))
        level = messages.SUCCESS if connection.state == ConnectionState.READY else messages.ERROR
        reason = gettext(connection.state_reason) if connection.state_reason else ""
        words = [connection.get_state_display(), reason]
        self.message_user(request, _("Checked: %s") % " · ".join(filter(None, words)), level)
        self.log_change(request, connection, gettext("Checked at the gateway: %s") % words[0])

    def _disable(self, request: HttpRequest, connection: Connection) -> None:
        services.set_active(connection, is_active=False)
        self.message_user(request, _("Disabled. Notifications about its charges are still taken."))
        self.log_change(request, connection, gettext("Disabled"))

    def _enable(self, request: HttpRequest, connection: Connection) -> None:
        if _has_active_twin(connection):
            self.message_user(request, _("Another active connection has this account."), messages.ERROR)
            return
        services.set_active(connection, is_active=True)
        self.log_change(request, connection, gettext("Enabled"))
        self._check(request, connection)


def _cannot_open() -> str:
    return gettext("The stored secrets do not open: add the key they were sealed with to CREDENTIALS_KEYS.")


def _is_used(connection: Connection) -> bool:
    try:
        Collector(using=router.db_for_write(Connection), origin=connection).collect([connection])
    except (ProtectedError, RestrictedError):
        return True
    return False


def _has_active_twin(connection: Connection) -> bool:
    same = Connection.objects.filter(
        gateway=connection.gateway,
        environment=connection.environment,
        account_id=connection.account_id,
        is_active=True,
    )
    return bool(connection.account_id) and same.exclude(pk=connection.pk).exists()
