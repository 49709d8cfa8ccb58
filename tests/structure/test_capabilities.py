"""The table of capabilities says what the adapters declare, and each cell of it is proven by a journey."""

from __future__ import annotations

import pytest

from tests import capabilities

pytestmark = pytest.mark.xdist_group("capabilities")  # the journeys are collected once


@pytest.fixture(scope="module")
def proofs() -> capabilities.Proofs:
    return capabilities.proofs()


def test_every_declared_cell_has_a_proof(proofs: capabilities.Proofs) -> None:
    assert capabilities.missing(proofs) == []


def test_the_page_is_as_it_is_made(proofs: capabilities.Proofs) -> None:
    assert capabilities.PAGE.read_text() == capabilities.page(proofs), "run: python -m tests.capabilities"


def test_what_nobody_declares_is_not_proven(proofs: capabilities.Proofs) -> None:
    """A proof of a cell that does not exist is a slip of the pen."""
    declared = {(key, row.cell) for row in capabilities.rows() for key in row.declared}
    assert set(proofs) <= declared
