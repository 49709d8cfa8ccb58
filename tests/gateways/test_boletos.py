"""Check digits of bar code and line, each worked out anew here, and the two samples of the documents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.gateways.base import Boleto
from connections.gateways.boletos import to_boleto

BANCO_DO_BRASIL = (
    "00190000090275928800021932978170187890000032050",
    "00191878900000320500000002759288002193297817",
    32050,
)
BRADESCO = (
    "23793380032606000099488776633302812500000014990",
    "23798125000000149903380026060000998877663330",
    14990,
)
SAMPLES = [BANCO_DO_BRASIL, BRADESCO]

digits = st.text("0123456789", min_size=25, max_size=25)
banks = st.text("0123456789", min_size=3, max_size=3)
factors = st.integers(1000, 9999)
amounts = st.integers(1, 10**10 - 1)


def barcode(bank: str, factor: int, amount: int, free: str) -> str:
    """A bar code with its check digit, by the rule of the banks written out."""
    rest = f"{factor:04}{amount:010}{free}"
    weights = [4, 3, 2, 9, 8, 7, 6, 5] * 6
    total = sum(int(digit) * weight for digit, weight in zip(f"{bank}9{rest}", weights, strict=False))
    check = 11 - total % 11
    return f"{bank}9{1 if check in (0, 10, 11) else check}{rest}"


def changed(written: str, place: int) -> str:
    return written[:place] + str((int(written[place]) + 1) % 10) + written[place + 1 :]


@pytest.mark.parametrize(("line", "code", "amount"), SAMPLES)
def test_reads_the_samples_of_the_documents(line: str, code: str, amount: int) -> None:
    found = to_boleto(line, code, amount_cents=amount, pdf_url="https://x.example/b")
    assert found == Boleto(line=line, barcode=code, pdf_url="https://x.example/b")


@pytest.mark.parametrize(("line", "code", "amount"), SAMPLES)
def test_either_follows_from_the_other(line: str, code: str, amount: int) -> None:
    expected = Boleto(line=line, barcode=code)
    assert to_boleto("", code, amount_cents=amount) == to_boleto(line, "", amount_cents=amount) == expected


@pytest.mark.parametrize(("line", "code", "amount"), SAMPLES)
def test_no_digit_of_either_may_be_another(line: str, code: str, amount: int) -> None:
    assert [at for at in range(47) if to_boleto(changed(line, at), code, amount_cents=amount)] == []
    assert [at for at in range(44) if to_boleto(line, changed(code, at), amount_cents=amount)] == []


def test_a_digit_that_is_another_shows_without_the_other_form() -> None:
    """Not where the check digit is 1, which three remainders share: the rule of the banks."""
    line, code, amount = BRADESCO
    assert [at for at in range(47) if to_boleto(changed(line, at), "", amount_cents=amount)] == []
    assert [at for at in range(44) if to_boleto("", changed(code, at), amount_cents=amount)] == []


@pytest.mark.parametrize("amount", [14989, 14991, 1499, 0])
def test_a_boleto_of_another_amount_is_not_ours(amount: int) -> None:
    assert to_boleto(BRADESCO[0], BRADESCO[1], amount_cents=amount) is None


def test_two_good_boletos_do_not_make_one() -> None:
    line, other = barcode("237", 4000, 14990, "7" * 25), BRADESCO[1]
    assert to_boleto("", line, amount_cents=14990) and to_boleto("", other, amount_cents=14990)
    found = to_boleto("", line, amount_cents=14990)
    assert found is not None
    assert to_boleto(found.line, other, amount_cents=14990) is None


def test_reads_a_line_with_its_dots() -> None:
    dotted = "23793.38003 26060.000994 88776.633302 8 12500000014990"
    found = to_boleto(dotted, "", amount_cents=14990)
    assert found is not None and (found.line, found.barcode) == BRADESCO[:2]


@pytest.mark.parametrize(
    "written", ["", "x", "2379", "٢" * 44, "²" * 44, "8" * 44, "846" + "0" * 41, "0" * 44, "0" * 47, "9" * 48]
)
def test_what_is_no_boleto_is_none(written: str) -> None:
    assert to_boleto("", written, amount_cents=0) is None
    assert to_boleto(written, "", amount_cents=0) is None


@given(bank=banks, factor=factors, amount=amounts, free=digits)
def test_every_good_bar_code_comes_back_from_its_line(bank: str, factor: int, amount: int, free: str) -> None:
    code = barcode(bank, factor, amount, free)
    found = to_boleto("", code, amount_cents=amount)
    assert found is not None and len(found.line) == 47
    assert to_boleto(found.line, "", amount_cents=amount) == found


@given(line=st.text(max_size=60), code=st.text(max_size=60), amount=st.integers())
def test_never_raises(line: str, code: str, amount: int) -> None:
    assert to_boleto(line, code, amount_cents=amount) is None or amount >= 0
