"""Where an account is, what it may take there, and what that lets its connection do."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from connections.gateways.base import Capabilities, Country, DocumentRule, Market, Method, PaymentWay
from connections.gateways.countries import with_currency
from connections.gateways.registry import gateway_class


class Placed(models.Model):
    """The columns a check of the key fills. ``ways`` and ``document_rules`` are what the gateway listed."""

    gateway = models.CharField(_("gateway"), max_length=32)
    site = models.CharField(max_length=8, blank=True, editable=False)
    currency = models.CharField(_("currency"), max_length=3, default="BRL", editable=False)
    time_zone = models.CharField(_("time zone"), max_length=64, default="America/Sao_Paulo", editable=False)
    ways = models.JSONField(default=list, editable=False)
    document_rules = models.JSONField(default=list, editable=False)

    class Meta:
        abstract = True

    # What was read from the columns last, and of what: a file of charges asks thousands of times.
    _market: tuple[tuple[object, ...], Market] | None = None
    _capabilities: tuple[tuple[object, ...], Capabilities] | None = None

    @property
    def market(self) -> Market:
        told = (self.currency, self.ways, self.document_rules)
        if self._market is None or self._market[0] != told:
            self._market = (told, self._read_market())
        return self._market[1]

    def _read_market(self) -> Market:
        return Market(
            country=with_currency(self.currency),
            ways=tuple(_to_way(row) for row in self.ways),
            rules=tuple(DocumentRule(**row) for row in self.document_rules),
        )

    @property
    def country(self) -> Country:
        return with_currency(self.currency)

    @property
    def capabilities(self) -> Capabilities:
        """What this account can do where it is."""
        adapter = gateway_class(self.gateway)
        market, whole = self.market, adapter.capabilities
        known = self._capabilities
        if known is None or known[0][0] is not market or known[0][1] is not whole:
            known = self._capabilities = ((market, whole), adapter.capabilities_in(market))
        return known[1]


def _to_way(row: dict[str, Any]) -> PaymentWay:
    return PaymentWay(**{**row, "method": Method(row["method"]) if row["method"] else None})
