from __future__ import annotations

from pathlib import Path

from lib import arguments, summary
from lib.summary import Outcome


def report(tmp_path: Path, **counts: int) -> Path:
    numbers = {"tests": 5, "failures": 0, "errors": 0, "skipped": 0} | counts
    attributes = " ".join(f'{name}="{number}"' for name, number in numbers.items())
    file = tmp_path / "report.xml"
    file.write_text(f"<testsuites><testsuite {attributes}/></testsuites>")
    return file


def test_good_only_when_every_test_passed(tmp_path: Path) -> None:
    assert summary.read("x", report(tmp_path), 0, 1.0).is_good
    assert not summary.read("x", report(tmp_path), 1, 1.0).is_good
    assert not summary.read("x", report(tmp_path, tests=0), 5, 1.0).is_good


def test_a_skipped_test_did_not_run(tmp_path: Path) -> None:
    outcome = summary.read("x", report(tmp_path, skipped=2), 0, 1.0)
    assert (outcome.passed, outcome.is_good) == (3, False)
    assert "NOT RUN: 2 skipped" in summary.in_words([outcome])


def test_a_run_without_a_report_is_an_error(tmp_path: Path) -> None:
    outcome = summary.read("x", tmp_path / "none.xml", 3, 1.0)
    assert (outcome.errors, outcome.is_good) == (1, False)


def test_what_the_machine_lacks_is_not_run_with_its_remedy() -> None:
    text = summary.in_words(
        [Outcome("SQLite", passed=4), Outcome("PostgreSQL", lacks=["everything. Install it."])]
    )
    assert "NOT RUN: everything. Install it." in text
    assert text.splitlines()[-1] == "4 passed, 1 failed"


def test_the_last_line_adds_both_stacks_up() -> None:
    outcomes = [Outcome("SQLite", passed=4), Outcome("PostgreSQL", passed=3, failed=1)]
    assert summary.in_words(outcomes).splitlines()[-1] == "7 passed, 1 failed"


def test_words_it_does_not_know_go_to_pytest() -> None:
    options = arguments.test(["--sqlite", "tests/house", "-k", "emv", "-x"])
    assert (options.only, options.pytest) == ("sqlite", ["tests/house", "-k", "emv", "-x"])
