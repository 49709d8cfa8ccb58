"""A real simulator process, and a real web server that receives its notifications."""

import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.simulator.support import (
    AsaasClient,
    Inbox,
    MpClient,
    Process,
    Simulator,
    free_port,
    handler,
    launch,
)


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    process = launch(tmp_path_factory.mktemp("simulator"))
    yield process.simulator
    assert process.stop() == 0


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Simulator:
    """As new: nobody knows the accounts of the test before."""
    shared_simulator.control("reset")
    return shared_simulator


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    port = free_port()
    inbox = Inbox(f"http://127.0.0.1:{port}/hook")
    server = ThreadingHTTPServer(("127.0.0.1", port), handler(inbox))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield inbox
    server.shutdown()
    server.server_close()


@pytest.fixture
def asaas(simulator: Simulator) -> AsaasClient:
    account = simulator.control("accounts", gateway="asaas", environment="sandbox", name="Padaria Aurora")
    return AsaasClient(simulator, account)


@pytest.fixture
def asaas_production(simulator: Simulator) -> AsaasClient:
    account = simulator.control("accounts", gateway="asaas", environment="production", name="Padaria Aurora")
    return AsaasClient(simulator, account)


@pytest.fixture
def mp(simulator: Simulator) -> MpClient:
    account = simulator.control("accounts", gateway="mercadopago", name="Loja Exemplo Ltda")
    return MpClient(simulator, account)


@pytest.fixture
def mp_test_seller(simulator: Simulator) -> MpClient:
    return MpClient(simulator, simulator.control("accounts", gateway="mercadopago", test_user=True))


@pytest.fixture
def launcher() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(data: Path, port: int | None = None) -> Process:
        process = launch(data, port)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.popen.poll() is None:
            process.stop()
