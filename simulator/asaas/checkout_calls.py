"""/v3/checkouts (asaas.md 3.11). There is no GET: unknown paths answer 404, as the real one does."""

from typing import Any

from django.http import HttpRequest

from simulator.answers import jsonable, read_json
from simulator.asaas import serialise, sessions, validate, wanted
from simulator.asaas.errors import AsaasError, invalid, not_found, not_yet
from simulator.models import Account, AsaasCheckout, AsaasCustomer
from simulator.money import brazilian, parse_cents

BILLING_TYPES = ("CREDIT_CARD", "PIX")
CHARGE_TYPES = ("DETACHED", "RECURRENT", "INSTALLMENT")
SHORTEST, LONGEST = 10, 1440
LONGEST_REFERENCE = 200
ADDRESSES = ("successUrl", "cancelUrl", "expiredUrl")


def create(request: HttpRequest, account: Account) -> dict[str, Any]:
    """In which order a request is looked at, and most wordings, are our choice."""
    body = read_json(request)
    charge_types = _charge_types(body)
    items, total = _items(body)
    reference = validate.text(body.get("externalReference"))
    if reference is not None and len(reference) > LONGEST_REFERENCE:
        raise _bad("O campo externalReference deve ter no máximo 200 caracteres.")
    fields = {
        "account": account,
        "customer": _customer(body, account),
        "total_cents": total,
        "external_reference": reference,
    }
    data = {
        "minutesToExpire": _minutes(body),
        "billingTypes": list(body["billingTypes"]),
        "chargeTypes": charge_types,
        "callback": _callback(body, account),
        "items": items,
        "installment": _installment(body, charge_types, total),
        "subscription": _subscription(body, charge_types),
        "customerData": jsonable(body.get("customerData") or None),
    }
    return serialise.checkout(sessions.open_session(fields, data))


def cancel(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = AsaasCheckout.objects.filter(account_id=account.pk, gid=gid).first()
    if row is None:
        raise not_found()
    return serialise.checkout(sessions.cancel(row))


def _bad(text: str) -> AsaasError:
    return AsaasError(400, "invalid_object", text)


def _chosen(body: dict[str, Any], name: str, known: tuple[str, ...]) -> list[str]:
    given = body.get(name)
    if not isinstance(given, list) or not given or any(one not in known for one in given):
        raise _bad(f"O campo {name} é inválido.")
    return [str(one) for one in given]


def _charge_types(body: dict[str, Any]) -> list[str]:
    """Recurring and instalments are for cards only."""
    ways, kinds = _chosen(body, "billingTypes", BILLING_TYPES), _chosen(body, "chargeTypes", CHARGE_TYPES)
    if "RECURRENT" in kinds and ways != ["CREDIT_CARD"]:
        raise _bad("A recorrência só está disponível para cartão de crédito.")
    if "RECURRENT" in kinds and len(set(kinds)) > 1:
        raise _bad("A recorrência não pode ser combinada com outras formas de cobrança.")
    if body.get("splits"):
        raise not_yet("splits")
    if "INSTALLMENT" in kinds and "CREDIT_CARD" not in ways:
        raise _bad("O parcelamento só está disponível para cartão de crédito.")
    return kinds


def _items(body: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """As they are echoed, and what they cost together."""
    given = body.get("items")
    if not isinstance(given, list) or not given:
        raise _bad("O campo items deve ser informado.")
    total = sum(_cost(item) for item in given)
    validate.floor(total, None)
    return [jsonable(item) for item in given], total


def _cost(item: Any) -> int:
    if not isinstance(item, dict) or not item.get("name"):
        raise _bad("Informe o nome de cada item.")
    quantity, value = item.get("quantity"), parse_cents(item.get("value"))
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise _bad("A quantidade de cada item deve ser um número inteiro.")
    if value is None or value <= 0:
        raise _bad("Informe o valor de cada item.")
    return quantity * value


def _minutes(body: dict[str, Any]) -> int:
    """Without it the longest (our choice)."""
    given = body.get("minutesToExpire", LONGEST)
    if isinstance(given, bool) or not isinstance(given, int) or not SHORTEST <= given <= LONGEST:
        raise invalid("minutesToExpire", f"minutesToExpire deve estar entre {SHORTEST} e {LONGEST}.")
    return given


def _callback(body: dict[str, Any], account: Account) -> dict[str, Any] | None:
    """Every address lies in the site of the commercial data, as for charges (asaas.md 3.2, 8)."""
    given = body.get("callback")
    if not given:
        return None
    if not isinstance(given, dict):
        raise _bad("O campo callback é inválido.")
    for name in ADDRESSES:
        if given.get(name):
            validate.own_site(given[name], name, account)
    return jsonable(given)


def _customer(body: dict[str, Any], account: Account) -> AsaasCustomer | None:
    """A customer or the data of one, not both; with neither the page asks."""
    data = body.get("customerData")
    if body.get("customer"):
        if data:
            raise _bad("Informe customer ou customerData.")
        return wanted.payer(body, account)
    if data and (not isinstance(data, dict) or not data.get("name")):
        raise _bad("Informe o nome do cliente em customerData.")
    if data:
        validate.document(data.get("cpfCnpj"))
    return None


def _installment(body: dict[str, Any], charge_types: list[str], total: int) -> dict[str, Any] | None:
    """Each parcel is at least R$ 5.00, with the most asked for too."""
    if "INSTALLMENT" not in charge_types:
        return None
    given = body.get("installment")
    count = given.get("maxInstallmentCount") if isinstance(given, dict) else None
    if not count:
        raise _bad("Informe o número de parcelas.")
    most = wanted.MOST_PARCELS["CREDIT_CARD"]
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= most:
        raise invalid("maxInstallmentCount", f"O número de parcelas deve estar entre 2 e {most}.")
    if total // count < validate.FLOOR_CENTS:
        possible = max(1, total // validate.FLOOR_CENTS)
        text = f"O valor informado (R$ {brazilian(total)}) só pode ser parcelado em até {possible} vezes."
        raise _bad(text)
    return {"maxInstallmentCount": count}


def _subscription(body: dict[str, Any], charge_types: list[str]) -> dict[str, Any] | None:
    """Looked at for RECURRENT only; the wording is ours."""
    if "RECURRENT" not in charge_types:
        return None
    given = body.get("subscription")
    if not isinstance(given, dict):
        raise _bad("Informe os dados da assinatura em subscription.")
    due = validate.due_date(given.get("nextDueDate"), "nextDueDate")
    end = None if given.get("endDate") is None else validate.end_date(given["endDate"], due)
    return {
        "cycle": validate.cycle(given.get("cycle")),
        "nextDueDate": due.isoformat(),
        "endDate": end.isoformat() if end else None,
    }
