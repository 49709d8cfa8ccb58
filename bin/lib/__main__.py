"""Reads the command line, enters the virtual environment and runs one house script.

Only the standard library may be imported until the environment is entered.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from lib import arguments, environment, say  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    name, *rest = sys.argv[1:] or ["--help"]
    if name not in arguments.PARSERS:
        say.fail(f"There is no house script {name!r}; there are: {', '.join(arguments.PARSERS)}.")
        return 2
    options = arguments.PARSERS[name](rest)
    try:
        environment.enter(ROOT, development=name == "test")
    except environment.Missing as missing:
        say.fail(f"MISSING: {missing}")
        return 2
    except KeyboardInterrupt:
        say.fail("\nStopped before everything was installed; run it again to go on.")
        return 130
    return int(importlib.import_module(f"lib.{arguments.MODULES[name]}").main(ROOT, options))


if __name__ == "__main__":
    sys.exit(main())
