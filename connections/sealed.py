"""Secrets at rest: sealed with versioned keys, each value bound to the row and the column it lives in.

A sealed value is a 4-byte key id and a django-cryptography token (AES-256-CBC, HMAC-SHA-256). The two
keys of a token are derived from a master key and the context by HKDF, so a token moved to another row
or column does not open. ``SECRET_KEY`` plays no part.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signing import BadSignature
from django.db import models
from django_cryptography.core.signing import FernetSigner
from django_cryptography.utils.crypto import FernetBytes, InvalidToken

from connections.gateways.base import Secrets

_KEY_BYTES = 32
_ID_BYTES = 4


class CannotOpen(Exception):
    """No key of the ring opens this value: a key was dropped too early, or the value was tampered with."""


def _master_key(text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as err:
        raise ImproperlyConfigured("CREDENTIALS_KEYS: a key is not url-safe base64.") from err
    if len(key) != _KEY_BYTES:
        raise ImproperlyConfigured(f"CREDENTIALS_KEYS: a key has {len(key)} bytes instead of {_KEY_BYTES}.")
    return key


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"key id" + key).digest()[:_ID_BYTES]


def _cipher(key: bytes, context: str) -> FernetBytes:
    derived = HKDF(SHA256(), 2 * _KEY_BYTES, salt=None, info=b"sealed:" + context.encode()).derive(key)
    return FernetBytes(derived[:_KEY_BYTES], FernetSigner(derived[_KEY_BYTES:], algorithm="sha256"))


class KeyRing:
    """The master keys, newest first: the first one seals, all of them open."""

    def __init__(self, keys: Sequence[str]) -> None:
        masters = [_master_key(text) for text in keys]
        self._newest = masters[0]
        self._by_id = {_key_id(key): key for key in masters}

    def seal(self, values: Mapping[str, str], *, context: str) -> bytes:
        plain = json.dumps(dict(values), sort_keys=True).encode()
        return _key_id(self._newest) + _cipher(self._newest, context).encrypt(plain)

    def open(self, token: bytes, *, context: str) -> Secrets:
        """Raises ``CannotOpen``."""
        key = self._by_id.get(bytes(token[:_ID_BYTES]))
        if key is None:
            raise CannotOpen("sealed with a key that is not in CREDENTIALS_KEYS")
        try:
            plain = _cipher(key, context).decrypt(bytes(token[_ID_BYTES:]))
        except (BadSignature, InvalidToken) as err:
            raise CannotOpen("the sealed value does not belong here or was changed") from err
        return Secrets(json.loads(plain))

    def is_current(self, token: bytes) -> bool:
        return bytes(token[:_ID_BYTES]) == _key_id(self._newest)


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> KeyRing:
    return KeyRing(keys)


def key_ring() -> KeyRing:
    """The ring of ``CREDENTIALS_KEYS``."""
    return _ring(tuple(settings.CREDENTIALS_KEYS))


class SealedField(models.BinaryField):
    """A column of sealed bytes. Opening needs the row's context, so a list page never decrypts anything."""

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError(f"{self.name} is sealed: it cannot be exported.")

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "connections.sealed.SealedField", args, kwargs
