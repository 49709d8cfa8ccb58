"""What became of the tests: read from pytest's own report, said in words, added up in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

NOTHING_COLLECTED = 5


@dataclass
class Outcome:
    """One stack's counts. Skipped tests and what the machine lacks are tests that did not run."""

    title: str
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0
    exit_code: int = 0
    lacks: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        bad = self.failed + self.errors + self.skipped + len(self.lacks)
        return self.passed > 0 and not bad and self.exit_code == 0

    def in_words(self) -> list[str]:
        counts = f"{self.passed} passed, {self.failed} failed, {self.errors} errors, {self.skipped} skipped"
        lines = [f"{self.title:<20} {counts}  ({self.seconds:.0f} s)"]
        if self.skipped:
            lines.append(f"    NOT RUN: {self.skipped} skipped; the lines SKIPPED above say why.")
        lines += [f"    NOT RUN: {lack}" for lack in self.lacks]
        if self.exit_code == NOTHING_COLLECTED:
            lines.append("    NOT RUN: no test was found.")
        elif self.exit_code and not self.failed + self.errors:
            lines.append(f"    pytest ended with code {self.exit_code}.")
        return lines


def read(title: str, report: Path, exit_code: int, seconds: float) -> Outcome:
    """A run that left no report is one error."""
    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return Outcome(title, errors=1, seconds=seconds, exit_code=exit_code)

    def total(name: str) -> int:
        return sum(int(suite.get(name, 0)) for suite in suites)

    bad = total("failures") + total("errors") + total("skipped")
    return Outcome(
        title,
        passed=total("tests") - bad,
        failed=total("failures"),
        errors=total("errors"),
        skipped=total("skipped"),
        seconds=seconds,
        exit_code=exit_code,
    )


def in_words(outcomes: Sequence[Outcome]) -> str:
    """The last line is the sum: errors and stacks that did not run count as failed."""
    lines = ["", "== Result =="]
    for outcome in outcomes:
        lines += outcome.in_words()
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(
        outcome.failed + outcome.errors + outcome.skipped + len(outcome.lacks) for outcome in outcomes
    )
    return "\n".join([*lines, "", f"{passed} passed, {failed} failed"])
