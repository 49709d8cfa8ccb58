"""/v3/webhooks (asaas.md 5.1)."""

import re
from typing import Any

from django.http import HttpRequest

from simulator import clock, numbering, partial, transport
from simulator.answers import read_json
from simulator.asaas import listing, notify, serialise
from simulator.asaas.errors import forbidden_action, invalid, not_found
from simulator.asaas.names import is_event
from simulator.models import Account, AsaasWebhook, write

MOST_WEBHOOKS = 10
RUN = 5
SEND_TYPES = ("SEQUENTIALLY", "NON_SEQUENTIALLY")


def existing(account: Account, gid: str) -> AsaasWebhook:
    row = AsaasWebhook.objects.select_related("account").filter(account=account, gid=gid).first()
    if row is None:
        raise not_found()
    return row


def create(request: HttpRequest, account: Account) -> dict[str, Any]:
    body = read_json(request)
    row = AsaasWebhook(account=account, gid=numbering.fresh_uuid(), created_at=clock.now())
    _apply(row, {"url": None, **body})
    with write():
        if AsaasWebhook.objects.filter(account=account).count() >= MOST_WEBHOOKS:
            raise forbidden_action("É permitido cadastrar no máximo 10 webhooks.")
        row.save()
    return serialise.webhook(row)


def _apply(row: AsaasWebhook, body: dict[str, Any]) -> None:
    """A partial body changes only what it names."""
    checks = {
        "name": ("name", _text),
        "url": ("url", _url),
        "email": ("email", _text),
        "enabled": ("enabled", _flag),
        "interrupted": ("interrupted", _flag),
        "apiVersion": ("api_version", _version),
        "authToken": ("auth_token", _token),
        "sendType": ("send_type", _send_type),
        "events": ("events", _events),
    }
    for key, (column, check) in checks.items():
        if key in body:
            setattr(row, column, check(key, body[key]))


def _text(key: str, value: Any) -> str:
    return "" if value is None else str(value)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid(key, f"O campo {key} é inválido.")
    return value


def _url(key: str, value: Any) -> str:
    """Public https; the simulator also takes http on loopback (its one declared deviation)."""
    if not isinstance(value, str) or not transport.is_allowed(value):
        raise invalid("url", "A URL informada é inválida. Informe uma URL pública com https.")
    return value


def _version(key: str, value: Any) -> int:
    if value not in (2, 3):
        raise invalid(key, "A versão da API informada é inválida.")
    return int(value)


def _send_type(key: str, value: Any) -> str:
    if value not in SEND_TYPES:
        raise invalid(key, "O tipo de envio informado é inválido.")
    return str(value)


def _events(key: str, value: Any) -> list[str]:
    names = value if isinstance(value, list) else None
    if names is None or not all(is_event(name) for name in names):
        raise invalid(key, "A lista de eventos informada é inválida.")
    return list(dict.fromkeys(names))


def _token(key: str, value: Any) -> str:
    token = "" if value is None else str(value)
    if token and not is_strong_token(token):
        raise invalid(
            key,
            "O token de autenticação deve ter entre 32 e 255 caracteres, sem espaços, sequências numéricas "
            "ou repetições, e não pode ser uma chave de API.",
        )
    return token


def is_strong_token(token: str) -> bool:
    return (
        32 <= len(token) <= 255
        and not re.search(r"\s", token)
        and not token.startswith("$aact_")
        and not re.search(r"(.)\1{3}", token)
        and not _has_run(token)
    )


def _has_run(token: str) -> bool:
    """Digits that count up or down, like 12345."""
    for start in range(len(token) - RUN + 1):
        piece = token[start : start + RUN]
        if not piece.isascii() or not piece.isdigit():
            continue
        steps = {int(right) - int(left) for left, right in zip(piece, piece[1:], strict=False)}
        if steps in ({1}, {-1}):
            return True
    return False


def find_many(request: HttpRequest, account: Account) -> dict[str, Any]:
    rows = AsaasWebhook.objects.filter(account=account)
    if request.GET.get("url"):
        rows = rows.filter(url=request.GET["url"])
    return listing.page(request, rows, serialise.webhook)


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return serialise.webhook(existing(account, gid))


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    with write():
        row = existing(account, gid)
        was_stopped = row.interrupted
        _apply(row, partial.thinned(request, account, read_json(request)))
        if was_stopped and not row.interrupted:
            row.penalized = 0
        row.save()
        if not row.enabled:
            notify.lose_waiting(row)
        elif was_stopped and not row.interrupted:
            notify.resume(row)
    return serialise.webhook(row)


def delete(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    with write():
        row = existing(account, gid)
        notify.lose_waiting(row)
        row.delete()
    return {"deleted": True, "id": gid}


def remove_backoff(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """Clears the penalty; what waits is tried at once, an interruption stays (asaas.md 5.2, our reading)."""
    with write():
        row = existing(account, gid)
        row.penalized = 0
        row.save(update_fields=["penalized"])
        notify.resume(row)
    return serialise.webhook(row)
