"""What a request for a charge, or for a plan of several, asks for (asaas.md 3.2, 4.1)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from simulator.answers import jsonable
from simulator.asaas import customers, validate
from simulator.asaas.errors import AsaasError, invalid
from simulator.models import Account, AsaasCustomer
from simulator.money import brazilian, parse_cents

MOST_PARCELS = {"CREDIT_CARD": 21}
MOST_OF_OTHERS = 60
DAYS_PAYABLE = "daysAfterDueDateToRegistrationCancellation"


@dataclass(frozen=True)
class Parcels:
    """A plan as asked for; `cents` of each parcel, in order of their due dates."""

    customer: AsaasCustomer
    billing_type: str
    cents: list[int]
    first_due: date
    reference: str | None
    terms: dict[str, Any]
    loose: dict[str, Any]


def payer(body: dict[str, Any], account: Account) -> AsaasCustomer:
    customer = customers.find(account, body.get("customer") or "")
    if customer is None or customer.deleted:
        raise invalid("customer", "Customer inválido ou não informado.")
    if not customer.cpf_cnpj:
        raise AsaasError(
            400,
            "invalid_customer.cpfCnpj",
            "Para criar esta cobrança é necessário preencher o CPF ou CNPJ do cliente.",
        )
    return customer


def terms(body: dict[str, Any]) -> dict[str, Any]:
    found = {name: validate.terms(body, name) for name in ("discount", "fine", "interest")}
    given = {name: value for name, value in found.items() if value is not None}
    if "discount" in given:
        given["discount"]["dueDateLimitDays"] = int(body["discount"].get("dueDateLimitDays") or 0)
    return given


def dated(terms: dict[str, Any], due: date) -> dict[str, Any]:
    """The discount in the order and with the limit date of the answer."""
    discount = terms.get("discount")
    if not discount:
        return terms
    days = discount["dueDateLimitDays"]
    limit = (due - timedelta(days=days)).isoformat() if discount["value"] else None
    shown = {
        "value": discount["value"],
        "limitDate": limit,
        "dueDateLimitDays": days,
        "type": discount["type"],
    }
    return terms | {"discount": shown}


def loose(body: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if "description" in body:
        data["description"] = validate.description(body["description"])
    if "postalService" in body:
        data["postalService"] = jsonable(body["postalService"])
    if body.get(DAYS_PAYABLE) is not None:
        data[DAYS_PAYABLE] = validate.days_payable(body[DAYS_PAYABLE])
    if body.get("callback"):
        data["callback"] = jsonable(body["callback"])
    return data


def is_plan(body: dict[str, Any]) -> bool:
    return any(body.get(name) for name in ("installmentCount", "installmentValue", "totalValue"))


def parcels_of_charge(body: dict[str, Any], account: Account) -> Parcels:
    """POST /payments: `value` does not belong here (asaas.md 3.2), so it is refused (our decision)."""
    if body.get("value") is not None:
        raise invalid("value", "Para parcelar informe installmentValue ou totalValue no lugar de value.")
    return _parcels(body, account, each="installmentValue", reference=body.get("externalReference"))


def parcels_of_plan(body: dict[str, Any], account: Account) -> Parcels:
    """POST /installments."""
    return _parcels(body, account, each="value", reference=body.get("paymentExternalReference"))


def _parcels(body: dict[str, Any], account: Account, *, each: str, reference: Any) -> Parcels:
    """The customer first, as for a charge."""
    customer = payer(body, account)
    validate.later_work(body)
    billing_type = validate.billing_type(body.get("billingType"))
    cents = _split(body, each, _count(body, billing_type))
    given = terms(body)
    validate.floor(cents[0], given.get("discount"))
    validate.dearest(cents[-1], billing_type)
    due = validate.due_date(body.get("dueDate"))
    validate.callback(body, account)
    return Parcels(customer, billing_type, cents, due, validate.text(reference), given, loose(body))


def _count(body: dict[str, Any], billing_type: str) -> int:
    count = body.get("installmentCount")
    if not count:
        raise AsaasError(400, "invalid_object", "Informe o número de parcelas.")
    most = MOST_PARCELS.get(billing_type, MOST_OF_OTHERS)
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= most:
        raise invalid("installmentCount", f"O número de parcelas deve estar entre 2 e {most}.")
    return count


def _split(body: dict[str, Any], each: str, count: int) -> list[int]:
    """All alike, or the total truncated to cents and the rest on the last one (asaas.md 3.3)."""
    one, total = parse_cents(body.get(each)), parse_cents(body.get("totalValue"))
    if (one is None) == (total is None):
        raise invalid(each, f"Informe {each} ou totalValue.")
    if total is None:
        total = (one or 0) * count
    share = total // count
    if share < validate.FLOOR_CENTS:
        most = max(1, total // validate.FLOOR_CENTS)
        text = f"O valor informado (R$ {brazilian(total)}) só pode ser parcelado em até {most} vezes."
        raise AsaasError(400, "invalid_object", text)
    return parts(total, count)


def parts(total: int, count: int) -> list[int]:
    share = total // count
    return [share] * (count - 1) + [total - share * (count - 1)]
