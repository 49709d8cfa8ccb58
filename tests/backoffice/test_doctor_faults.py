"""Each fault, produced at the simulator or in the settings, is told by its own code and by no other.

Then it is mended: by the button beside it where there is one, else by undoing its cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connections.problem_kinds import KINDS
from connections.services import health
from tests import factories
from tests.backoffice.door import Door
from tests.backoffice.faults import CASES
from tests.backoffice.ward import Ward, told
from tests.connections.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(door: Door, shop: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    factories.make_pulses()
    health.examine(shop.connection)
    made = Ward(shop, door, settings, monkeypatch)
    yield made
    made.come_back()


@pytest.mark.parametrize("code", sorted(CASES))
def test_it_is_told_by_its_code_and_mended(ward: Ward, code: str) -> None:
    case = CASES[code]
    case.produce(ward)
    assert case.look() == [code]
    address = ward.see(code, case.remedy)
    case.undo(ward)
    ward.press(address, case.remedy)
    assert told("--no-look") == []


def test_every_code_has_a_row() -> None:
    assert set(CASES) == set(KINDS)
