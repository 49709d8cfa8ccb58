"""The top room: the way in, the first page, and what monitors ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.i18n import LANGUAGE_QUERY_PARAMETER, set_language

from backoffice import doctor, overview
from backoffice.preferences import choose_language
from connections.models import Connection, ConnectionState, Problem, is_limited
from connections.problem_kinds import Severity
from connections.sealed import KeyRing
from payments.staff import list_forms

# As the statuses of charges are drawn.
_TONES: dict[str, str] = {
    ConnectionState.READY: "paid",
    ConnectionState.NEW: "pending",
    ConnectionState.UNREACHABLE: "overdue",
    ConnectionState.REFUSED: "failed",
    ConnectionState.DISABLED: "cancelled",
}


class Login(auth.LoginView):
    template_name = "backoffice/login.html"
    redirect_authenticated_user = True


class Logout(auth.LogoutView):
    pass


class Password(auth.PasswordChangeView):
    """For everybody: operators do not enter the administration."""

    template_name = "backoffice/password.html"
    success_url = reverse_lazy("dashboard")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, _("Your password is changed. Other browsers have to sign in again."))
        return super().form_valid(form)


def language(request: HttpRequest) -> HttpResponse:
    """Django's own switch, with a cookie for who is not signed in; kept with a person who is."""
    answer = set_language(request)
    if request.method == "POST":
        choose_language(request, request.POST.get(LANGUAGE_QUERY_PARAMETER, ""))
    return answer


@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """What needs somebody, and how each account is."""
    found = Problem.objects.open().visible_to(request.user).select_related("connection")
    problems = list(found.defer("connection__credentials", "connection__webhook_secrets"))
    if not is_limited(request.user):
        problems = doctor.with_silence(problems)
    reachable = list(Connection.objects.without_secrets().visible_to(request.user))
    connections = [one for one in reachable if one.is_active]
    context = {
        **_figures(request, reachable),
        "is_well": not problems and all(one.state == ConnectionState.READY for one in connections),
        "problems": sorted(problems, key=lambda problem: problem.kind.severity != Severity.SERIOUS),
        "accounts": [{"connection": one, "tone": _TONES[one.state]} for one in connections],
        "can_open": request.user.is_staff and request.user.has_perm("connections.view_connection"),
    }
    return render(request, "backoffice/dashboard.html", context)


def _figures(request: HttpRequest, connections: Sequence[Connection]) -> dict[str, Any]:
    """Of real money, unless there is none or the sandbox is asked for; disabled accounts count, too."""
    environments = {one.is_sandbox for one in connections}
    if not environments or not request.user.has_perm("payments.view_charge"):
        return {}
    is_sandbox = environments == {True} or (
        True in environments and request.GET.get("money") == list_forms.SANDBOX
    )
    own = [one for one in connections if one.is_sandbox == is_sandbox]
    may_see_payments = request.user.has_perm("payments.view_payment")
    return {
        "has_figures": True,
        "is_sandbox": is_sandbox,
        "has_both": len(environments) > 1,
        "now": overview.figures(overview.NOW, request.user, is_sandbox=is_sandbox),
        "month": overview.figures(overview.MONTH, request.user, is_sandbox=is_sandbox),
        "charts": overview.charts(request.user, is_sandbox=is_sandbox),
        "coming": overview.coming(own) if may_see_payments else [],
        "zone": timezone.get_current_timezone_name(),
    }


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can do its work: the database answers and the keys are there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        KeyRing(settings.CREDENTIALS_KEYS)
    except DatabaseError:
        return JsonResponse({"status": "database"}, status=503)
    return JsonResponse({"status": "ok"})
