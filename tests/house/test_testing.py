from __future__ import annotations

from pathlib import Path

from lib import testing


def test_files_live_in_memory_only_where_there_is_room(tmp_path: Path) -> None:
    assert testing._memory(tmp_path, least=1) == tmp_path
    assert testing._memory(tmp_path, least=10**18) is None
    assert testing._memory(tmp_path / "nowhere", least=1) is None
