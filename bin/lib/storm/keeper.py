"""Keeps one worker running, as a supervisor does; what a worker imports is loaded once, before the first.

``keeper.py PIDFILE CELERY-ARGUMENTS``: a worker that was killed is followed by another within a moment, not
after the seconds of work that a start from nothing costs. The worker itself is what ``celery`` makes of its
arguments, in a process of its own whose number is in the file.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from celery.__main__ import main as run_celery
from django.db import connections

_STOPPING = (signal.SIGTERM, signal.SIGINT)
# What a worker loads when it begins, or with its first call.
_PARTS = (
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.strategy",
    "kombu.transport.redis",
)


def main(arguments: Sequence[str]) -> None:
    """Returns when it was told to stop and its worker has ended; ends with the code of one that failed."""
    pid_file, celery_arguments = Path(arguments[0]), list(arguments[1:])
    for part in _PARTS:
        importlib.import_module(part)
    importlib.import_module("config.celery").app.loader.import_default_modules()
    registry = importlib.import_module("connections.gateways.registry")
    for gateway in registry.REGISTRY:
        registry.gateway_class(gateway)
    is_connected = any(known.connection for known in connections.all(initialized_only=True))
    if is_connected or threading.active_count() > 1:
        raise RuntimeError("Threads and connections cannot be handed on to a worker.")
    keep(lambda: work(celery_arguments), pid_file)


def work(arguments: Sequence[str]) -> None:
    sys.argv = ["celery", *arguments]
    run_celery()


def keep(body: Callable[[], None], pid_file: Path) -> None:
    """Runs it in a process of its own, again and again while it is killed."""
    is_over = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_over
        is_over = True

    for number in _STOPPING:
        signal.signal(number, stop)
    while not is_over:
        _pid, status = os.waitpid(_begin(body, pid_file), 0)
        code = os.waitstatus_to_exitcode(status)
        if code != -signal.SIGKILL:
            sys.exit(0 if is_over else code or 1)


def _begin(body: Callable[[], None], pid_file: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    for number in _STOPPING:
        signal.signal(number, signal.SIG_DFL)
    code = 1
    try:
        _tell(os.getpid(), pid_file)
        body()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _tell(pid: int, file: Path) -> None:
    """In one move, and before anything is done: who reads the file finds one number or the other."""
    fresh = file.with_suffix(".new")
    fresh.write_text(str(pid))
    fresh.replace(file)


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    main(sys.argv[1:])
