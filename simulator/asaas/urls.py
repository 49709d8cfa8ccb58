from django.urls import re_path

from simulator.asaas import (
    account,
    cash,
    chargeback_calls,
    checkout_pages,
    customers,
    pages,
    payment_list,
    payments,
    refunds,
    webhooks,
)
from simulator.asaas import checkout_calls as checkouts
from simulator.asaas import instalment_calls as instalments
from simulator.asaas import subscription_calls as subscriptions
from simulator.asaas.auth import api, unknown_path

API = "v3/"
ID = r"(?P<gid>[^/]+)"


def _route(path: str, **handlers):
    return re_path(rf"^{API}{path}/?$", api(**handlers))


urlpatterns = [
    _route("myAccount/commercialInfo", GET=account.commercial_info),
    _route("myAccount/status", GET=account.status),
    _route("myAccount/accountNumber", GET=account.account_number),
    _route("finance/balance", GET=account.balance),
    _route("wallets", GET=account.wallets),
    _route("pix/addressKeys", GET=account.pix_keys, POST=account.create_pix_key),
    _route("customers", GET=customers.find_many, POST=customers.create),
    _route(f"customers/{ID}/restore", POST=customers.restore),
    _route(
        f"customers/{ID}",
        GET=customers.show,
        PUT=customers.update,
        POST=customers.update,
        DELETE=customers.delete,
    ),
    _route("payments", GET=payment_list.find_many, POST=payments.create),
    _route(f"payments/{ID}/restore", POST=payments.restore),
    _route(f"payments/{ID}/status", GET=payments.status),
    _route(f"payments/{ID}/pixQrCode", GET=payments.pix_qr_code),
    _route(f"payments/{ID}/identificationField", GET=payments.identification_field),
    _route(f"payments/{ID}/receiveInCash", POST=cash.receive),
    _route(f"payments/{ID}/undoReceivedInCash", POST=cash.undo),
    _route(f"payments/{ID}/refund", POST=refunds.create),
    _route(f"payments/{ID}/refunds", GET=refunds.find_many),
    _route(f"payments/{ID}/chargeback", GET=chargeback_calls.of_payment),
    _route("chargebacks", GET=chargeback_calls.find_many),
    _route(f"chargebacks/{ID}/dispute", POST=chargeback_calls.dispute),
    _route(f"payments/{ID}/bankSlip/refund", POST=refunds.ask_payer),
    _route(
        f"payments/{ID}", GET=payments.show, PUT=payments.update, POST=payments.update, DELETE=payments.delete
    ),
    _route(f"sandbox/payment/{ID}/confirm", POST=payments.sandbox_confirm),
    _route(f"sandbox/payment/{ID}/overdue", POST=payments.sandbox_overdue),
    _route("installments", GET=instalments.find_many, POST=instalments.create),
    _route(f"installments/{ID}/payments", GET=instalments.find_parcels, DELETE=instalments.delete_parcels),
    _route(f"installments/{ID}/paymentBook", GET=instalments.payment_book),
    _route(f"installments/{ID}/refund", POST=instalments.refund),
    _route(f"installments/{ID}/splits", PUT=instalments.splits),
    _route(f"installments/{ID}", GET=instalments.show, DELETE=instalments.delete),
    _route("subscriptions", GET=subscriptions.find_many, POST=subscriptions.create),
    _route(f"subscriptions/{ID}/payments", GET=subscriptions.find_charges),
    _route(f"subscriptions/{ID}/paymentBook", GET=subscriptions.payment_book),
    _route(f"subscriptions/{ID}/creditCard", PUT=subscriptions.set_card),
    _route(
        f"subscriptions/{ID}",
        GET=subscriptions.show,
        PUT=subscriptions.update,
        POST=subscriptions.update,
        DELETE=subscriptions.delete,
    ),
    _route("checkouts", POST=checkouts.create),
    _route(f"checkouts/{ID}/cancel", POST=checkouts.cancel),
    _route("webhooks", GET=webhooks.find_many, POST=webhooks.create),
    _route(f"webhooks/{ID}/removeBackoff", POST=webhooks.remove_backoff),
    _route(
        f"webhooks/{ID}", GET=webhooks.show, PUT=webhooks.update, POST=webhooks.update, DELETE=webhooks.delete
    ),
    re_path(r"^i/(?P<code>[^/]+)/?$", pages.invoice),
    re_path(r"^b/pdf/(?P<code>[^/]+)/?$", pages.bank_slip),
    re_path(r"^checkoutSession/show(?:/(?P<code>[^/]+))?/?$", checkout_pages.show),
    re_path(r"^refund/(?P<code>[^/]+)/?$", pages.refund_request),
    re_path(r"^v3/", unknown_path),
]
