"""Serves the simulator with gunicorn: one process, many threads."""

import argparse
import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

THREADS = 32


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="Stands in for Asaas and Mercado Pago.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", help="folder of the database; a throw-away one when not given")
    parser.add_argument(
        "--public-url", help="how browsers reach this server; http://HOST:PORT when not given"
    )
    return parser.parse_args(argv)


def main(argv: list[str]) -> None:
    options = arguments(argv)
    data = Path(options.data) if options.data else _throw_away()
    data.mkdir(parents=True, exist_ok=True)
    public_url = options.public_url or f"http://{options.host}:{options.port}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "simulator.settings"
    os.environ["SIMULATOR_DATA"] = str(data.resolve())
    os.environ["SIMULATOR_PUBLIC_URL"] = public_url
    _serve(f"{options.host}:{options.port}", public_url)


def _throw_away() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="simulator-"))
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def _serve(address: str, public_url: str) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self) -> None:
            for name, value in _gunicorn_settings(address, public_url).items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from simulator.wsgi import application

            return application

    Application().run()


def _gunicorn_settings(address: str, public_url: str) -> dict[str, Any]:
    """header_map: Asaas's header `access_token` has an underscore, which gunicorn drops by default."""
    return {
        "bind": [address],
        "workers": 1,
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": 0,
        "graceful_timeout": 3,
        "keepalive": 30,
        "loglevel": "error",
        "header_map": "dangerous",
        "control_socket_disable": True,
        "post_worker_init": lambda worker: _begin(public_url),
        "worker_int": lambda worker: _stop(),
        "worker_exit": lambda server, worker: _stop(),
    }


def _begin(public_url: str) -> None:
    from simulator import background

    background.prepare()
    background.start()
    sys.stdout.write(f"simulator ready at {public_url}\n")
    sys.stdout.flush()


def _stop() -> None:
    from simulator.middleware import stopping

    stopping.set()
