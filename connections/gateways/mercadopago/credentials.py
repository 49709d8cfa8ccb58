"""What Mercado Pago's credentials look like, and which box each belongs in (mercadopago.md 1.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connections.gateways.base import Environment, Notice, SecretField, TypingHint
from connections.gateways.texts import gettext_noop as _

_TEST_TOKEN = _("This is a test token; this connection is for production.")
_REFRESH_TOKEN = _("This is a Refresh Token. Paste the Access Token.")
_OF_ASAAS = _("This is an Asaas key, not a Mercado Pago access token.")

FIELDS: Sequence[SecretField] = (
    SecretField(
        name="access_token",
        label=_("Access token"),
        help=_(
            "In Mercado Pago: Your integrations, the application, credentials. Begins with APP_USR- or TEST-."
        ),
        hints=(
            TypingHint(begins="TEST-", text=_TEST_TOKEN, environment=Environment.PRODUCTION),
            TypingHint(begins="TG-", text=_REFRESH_TOKEN),
            TypingHint(begins="$aact_", text=_OF_ASAAS),
            TypingHint(begins="aact_", text=_OF_ASAAS),
        ),
    ),
)

# The panel has a tab for tests and one for production, perhaps with a secret each (mercadopago.md 6.3).
SECRET_FIELDS: Sequence[SecretField] = (
    SecretField(
        name="production",
        label=_("Webhook secret, production"),
        help=_("Shown in the panel after the webhook is saved in the tab for production."),
        required=False,
    ),
    SecretField(
        name="test",
        label=_("Webhook secret, test"),
        help=_("Shown in the panel after the webhook is saved in the tab for tests."),
        required=False,
    ),
)

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
# Client id, creation stamp, hash, user id; older hashes carry a "__LA_LD__" and the like.
_TOKEN = re.compile(r"(APP_USR|TEST)-\d+-\d+-[0-9A-Za-z_]{16,}-\d+")

_MISTAKEN = (
    (
        re.compile(rf"(APP_USR|TEST)-{_UUID}"),
        Notice(
            code="public_key", text=_("This is the Public Key. Paste the Access Token, the line below it.")
        ),
    ),
    (
        re.compile(r"TG-.+"),
        Notice(code="refresh_token", text=_REFRESH_TOKEN),
    ),
    (
        re.compile(r"\$?aact_.+"),
        Notice(code="other_gateway", text=_OF_ASAAS),
    ),
    (
        re.compile(r"\d+"),
        Notice(code="client_id", text=_("This is a Client ID or another number. Paste the Access Token.")),
    ),
    (
        re.compile(r"[0-9A-Za-z]{64}"),
        Notice(code="webhook_secret", text=_("This is a webhook secret. Paste the Access Token here.")),
    ),
    (
        re.compile(r"[0-9A-Za-z]{20,63}"),
        Notice(code="client_secret", text=_("This is the Client Secret. Paste the Access Token.")),
    ),
)
_TRUNCATED = Notice(
    code="truncated", text=_("The access token is incomplete: part of it was lost when it was copied.")
)
_UNKNOWN = Notice(
    code="unknown_format",
    text=_("This is not a Mercado Pago access token: those begin with APP_USR- or TEST-."),
)


def review(token: str, environment: Environment) -> Sequence[Notice]:
    """The first thing that is wrong with a token. ``APP_USR-`` says nothing about the environment."""
    if not token:
        return (Notice(code="missing", text=_("Paste the access token.")),)
    if any(letter.isspace() for letter in token) or token.strip("\"'") != token:
        text = _("The access token contains spaces, line breaks or quotes: paste it alone.")
        return (Notice(code="whitespace", text=text),)
    if _TOKEN.fullmatch(token):
        return _review_environment(token, environment)
    mistaken = next((notice for shape, notice in _MISTAKEN if shape.fullmatch(token)), None)
    if mistaken:
        return (mistaken,)
    return (_TRUNCATED if token.startswith(("APP_USR-", "TEST-")) else _UNKNOWN,)


def _review_environment(token: str, environment: Environment) -> Sequence[Notice]:
    if token.startswith("TEST-") and environment is Environment.PRODUCTION:
        return (Notice(code="wrong_environment", text=_TEST_TOKEN),)
    return ()
