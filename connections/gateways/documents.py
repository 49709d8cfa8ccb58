"""Documents of persons and companies by country: how each is written, and its check digit where it has one.

A name is what its country calls it and is not translated. ``check`` is given letters and digits only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from validate_docbr import CNPJ, CPF

_NIT_WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)
_CUIT_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_CI_WEIGHTS = (2, 9, 8, 7, 6, 3, 4)
_CURP_LETTERS = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
_DAY = r"\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
_RFC = re.compile(rf"[A-ZÑ&]{{3,4}}{_DAY}[A-Z0-9]{{2}}[A0-9]")
_CURP = re.compile(rf"[A-Z]{{4}}{_DAY}[HMX][A-Z]{{2}}[A-Z]{{3}}[A-Z0-9]\d")


@dataclass(frozen=True, kw_only=True)
class DocumentKind:
    """One kind of document. ``is_checked``: a number typed wrong is found out by its check digit or form."""

    code: str
    name: str
    shortest: int
    longest: int
    example: str = ""
    is_numeric: bool = True
    check: Callable[[str], bool] | None = None

    @property
    def is_checked(self) -> bool:
        return self.check is not None

    def fits(self, number: str) -> bool:
        """Whether letters and digits can be a number of this kind."""
        if not self.shortest <= len(number) <= self.longest:
            return False
        if self.is_numeric and not (number.isascii() and number.isdigit()):
            return False
        return self.check is None or (len(set(number)) > 1 and self.check(number))


def bare(typed: str) -> str:
    """Letters and digits only, in capitals."""
    return re.sub(r"[^0-9A-ZÑ&]", "", typed.upper())


def is_cpf(number: str) -> bool:
    return bool(CPF().validate(number))


def is_cnpj(number: str) -> bool:
    """Those issued since 2026 may carry letters."""
    return bool(CNPJ().validate(number))


def is_rut(number: str) -> bool:
    """Chile: weights 2 to 7 from the right; ten is written K."""
    body, digit = number[:-1], number[-1]
    if not (body.isascii() and body.isdigit()):
        return False
    total = sum(int(one) * (2 + place % 6) for place, one in enumerate(reversed(body)))
    return digit == {10: "K", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def is_cuit(number: str) -> bool:
    """Argentina's CUIT and CUIL, and the RUC of Peru, which is reckoned alike."""
    return number[10] in _eleven(number)


def _eleven(number: str) -> tuple[str, ...]:
    rest = 11 - sum(int(one) * weight for one, weight in zip(number, _CUIT_WEIGHTS, strict=False)) % 11
    return {11: ("0",), 10: ()}.get(rest, (str(rest),))


def is_ruc(number: str) -> bool:
    """Peru: the first two digits say what kind of payer it is."""
    if number[:2] not in ("10", "15", "16", "17", "20"):
        return False
    rest = 11 - sum(int(one) * weight for one, weight in zip(number, _CUIT_WEIGHTS, strict=False)) % 11
    return number[10] == str(rest % 10)


def is_nit(number: str) -> bool:
    """Colombia, with its check digit at the end; companies may be written without it, in nine digits."""
    if len(number) == 9 and number[0] in "89":
        return True
    digits = [int(one) for one in reversed(number[:-1])]
    rest = sum(one * weight for one, weight in zip(digits, _NIT_WEIGHTS, strict=False)) % 11
    return int(number[-1]) == (rest if rest < 2 else 11 - rest)


def is_ci(number: str) -> bool:
    """Uruguay; older numbers have a digit less."""
    body = number[:-1].zfill(len(_CI_WEIGHTS))
    return (
        int(number[-1]) == -sum(int(one) * weight for one, weight in zip(body, _CI_WEIGHTS, strict=True)) % 10
    )


def is_rfc(number: str) -> bool:
    """Mexico. The form alone: registered numbers with another check digit than the rule's exist."""
    return _RFC.fullmatch(number) is not None


def is_curp(number: str) -> bool:
    if _CURP.fullmatch(number) is None:
        return False
    total = sum(_CURP_LETTERS.index(one) * (18 - place) for place, one in enumerate(number[:17]))
    return int(number[17]) == -total % 10
