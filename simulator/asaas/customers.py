"""/v3/customers (asaas.md 2)."""

from typing import Any

from django.http import HttpRequest

from simulator import clock, lag, numbering, partial
from simulator.answers import jsonable, read_json
from simulator.asaas import listing, serialise, validate
from simulator.asaas.errors import forbidden_action, invalid, not_found
from simulator.models import Account, AsaasCustomer, write

KEPT = (
    "company",
    "phone",
    "address",
    "addressNumber",
    "complement",
    "province",
    "postalCode",
    "additionalEmails",
    "observations",
    "municipalInscription",
    "stateInscription",
    "notificationDisabled",
    "foreignCustomer",
)
FILTERS = {
    "cpfCnpj": "cpf_cnpj",
    "externalReference": "external_reference",
    "email": "email",
    "groupName": "group_name",
}


def find(account: Account, gid: Any) -> AsaasCustomer | None:
    row = AsaasCustomer.objects.filter(account_id=account.pk, gid=str(gid)).order_by().first()
    if row is not None:
        row.account = account
    return row


def existing(account: Account, gid: str) -> AsaasCustomer:
    row = find(account, gid)
    if row is None:
        raise not_found()
    return row


def create(request: HttpRequest, account: Account) -> dict[str, Any]:
    return serialise.customer(make(account, read_json(request)))


def make(account: Account, body: dict[str, Any]) -> AsaasCustomer:
    if not body.get("name"):
        raise invalid("name", "O campo name deve ser informado")
    number = numbering.scattered("asaas-customers", 7_400_000)
    row = AsaasCustomer(account=account, gid=f"cus_{number:012d}", created_at=clock.now())
    _apply(row, body)
    with write():
        row.save()
    return row


def _apply(row: AsaasCustomer, body: dict[str, Any]) -> None:
    if "name" in body:
        row.name = str(body["name"])
    if "cpfCnpj" in body:
        row.cpf_cnpj = validate.document(body["cpfCnpj"])
    if "mobilePhone" in body:
        row.data["mobilePhone"] = validate.mobile_phone(body["mobilePhone"])
    for key, column in (
        ("email", "email"),
        ("externalReference", "external_reference"),
        ("groupName", "group_name"),
    ):
        if key in body:
            setattr(row, column, validate.text(body[key]) or "")
    row.data |= {key: jsonable(body[key]) for key in KEPT if key in body}


def find_many(request: HttpRequest, account: Account) -> dict[str, Any]:
    rows = AsaasCustomer.objects.filter(account=account, deleted=False)
    for name, column in FILTERS.items():
        if request.GET.get(name):
            rows = rows.filter(**{column: request.GET[name]})
    if request.GET.get("name"):
        rows = rows.filter(name__icontains=request.GET["name"])
    rows = lag.without_newest(account, request.path, rows)
    return listing.page(request, rows, serialise.customer)


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return serialise.customer(existing(account, gid))


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    if row.deleted:
        raise forbidden_action("Não é possível alterar um cliente removido.")
    _apply(row, partial.thinned(request, account, read_json(request)))
    with write():
        row.save()
    return serialise.customer(row)


def delete(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    with write():
        AsaasCustomer.objects.filter(pk=row.pk).update(deleted=True)
    return {"deleted": True, "id": row.gid}


def restore(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    row.deleted = False
    with write():
        row.save(update_fields=["deleted"])
    return serialise.customer(row)
