"""Who calls the Asaas API, and the refusals that come before any business (asaas.md 1.2, 1.5, 9)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import known
from simulator.answers import BadJson, json_answer
from simulator.asaas.errors import AsaasError
from simulator.models import Account

PREFIX = {"sandbox": "$aact_hmlg_", "production": "$aact_prod_"}
MISSING = "O cabeçalho de autenticação 'access_token' é obrigatório e não foi encontrado na requisição"
WRONG_FORMAT = (
    "O valor fornecido não parece ser uma chave de API válida do Asaas. Verifique o formato da sua chave"
)
WRONG_ENVIRONMENT = "A chave de API informada não pertence a este ambiente"
UNKNOWN = "A chave de API fornecida é inválida"

Handler = Callable[..., Any]


def find_account(request: HttpRequest) -> Account | None:
    key = request.META.get("HTTP_ACCESS_TOKEN")
    return known.by_key("asaas", key) if key else None


def api(**handlers: Handler) -> Callable[..., HttpResponse]:
    """A view of the API: one handler per HTTP method, given (request, account, **path arguments)."""

    def view(request: HttpRequest, environment: str, **kwargs: str) -> HttpResponse:
        try:
            account = _admit(request, environment)
            handler = handlers.get(request.method or "")
            if handler is None:
                raise AsaasError(405)
            answer = handler(request, account, **kwargs)
        except AsaasError as err:
            return _refusal(err)
        except BadJson:
            return _refusal(AsaasError(400, "invalid_json", "O corpo da requisição não é um JSON válido."))
        return answer if isinstance(answer, HttpResponse) else json_answer(answer)

    return view


def unknown_path(request: HttpRequest, environment: str) -> HttpResponse:
    return HttpResponse(status=404)


def _refusal(err: AsaasError) -> HttpResponse:
    if err.body is not None:
        return json_answer(err.body, err.status)
    response = HttpResponse(status=err.status)
    del response["Content-Type"]
    return response


def _admit(request: HttpRequest, environment: str) -> Account:
    if request.method == "GET" and (request.body or request.headers.get("Transfer-Encoding")):
        raise AsaasError(403)
    if not request.headers.get("User-Agent"):
        raise AsaasError(400, "user_agent_not_found", "O cabeçalho User-Agent é obrigatório.")
    key = request.META.get("HTTP_ACCESS_TOKEN", "")
    if not key:
        raise AsaasError(401, "access_token_not_found", MISSING)
    _check_prefix(key, environment)
    account = request.sim_account  # type: ignore[attr-defined]
    if account is None or not account.key_enabled or account.environment != environment:
        raise AsaasError(401, "invalid_access_token", UNKNOWN)
    # A key without a permission (asaas.md 1.2); what that 403 holds nobody knows.
    if any(part in request.path for part in account.options.get("key_may_not", [])):
        raise AsaasError(403)
    return account


def _check_prefix(key: str, environment: str) -> None:
    if key.startswith(PREFIX[environment]):
        return
    if key.startswith(tuple(PREFIX.values())):
        raise AsaasError(401, "invalid_environment", WRONG_ENVIRONMENT)
    raise AsaasError(401, "invalid_access_token_format", WRONG_FORMAT)
