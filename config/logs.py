"""How log lines are written: a database tells in its errors what a row held, which is nobody's to read."""

from __future__ import annotations

import logging
import re
from typing import Any

# PostgreSQL's second line of a violated constraint: "Key (document)=(...) already exists."
_DETAIL = re.compile(r"^\s*(?:\|\s*)*(?:DETAIL|CONTEXT): .*$", re.MULTILINE)


class CarefulFormatter(logging.Formatter):
    """Leaves out what PostgreSQL quotes of rows, also from the causes of an exception."""

    def formatException(self, ei: Any) -> str:
        return _DETAIL.sub("(what the row held is left out)", super().formatException(ei))
