"""What an Asaas key looks like, and the mistakes people make with it (asaas.md 1.2 and section 8)."""

from __future__ import annotations

from collections.abc import Sequence

from connections.gateways.base import Environment, Notice, SecretField, TypingHint
from connections.gateways.texts import gettext_noop as _

# "Around 160 to 200+ characters" (asaas.md 1.2): what is shorter than this was cut by somebody.
SHORTEST_KEY = 100

_PREFIXES = {"$aact_prod_": Environment.PRODUCTION, "$aact_hmlg_": Environment.SANDBOX}
_FOREIGN_PREFIXES = ("APP_USR-", "TEST-", "TG-")

_LOST_DOLLAR = _("The key lost its first character: it begins with $aact_.")
_OF_MERCADO_PAGO = _("This is a Mercado Pago credential, not an Asaas key.")
_PRODUCTION_KEY = _("This is a production key; this connection is for the sandbox.")
_SANDBOX_KEY = _("This is a sandbox key; this connection is for production.")

FIELDS: Sequence[SecretField] = (
    SecretField(
        name="api_key",
        label=_("API key"),
        help=_(
            "In Asaas: Integrations, API keys. Begins with $aact_prod_ or $aact_hmlg_; the $ belongs to it."
        ),
        hints=(
            TypingHint(begins="aact_", text=_LOST_DOLLAR),
            TypingHint(begins="$aact_prod_", text=_PRODUCTION_KEY, environment=Environment.SANDBOX),
            TypingHint(begins="$aact_hmlg_", text=_SANDBOX_KEY, environment=Environment.PRODUCTION),
            *(TypingHint(begins=prefix, text=_OF_MERCADO_PAGO) for prefix in _FOREIGN_PREFIXES),
        ),
    ),
)


def environment_of(key: str) -> Environment | None:
    """The environment a key names in its prefix."""
    return next((where for prefix, where in _PREFIXES.items() if key.startswith(prefix)), None)


def review(key: str, environment: Environment) -> Sequence[Notice]:
    """The first thing that is wrong with a key, in words that say what to do."""
    if not key:
        return (Notice(code="missing", text=_("Paste the API key.")),)
    if any(letter.isspace() for letter in key) or key.strip("\"'") != key:
        return (
            Notice(
                code="whitespace", text=_("The key contains spaces, line breaks or quotes: paste it alone.")
            ),
        )
    if key.startswith("aact_"):
        return (Notice(code="lost_dollar", text=_LOST_DOLLAR),)
    if key.startswith(_FOREIGN_PREFIXES):
        return (Notice(code="other_gateway", text=_OF_MERCADO_PAGO),)
    return _review_prefix(key, environment)


def _review_prefix(key: str, environment: Environment) -> Sequence[Notice]:
    named = environment_of(key)
    if named is None:
        text = _("This is not an Asaas API key: those begin with $aact_prod_ or $aact_hmlg_.")
        return (Notice(code="unknown_format", text=text),)
    if named is not environment and named is Environment.PRODUCTION:
        return (Notice(code="wrong_environment", text=_PRODUCTION_KEY),)
    if named is not environment:
        return (Notice(code="wrong_environment", text=_SANDBOX_KEY),)
    if len(key) < SHORTEST_KEY:
        return (
            Notice(code="truncated", text=_("The key is too short: part of it was lost when it was copied.")),
        )
    return ()
