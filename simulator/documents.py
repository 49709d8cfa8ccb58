"""Check digits of CPF and CNPJ (the alphanumeric form of CNPJ too)."""

import re
from collections.abc import Sequence

CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def is_document(bare: str) -> bool:
    if len(set(bare)) == 1:
        return False
    if re.fullmatch(r"\d{11}", bare):
        first = _mod11(bare[:9], range(10, 1, -1))
        return bare[9:] == first + _mod11(bare[:9] + first, range(11, 1, -1))
    if re.fullmatch(r"[0-9A-Z]{12}\d\d", bare):
        first = _mod11(bare[:12], CNPJ_WEIGHTS[1:])
        return bare[12:] == first + _mod11(bare[:12] + first, CNPJ_WEIGHTS)
    return False


def _mod11(characters: str, weights: Sequence[int]) -> str:
    rest = sum((ord(char) - 48) * weight for char, weight in zip(characters, weights, strict=True)) % 11
    return "0" if rest < 2 else str(11 - rest)
