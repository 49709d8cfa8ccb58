"""Payments made in the gateway's own panel: money its owner asked for, or got, without the API."""

from typing import Any

from simulator import clock
from simulator.answers import jsonable
from simulator.asaas import effects as asaas
from simulator.asaas import instalments, paying, validate, wanted
from simulator.control import accounts
from simulator.control.effects import attempt, told
from simulator.control.errors import ControlError
from simulator.control.inputs import amount_of, card_of
from simulator.mercadopago import boletos, cards, serialise
from simulator.mercadopago import effects as mercadopago
from simulator.models import Account, AsaasCustomer, AsaasPayment, MpPayment, write
from simulator.numbering import scattered

BILLING_TYPES = {"pix": "PIX", "boleto": "BOLETO", "card": "CREDIT_CARD", "undefined": "UNDEFINED"}
INCOMING = {"transfer": "TRANSFER", "deposit": "DEPOSIT"}
NAME = "Cliente do painel"


def panel_payment(body: dict[str, Any]) -> dict[str, Any]:
    """Created, and paid when asked so, with the notifications of the account's own addresses."""
    account, amount = accounts.find(body.get("account")), amount_of(body)
    if amount is None:
        raise ControlError("give amount")
    make = _at_asaas if account.gateway == "asaas" else _at_mercadopago
    if account.gateway == "asaas" and body.get("instalments"):
        make = _plan_at_asaas
    payment = make(account, amount, str(body.get("method", "pix")), body)
    return told(payment) | {"reference": payment.external_reference}


def _at_asaas(account: Account, amount: int, method: str, body: dict[str, Any]) -> AsaasPayment:
    billing_type = BILLING_TYPES.get(method) or INCOMING.get(method)
    if billing_type is None:
        raise ControlError(f"method must be one of {', '.join([*BILLING_TYPES, *INCOMING])}")
    due = attempt(lambda: validate.due_date(body.get("due_date") or clock.today().isoformat()))
    if method not in INCOMING:
        attempt(lambda: validate.floor(amount, None))
    fields = {
        "billing_type": billing_type,
        "value_cents": amount,
        "due_date": due,
        "external_reference": validate.text(body.get("reference")),
    }
    words = {"description": body.get("description"), "user": account.options["email"]}
    with write():
        charge = asaas.create(_customer(account, body), fields, words)
        if method in INCOMING:
            return paying.by_transfer(charge)
        if not body.get("paid"):
            return charge
        if method == "boleto":
            return paying.by_slip(charge, is_cleared=bool(body.get("cleared")))
        return paying.by_card(charge, card_of({})) if method == "card" else paying.by_pix(charge)


def _plan_at_asaas(account: Account, amount: int, method: str, body: dict[str, Any]) -> AsaasPayment:
    """Parcels of the amount, all of them by the rules of the API; answers the first."""
    if method not in BILLING_TYPES:
        raise ControlError(f"method must be one of {', '.join(BILLING_TYPES)}")
    wanted_of = {
        "customer": _customer(account, body).gid,
        "billingType": BILLING_TYPES[method],
        "installmentCount": body["instalments"],
        "totalValue": amount / 100,
        "dueDate": body.get("due_date") or clock.today().isoformat(),
        "description": body.get("description"),
        "paymentExternalReference": body.get("reference"),
    }
    return attempt(lambda: instalments.create(account, wanted.parcels_of_plan(wanted_of, account)))


def _customer(account: Account, body: dict[str, Any]) -> AsaasCustomer:
    """The one with the document; without one, and for an unknown one, somebody new."""
    document = attempt(lambda: validate.document(body.get("document") or accounts.TEST_CPF))
    rows = AsaasCustomer.objects.filter(account=account, cpf_cnpj=document, deleted=False)
    found = rows.order_by("-id").first() if body.get("document") else None
    return found or AsaasCustomer.objects.create(
        account=account,
        gid=f"cus_{scattered('asaas-customers', 7_400_000):012d}",
        name=str(body.get("name") or NAME),
        cpf_cnpj=document,
        created_at=clock.now(),
    )


def _at_mercadopago(account: Account, amount: int, method: str, body: dict[str, Any]) -> MpPayment:
    if method not in ("pix", "card", "boleto"):
        raise ControlError("method must be pix, card or boleto")
    options = account.options
    if method != "card" and options["site"] != "MLB":
        raise ControlError(f"this account cannot take {method}", 409)
    if method == "pix" and not options["has_pix_key"]:
        raise ControlError("this account cannot take PIX", 409)
    if amount % serialise.smallest_cents(account):
        raise ControlError("the currency of this account has no cents", 409)
    reference = body.get("reference")
    columns = {"external_reference": None if reference is None else str(reference), "notification_url": ""}
    data = {
        "description": body.get("description"),
        "payer_email": jsonable(body.get("email")),
        **_payer(body),
        "metadata": {},
        "statement_descriptor": None,
        "binary_mode": False,
    }
    if method == "card":
        card = card_of(body)
        method_id = attempt(lambda: cards.method_of(card))
        payment = MpPayment(account=account, method=method_id, amount_cents=amount, data=data, **columns)
        return cards.create(payment, card)
    with write():
        if method == "boleto":
            slip = boletos.create(account, amount_cents=amount, columns=columns, data=data)
            return boletos.pay(slip, is_cleared=bool(body.get("cleared"))) if body.get("paid") else slip
        created = mercadopago.create_pix(account, amount_cents=amount, columns=columns, data=data)
        return mercadopago.approve(created) if body.get("paid") else created


def _payer(body: dict[str, Any]) -> dict[str, Any]:
    """What Mercado Pago tells of a payer: often nothing (mercadopago.md 3.3), here what was given."""
    told: dict[str, Any] = {}
    if body.get("name"):
        first, _space, last = str(body["name"]).partition(" ")
        told = {"payer_first_name": first, "payer_last_name": last or None}
    if body.get("document"):
        number = attempt(lambda: validate.document(body["document"]))
        told["payer_document"] = {"type": "CPF" if len(number) == 11 else "CNPJ", "number": number}
    return told
