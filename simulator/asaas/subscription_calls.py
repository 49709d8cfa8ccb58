"""/v3/subscriptions (asaas.md 4.2)."""

from calendar import monthrange
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from simulator import clock, faults, lag, partial, pdf, veil
from simulator.answers import read_json
from simulator.asaas import listing, payment_list, serialise, subscriptions, validate, wanted
from simulator.asaas.errors import invalid, not_found, not_yet
from simulator.asaas.subscriptions import Change
from simulator.models import Account, AsaasSubscription
from simulator.money import brazilian

EQUAL = {
    "customer": "customer_gid",
    "customerGroupName": "customer__group_name",
    "billingType": "billing_type",
    "status": "status",
    "externalReference": "external_reference",
}
SORTED = {
    "id": "id",
    "dateCreated": "date_created",
    "nextDueDate": "next_due_date",
    "value": "value_cents",
    "cycle": "cycle",
    "status": "status",
    "billingType": "billing_type",
}
"""What `sort` may name is our reading; anything else is not looked at."""
STATES = (subscriptions.ACTIVE, subscriptions.INACTIVE)


def existing(account: Account, gid: str) -> AsaasSubscription:
    row = AsaasSubscription.objects.filter(account_id=account.pk, gid=gid).order_by().first()
    if row is None:
        raise not_found()
    row.account = account
    return row


def create(request: HttpRequest, account: Account) -> dict[str, Any]:
    """Stops at the first error, the customer first, as for charges."""
    body = read_json(request)
    customer = wanted.payer(body, account)
    validate.later_work(body)
    billing_type = validate.billing_type(body.get("billingType"))
    value, terms = validate.amount(body), _terms(body)
    validate.floor(value, terms.get("discount"))
    validate.dearest(value, billing_type)
    due = validate.due_date(body.get("nextDueDate"), "nextDueDate")
    fields = {
        "billing_type": billing_type,
        "value_cents": value,
        "next_due_date": due,
        "cycle": validate.cycle(body.get("cycle")),
        "end_date": None if body.get("endDate") is None else validate.end_date(body["endDate"], due),
        "external_reference": validate.text(body.get("externalReference")),
    }
    validate.callback(body, account)
    data = {**wanted.loose(body), **terms, **_most_payments(body)}
    return serialise.subscription(subscriptions.create(customer, fields, data))


def _terms(body: dict[str, Any]) -> dict[str, Any]:
    """The discount as it is shown: its last day depends on each charge."""
    terms = wanted.terms(body)
    if "discount" in terms:
        given = terms["discount"]
        terms["discount"] = {name: given[name] for name in ("value", "dueDateLimitDays", "type")}
    return terms


def _most_payments(body: dict[str, Any]) -> dict[str, int]:
    most = body.get("maxPayments")
    if most is None:
        return {}
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise invalid("maxPayments", "O campo maxPayments é inválido.")
    return {"maxPayments": most}


def find_many(request: HttpRequest, account: Account) -> dict[str, Any]:
    """Removed ones are hidden unless they are asked for."""
    given = request.GET
    rows = AsaasSubscription.objects.filter(account=account)
    if given.get("deletedOnly") == "true":
        rows = rows.filter(deleted=True)
    elif given.get("includeDeleted") != "true":
        rows = rows.filter(deleted=False)
    rows = rows.filter(**{column: given[name] for name, column in EQUAL.items() if given.get(name)})
    rows = lag.without_newest(account, request.path, rows)
    rows = veil.without_hidden(rows, "gid", veil.covered(), is_by_state="status" in given)
    return listing.page(request, rows, _present, _order(given.get("sort"), given.get("order")))


def _present(row: AsaasSubscription) -> dict[str, Any]:
    return row.previous if row.previous and veil.covers(row.gid) else serialise.subscription(row)


def _order(sort: str | None, order: str | None) -> tuple[str, ...]:
    sign = "" if order == "asc" else "-"
    return tuple(f"{sign}{column}" for column in dict.fromkeys((SORTED.get(sort or "id", "id"), "id")))


def show(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    """As it can be seen at this moment; a removed one is still answered."""
    row = existing(account, gid)
    if veil.covers(row.gid):
        if row.previous is None:
            raise not_found()
        return row.previous
    occasion = faults.Occasion("asaas", account.pk, "GET", request.path)
    if row.previous and faults.take("stale_read", occasion) is not None:
        return row.previous
    return serialise.subscription(row)


def update(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    row = existing(account, gid)
    body = partial.thinned(request, account, read_json(request))
    validate.later_work(body)
    terms = _terms(body)
    fields = _changed_fields(body, row)
    value = fields.get("value_cents", row.value_cents)
    validate.floor(value, terms.get("discount", row.data.get("discount")))
    validate.dearest(value, fields.get("billing_type", row.billing_type))
    validate.callback(body, account)
    change = Change(
        fields=fields,
        data={**wanted.loose(body), **terms},
        status=_state(body),
        reaches_charges=body.get("updatePendingPayments") is True,
    )
    return serialise.subscription(subscriptions.change(row, change))


def _changed_fields(body: dict[str, Any], row: AsaasSubscription) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if body.get("billingType") is not None:
        fields["billing_type"] = validate.billing_type(body["billingType"])
    if body.get("value") is not None:
        fields["value_cents"] = validate.amount(body)
    if body.get("nextDueDate") is not None:
        fields["next_due_date"] = validate.due_date(body["nextDueDate"], "nextDueDate")
    if body.get("cycle") is not None:
        fields["cycle"] = validate.cycle(body["cycle"])
    if "endDate" in body:
        end = body["endDate"]
        fields["end_date"] = None if end is None else validate.end_date(end, clock.today())
    if "externalReference" in body:
        fields["external_reference"] = validate.text(body["externalReference"])
    return fields


def _state(body: dict[str, Any]) -> str | None:
    if body.get("status") is None:
        return None
    if body["status"] not in STATES:
        raise invalid("status", "O campo status é inválido.")
    return str(body["status"])


def delete(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    return {"deleted": True, "id": subscriptions.delete(existing(account, gid)).gid}


def find_charges(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    rows = subscriptions.charges(existing(account, gid)).select_related("account").filter(deleted=False)
    if request.GET.get("status"):
        rows = rows.filter(status=request.GET["status"])
    rows = _not_hidden(request, lag.without_newest(account, request.path, rows))
    return listing.page(request, rows, payment_list.present)


def _not_hidden(request: HttpRequest, rows: QuerySet) -> QuerySet:
    return veil.without_hidden(rows, "gid", veil.covered(), is_by_state="status" in request.GET)


def payment_book(request: HttpRequest, account: Account, gid: str) -> HttpResponse:
    """Until the end of the month asked for, this one without."""
    row = subscriptions.issue_until(existing(account, gid), _end_of_month(request))
    lines = [f"CARNÊ SIMULADO - {account.name}", ""]
    for charge in subscriptions.open_charges(row):
        lines.append(f"{charge.due_date:%d/%m/%Y}  R$ {brazilian(charge.value_cents)}")
    return HttpResponse(pdf.page(lines), content_type="application/pdf")


def _end_of_month(request: HttpRequest) -> date:
    today = clock.today()
    try:
        year = int(request.GET.get("year", today.year))
        month = int(request.GET.get("month", today.month))
        return date(year, month, monthrange(year, month)[1])
    except ValueError as err:
        raise invalid("month", "Informe um mês e um ano válidos.") from err


def set_card(request: HttpRequest, account: Account, gid: str) -> dict[str, Any]:
    existing(account, gid)
    raise not_yet("subscriptions/creditCard")
