"""The one door, against real sockets on this machine; nothing here waits for a clock to decide."""

from __future__ import annotations

import socket
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from connections.gateways import http as door
from connections.gateways.errors import (
    GatewayUnavailable,
    UnreadableAnswer,
)
from tests.gateways.servers import (
    SECRET,
    Script,
    Server,
    answer,
    reset,
    session,
)


def test_sends_the_key_our_name_and_no_body_on_get(server: Server) -> None:
    session(server.url).call("GET", "/payments", query={"limit": "100"})
    method, path, headers, content = server.seen[0]
    assert (method, path, content) == ("GET", "/v3/payments?limit=100", b"")
    assert headers["access_token"] == SECRET
    assert headers["user-agent"] == door.USER_AGENT == f"cobranca/{door.VERSION}"
    assert headers["accept"] == "application/json"
    assert not {"content-type", "content-length", "transfer-encoding"} & headers.keys()


def test_sends_a_prepared_body_byte_for_byte(server: Server) -> None:
    session(server.url).call("POST", "/payments", body='{"value":150.00,"description":"ção"}')
    _method, _path, headers, content = server.seen[0]
    assert content == '{"value":150.00,"description":"ção"}'.encode()
    assert headers["content-type"] == "application/json"


def test_reads_decimals_and_the_request_id(server: Server) -> None:
    server.script = answer(200, b'{"value":149.9}', X_Request_Id="req-7")
    found = session(server.url).call("GET", "/payments/1")
    assert (found.record(), found.request_id) == ({"value": Decimal("149.9")}, "req-7")


def test_keeps_the_connection_for_the_next_call(server: Server) -> None:
    ports: set[int] = set()
    plain = answer(200, b"{}")

    def script(request: BaseHTTPRequestHandler) -> None:
        ports.add(request.client_address[1])
        plain(request)

    server.script = script
    one = session(server.url)
    for _ in range(3):
        one.call("GET", "/x")
    assert len(ports) == 1


def test_opens_a_new_connection_after_a_long_rest(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[int] = []
    plain = answer(200, b"{}")

    def script(request: BaseHTTPRequestHandler) -> None:
        ports.append(request.client_address[1])
        plain(request)

    server.script = script
    one = session(server.url)
    one.call("GET", "/x")
    monkeypatch.setattr(door, "IDLE_SECONDS", -1.0)
    one.call("GET", "/x")
    assert len(set(ports)) == 2


def test_takes_no_cookie_from_one_account_to_the_next(server: Server) -> None:
    server.script = answer(200, b"{}", Set_Cookie="session=of-account-1; Path=/")
    session(server.url).call("GET", "/x")
    session(server.url).call("GET", "/x")
    assert "cookie" not in server.seen[1][2]


def test_ignores_proxies_and_netrc_of_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    assert session(server.url).call("GET", "/x").status == 200
    assert "authorization" not in server.seen[0][2]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_follows_no_redirect(server: Server, status: int) -> None:
    server.script = answer(status, Location=f"{server.url}/elsewhere")
    with pytest.raises(UnreadableAnswer) as caught:
        session(server.url).call("POST", "/payments", body="{}")
    assert (len(server.seen), caught.value.maybe_sent) == (1, True)


@pytest.mark.parametrize("content", [b"<html>busy</html>", b'{"id":', b"\xff\xfe"])
@pytest.mark.parametrize(("method", "maybe_sent"), [("GET", False), ("POST", True), ("PUT", True)])
def test_refuses_an_answer_that_is_not_json(
    server: Server, content: bytes, method: str, maybe_sent: bool
) -> None:
    server.script = answer(200, content)
    with pytest.raises(UnreadableAnswer) as caught:
        session(server.url).call(method, "/payments", body="" if method == "GET" else "{}")
    assert caught.value.maybe_sent is maybe_sent


def test_refuses_a_list_where_an_object_is_promised(server: Server) -> None:
    server.script = answer(200, b"[]")
    found = session(server.url).call("POST", "/payments", body="{}")
    with pytest.raises(UnreadableAnswer) as caught:
        found.record()
    assert caught.value.maybe_sent is True


@pytest.mark.parametrize("content", [b"", b"<html>CDN</html>", b'{"errors":[]}'])
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_hands_4xx_to_the_adapter_even_without_a_body(server: Server, status: int, content: bytes) -> None:
    server.script = answer(status, content)
    found = session(server.url).call("GET", "/x")
    assert (found.status, found.data) == (status, {"errors": []} if content.startswith(b"{") else None)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
@pytest.mark.parametrize(("method", "maybe_sent"), [("GET", False), ("POST", True), ("PUT", True)])
def test_keeps_a_failing_gateway_in_doubt_only_for_writes(
    server: Server, status: int, method: str, maybe_sent: bool
) -> None:
    server.script = answer(status, b"<html>")
    with pytest.raises(GatewayUnavailable) as caught:
        session(server.url).call(method, "/payments", body="" if method == "GET" else "{}")
    assert (caught.value.maybe_sent, caught.value.http_status) == (maybe_sent, status)
    assert len(server.seen) == 1


def test_stops_reading_a_body_over_the_limit(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LARGEST_BODY", 1000)
    server.script = answer(200, b'"' + b"x" * 100_000 + b'"')
    with pytest.raises(UnreadableAnswer) as caught:
        session(server.url).call("POST", "/payments", body="{}")
    assert caught.value.maybe_sent is True


def test_reads_a_body_just_under_the_limit(server: Server) -> None:
    content = b'"' + b"x" * (door.LARGEST_BODY - 2) + b'"'
    server.script = answer(200, content)
    assert session(server.url).call("GET", "/x").data == "x" * (door.LARGEST_BODY - 2)


def _trickle(server: Server, start: bytes) -> Script:
    """One byte at a time, each well inside the read time-out; ``server.ended`` when nobody stopped it."""

    def script(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + start)
        for _ in range(1000):
            request.wfile.write(b"x")
            if server.released.wait(0.01):
                return
        server.ended = True

    return script


@pytest.mark.parametrize("start", [b"X-Slow: ", b"Content-Length: 999999\r\n\r\n"])
def test_ends_a_trickling_answer_at_the_deadline(server: Server, start: bytes) -> None:
    server.script = _trickle(server, start)
    with pytest.raises(GatewayUnavailable) as caught:
        session(server.url, deadline_seconds=1.0).call("POST", "/payments", body="{}")
    assert (caught.value.maybe_sent, server.ended) == (True, False)


def test_ends_a_silent_answer_at_the_deadline(server: Server) -> None:
    server.script = lambda request: server.released.wait(30) and None
    with pytest.raises(GatewayUnavailable) as caught:
        session(server.url, deadline_seconds=0.5).call("GET", "/x")
    assert (caught.value.maybe_sent, caught.value.text) == (False, "The gateway did not answer in time.")


def test_a_refused_connection_surely_sent_nothing() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(GatewayUnavailable) as caught:
        session(url).call("POST", "/payments", body="{}")
    assert caught.value.maybe_sent is False


def test_an_unknown_host_surely_got_nothing() -> None:
    with pytest.raises(GatewayUnavailable) as caught:
        session("http://gateway.invalid").call("POST", "/payments", body="{}")
    assert caught.value.maybe_sent is False


def test_a_write_cut_after_sending_stays_in_doubt_and_is_never_repeated(server: Server) -> None:
    server.script = reset
    with pytest.raises(GatewayUnavailable) as caught:
        session(server.url).call("POST", "/payments", body="{}")
    assert (caught.value.maybe_sent, len(server.seen)) == (True, 1)


def test_a_read_cut_by_a_stale_connection_is_sent_once_more(server: Server) -> None:
    plain = answer(200, b'{"id":"1"}')
    server.script = lambda request: reset(request) if len(server.seen) == 1 else plain(request)
    assert session(server.url).call("GET", "/x").record() == {"id": "1"}
    assert len(server.seen) == 2


def test_a_read_is_not_repeated_twice(server: Server) -> None:
    server.script = reset
    with pytest.raises(GatewayUnavailable):
        session(server.url).call("GET", "/x")
    assert len(server.seen) == 2


def test_threads_share_no_session(server: Server) -> None:
    sessions: list[object] = [door._session(server.url)]
    thread = threading.Thread(target=lambda: sessions.append(door._session(server.url)))
    thread.start()
    thread.join()
    assert len({id(found) for found in sessions}) == 2
    assert door._session(server.url) is sessions[0]
