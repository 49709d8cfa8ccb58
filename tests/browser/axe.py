"""Asks axe-core, in the page itself, what would keep somebody out (WCAG 2.2 A and AA, good practice)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async ([type, values]) => {
    const imports = sheet => [...sheet.cssRules].some(rule => rule instanceof CSSImportRule);
    const preload = ![...document.styleSheets].some(imports);
    const options = { runOnly: { type, values }, resultTypes: ["violations"], preload };
    const found = await axe.run(document, options);
    return found.violations;
}"""


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """One line for each: the rule, where, and what axe says of it. Empty is good. ``rules``: these alone.

    Evaluated from outside, so that the policy of the page (no foreign script) may stay as it is. A sheet that
    imports another (the stock admin has one) axe would build anew in the page: the policy refuses it, aloud.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_source())
    asked = ["rule", list(rules)] if rules else ["tag", TAGS]
    return [_line(rule, node) for rule in page.evaluate(_RUN, asked) for node in rule["nodes"]]


def _line(rule: dict[str, Any], node: dict[str, Any]) -> str:
    where = " ".join(str(part) for part in node["target"])
    why = " ".join(node.get("failureSummary", "").split())
    return f"{rule['id']}: {where}: {why}"
