"""Lines and bar codes of boletos, against published ones (asaas.md 7, mercadopago.md 9, and banks' own)."""

import re
from datetime import date

import pytest

from simulator import pdf, slips
from simulator.days import months_after, weekdays_after

PUBLISHED = [
    (
        "001",
        date(2021, 10, 30),
        32050,
        "00191878900000320500000002759288002193297817",
        "00190000090275928800021932978170187890000032050",
    ),
    (
        "237",
        date(2025, 10, 30),
        14990,
        "23798125000000149903380026060000998877663330",
        "23793380032606000099488776633302812500000014990",
    ),
    (
        "001",
        date(2007, 12, 31),
        100,
        "00193373700000001000500940144816060680935031",
        "00190500954014481606906809350314337370000000100",
    ),
    (
        "237",
        date(2018, 6, 11),
        370000,
        "23799755200003700003381260007827139500006330",
        "23793381286000782713695000063305975520000370000",
    ),
]
"""Bank, due date, cents, bar code and line: the gateways' samples, then two boletos of banks."""


@pytest.mark.parametrize(("bank", "due", "cents", "code", "line"), PUBLISHED)
def test_published_boletos_are_computed_to_the_digit(
    bank: str, due: date, cents: int, code: str, line: str
) -> None:
    assert slips.bar_code(bank, due, cents, code[19:]) == code
    assert slips.line(code) == line


@pytest.mark.parametrize(
    ("due", "factor"),
    [
        (date(1997, 10, 7), "0000"),
        (date(2000, 7, 3), "1000"),
        (date(2025, 2, 21), "9999"),
        (date(2025, 2, 22), "1000"),
        (date(2026, 9, 10), "1565"),
        (date(2049, 10, 13), "9999"),
    ],
)
def test_factor_starts_again_after_9999(due: date, factor: str) -> None:
    assert slips.factor(due) == factor


def test_check_digit_of_a_bar_code_is_never_0() -> None:
    checks = {slips.bar_code("001", date(2026, 1, 1), cents, "0" * 25)[4] for cents in range(200)}
    assert checks == set("123456789")


def test_line_is_printed_in_groups() -> None:
    assert slips.grouped(PUBLISHED[2][4]) == "00190.50095 40144.816069 06809.350314 3 37370000000100"


def test_pdf_says_where_its_parts_are() -> None:
    body = pdf.page(["Pão (R$ 1,00)", "a\\b"])
    start = int(re.findall(rb"startxref\n(\d+)", body)[0])
    assert body[start : start + 4] == b"xref"
    places = re.findall(rb"(\d{10}) 00000 n", body)
    for number, place in enumerate(places, 1):
        assert body[int(place) :].startswith(b"%d 0 obj" % number)
    length = int(re.findall(rb"/Length (\d+)", body)[0])
    assert len(body.split(b"stream\n")[1].removesuffix(b"\nend")) == length
    assert "Pão \\(R$ 1,00\\)".encode("cp1252") in body


def test_weekdays_and_months_are_counted() -> None:
    saturday = date(2027, 3, 6)
    assert weekdays_after(date(2027, 3, 5), 1) == date(2027, 3, 8)
    assert (weekdays_after(saturday, 1), weekdays_after(saturday, 2)) == (date(2027, 3, 9), date(2027, 3, 10))
    ends = [months_after(date(2027, 10, 31), count) for count in (0, 1, 4, 16)]
    assert ends == [date(2027, 10, 31), date(2027, 11, 30), date(2028, 2, 29), date(2029, 2, 28)]
