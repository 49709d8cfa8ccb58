"""What Asaas refuses in a request (asaas.md 1.5, 2, 3.2, 5.1)."""

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from simulator import clock
from simulator.asaas import cycles, fees
from simulator.asaas.errors import AsaasError, invalid, not_yet
from simulator.documents import is_document
from simulator.models import Account
from simulator.money import brazilian, parse_cents, parse_decimal
from simulator.slips import DEAREST_CENTS

BILLING_TYPES = ("UNDEFINED", "BOLETO", "CREDIT_CARD", "PIX")
WITH_SLIP = ("BOLETO", "UNDEFINED")
FLOOR_CENTS = 500
LONGEST_DESCRIPTION = 500
LATER = ("creditCard", "creditCardToken", "split", "pixAutomaticAuthorizationId")


def text(value: Any) -> str | None:
    """externalReference and the like come back as strings, whatever was sent (asaas.md 1.7)."""
    return None if value is None else str(value)


def document(value: Any) -> str:
    """The digits of a CPF or CNPJ; refuses wrong check digits."""
    bare = re.sub(r"[.\-/\s]", "", str(value or "")).upper()
    if bare and not is_document(bare):
        raise AsaasError(400, "invalid_object", "O CPF/CNPJ informado é inválido.")
    return bare


def mobile_phone(value: Any) -> str | None:
    if not value:
        return None
    bare = re.sub(r"\D", "", str(value))
    if len(bare) not in (10, 11, 12, 13) or len(set(bare[-8:])) == 1:
        raise invalid("mobilePhone", "O celular informado é inválido.")
    return bare


def day(value: Any, field: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as err:
        raise invalid(field, f"O campo {field} deve ser informado.") from err


def due_date(value: Any, field: str = "dueDate") -> date:
    due = day(value, field)
    if due < clock.today():
        raise invalid(field, "Não é permitido data de vencimento inferior a hoje.")
    return due


def billing_type(value: Any) -> str:
    if value not in BILLING_TYPES:
        raise invalid("billingType", "O campo billingType é inválido ou não foi informado.")
    return str(value)


def cycle(value: Any) -> str:
    if value not in cycles.NAMES:
        raise invalid("cycle", "O campo cycle é inválido ou não foi informado.")
    return str(value)


def end_date(value: Any, first: date) -> date:
    """Not before the first due date it leaves; the wording, and that it is refused, are ours."""
    end = day(value, "endDate")
    if end < first:
        raise invalid("endDate", "A data final não pode ser anterior ao próximo vencimento.")
    return end


def amount(body: dict[str, Any]) -> int:
    cents = parse_cents(body.get("value"))
    if cents is None:
        raise invalid("value", "O campo value deve ser informado")
    return cents


def floor(value_cents: int, discount: dict[str, Any] | None) -> None:
    off = fees.discount_cents(value_cents, discount)
    if value_cents - off < FLOOR_CENTS:
        raise invalid(
            "value",
            f"O valor da cobrança (R$ {brazilian(value_cents)}) menos o valor do desconto "
            f"(R$ {brazilian(off)}) não pode ser menor que R$ 5,00.",
        )


def dearest(value_cents: int, billing_type: str) -> None:
    """The bar code has ten digits for the value; how the API refuses more is our choice."""
    if billing_type in WITH_SLIP and value_cents > DEAREST_CENTS:
        raise invalid("value", "O valor é maior que o permitido para boletos.")


def days_payable(value: Any) -> int:
    """daysAfterDueDateToRegistrationCancellation (asaas.md 3.2); the wording of the refusal is ours."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise AsaasError(
            400, "invalid_object", "O campo daysAfterDueDateToRegistrationCancellation é inválido."
        )
    return value


def terms(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    """discount, fine or interest; an empty object is refused (asaas.md 3.2)."""
    given = body.get(name)
    if given is None:
        return None
    if not isinstance(given, dict) or parse_decimal(given.get("value")) is None:
        raise AsaasError(400, "invalid_object", f"O campo {name} é inválido.")
    default = "PERCENTAGE" if name == "interest" else "FIXED"
    kind = given.get("type") or default
    if kind not in ("FIXED", "PERCENTAGE"):
        raise AsaasError(400, "invalid_object", f"O tipo informado em {name} é inválido.")
    return {"value": float(parse_decimal(given["value"]) or 0), "type": kind}


def description(value: Any) -> str | None:
    if value is not None and len(str(value)) > LONGEST_DESCRIPTION:
        raise invalid("description", "O campo description deve ter no máximo 500 caracteres.")
    return text(value)


def callback(body: dict[str, Any], account: Account) -> None:
    """successUrl must lie in the site of the account's commercial data (asaas.md 3.2)."""
    given = body.get("callback")
    if given:
        own_site(given.get("successUrl"), "successUrl", account)


def own_site(address: Any, field: str, account: Account) -> None:
    host = urlsplit(str(address or "")).hostname
    site = account.options.get("site_url")
    if not host or not site or urlsplit(site).hostname != host:
        text = f"O domínio de {field} não é o site cadastrado nas informações comerciais da conta."
        raise AsaasError(400, "invalid_object", text)


def later_work(body: dict[str, Any]) -> None:
    for name in LATER:
        if body.get(name):
            raise not_yet(name)
