"""Around every API call: who calls, what was received, and the misbehaviour that was switched on."""

import re
import threading
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import clock, faults, outbox, received
from simulator.answers import json_answer
from simulator.asaas import auth as asaas_auth
from simulator.faults import Occasion
from simulator.mercadopago import auth as mp_auth
from simulator.models import Account
from simulator.sending import sender

API_PATH = re.compile(
    r"^/(?:(asaas)/[^/]+/v3/|(mercadopago)/(?!(?:sandbox/)?checkout/v1/|payments/|subscriptions/))"
)
FIND_ACCOUNT: dict[str, Callable[[HttpRequest], Account | None]] = {
    "asaas": asaas_auth.find_account,
    "mercadopago": mp_auth.find_account,
}
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
NOTIFY_FIRST_TIMEOUT = 15.0

stopping = threading.Event()
"""Set at shutdown, so that a hanging call does not hold the process."""


class ApiMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = API_PATH.match(request.path)
        if match is None:
            return _closed_page(request) or self.get_response(request)
        gateway = match[1] or match[2]
        account = FIND_ACCOUNT[gateway](request)
        request.sim_account = account  # type: ignore[attr-defined]
        identifier = account.pk if account else None
        struck: list[str] = []
        started = clock.now()
        life, newest = received.life(), faults.newest()
        occasion = Occasion(gateway, identifier, request.method or "", request.path, newest=newest)
        response = self._answer(request, occasion, struck)
        if life == received.life():
            received.add(request, response, gateway=gateway, account=identifier, at=started, faults=struck)
        return response

    def _answer(self, request: HttpRequest, occasion: Occasion, struck: list[str]) -> HttpResponse:
        refusal = _before(occasion, struck)
        if refusal is not None:
            return refusal
        response = self._with_notifications_first(request, occasion, struck)
        return _after(response, occasion, struck)

    def _with_notifications_first(
        self, request: HttpRequest, occasion: Occasion, struck: list[str]
    ) -> HttpResponse:
        if occasion.method == "GET" or _take("notify_before_answer", occasion, struck) is None:
            return self.get_response(request)
        with outbox.collected_lanes() as lanes:
            response = self.get_response(request)
        sender.wait_idle(lanes, NOTIFY_FIRST_TIMEOUT)
        return response


def _take(name: str, occasion: Occasion, struck: list[str], when: str | None = None) -> dict[str, Any] | None:
    parameters = faults.take(name, occasion, when)
    if parameters is not None:
        struck.append(name)
    return parameters


def _closed_page(request: HttpRequest) -> HttpResponse | None:
    """An outage of a whole gateway takes its hosted pages along."""
    gateway = request.path.split("/")[1]
    if gateway not in FIND_ACCOUNT:
        return None
    fault = faults.take("outage", Occasion(gateway, None, request.method or "", request.path))
    return None if fault is None else _unavailable(fault)


def _unavailable(fault: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(HTML.replace("502 Bad Gateway", "503 Service Unavailable"), status=503)
    if fault.get("retry_after") is not None:
        response["Retry-After"] = str(fault["retry_after"])
    return response


def _before(occasion: Occasion, struck: list[str]) -> HttpResponse | None:
    outage = _take("outage", occasion, struck)
    if outage is not None:
        return _unavailable(outage)
    slow = _take("slow", occasion, struck)
    if slow is not None:
        stopping.wait(slow.get("seconds", 2))
    limit = _take("rate_limit", occasion, struck)
    if limit is not None:
        return _too_many(occasion.gateway, limit.get("retry_after", 30))
    if _take("error_500", occasion, struck, "before") is not None:
        return _server_error(occasion.gateway)
    hang = _take("hang", occasion, struck, "before")
    if hang is not None:
        stopping.wait(hang.get("seconds", 30))
        return HttpResponse(HTML.replace("502 Bad Gateway", "504 Gateway Time-out"), status=504)
    if _take("html_error", occasion, struck, "before") is not None:
        return HttpResponse(HTML, status=502)
    return None


def _after(response: HttpResponse, occasion: Occasion, struck: list[str]) -> HttpResponse:
    if _take("error_500", occasion, struck, "after") is not None:
        return _server_error(occasion.gateway)
    hang = _take("hang", occasion, struck, "after")
    if hang is not None:
        stopping.wait(hang.get("seconds", 30))
    if _take("html_error", occasion, struck, "after") is not None:
        return HttpResponse(HTML, status=502)
    if _take("malformed_json", occasion, struck) is not None:
        broken = response.content[: max(1, len(response.content) * 2 // 3)]
        return HttpResponse(
            broken, status=response.status_code, content_type="application/json;charset=UTF-8"
        )
    return response


def _server_error(gateway: str) -> HttpResponse:
    if gateway == "asaas":
        text = "Ocorreu um erro interno. Tente novamente mais tarde."
        return json_answer({"errors": [{"code": "internal_error", "description": text}]}, 500)
    body = {"message": "internal server error", "error": "internal_error", "status": 500, "cause": []}
    return json_answer(body, 500)


def _too_many(gateway: str, seconds: int) -> HttpResponse:
    if gateway == "asaas":
        text = "Cota de requisições das últimas 12 horas excedida."
        response = json_answer({"errors": [{"code": "too_many_requests", "description": text}]}, 429)
    else:
        body = {"message": "too many requests", "error": "too_many_requests", "status": 429, "cause": []}
        response = json_answer(body, 429)
    response["Retry-After"] = str(seconds)
    return response
