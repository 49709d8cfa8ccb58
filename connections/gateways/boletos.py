"""The two ways a Brazilian boleto writes the same thing: a bar code and the line a person types.

The bar code: bank 3, currency 1, check digit 1, due-date factor 4, amount 10 and 25 digits of the bank's own.
The line holds the same in another order, with a check digit after each of its first three fields.
"""

from __future__ import annotations

from connections.gateways.base import Boleto
from connections.gateways.texts import gettext_noop as _

MISFIT = _("The digits of the boleto do not fit one another or its amount.")
_REAL = "9"
_SEPARATORS = str.maketrans("", "", " .-")


def to_boleto(line: str, barcode: str, *, amount_cents: int, pdf_url: str = "") -> Boleto | None:
    """The boleto these digits mean; either may be empty, as it follows from the other.

    ``None`` for anything a bank would not take as a boleto of this amount. The factor is not compared with a
    due date: it begins again after 9999, and a boleto that is paid late keeps its first one.
    """
    code = _plain(barcode) or _to_barcode(_plain(line))
    written = _plain(line) or _to_line(code)
    if not _is_barcode(code) or written != _to_line(code) or int(code[9:19]) != amount_cents:
        return None
    return Boleto(line=written, barcode=code, pdf_url=pdf_url)


def _plain(written: str) -> str:
    return written.translate(_SEPARATORS)


def _is_barcode(code: str) -> bool:
    if len(code) != 44 or not _is_digits(code):
        return False
    return code[3] == _REAL and code[4] == _modulo_11(code[:4] + code[5:])


def _to_line(code: str) -> str:
    fields = (code[:4] + code[19:24], code[24:34], code[34:44])
    if len(code) != 44 or not _is_digits(code):
        return ""
    return "".join(field + _modulo_10(field) for field in fields) + code[4] + code[5:19]


def _to_barcode(line: str) -> str:
    if len(line) != 47 or not _is_digits(line):
        return ""
    return line[:4] + line[32] + line[33:47] + line[4:9] + line[10:20] + line[21:31]


def _is_digits(written: str) -> bool:
    return written.isascii() and written.isdigit()


def _modulo_10(digits: str) -> str:
    """Every second digit from the right counts twice, and of a product its digits."""
    products = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits)))
    return str(-sum(sum(divmod(product, 10)) for product in products) % 10)


def _modulo_11(digits: str) -> str:
    """Weights 2 to 9 from the right; where no digit fits, the check digit is 1."""
    total = sum(int(digit) * (2 + place % 8) for place, digit in enumerate(reversed(digits)))
    found = 11 - total % 11
    return str(found) if found < 10 else "1"
