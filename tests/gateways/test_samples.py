"""What is composed by hand is taken like a real one, and how any was verified can be told."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from connections.gateways.base import Delivery, Rejection, Sample, Secrets
from connections.gateways.registry import REGISTRY, gateway_class
from tests.factories import NOW

SECRET = "dev-only-secret-42"
TOPICS = [(name, topic) for name in REGISTRY for topic in gateway_class(name).sample_topics]


def composed(name: str, topic: str, mark: str = "1", secret: str = SECRET) -> tuple[Sample, Delivery]:
    adapter = gateway_class(name)
    sample = adapter.compose(topic, "98000123456", secret=secret, now=NOW, mark=mark)
    headers = {**sample.headers, **sample.signed}
    return sample, Delivery(headers=headers, query=urlencode(sample.query), body=sample.body.encode())


@pytest.mark.parametrize(("name", "topic"), TOPICS)
def test_it_is_verified_and_read_like_a_real_one(name: str, topic: str) -> None:
    adapter = gateway_class(name)
    _sample, delivery = composed(name, topic)
    verified = adapter.verify(delivery, Secrets({"a": SECRET}), now=NOW, tolerance_seconds=300)
    assert verified.is_accepted and verified.secret_name == "a"
    refused = adapter.verify(delivery, Secrets({"a": "another"}), now=NOW)
    assert refused.rejection in (Rejection.WRONG_TOKEN, Rejection.SIGNATURE_MISMATCH)
    read = adapter.parse(delivery)
    assert topic in (read.topic, read.action) and read.kind and read.gateway_id == "98000123456"
    assert adapter.topic_words[topic]


@pytest.mark.parametrize("name", list(REGISTRY))
def test_no_two_are_repeats_of_one_another(name: str) -> None:
    adapter = gateway_class(name)
    topic = adapter.sample_topics[0]
    keys = {adapter.parse(composed(name, topic, mark)[1]).dedupe_key for mark in ("1", "2", "3")}
    assert len(keys) == 3
    assert "1" in adapter.notification_id(composed(name, topic)[1].body)
    assert adapter.notification_id(b"\xff{") == adapter.notification_id(b"[]") == ""


def every_explanation() -> Iterator[tuple[str, Rejection | None]]:
    for name in REGISTRY:
        yield from ((name, rejection) for rejection in (None, *Rejection))


@pytest.mark.parametrize(("name", "rejection"), list(every_explanation()))
def test_every_verification_can_be_explained(name: str, rejection: Rejection | None) -> None:
    adapter = gateway_class(name)
    sample, delivery = composed(name, adapter.sample_topics[0])
    for headers in (delivery.headers, sample.headers, {"x-signature": "ts=,v1"}):
        steps = adapter.explain(
            headers, delivery.query, rejection=rejection, received_at=NOW, tolerance_seconds=300
        )
        said = [step.found.format(**step.values, secret="the secret") for step in steps]
        assert SECRET not in "".join(said)
        assert all(value not in "".join(said) for value in sample.signed.values())
        assert rejection is not None or steps
        if rejection is None and headers is delivery.headers:
            assert not any(step.is_good is False for step in steps)


def test_what_mercado_pago_signs_is_spelled_out() -> None:
    adapter = gateway_class("mercadopago")
    _sample, delivery = composed("mercadopago", "payment.updated")
    steps = adapter.explain(delivery.headers, delivery.query, rejection=None, received_at=NOW)
    request_id, ts = delivery.headers["x-request-id"], int(NOW.timestamp())
    assert steps[1].values == {"manifest": f"id:98000123456;request-id:{request_id};ts:{ts};"}
    late = adapter.explain(
        {"x-signature": "ts=1,v1=ab"},
        "",
        rejection=Rejection.TIMESTAMP_OUT_OF_TOLERANCE,
        received_at=NOW,
        tolerance_seconds=300,
    )
    assert late[-1].is_good is False
