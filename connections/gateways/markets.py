"""What an account may take in its country, as the gateway itself lists it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from connections.gateways.accounts import DocumentRule, PaymentWay
from connections.gateways.countries import Country
from connections.gateways.documents import DocumentKind, bare


@dataclass(frozen=True, kw_only=True)
class Market:
    """Where an account is. ``ways`` and ``rules`` are empty where the gateway did not tell."""

    country: Country
    ways: tuple[PaymentWay, ...] = ()
    rules: tuple[DocumentRule, ...] = ()

    @property
    def documents(self) -> tuple[DocumentKind, ...]:
        """Those of the country, or where the gateway told: what it takes, in its spelling and lengths."""
        known = {bare(kind.code): kind for kind in self.country.documents}
        if not self.rules:
            return self.country.documents
        return tuple(_told(rule, known.get(bare(rule.code))) for rule in self.rules)


def _told(rule: DocumentRule, known: DocumentKind | None) -> DocumentKind:
    if known is None:
        return DocumentKind(
            code=rule.code,
            name=rule.name or rule.code,
            shortest=rule.shortest,
            longest=rule.longest,
            is_numeric=rule.is_numeric,
        )
    if known.is_checked:
        return replace(known, code=rule.code)
    return replace(
        known,
        code=rule.code,
        shortest=rule.shortest,
        longest=rule.longest,
        is_numeric=known.is_numeric and rule.is_numeric,
    )
