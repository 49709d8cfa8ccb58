"""The countries a gateway may be in: currency, documents, telephones."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connections.gateways import documents
from connections.gateways.documents import DocumentKind
from connections.gateways.texts import gettext_noop as _


@dataclass(frozen=True, kw_only=True)
class Country:
    """``dial`` is the country's prefix, ``phone_lengths`` how many digits follow it.

    ``trunk`` is dialled before a number inside the country only; ``mobile`` comes after the prefix of a
    number that messages are sent to. ``spellings`` are other ways a number is dialled: their groups are
    the national digits. ``language`` is what people read there (a BCP 47 tag in small letters).
    """

    code: str
    name: str
    currency: str
    documents: tuple[DocumentKind, ...]
    dial: str
    phone_lengths: tuple[int, ...]
    phone_example: str
    trunk: str = "0"
    mobile: str = ""
    spellings: tuple[str, ...] = ()
    language: str = "es"

    def phone(self, typed: str) -> str:
        """The national digits of a telephone as somebody typed it; empty for what is none of this country."""
        digits = re.sub(r"\D", "", typed)
        if len(digits) not in self.phone_lengths:
            digits = self._spelled(digits) or self._without_prefix(digits)
        return digits if len(set(digits[2:])) > 1 else ""

    def _spelled(self, digits: str) -> str:
        found = (re.fullmatch(spelling, digits) for spelling in self.spellings)
        return next(("".join(match.groups()) for match in found if match), "")

    def _without_prefix(self, digits: str) -> str:
        for prefix in (self.dial + self.mobile, self.dial, self.trunk):
            rest = digits.removeprefix(prefix)
            if rest != digits and len(rest) in self.phone_lengths:
                return rest
        return ""

    def international(self, national: str) -> str:
        """As a messenger wants it: all digits, the country first."""
        return f"{self.dial}{self.mobile}{national}" if national else ""


_CPF = DocumentKind(
    code="CPF", name="CPF", shortest=11, longest=11, example="529.982.247-25", check=documents.is_cpf
)
_CNPJ = DocumentKind(
    code="CNPJ",
    name="CNPJ",
    shortest=14,
    longest=14,
    example="11.222.333/0001-81",
    is_numeric=False,
    check=documents.is_cnpj,
)
_OTHER = DocumentKind(code="Otro", name=_("Another document"), shortest=5, longest=20, is_numeric=False)


def _plain(code: str, name: str, shortest: int, longest: int, example: str = "") -> DocumentKind:
    return DocumentKind(code=code, name=name, shortest=shortest, longest=longest, example=example)


BRAZIL = Country(
    code="BR",
    name=_("Brazil"),
    currency="BRL",
    documents=(_CPF, _CNPJ),
    dial="55",
    phone_lengths=(10, 11),
    phone_example="11 98765-4321",
    language="pt-br",
)
ARGENTINA = Country(
    code="AR",
    name=_("Argentina"),
    currency="ARS",
    documents=(
        _plain("DNI", "DNI", 7, 8, "30.123.456"),
        DocumentKind(
            code="CUIT",
            name="CUIT/CUIL",
            shortest=11,
            longest=11,
            example="20-30123456-3",
            check=documents.is_cuit,
        ),
        _plain("CI", "Cédula", 1, 9),
        _plain("LC", "L.C.", 6, 7),
        _plain("LE", "L.E.", 6, 7),
        _OTHER,
    ),
    dial="54",
    phone_lengths=(10,),
    phone_example="11 2345-6789",
    mobile="9",
    # Inside the country 15 stands before a mobile's own number, after an area of two to four digits.
    spellings=(
        r"(?:54)?9?0?(11)15(\d{8})",
        r"(?:54)?9?0?([2-9]\d{2})15(\d{7})",
        r"(?:54)?9?0?([2-9]\d{3})15(\d{6})",
    ),
)
CHILE = Country(
    code="CL",
    name=_("Chile"),
    currency="CLP",
    documents=(
        DocumentKind(
            code="RUT",
            name="RUT",
            shortest=7,
            longest=9,
            example="12.345.678-5",
            is_numeric=False,
            check=documents.is_rut,
        ),
        _OTHER,
    ),
    dial="56",
    phone_lengths=(9,),
    phone_example="9 8765 4321",
)
COLOMBIA = Country(
    code="CO",
    name=_("Colombia"),
    currency="COP",
    documents=(
        _plain("CC", "Cédula de Ciudadanía", 5, 10, "1.020.345.678"),
        _plain("CE", "Cédula de Extranjería", 5, 10),
        DocumentKind(
            code="NIT", name="NIT", shortest=9, longest=11, example="890.903.938-8", check=documents.is_nit
        ),
        _OTHER,
    ),
    dial="57",
    phone_lengths=(10,),
    phone_example="300 123 4567",
)
MEXICO = Country(
    code="MX",
    name=_("Mexico"),
    currency="MXN",
    documents=(
        DocumentKind(
            code="RFC",
            name="RFC",
            shortest=12,
            longest=13,
            example="GODE561231GR8",
            is_numeric=False,
            check=documents.is_rfc,
        ),
        DocumentKind(
            code="CURP",
            name="CURP",
            shortest=18,
            longest=18,
            example="HEGG560427MVZRRL04",
            is_numeric=False,
            check=documents.is_curp,
        ),
    ),
    dial="52",
    phone_lengths=(10,),
    phone_example="55 1234 5678",
    # Before 2019 a 1 came after the country for mobiles, and 01, 044 or 045 before numbers inside it.
    spellings=(r"(?:52)?1(\d{10})", r"(?:01|044|045)(\d{10})"),
)
PERU = Country(
    code="PE",
    name=_("Peru"),
    currency="PEN",
    documents=(
        _plain("DNI", "DNI", 8, 8, "12345678"),
        DocumentKind(code="CE", name="Carné de Extranjería", shortest=5, longest=12, is_numeric=False),
        DocumentKind(
            code="RUC", name="RUC", shortest=11, longest=11, example="20131312955", check=documents.is_ruc
        ),
    ),
    dial="51",
    phone_lengths=(8, 9),
    phone_example="987 654 321",
)
URUGUAY = Country(
    code="UY",
    name=_("Uruguay"),
    currency="UYU",
    documents=(
        DocumentKind(
            code="CI",
            name="Cédula de Identidad",
            shortest=7,
            longest=8,
            example="1.234.567-2",
            check=documents.is_ci,
        ),
        _OTHER,
    ),
    dial="598",
    phone_lengths=(8,),
    phone_example="94 231 234",
)
COUNTRIES = {one.code: one for one in (BRAZIL, ARGENTINA, CHILE, COLOMBIA, MEXICO, PERU, URUGUAY)}
_BY_CURRENCY = {one.currency: one for one in COUNTRIES.values()}


def with_currency(currency: str) -> Country:
    """The country whose currency it is; Brazil for one that none of them has."""
    return _BY_CURRENCY.get(currency, BRAZIL)
