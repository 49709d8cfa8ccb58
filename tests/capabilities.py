"""What each adapter declares it can do, and which journeys prove it: ``python -m tests.capabilities``.

Writes ``docs/capabilities.md``. A journey says what it proves by the mark ``proves(gateway, cell)``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connections.gateways.base import Capabilities, DisputeKind, Method
from connections.gateways.mercadopago.sites import SITES
from connections.gateways.registry import REGISTRY, gateway_class

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "capabilities.md"
_WAYS = {Method.PIX: "PIX", Method.BOLETO: "boleto", Method.CARD: "card", Method.ANY: "the customer chooses"}
_BY_METHOD = {
    "pay": ("Pay: {way}", "methods"),
    "refund": ("Give back in full: {way}", "refunds"),
    "partial_refund": ("Give back in part: {way}", "partial_refunds"),
    "payer_refund": ("Give back with the payer, who says where to: {way}", "payer_refunds"),
}
_CHANGES = {
    "change_due_date": "New due date",
    "change_amount": "New amount",
    "change_description": "New description, at the gateway too",
    "receive_in_cash": "Received in cash",
    "undo_cash": "Receipt in cash undone",
    "restore_charge": "Cancelled charge restored",
}
_DISPUTES = {
    DisputeKind.CHARGEBACK: "Chargeback: papers asked for, won, lost",
    DisputeKind.CLAIM: "Claim of the payer at the gateway: closed for either",
}
Proofs = Mapping[tuple[str, str], list[str]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. ``cell`` is its name in ``proves``."""

    cell: str
    title: str
    declared: frozenset[str]


def proves(gateway: str, *cells: str) -> pytest.MarkDecorator:
    """The mark of a journey that shows a declared capability from the form to the final status."""
    return pytest.mark.proves(gateway, *cells)


def rows() -> list[Row]:
    """Every capability that some gateway declares, in the order of the page."""
    can = {
        registration.name: gateway_class(registration.name).capabilities for registration in REGISTRY.values()
    }
    return [row for row in _all_rows(can) if row.declared]


def _all_rows(can: Mapping[str, Capabilities]) -> Iterator[Row]:
    for name, (title, attribute) in _BY_METHOD.items():
        for method, way in _WAYS.items():
            declared = frozenset(key for key, one in can.items() if method in getattr(one, attribute))
            yield Row(cell=f"{name}.{method}", title=title.format(way=way), declared=declared)
    for method, way in _WAYS.items():
        declared = frozenset(key for key, one in can.items() if method in one.instalments)
        yield Row(cell=f"instalments.{method}", title=f"Parcels: {way}", declared=declared)
    terms = frozenset(key for key, one in can.items() if one.takes_terms)
    yield Row(cell="terms", title="Discount for paying early, fine, interest", declared=terms)
    yield Row(cell="items", title="Items and a discount: the net is charged", declared=frozenset(can))
    yield Row(cell="cancel", title="Cancel", declared=frozenset(can))
    for change in sorted({change for one in can.values() for change in one.changes | one.remakes}):
        declared = frozenset(key for key, one in can.items() if change in one.changes | one.remakes)
        yield Row(cell=f"change.{change}", title=_CHANGES[change], declared=declared)
    yield from _rows_of_agreements(can)
    for kind, title in _DISPUTES.items():
        declared = frozenset(key for key, one in can.items() if kind in one.disputes)
        yield Row(cell=f"dispute.{kind}", title=title, declared=declared)
    codes = frozenset(key for key, one in can.items() if one.pix_minutes)
    yield Row(cell="new_code", title="New code when one has expired", declared=codes)
    for code, site in SITES.items():
        if code != "MLB":  # where all the others are proven
            title = f"In {site.country.name}, in {site.country.currency}: pay and give back"
            yield Row(cell=f"country.{code}", title=title, declared=frozenset({"mercadopago"}))


def _rows_of_agreements(can: Mapping[str, Capabilities]) -> Iterator[Row]:
    rules = {key: one.subscriptions for key, one in can.items() if one.subscriptions}
    for method, way in _WAYS.items():
        declared = frozenset(key for key, rule in rules.items() if method in rule.methods)
        yield Row(cell=f"subscribe.{method}", title=f"Collect again and again: {way}", declared=declared)
    title = "A subscription made dearer, paused, resumed and cancelled"
    yield Row(cell="subscription.changes", title=title, declared=frozenset(rules))
    with_plans = frozenset(key for key, rule in rules.items() if rule.has_plans)
    yield Row(cell="plan", title="A plan with a public link, and who subscribes by it", declared=with_plans)


def proofs() -> Proofs:
    """The journeys by what they prove, as pytest collects them."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "proofs.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.house.environment",
            "-p",
            "tests.capabilities",
        ]
        command += ["tests/flows", "--collect-only", "-q", "-n0", f"--proofs={found}"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        collected: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for gateway, cell, test in json.loads(found.read_text()):
            collected[gateway, cell].append(test)
    return collected


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", help="write what each collected test proves to this file")


def pytest_collection_finish(session: pytest.Session) -> None:
    target = session.config.getoption("--proofs")
    if target:
        Path(target).write_text(json.dumps([*_proven(session.items)]))


def _proven(items: list[pytest.Item]) -> Iterator[tuple[Any, ...]]:
    for item in items:
        for mark in item.iter_markers("proves"):
            gateway, *cells = mark.args
            for cell in cells:
                yield gateway, cell, item.nodeid.split("@")[0]


def missing(found: Proofs) -> list[tuple[str, str]]:
    """Declared and proven by nothing."""
    return [
        (key, row.cell) for row in rows() for key in sorted(row.declared) if not found.get((key, row.cell))
    ]


def page(found: Proofs) -> str:
    labels = {one.name: one.label for one in REGISTRY.values()}
    lines = [
        "# What each gateway can do here",
        "",
        "Made by `python -m tests.capabilities` from what the adapters declare (`Capabilities` in",
        "`connections/gateways/base.py`) and the journeys that prove it: each goes from the staff form by",
        "the gateway's notifications to the final status, on PostgreSQL with a real worker. A test fails",
        "where a declared cell has no proof.",
        "",
        "| | " + " | ".join(labels.values()) + " |",
        "|---" * (len(labels) + 1) + "|",
    ]
    for row in rows():
        cells = ["yes" if key in row.declared else "-" for key in labels]
        lines.append(f"| {row.title} | " + " | ".join(cells) + " |")
    lines += ["", "## Proofs", ""]
    for row in rows():
        lines.append(f"- **{row.title}**")
        for key in sorted(row.declared):
            named = ", ".join(
                f"`{test.removeprefix('tests/flows/')}`" for test in sorted(found[key, row.cell])
            )
            lines.append(f"  - {labels[key]}: {named}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(proofs()))
