"""The seven countries: currency, documents of persons, ways of paying.

From the tables of Mercado Pago's developer site (guides/localization: payment-methods, identification-types;
other-payment-ways for limits and times). What those leave open is marked as our choice.
"""

from dataclasses import dataclass

BRAZIL = "MLB"


@dataclass(frozen=True)
class Way:
    """One entry of `/v1/payment_methods`; least and most are in units of the currency."""

    id: str
    name: str
    kind: str
    least: float = 0.5
    most: int = 100_000
    minutes: int = 2880


@dataclass(frozen=True)
class Document:
    id: str
    name: str
    kind: str
    shortest: int
    longest: int


@dataclass(frozen=True)
class Site:
    country: str
    currency: str
    city: str
    seller: tuple[str, str]
    ways: tuple[Way, ...]
    documents: tuple[Document, ...]
    has_cents: bool = True


def _cards(least: float, most: int, *names: tuple[str, str, str]) -> tuple[Way, ...]:
    usual = (("visa", "Visa"), ("master", "Mastercard"), ("amex", "American Express"))
    credit = (Way(one, name, "credit_card", least, most) for one, name in usual)
    return (*credit, *(Way(one, name, kind, least, most) for one, name, kind in names))


def _balance(name: str, least: float, most: int) -> Way:
    return Way("account_money", name, "account_money", least, most, 0)


_OTHER = ("Otro", "Otro")
_BALANCE = "Dinero en mi cuenta de Mercado Pago"

SITES = {
    BRAZIL: Site(
        "BR",
        "BRL",
        "São Paulo",
        ("CNPJ", "11222333000181"),
        (
            Way("pix", "PIX", "bank_transfer", minutes=0),
            Way("bolbradesco", "Boleto", "ticket"),
            Way("pec", "Pagamento na lotérica sem boleto", "ticket", minutes=0),
            *_cards(0.5, 100_000, ("elo", "Elo", "credit_card"), ("hipercard", "Hipercard", "credit_card")),
            Way("debelo", "Elo Debito", "debit_card", minutes=1440),
            _balance("Dinheiro na minha conta do Mercado Pago", 0.5, 100_000),
        ),
        (Document("CPF", "CPF", "number", 11, 11), Document("CNPJ", "CNPJ", "number", 14, 14)),
    ),
    "MLA": Site(
        "AR",
        "ARS",
        "Buenos Aires",
        ("CUIT", "30500010912"),
        (
            *_cards(1, 2_000_000, ("naranja", "Naranja", "credit_card"), ("cabal", "Cabal", "credit_card")),
            Way("debvisa", "Visa Débito", "debit_card", 1, 2_000_000, 1440),
            Way("rapipago", "Rapipago", "ticket", 50, 300_000, 0),
            Way("pagofacil", "Pago Fácil", "ticket", 50, 300_000, 0),
            _balance(_BALANCE, 1, 2_000_000),
        ),
        (
            Document("DNI", "DNI", "number", 7, 8),
            Document("CUIT", "CUIT", "number", 11, 11),
            Document("CI", "Cédula", "number", 1, 9),
            Document("LC", "L.C.", "number", 6, 7),
            Document("LE", "L.E.", "number", 6, 7),
            Document(*_OTHER, "number", 5, 20),
        ),
    ),
    "MLC": Site(
        "CL",
        "CLP",
        "Santiago",
        ("RUT", "760864285"),
        (
            *_cards(1000, 10_000_000),
            Way("servipag", "Servipag", "ticket", 1000, 500_000),
            Way("webpay", "Red Compra (Webpay)", "bank_transfer", 950, 10_000_000, 0),
            Way("khipu", "Khipu", "bank_transfer", 1000, 5_000_000, 0),
            _balance(_BALANCE, 1000, 10_000_000),
        ),
        (Document("RUT", "RUT", "string", 7, 20), Document(*_OTHER, "string", 5, 20)),
        has_cents=False,
    ),
    "MCO": Site(
        "CO",
        "COP",
        "Bogotá",
        ("NIT", "8909039388"),
        (
            *_cards(1000, 50_000_000, ("diners", "Diners", "credit_card")),
            Way("efecty", "Efecty", "ticket", 5000, 4_000_000, 0),
            Way("davivienda", "Davivienda", "ticket", 1600, 4_000_000, 0),
            Way("pse", "PSE", "bank_transfer", 1600, 340_000_000, 0),
            _balance(_BALANCE, 1000, 50_000_000),
        ),
        (
            Document("CC", "C.C.", "number", 5, 20),
            Document("CE", "C.E.", "number", 5, 20),
            Document("NIT", "NIT", "number", 5, 20),
            Document(*_OTHER, "number", 5, 20),
        ),
        has_cents=False,
    ),
    "MLM": Site(
        "MX",
        "MXN",
        "Ciudad de México",
        ("RFC", "XAXX010101000"),
        (
            *_cards(5, 300_000, ("debvisa", "Visa Débito", "debit_card")),
            Way("oxxo", "OXXO", "ticket", 5, 10_000),
            Way("banamex", "Citibanamex", "atm", 5, 40_000, 60),
            Way("serfin", "Santander", "atm", 5, 40_000, 60),
            Way("bancomer", "BBVA Bancomer", "atm", 10, 40_000, 60),
            _balance(_BALANCE, 5, 300_000),
        ),
        (),
    ),
    "MPE": Site(
        "PE",
        "PEN",
        "Lima",
        ("RUC", "20131312955"),
        (
            *_cards(1, 30_000, ("debvisa", "Visa Débito", "debit_card")),
            Way("pagoefectivo_atm", "BCP, BBVA Continental u otros", "atm", 5, 10_000),
            _balance(_BALANCE, 1, 30_000),
        ),
        (
            Document("DNI", "DNI", "number", 8, 8),
            Document("CE", "C.E", "number", 5, 20),
            Document("RUC", "RUC", "number", 11, 11),
        ),
    ),
    "MLU": Site(
        "UY",
        "UYU",
        "Montevideo",
        ("CI", "12345672"),
        (
            *_cards(1, 500_000, ("oca", "OCA", "credit_card"), ("lider", "Lider", "credit_card")),
            Way("abitab", "Abitab", "ticket", 10, 100_000),
            Way("redpagos", "Red Pagos", "ticket", 10, 100_000),
            _balance(_BALANCE, 1, 500_000),
        ),
        (Document("CI", "CI", "number", 7, 8), Document(*_OTHER, "number", 5, 20)),
    ),
}
"""Limits that no published answer shows, the lengths of documents of MLA, MLC, MPE and MLU other than DNI,
and the sellers' documents are our choice."""


def way_of(site: str, identifier: str) -> Way | None:
    return next((way for way in SITES[site].ways if way.id == identifier), None)


def is_code(way: Way) -> bool:
    """Paid elsewhere, by a code or at the buyer's bank: it waits as a payment of its own."""
    return way.kind in ("ticket", "atm", "bank_transfer")
