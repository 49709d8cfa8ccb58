"""The numbers of a boleto: the 44 digits of its bar code and the 47 of the line a person types."""

from collections.abc import Iterable
from datetime import date

FIRST_DAY = date(1997, 10, 7)
REAL = "9"
CYCLE, RESTART = 9000, 1000
DEAREST_CENTS = 10**10 - 1
"""Ten digits hold the value."""


def factor(due: date) -> str:
    """Days since 1997-10-07; after 9999 (2025-02-21) it goes on with 1000 (asaas.md, "due-date factor")."""
    days = (due - FIRST_DAY).days
    return f"{days if days < RESTART else RESTART + (days - RESTART) % CYCLE:04d}"


def bar_code(bank: str, due: date, cents: int, free_field: str) -> str:
    """`free_field` are the bank's own 25 digits."""
    rest = f"{factor(due)}{cents:010d}{free_field}"
    return f"{bank}{REAL}{_mod11(bank + REAL + rest)}{rest}"


def line(code: str) -> str:
    """The bar code in five fields: three with a check digit each, the code's own, factor and value."""
    bank, check, tail, free = code[:4], code[4], code[5:19], code[19:]
    fields = (bank + free[:5], free[5:15], free[15:])
    return "".join(one + _mod10(one) for one in fields) + check + tail


def grouped(digits: str) -> str:
    """The line as it is printed: 00190.00009 02759.288000 21932.978170 1 87890000032050"""
    parts = (digits[:10], digits[10:21], digits[21:32])
    return " ".join([*(f"{one[:5]}.{one[5:]}" for one in parts), digits[32], digits[33:]])


def _mod10(digits: str) -> str:
    """Every second digit from the right counts twice, a product by the sum of its digits."""
    products = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits)))
    return str(-_digit_sum(products) % 10)


def _digit_sum(numbers: Iterable[int]) -> int:
    return sum(number // 10 + number % 10 for number in numbers)


def _mod11(digits: str) -> str:
    """Weights 2 to 9 from the right; what would be 0, 10 or 11 is 1."""
    total = sum(int(digit) * (2 + place % 8) for place, digit in enumerate(reversed(digits)))
    check = 11 - total % 11
    return "1" if check > 9 else str(check)
