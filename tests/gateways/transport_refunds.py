"""Refunds over a mocked transport: what is the same for every gateway.

A gateway's ``test_refunds.py`` subclasses ``RefundTransport`` and brings the desk, the path and the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from connections.gateways.base import Exchange, Gateway, Method, PreparedCall
from connections.gateways.errors import (
    CredentialsRefused,
    GatewayUnavailable,
    HostedPageRequired,
    NotFound,
    RateLimited,
    RequestRefused,
    UnreadableAnswer,
)
from tests.gateways import sample


class RefundTransport:
    named: str
    payment_id: str
    path: str
    make: Callable[..., Gateway]
    add: Callable[..., Any]
    # What the gateway answers with status 400, then the words our advice must hold and the field it names.
    refusals: list[tuple[Any, str, str, str]]

    @pytest.fixture
    def mocked(self) -> Any:
        raise NotImplementedError

    def prepare(self, **changes: Any) -> PreparedCall:
        wanted = sample.refund(payment_id=self.payment_id, **changes)
        return self.make().prepare_refund(wanted)

    def answer(self, mocked: Any, content: Any = None, **options: Any) -> Any:
        return self.add(mocked, "POST", self.path, content, **options)

    def test_prepares_the_same_bytes_again(self) -> None:
        first, second = self.prepare(), self.prepare()
        assert first == second
        assert (first.method, first.path) == ("POST", self.path)
        assert first.idempotency_key == sample.refund().idempotency_key

    @pytest.mark.parametrize(("cents", "written"), [(1, "0.01"), (10, "0.10"), (10001, "100.01")])
    def test_writes_the_amount_digit_by_digit(self, cents: int, written: str) -> None:
        assert f":{written}" in self.prepare(amount_cents=cents).body

    @pytest.mark.parametrize("cents", [0, -1])
    def test_gives_back_nothing_that_is_not_money(self, cents: int) -> None:
        with pytest.raises(RequestRefused) as caught:
            self.prepare(amount_cents=cents)
        assert caught.value.field == "amount"

    @pytest.mark.parametrize("is_rest", [False, True])
    @pytest.mark.parametrize("method", [*Method, None])
    def test_cash_is_never_given_back_by_a_gateway(self, method: Method | None, is_rest: bool) -> None:
        with pytest.raises(RequestRefused) as caught:
            self.prepare(method=method, is_rest=is_rest, is_cash=True)
        assert "undo the receipt" in caught.value.text

    def test_knows_no_payment_without_an_id(self) -> None:
        with pytest.raises(NotFound):
            self.make().prepare_refund(sample.refund(payment_id=""))

    def test_an_odd_id_stays_one_step_of_the_path(self) -> None:
        odd = self.make().prepare_refund(sample.refund(payment_id="1/../2?x"))
        assert odd.path == self.path.replace(self.payment_id, "1%2F..%2F2%3Fx")

    @pytest.mark.parametrize("failure", [requests.ReadTimeout("x"), requests.ConnectionError("reset")])
    def test_a_lost_answer_leaves_the_refund_in_doubt(self, mocked: Any, failure: Exception) -> None:
        self.answer(mocked, {}).body = failure
        with pytest.raises(GatewayUnavailable) as caught:
            self.make().submit_refund(self.prepare())
        assert (caught.value.maybe_sent, len(mocked.calls)) == (True, 1)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_failure_of_the_gateway_leaves_the_refund_in_doubt(self, mocked: Any, status: int) -> None:
        self.answer(mocked, None, status=status)
        with pytest.raises(GatewayUnavailable) as caught:
            self.make().submit_refund(self.prepare())
        assert (caught.value.maybe_sent, len(mocked.calls)) == (True, 1)

    def test_a_connection_that_was_never_made_sent_nothing(self, mocked: Any) -> None:
        self.answer(mocked, {}).body = requests.ConnectTimeout("x")
        with pytest.raises(GatewayUnavailable) as caught:
            self.make().submit_refund(self.prepare())
        assert caught.value.maybe_sent is False

    def test_too_many_calls_sent_nothing(self, mocked: Any) -> None:
        self.answer(mocked, None, status=429, headers={"Retry-After": "9"})
        with pytest.raises(RateLimited) as caught:
            self.make().submit_refund(self.prepare())
        assert (caught.value.maybe_sent, caught.value.retry_after) == (False, 9.0)

    @pytest.mark.parametrize("content", [{"id": ""}, {"x": 1}, ["x"], "html", {"id": "9", "payment_id": 8}])
    def test_an_answer_that_is_no_refund_of_it_leaves_it_in_doubt(self, mocked: Any, content: Any) -> None:
        found = self.answer(mocked, {} if content == "html" else content)
        if content == "html":
            found.body = "<html>"
        with pytest.raises(UnreadableAnswer) as caught:
            self.make().submit_refund(self.prepare())
        assert caught.value.maybe_sent is True

    def test_every_refusal_says_what_the_gateway_said_and_what_to_do(self, mocked: Any) -> None:
        for content, said, words, field in self.refusals:
            mocked.reset()
            self.answer(mocked, content, status=400)
            with pytest.raises(RequestRefused) as caught:
                self.make().submit_refund(self.prepare())
            assert (caught.value.text, caught.value.field) == (said, field)
            assert words in caught.value.advice
            assert type(caught.value) is RequestRefused
            assert caught.value.http_status == 400

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_key_that_is_refused_is_for_the_administrator(self, mocked: Any, status: int) -> None:
        self.answer(mocked, None, status=status)
        with pytest.raises(CredentialsRefused) as caught:
            self.make().submit_refund(self.prepare())
        assert not isinstance(caught.value, HostedPageRequired)

    def test_does_not_know_a_strange_payment(self, mocked: Any) -> None:
        self.answer(mocked, None, status=404)
        with pytest.raises(NotFound):
            self.make().submit_refund(self.prepare())

    def test_a_refusal_that_quotes_a_customer_is_cleaned(self, mocked: Any) -> None:
        said = "ana@example.com, CPF 123.456.789-09"
        content = {"errors": [{"code": "x", "description": said}], "message": said}
        self.answer(mocked, content, status=400)
        with pytest.raises(RequestRefused) as caught:
            self.make().submit_refund(self.prepare())
        assert caught.value.text == "***, CPF ***"

    def test_leaves_nothing_private_in_the_timeline(self, mocked: Any) -> None:
        seen: list[Exchange] = []
        private = {"requestUrl": "https://x.example/refund?token=TOPSECRET", "source": {"name": "Ana Lima"}}
        self.answer(mocked, {**private, "id": self.payment_id})
        self.make(on_exchange=seen.append).submit_refund(self.prepare())
        keys = [*sample.access(self.named).credentials.values(), "Ana Lima", "TOPSECRET"]
        assert len(seen) == 1
        assert [word for word in keys if word in repr(seen)] == []
