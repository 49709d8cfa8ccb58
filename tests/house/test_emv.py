from __future__ import annotations

from decimal import Decimal

import pytest
from lib import emv

# The sample of the Central Bank's manual of the BR Code, section "Exemplos".
CENTRAL_BANK = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
    "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)


# Mercado Pago's published sample of a payment.
MERCADO_PAGO = (
    "00020126580014br.gov.bcb.pix01367f3c1b52-90aa-4c1e-8f6d-2b1f0c9d4e10"
    "5204000053039865406149.905802BR5917LOJA EXEMPLO LTDA6009Sao Paulo62240520mpqrinter98000123456630447F9"
)


def with_checksum(text: str) -> str:
    return f"{text}{emv.checksum(text):04X}"


def test_checksum_of_the_standard_test_string() -> None:
    assert emv.checksum("123456789") == 0x29B1


def test_reads_the_central_banks_sample() -> None:
    code = emv.read(CENTRAL_BANK)
    assert code.fields["59"] == "Fulano de Tal"
    assert code.amount is None


def test_reads_the_amount() -> None:
    assert emv.read(MERCADO_PAGO).amount == Decimal("149.90")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CENTRAL_BANK[:-1] + "E", "checksum"),
        (CENTRAL_BANK.replace("Fulano", "Beltra"), "checksum"),
        (CENTRAL_BANK[:-6], "no tag|cut off"),
        ("", "end with"),
        ("https://example.com", "no tag"),
        (with_checksum("0002015405ten!!6304"), "amount"),
    ],
)
def test_says_why_a_text_is_not_a_code(text: str, reason: str) -> None:
    with pytest.raises(emv.NotReadable, match=reason):
        emv.read(text)
