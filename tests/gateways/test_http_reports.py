"""What a call costs, and what it leaves behind: no key, no personal data."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta

import pytest

from connections.gateways import http as door
from connections.gateways.base import Exchange
from connections.gateways.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GatewayUnavailable,
    RateLimited,
)
from tests.gateways import sample
from tests.gateways.servers import (
    SECRET,
    Recorder,
    Script,
    Server,
    answer,
    reset,
    session,
)


def chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    step: BaseException | None = error
    while step:
        found.append(step)
        step = step.__cause__ or step.__context__
    return found


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "17"}, 17.0),
        ({"Retry_After": "Wed, 02 Sep 2026 12:01:30 GMT"}, 90.0),
        ({"Retry_After": "Wed, 02 Sep 2026 11:00:00 GMT"}, 0.0),
        ({"RateLimit_Reset": "9"}, 9.0),
        ({"Retry_After": "soon", "RateLimit_Reset": "8"}, 8.0),
        ({"Retry_After": "999999999"}, 43200.0),
        ({}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "٣"}, None),
    ],
)
def test_reads_how_long_to_wait(server: Server, headers: dict[str, str], seconds: float | None) -> None:
    recorder = Recorder()
    encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    server.script = answer(429, b"{}", **encoded)
    with pytest.raises(RateLimited) as caught:
        session(server.url, recorder).call("POST", "/payments", body="{}")
    assert (caught.value.retry_after, caught.value.maybe_sent) == (seconds, False)
    expected = door.DEFAULT_PAUSE_SECONDS if seconds is None else seconds
    assert recorder.budget == ["acquire", "release", f"pause {expected:g}"]


@pytest.mark.parametrize("script", [answer(200, b"{}"), answer(500), answer(200, b"<"), reset])
def test_gives_its_place_in_the_budget_back_whatever_happens(server: Server, script: Script) -> None:
    recorder = Recorder()
    server.script = script
    with suppress(GatewayUnavailable):
        session(server.url, recorder).call("POST", "/payments", body="{}")
    assert recorder.budget == ["acquire", "release"]


def test_sends_nothing_when_the_budget_is_spent(server: Server) -> None:
    class Spent(Recorder):
        def acquire(self) -> None:
            raise BudgetExhausted(retry_after=3)

    recorder = Spent()
    with pytest.raises(BudgetExhausted):
        session(server.url, recorder).call("GET", "/x")
    assert (server.seen, recorder.exchanges, recorder.budget) == ([], [], [])


def test_reports_each_call_without_key_or_personal_data(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    caplog.set_level(logging.DEBUG)
    content = b'{"id":"cus_1","name":"Ana Lima","note":"%s"}' % SECRET.encode()
    server.script = answer(200, content, X_Request_Id="r1")
    query = {"cpfCnpj": "12345678909", "limit": "1"}
    session(server.url, recorder).call("POST", "/customers", query=query, body='{"email":"ana@example.com"}')
    (seen,) = recorder.exchanges
    assert seen.path == "/customers?cpfCnpj=***&limit=1"
    assert (seen.request_body, seen.request_id) == ('{"email":"***"}', "r1")
    assert seen.response_body == '{"id":"cus_1","name":"***","note":"***"}'
    assert (seen.http_status, seen.error, seen.milliseconds >= 0) == (200, "", True)
    everything = repr(seen) + caplog.text
    assert not [word for word in (SECRET, "12345678909", "ana@example.com", "Ana Lima") if word in everything]


@pytest.mark.parametrize(
    ("script", "status"), [(answer(502, b"<html>"), 502), (answer(200, b"<html>"), 200), (reset, None)]
)
def test_reports_failed_calls_too(server: Server, script: Script, status: int | None) -> None:
    recorder = Recorder()
    server.script = script
    with pytest.raises(GatewayUnavailable):
        session(server.url, recorder).call("POST", "/payments", body="{}")
    (seen,) = recorder.exchanges
    assert seen.http_status == status
    assert "GatewayUnavailable" in seen.error or "UnreadableAnswer" in seen.error


def test_a_timeline_that_fails_does_not_undo_the_call(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(exchange: Exchange) -> None:
        raise RuntimeError("ana@example.com")

    found = session(server.url, on_exchange=broken).call("POST", "/payments", body="{}")
    assert found.record() == {"id": "1"}
    assert "could not be recorded: RuntimeError" in caplog.text
    assert "ana@example.com" not in caplog.text


@pytest.mark.parametrize("script", [reset, answer(500, b"<"), answer(200, b"<"), answer(429)])
def test_an_exception_leads_to_no_request_key_or_body(
    server: Server, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = script
    caplog.set_level(logging.DEBUG)
    with pytest.raises(GatewayUnavailable) as caught:
        session(server.url).call("POST", "/payments", query={"cpfCnpj": "12345678909"}, body='{"a":"b"}')
    assert chain(caught.value) == [caught.value]
    frames = [entry.frame.f_locals for entry in caught.traceback if "gateways" in str(entry.path)]
    local = "".join(repr(value) for frame in frames for value in frame.values() if not callable(value))
    assert frames
    assert SECRET not in local + caplog.text + str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("key", ["abc\r\ndef", "abç", "a\x00b", "a\ud800"])
def test_a_key_no_header_can_carry_is_refused_before_anything_quotes_it(server: Server, key: str) -> None:
    broken = door.GatewaySession(sample.access(), base_url=server.url, auth={"access_token": key})
    with pytest.raises(CredentialsRefused) as caught:
        broken.call("GET", "/x")
    assert (server.seen, caught.value.code, key in str(caught.value)) == ([], "malformed_key", False)


def test_the_session_object_prints_no_key(server: Server) -> None:
    one = session(server.url)
    assert SECRET not in repr(vars(one)) + repr(one)


def test_waits_by_the_clock_of_the_connection(server: Server) -> None:
    server.script = answer(429, Retry_After="Wed, 02 Sep 2026 12:01:30 GMT")
    with pytest.raises(RateLimited) as caught:
        session(server.url, now=lambda: sample.NOW + timedelta(seconds=60)).call("GET", "/x")
    assert caught.value.retry_after == 30.0
