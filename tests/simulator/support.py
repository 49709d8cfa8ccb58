"""A simulator process, a web server that receives its notifications, and callers of both APIs."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60.0
STRONG_TOKEN = "whsec_aZ8kQ2mV7pL4xT9cR3wY6nB1dF5"


def send(method: str, url: str, **options: Any) -> requests.Response:
    """Without looking for proxies, which takes longer than the call: it never leaves this machine."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **options)


def wait_for(question: Callable[[], Any], deadline: float = DEADLINE) -> Any:
    """Asks again, ever more rarely, until the answer is true; fails after the deadline."""
    pause, seconds = threading.Event(), 0.01
    end = time.monotonic() + deadline
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < end, "waited too long"
        pause.wait(seconds)
        seconds = min(seconds * 1.4, 0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Simulator:
    url: str

    def control(self, path: str, /, **body: Any) -> dict[str, Any]:
        response = send("POST", f"{self.url}/_control/{path}", json=body, timeout=60)
        assert response.ok, response.text
        return response.json()

    def read(self, path: str, /, **query: Any) -> dict[str, Any]:
        response = send("GET", f"{self.url}/_control/{path}", params=query, timeout=60)
        assert response.ok, response.text
        return response.json()

    def advance(self, **duration: float) -> None:
        seconds = (
            duration.get("seconds", 0) + 3600 * duration.get("hours", 0) + 86400 * duration.get("days", 0)
        )
        self.control("clock", advance_seconds=seconds)

    def flush(self) -> None:
        assert self.control("flush")["idle"]

    def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        return self.read("deliveries", **query)["deliveries"]


@dataclass
class Process:
    popen: subprocess.Popen
    simulator: Simulator

    def stop(self) -> int:
        self.popen.terminate()
        return self.popen.wait(timeout=60)


def launch(data: Path, port: int | None = None) -> Process:
    port = port or free_port()
    command = [sys.executable, str(ROOT / "bin" / "simulator"), "--port", str(port), "--data", str(data)]
    popen = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert popen.stdout is not None
    line = popen.stdout.readline()
    assert line == f"simulator ready at http://127.0.0.1:{port}\n"
    return Process(popen, Simulator(f"http://127.0.0.1:{port}"))


@dataclass
class Received:
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Inbox:
    """A web server that answers what the test wants and remembers what it got."""

    url: str
    answers: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def wait(self, count: int) -> list[Received]:
        wait_for(lambda: len(self.received) >= count)
        return self.received

    def next_answer(self) -> int:
        if not self.answers:
            return 200
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def handler(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = inbox.next_answer()
            inbox.received.append(Received(path, query, headers, body, time.monotonic()))
            self.send_response(answer)
            if answer == 302:
                self.send_header("Location", inbox.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@dataclass
class AsaasClient:
    simulator: Simulator
    account: dict[str, Any]

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        headers = {"access_token": self.account["api_key"], "User-Agent": "tests"} | kwargs.pop("headers", {})
        base = f"{self.simulator.url}/asaas/{self.account['environment']}/v3"
        return send(method, base + path, headers=headers, timeout=30, **kwargs)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._good(self.call("GET", path, params=query))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self._good(self.call("POST", path, json=body))

    def put(self, path: str, **body: Any) -> dict[str, Any]:
        return self._good(self.call("PUT", path, json=body))

    def delete(self, path: str) -> dict[str, Any]:
        return self._good(self.call("DELETE", path))

    @staticmethod
    def _good(response: requests.Response) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        return response.json()

    def customer(self, **changes: Any) -> dict[str, Any]:
        return self.post(
            "/customers", **{"name": "Padaria Aurora Ltda", "cpfCnpj": "11222333000181"} | changes
        )

    def charge(self, **changes: Any) -> dict[str, Any]:
        due = self.simulator.read("clock")["now"][:10]
        body = {"billingType": "PIX", "value": 150, "dueDate": due, "externalReference": "chg-1007"}
        if "customer" not in changes:
            body["customer"] = self.customer()["id"]
        return self.post("/payments", **body | changes)

    def webhook(self, url: str, events: list[str], **changes: Any) -> dict[str, Any]:
        body = {"name": "tests", "url": url, "email": "ops@example.com", "events": events}
        return self.post("/webhooks", **body | {"authToken": STRONG_TOKEN} | changes)


@dataclass
class MpClient:
    simulator: Simulator
    account: dict[str, Any]

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.account['access_token']}"} | kwargs.pop("headers", {})
        url = f"{self.simulator.url}/mercadopago{path}"
        return send(method, url, headers=headers, timeout=30, **kwargs)

    def get(self, path: str, **query: Any) -> Any:
        response = self.call("GET", path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def put(self, path: str, **body: Any) -> dict[str, Any]:
        response = self.call("PUT", path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def pix(self, key: str = "key-1", **changes: Any) -> dict[str, Any]:
        response = self.post_pix(key, **changes)
        assert response.status_code == 201, response.text
        return response.json()

    def post_pix(self, key: str = "key-1", **changes: Any) -> requests.Response:
        body = {
            "transaction_amount": 149.9,
            "payment_method_id": "pix",
            "description": "Pedido 77",
            "external_reference": "chg_77",
            "payer": {"email": "ana@example.com"},
        }
        return self.call("POST", "/v1/payments", json=body | changes, headers={"X-Idempotency-Key": key})

    def preference(self, **changes: Any) -> dict[str, Any]:
        response = self.post_preference(**changes)
        assert response.status_code == 201, response.text
        return response.json()

    def post_preference(self, **changes: Any) -> requests.Response:
        items = [{"title": "Pedido 77", "quantity": 1, "unit_price": 149.9}]
        body = {"items": items, "external_reference": "chg_pref", **changes}
        return self.call("POST", "/checkout/preferences", json=body)

    def plan(self, **changes: Any) -> dict[str, Any]:
        """`terms` are changes of auto_recurring."""
        return self._created("/preapproval_plan", {"reason": "Plano mensal"}, changes)

    def subscription(self, **changes: Any) -> dict[str, Any]:
        own = {"payer_email": "ana@example.com", "external_reference": "sub_1", "status": "pending"}
        return self._created("/preapproval", {"reason": "Plano mensal"} | own, changes)

    def _created(self, path: str, own: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        terms = {"frequency": 1, "frequency_type": "months", "transaction_amount": 39.9, "currency_id": "BRL"}
        body = {"back_url": "https://pay.example.com/sub/back", **own, "auto_recurring": terms}
        terms |= changes.pop("terms", {})
        response = self.call("POST", path, json=body | changes)
        assert response.status_code == 201, response.text
        return response.json()

    def refund(self, path: str, key: str, **body: Any) -> requests.Response:
        """`path` is that of the payment."""
        return self.call("POST", f"{path}/refunds", json=body, headers={"X-Idempotency-Key": key})
