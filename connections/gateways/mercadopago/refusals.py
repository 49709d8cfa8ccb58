"""Mercado Pago's error answers as the exceptions the callers act on (mercadopago.md 1.6)."""

from __future__ import annotations

from connections.gateways.answers import Answer
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    HostedPageRequired,
    NotFound,
    RequestRefused,
)
from connections.gateways.mercadopago.boletos import ADDRESS_ADVICE
from connections.gateways.redaction import redact_text
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import Record, record, records, text

LIVE_CREDENTIALS_REFUSED = "7"
NOT_THE_OWNER = "4"

_FIELD_BY_CODE = {
    "23": "due_date",
    "2002": "customer",
    "2034": "customer",
    "2060": "customer",
    "2067": "document",
    "2072": "amount",
    "4040": "amount",
    "2131": "method",
    "invalid_items": "amount",
    "invalid_payment_methods": "method",
}

# For codes nobody lists; decided on only after the code missed, the words change (mercadopago.md 1.6).
_FIELD_BY_WORDS = (
    ("date_of_expiration", "due_date"),
    ("expiration_date", "due_date"),
    ("identification", "document"),
    ("transaction_amount", "amount"),
    ("unit_price", "amount"),
    ("payment_method", "method"),
    ("email", "email"),
    ("first_name", "name"),
    ("last_name", "name"),
    ("phone", "phone"),
    ("zip_code", "zip_code"),
    ("street_number", "number"),
    ("street_name", "street"),
    ("neighborhood", "district"),
    ("federal_unit", "state"),
    ("address.city", "city"),
    ("address", "address"),
    ("payer", "customer"),
)

# "Same request within the last minute" and failed internal calls: the first may have had its effect.
_IN_DOUBT_CODES = {"2001", "2004", "2007"}
_IN_DOUBT_STATUSES = {409, 423, 424}

_SILENT = {
    401: _("Mercado Pago does not accept this access token."),
    403: _("Mercado Pago does not allow this account to do that."),
    404: _("Mercado Pago does not know this id."),
}


def to_error(answer: Answer) -> GatewayError:
    """The exception for an answer of 400 and above."""
    code, said = _read(answer)
    status, request_id = answer.status, answer.request_id
    if status == 401 and code == LIVE_CREDENTIALS_REFUSED and answer.is_write:
        return HostedPageRequired(said, field="method", code=code, http_status=401, request_id=request_id)
    if status in (401, 403):
        return CredentialsRefused(said, code=code, http_status=status, request_id=request_id)
    if status == 404:
        return NotFound(said, code=code, http_status=404, request_id=request_id)
    if status in _IN_DOUBT_STATUSES or code in _IN_DOUBT_CODES:
        return GatewayUnavailable(
            said, maybe_sent=answer.is_write, code=code, http_status=status, request_id=request_id
        )
    field = field_of(code, said)
    advice = ADDRESS_ADVICE.get(field, "")
    return RequestRefused(
        said, field=field, advice=advice, code=code, http_status=status, request_id=request_id
    )


def field_of(code: str, said: str) -> str:
    """Which of our fields a refusal is about, or an empty string."""
    if code in _FIELD_BY_CODE:
        return _FIELD_BY_CODE[code]
    lowered = said.casefold()
    return next((field for words, field in _FIELD_BY_WORDS if words in lowered), "")


def _read(answer: Answer) -> tuple[str, str]:
    """Code and sentence. ``cause`` is a list, one object, null or absent."""
    body = record(answer.data)
    causes = body.get("cause")
    cause: Record = next(iter(records(causes)), record(causes))
    candidates = (cause.get("code"), body.get("error"), body.get("code"))
    code = next(filter(None, (text(value, 100) for value in candidates)), "")
    said = redact_text(text(body.get("message")) or text(cause.get("description")))
    return code, said or _SILENT.get(answer.status, _("Mercado Pago refused this without saying why."))
