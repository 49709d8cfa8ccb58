"""Who calls Mercado Pago (mercadopago.md 1.1, 1.6)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import known, numbering
from simulator.answers import BadJson, json_answer
from simulator.mercadopago.errors import MpError, cause, not_found
from simulator.models import Account

Handler = Callable[..., Any]
NO_TOKEN = {"code": "unauthorized", "message": "authorization value not present"}
BAD_TOKEN = {"message": "invalid access token", "error": "unauthorized", "status": 401, "cause": []}


def bearer(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def find_account(request: HttpRequest) -> Account | None:
    token = bearer(request)
    return known.by_key("mercadopago", token) if token else None


def api(**handlers: Handler) -> Callable[..., HttpResponse]:
    """A view of the API: one handler per HTTP method, given (request, account, **path arguments)."""

    def view(request: HttpRequest, **kwargs: str) -> HttpResponse:
        try:
            account = _admit(request)
            handler = handlers.get(request.method or "")
            if handler is None:
                raise MpError(
                    405, {"message": "method not allowed", "error": "method_not_allowed", "status": 405}
                )
            answer = handler(request, account, **kwargs)
        except MpError as err:
            answer = json_answer(err.body, err.status)
        except BadJson:
            err = cause(400, 1, "invalid json body")
            answer = json_answer(err.body, err.status)
        response = answer if isinstance(answer, HttpResponse) else json_answer(answer)
        response["x-request-id"] = numbering.fresh_uuid()
        return response

    return view


def _admit(request: HttpRequest) -> Account:
    if not bearer(request):
        raise MpError(401, NO_TOKEN)
    account = request.sim_account  # type: ignore[attr-defined]
    if account is None or not account.key_enabled:
        raise MpError(401, BAD_TOKEN)
    return account


def unknown_path(request: HttpRequest) -> HttpResponse:
    err = not_found("resource")
    return json_answer(err.body, err.status)
