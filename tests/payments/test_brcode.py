from __future__ import annotations

import pytest

from payments import brcode

# The sample of mercadopago.md 9: its CRC is the document's own.
PUBLISHED = (
    "00020126580014br.gov.bcb.pix01367f3c1b52-90aa-4c1e-8f6d-2b1f0c9d4e105204000053039865406149.90"
    "5802BR5917LOJA EXEMPLO LTDA6009Sao Paulo62240520mpqrinter98000123456630447F9"
)


def with_crc(text: str) -> str:
    return text + "6304" + brcode.crc16(text + "6304")


def test_reads_the_published_code() -> None:
    assert brcode.amount_cents(PUBLISHED) == 14_990
    assert brcode.read(PUBLISHED)["59"] == "LOJA EXEMPLO LTDA"


@pytest.mark.parametrize("position", [0, 10, 80, len(PUBLISHED) - 1])
def test_refuses_one_changed_character(position: int) -> None:
    wrong = "X" if PUBLISHED[position] != "X" else "Y"
    changed = PUBLISHED[:position] + wrong + PUBLISHED[position + 1 :]
    assert not brcode.fits(changed, asked=(14_990,))


def test_refuses_another_amount() -> None:
    assert brcode.fits(PUBLISHED, asked=(14_990,))
    assert not brcode.fits(PUBLISHED, asked=(14_991,))


def test_accepts_a_dynamic_code_without_amount() -> None:
    text = with_crc("00020126260014br.gov.bcb.pix0104abcd52040000" + "5303986" + "5802BR")
    assert brcode.amount_cents(text) is None
    assert brcode.fits(text, asked=(5_000,))


@pytest.mark.parametrize("text", ["", "6304", "abc", with_crc("000299"), with_crc("0002015303840")])
def test_refuses_what_no_bank_reads(text: str) -> None:
    assert not brcode.fits(text, asked=(100,))
