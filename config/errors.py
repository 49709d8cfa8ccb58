"""What is answered when a request could not be served."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.defaults import server_error

RETRY_AFTER_SECONDS = 5
# Connection failures, a server that is full, and one that stops or starts (PostgreSQL, appendix A).
_AWAY_CODES = ("08", "53", "57P")
_AWAY_ON_SQLITE = ("SQLITE_BUSY", "SQLITE_CANTOPEN")
_FOR_PROGRAMS = ("/api/", "/webhooks/")


def failed(request: HttpRequest) -> HttpResponse:
    """500; or 503 while the database is away, so that who asked knows that asking again will do."""
    if not is_database_away(sys.exc_info()[1]):
        return server_error(request)
    answer = _for_programs() if _is_program(request) else _for_people(request)
    answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
    answer["Cache-Control"] = "no-store"
    return answer


def is_database_away(error: BaseException | None) -> bool:
    """Whether the database cannot be reached now; a statement that it refuses is a fault of ours."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    if name := getattr(error.__cause__, "sqlite_errorname", ""):
        return bool(name.startswith(_AWAY_ON_SQLITE))
    code = getattr(error.__cause__, "sqlstate", None)
    return code is None or code.startswith(_AWAY_CODES)


def _is_program(request: HttpRequest) -> bool:
    return request.path_info.startswith(_FOR_PROGRAMS) or not request.accepts("text/html")


def _for_programs() -> HttpResponse:
    detail = _("The database does not answer at this moment. Ask again in a few seconds.")
    return JsonResponse({"status": "database_away", "detail": detail}, status=503)


def _for_people(request: HttpRequest) -> HttpResponse:
    """Nothing on it asks the database; only who looked is offered to look again."""
    is_sent = request.method not in ("GET", "HEAD")
    shown = {"is_sent": is_sent, "address": "" if is_sent else request.get_full_path()}
    return HttpResponse(render_to_string("503.html", shown), status=503)
