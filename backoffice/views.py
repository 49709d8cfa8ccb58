"""The top room: the way in, the first page, and what monitors ask."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from connections.sealed import KeyRing


class Login(auth.LoginView):
    template_name = "backoffice/login.html"
    redirect_authenticated_user = True


class Logout(auth.LogoutView):
    pass


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
