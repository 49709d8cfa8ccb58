"""How to try Asaas in its sandbox (asaas.md 3.9)."""

from __future__ import annotations

from connections.gateways.base import SandboxCard, SandboxGuide
from connections.gateways.texts import gettext_noop as _

# docs.asaas.com: chaves-de-api, criar-novo-webhook-pela-aplicacao-web, pix-shopify (seen November 2026). The
# panel is in Portuguese only; its menu of integrations is shown to administrators of the account.
PANEL_PLACES = {
    "keys": "Menu do usuário > Integrações > Chaves de API",
    "webhooks": "Menu do usuário > Integrações > Webhooks",
    "pix_keys": "Pix > Minhas Chaves",
}

_APPROVED, _REFUSED = _("is approved"), _("is refused")

SANDBOX_GUIDE = SandboxGuide(
    notes=(
        _("Asaas simulates the payment of a PIX code; the simulation knows no discount, fine or interest."),
        _("A card is paid on the page of Asaas, with any expiry ahead and any code."),
        _("Asaas really sends its messages in the sandbox, too: use addresses that are yours."),
    ),
    cards=(
        SandboxCard(
            brand="Visa", number="4444 4444 4444 4444", code="123", expiry="12/30", outcome=_APPROVED
        ),
        SandboxCard(
            brand="Mastercard", number="5184 0197 4037 3151", code="123", expiry="12/30", outcome=_REFUSED
        ),
        SandboxCard(brand="Visa", number="4916 5613 5824 0741", code="123", expiry="12/30", outcome=_REFUSED),
    ),
)
