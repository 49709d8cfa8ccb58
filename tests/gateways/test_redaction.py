from __future__ import annotations

import json

import pytest

from connections.gateways.redaction import redact_body, redact_text
from tests.gateways import sample

PRIVATE = {
    "name": "Ana Lima",
    "email": "ana@example.com",
    "cpfCnpj": "12345678909",
    "phone": {"area_code": "11", "number": "987654321"},
    "mobilePhone": "11987654321",
    "number": "12345678909",
    "identification": {"type": "CPF", "number": "12345678909"},
    "address": "Rua Um 100",
    "authToken": "whsec_0123456789abcdef0123456789abcdef",
    "access_token": sample.MP_TOKEN,
    "first_name": "Ana",
    "last_name": "Lima",
    "card": {"first_six_digits": "503143"},
}


@pytest.mark.parametrize("key", sorted(PRIVATE))
def test_hides_private_values_at_any_depth(key: str) -> None:
    shown = json.loads(redact_body(json.dumps({"id": 7, "data": [{"payer": {key: PRIVATE[key]}}]})))
    assert shown == {"id": 7, "data": [{"payer": {key: "***"}}]}


def test_keeps_absent_values_visible() -> None:
    assert redact_body('{"email":null,"name":""}') == '{"email":null,"name":""}'


def test_keeps_amounts_as_they_were_written() -> None:
    assert redact_body('{"value":150.00,"netValue":148.01}') == '{"value":150.00,"netValue":148.01}'


def test_shows_only_the_host_of_our_webhook() -> None:
    shown = redact_body('{"notification_url":"https://pay.example.com/webhooks/secretpath/"}')
    assert shown == '{"notification_url":"https://pay.example.com/***"}'


def test_reduces_other_bodies_to_their_length() -> None:
    assert redact_body(b"<html>ana@example.com</html>") == "(28 bytes, not JSON)"


def test_hides_the_credential_wherever_it_turns_up() -> None:
    assert sample.ASAAS_KEY not in redact_body(json.dumps({"note": sample.ASAAS_KEY}), [sample.ASAAS_KEY])


def test_cuts_very_long_bodies() -> None:
    assert len(redact_body(json.dumps({"note": "x" * 50_000}))) < 21_000


@pytest.mark.parametrize(
    "private",
    [
        "ana@example.com",
        "123.456.789-09",
        "12345678909",
        "11.222.333/0001-81",
        sample.ASAAS_KEY,
        sample.MP_TOKEN,
        "Bearer abcdef",
    ],
)
def test_hides_private_words_in_a_sentence(private: str) -> None:
    assert redact_text(f"The value {private} was refused") == "The value *** was refused"


def test_leaves_ordinary_sentences_alone() -> None:
    sentence = "O valor da cobrança (R$ 3,00) menos o valor do desconto não pode ser menor que R$ 5,00."
    assert redact_text(sentence) == sentence
