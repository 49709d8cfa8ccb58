"""What an account can do, for a table: what its adapter declares for its country, or why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from connections.gateways.base import Capabilities, Method
from connections.models import Connection

_SHOWN = (Method.PIX, Method.BOLETO, Method.CARD, Method.TICKET, Method.ANY)


@dataclass(frozen=True, kw_only=True)
class Ability:
    code: str
    name: str
    is_there: bool
    detail: str = ""


def abilities(connection: Connection) -> list[Ability]:
    can = connection.capabilities
    return [*_payable(connection, can), *_agreed(connection, can), *_given_back(connection, can)]


def _names() -> dict[Method, str]:
    return {
        Method.PIX: "PIX",
        Method.BOLETO: _("Boleto"),
        Method.CARD: _("Card"),
        Method.TICKET: _("Code paid at a shop"),
        Method.ANY: _("The customer chooses"),
    }


def _list(methods: Collection[Method]) -> str:
    return ", ".join(name for method, name in _names().items() if method in methods)


def _not_offered(connection: Connection) -> str:
    return _("%(gateway)s does not offer this here.") % {"gateway": connection.gateway_label}


def _row(connection: Connection, code: str, name: str, *, is_there: bool, detail: str = "") -> Ability:
    return Ability(
        code=code, name=name, is_there=is_there, detail=detail if is_there else _not_offered(connection)
    )


def _payable(connection: Connection, can: Capabilities) -> Iterator[Ability]:
    for method in _SHOWN:
        why_not = can.missing.get(method)
        if method == Method.TICKET and method not in can.methods and not why_not:
            continue
        is_there = method in can.methods
        reason = _(why_not) if why_not else _not_offered(connection)
        detail = "" if is_there else reason
        yield Ability(code=method.value, name=_names()[method], is_there=is_there, detail=detail)


def _agreed(connection: Connection, can: Capabilities) -> Iterator[Ability]:
    parcels = [
        _("%(way)s, up to %(most)d") % {"way": _names()[method], "most": rule.most}
        for method, rule in can.instalments.items()
        if method in _SHOWN
    ]
    yield _row(connection, "instalments", _("Instalments"), is_there=bool(parcels), detail="; ".join(parcels))
    rule = can.subscriptions
    ways = _list(rule.methods) if rule else ""
    yield _row(connection, "subscriptions", _("Subscriptions"), is_there=bool(rule), detail=ways)
    has_plans = bool(rule and rule.has_plans)
    yield _row(connection, "plans", _("Plans with a public link"), is_there=has_plans)


def _given_back(connection: Connection, can: Capabilities) -> Iterator[Ability]:
    for code, name, methods in (
        ("refunds", _("Refund in full"), can.refunds),
        ("partial_refunds", _("Refund in part"), can.partial_refunds),
    ):
        shown = methods & can.methods
        lacking = can.methods - methods - {Method.ANY}
        detail = _list(shown)
        if shown and lacking:
            detail = _("%(ways)s; not %(others)s") % {"ways": detail, "others": _list(lacking)}
        yield _row(connection, code, name, is_there=bool(shown), detail=detail)
