"""What is left of an exchange before anybody stores it: no credential, no personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from connections.gateways.money import encode
from connections.gateways.values import decode_json

HIDDEN = "***"
_LONGEST = 20_000

# Compared in lower case without punctuation, so that cpfCnpj, cpf_cnpj and CPF-CNPJ are one name.
_PRIVATE_NAMES = """
    name firstname lastname surname nickname companyname tradingname company email additionalemails
    payeremail payerfirstname payerlastname cpfcnpj document identification number phone mobilephone
    areacode address addressnumber complement province postalcode zipcode streetname streetnumber
    neighborhood birthdate municipalinscription stateinscription observations remoteip authtoken
    accesstoken refreshtoken token apikey clientsecret publickey secret webhooksecret password
    authorization card cardholder creditcard creditcardholderinfo creditcardtoken cardtokenid bankinfo
    accountholdername longname permalink
"""
_PRIVATE = frozenset(_PRIVATE_NAMES.split())
_IMAGES = frozenset({"encodedimage", "qrcodebase64"})
# Our webhook address holds the path token of a connection; requestUrl is a form for the payer alone.
_ADDRESSES = frozenset({"url", "notificationurl", "requesturl"})

_EMAIL = re.compile(r"[^\s@\"'<>()]+@[^\s@\"'<>()]+\.\w+")
_DOCUMENT = re.compile(r"(?<!\d)(?:\d{3}\.?\d{3}\.?\d{3}-?\d{2}|\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2})(?!\d)")
_CREDENTIAL = re.compile(r"\$?aact_\w+\S*|(?:APP_USR|TEST|TG)-[\w-]{8,}|(?i:bearer)\s+\S+")


def redact_text(written: str, credentials: Iterable[str] = ()) -> str:
    """A sentence without e-mail addresses, CPF/CNPJ numbers and anything shaped like a key."""
    for credential in credentials:
        if credential:
            written = written.replace(credential, HIDDEN)
    for pattern in (_CREDENTIAL, _EMAIL, _DOCUMENT):
        written = pattern.sub(HIDDEN, written)
    return written


def redact_body(raw: bytes | str, credentials: Iterable[str] = ()) -> str:
    """A JSON body with private values hidden; any other body is only measured."""
    if not raw:
        return ""
    try:
        clean = encode(redact(decode_json(raw)))
    except (ValueError, RecursionError):
        return f"({len(raw)} bytes, not JSON)"
    for credential in credentials:
        if credential:
            clean = clean.replace(credential, HIDDEN)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}… ({len(clean)} characters)"


def redact(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: redact_item(str(key), item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


def redact_item(key: str, value: object) -> object:
    """The value under this key as it may be stored; an absent value stays visibly absent."""
    plain = "".join(letter for letter in key.lower() if letter.isalnum())
    if value is None or value == "":
        return value
    if plain in _PRIVATE:
        return HIDDEN
    if plain in _IMAGES:
        return "(image)"
    if plain in _ADDRESSES:
        return _host_only(str(value))
    if plain in {"message", "description"} and isinstance(value, str):
        return redact_text(value)
    return redact(value)


def _host_only(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{HIDDEN}" if parts.netloc else HIDDEN
