from __future__ import annotations

from typing import Any

import pytest
import responses


@pytest.fixture
def mercado() -> Any:
    with responses.RequestsMock() as mocked:
        yield mocked
