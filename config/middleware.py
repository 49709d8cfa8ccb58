"""What is answered before anything else looks at a request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.urls import resolve

Handler = Callable[[HttpRequest], HttpResponse]

_FOR_MONITORS = frozenset({"/healthz", "/readyz"})
_NUL = "\0"


def monitors_first(get_response: Handler) -> Handler:
    """Answer a monitor however it knocks.

    A load balancer asks by IP address and over http: neither the host check nor the redirect to https may
    make it believe that the process is dead.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info not in _FOR_MONITORS:
            return get_response(request)
        found = resolve(request.path_info)
        answer: HttpResponse = found.func(request)
        return answer

    return middleware


def refuse_nul(get_response: Handler) -> Handler:
    """400 for a NUL character in the address, a cookie or a form: no text has one, and PostgreSQL raises."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if _holds_nul(request):
            return render(request, "payments/bad_request.html", status=400)
        return get_response(request)

    return middleware


def _holds_nul(request: HttpRequest) -> bool:
    if _NUL in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        return True
    return any(_NUL in value for value in request.COOKIES.values()) or _form_holds_nul(request)


def _form_holds_nul(request: HttpRequest) -> bool:
    try:
        fields = request.POST.lists()
        return any(_NUL in text for name, texts in fields for text in (name, *texts))
    except UnreadablePostError:
        return False  # the browser left: the CSRF check refuses what is left of the form
