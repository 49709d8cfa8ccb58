"""Asaas's error answers as the exceptions the callers act on (asaas.md 1.5)."""

from __future__ import annotations

from connections.gateways.answers import Answer
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    KeyOfOtherEnvironment,
    NotFound,
    RequestRefused,
)
from connections.gateways.redaction import redact_text
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, record, records, text

FORBIDDEN = "forbidden"
WRONG_ENVIRONMENT = "invalid_environment"

_FIELD_BY_CODE = {
    "invalid_name": "name",
    "invalid_email": "email",
    "invalid_phone": "phone",
    "invalid_mobilePhone": "phone",
    "invalid_cpfCnpj": "document",
    "invalid_customer": "customer",
    "invalid_customer.cpfCnpj": "document",
    "invalid_value": "amount",
    "invalid_dueDate": "due_date",
    "invalid_nextDueDate": "due_date",
    "invalid_billingType": "method",
}

# Codes are coarse ("invalid_object" for half of everything), so the sentence helps; first match wins.
_FIELD_BY_WORDS = (
    ("cpf", "document"),
    ("cnpj", "document"),
    ("valor da cobrança", "amount"),
    ("menor que r$", "amount"),
    ("vencimento", "due_date"),
    ("celular", "phone"),
    ("telefone", "phone"),
    ("e-mail", "email"),
    ("email", "email"),
    ("forma de pagamento", "method"),
    ("customer", "customer"),
    ("cliente", "customer"),
)

# Answers that may come without a body (401 before 2025-07-16, 403 of the CDN, 404).
_SILENT = {
    401: _("Asaas does not accept this API key."),
    403: _("Asaas refuses this call: the key lacks a permission, or this address is not on its IP list."),
    404: _("Asaas does not know this id."),
}


def to_error(answer: Answer) -> GatewayError:
    """The exception for an answer of 400 and above."""
    first: Record = next(iter(records(record(answer.data).get("errors"))), {})
    code = text(first.get("code"), 100)
    said = redact_text(text(first.get("description"))) or _SILENT.get(answer.status, "")
    if answer.status in (401, 403):
        code = code or (FORBIDDEN if answer.status == 403 else "")
        refusal = KeyOfOtherEnvironment if code == WRONG_ENVIRONMENT else CredentialsRefused
        return refusal(said, code=code, http_status=answer.status, request_id=answer.request_id)
    if answer.status == 404:
        return NotFound(said, code=code, http_status=404, request_id=answer.request_id)
    return RequestRefused(
        said or _("Asaas refused this without saying why."),
        field=field_of(code, said),
        code=code,
        http_status=answer.status,
        request_id=answer.request_id,
    )


def field_of(code: str, description: str) -> str:
    """Which of our fields a refusal is about, or an empty string."""
    if code in _FIELD_BY_CODE:
        return _FIELD_BY_CODE[code]
    said = description.casefold()
    return next((field for words, field in _FIELD_BY_WORDS if words in said), "")
