"""/v3/installments (asaas.md 4.1)."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from simulator import lag, pdf
from simulator.answers import read_json
from simulator.asaas import instalments, listing, payment_list, serialise, wanted
from simulator.asaas.errors import invalid, not_found, not_yet
from simulator.models import Account, AsaasInstalment, AsaasPayment
from simulator.money import brazilian, decimal_number, parse_cents


def existing(account: Account, gid: str) -> AsaasInstalment:
    row = AsaasInstalment.objects.filter(account_id=account.pk, gid=gid).order_by().first()
    if row is None:
        raise not_found()
    row.account = account
    return row


def create(request: HttpRequest, account: Account) -> dict[str, Any]:
    first = instalments.create(account, wanted.parcels_of_plan(read_json(request), account))
    return plan(existing(account, first.data["installment"]))


def plan(row: AsaasInstalment) -> dict[str, Any]:
    """Key order of asaas.md 4.1; `paymentDate` when all is paid and `refunds` of all are our decision."""
    parts = instalments.answer_parts(row)
    parcels: list[AsaasPayment] = parts["parcels"]
    first = parcels[0]
    refunds = [serialise.refund(one, item) for one in parcels for item in one.data.get("refunds") or []]
    is_card = row.billing_type == "CREDIT_CARD"
    return {
        "object": "installment",
        "id": row.gid,
        "value": decimal_number(row.total_cents),
        "netValue": decimal_number(parts["net_cents"]),
        "paymentValue": decimal_number(parcels[-1].value_cents),
        "installmentCount": row.count,
        "billingType": row.billing_type,
        "paymentDate": parts["paid_on"].isoformat() if parts["paid_on"] else None,
        "description": row.data["description"],
        "expirationDay": row.data["expirationDay"],
        "deleted": row.deleted,
        "dateCreated": row.date_created.isoformat(),
        "checkoutSession": row.data.get("checkoutSession"),
        "customer": row.customer_gid,
        "paymentLink": None,
        "transactionReceiptUrl": first.data.get("transactionReceiptUrl") if is_card else None,
        "creditCard": (first.data.get("creditCard") or serialise.NO_CARD) if is_card else None,
        "refunds": refunds or None,
    }


def find_many(request: HttpRequest, account: Account) -> dict[str, Any]:
    rows = AsaasInstalment.objects.filter(account=account, deleted=False)
    rows = lag.without_newest(account, request.path, rows)
    return listing.page(request, rows, plan)


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return plan(existing(account, gid))


def find_parcels(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """Newest first, so the last parcel leads (asaas.md 3.5)."""
    rows = AsaasPayment.objects.select_related("account")
    rows = rows.filter(account=account, data__installment=existing(account, gid).gid, deleted=False)
    if request.GET.get("status"):
        rows = rows.filter(status=request.GET["status"])
    rows = lag.without_newest(account, request.path, rows)
    return listing.page(request, rows, payment_list.present)


def payment_book(request: HttpRequest, account: Account, gid: str) -> HttpResponse:
    row = existing(account, gid)
    lines = [f"CARNÊ SIMULADO - {row.account.name}", ""]
    for parcel in instalments.parcels(row):
        if not parcel.deleted:
            number = parcel.data["installmentNumber"]
            amount = brazilian(parcel.value_cents)
            lines.append(f"{number:2d}/{row.count}  {parcel.due_date:%d/%m/%Y}  R$ {amount}")
    return HttpResponse(pdf.page(lines), content_type="application/pdf")


def delete(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return {"deleted": True, "id": instalments.delete(existing(account, gid)).gid}


def delete_parcels(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """What one of `deletedPayments` looks like is our choice: as the answer to a DELETE."""
    gone = instalments.delete_open(existing(account, gid))
    return {"deletedPayments": [{"deleted": True, "id": one.gid} for one in gone]}


def refund(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    body = read_json(request)
    amount = None
    if body.get("value") is not None:
        amount = parse_cents(body["value"])
        if amount is None:
            raise invalid("value", "O campo value é inválido.")
    instalments.refund(row, amount)
    return plan(row)


def splits(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    raise not_yet("splits")
