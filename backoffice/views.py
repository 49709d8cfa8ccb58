"""The top room: the way in, the first page, and what monitors ask."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connections.sealed import KeyRing


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


@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """Until there are figures to show, the first page is the list of charges."""
    return redirect("charges")


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
