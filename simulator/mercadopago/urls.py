from django.urls import re_path

from simulator.mercadopago import (
    account,
    authorized_payments,
    chargebacks,
    claims,
    orders,
    pages,
    payment_search,
    payments,
    plans,
    preapprovals,
    preferences,
    refunds,
    strangers,
    subscription_pages,
)
from simulator.mercadopago.auth import api, unknown_path

ID = r"(?P<gid>[^/]+)"
CLAIMS = "(?:post-purchase/)?v1/claims"


def _route(path: str, **handlers):
    return re_path(rf"^{path}/?$", api(**handlers))


urlpatterns = [
    _route("users/me", GET=account.me),
    _route(f"applications/{ID}", GET=account.application),
    _route("v1/payment_methods", GET=account.payment_methods),
    _route("v1/identification_types", GET=account.identification_types),
    _route("v1/payments", POST=payments.create),
    _route("v1/payments/search", GET=payment_search.search),
    _route(f"v1/payments/{ID}/refunds", GET=refunds.find_many, POST=refunds.create),
    _route(f"v1/payments/{ID}/refunds/(?P<refund>[^/]+)", GET=refunds.show),
    _route(f"v1/payments/{ID}", GET=payments.show, PUT=payments.update),
    _route("checkout/preferences", POST=preferences.create),
    _route("checkout/preferences/search", GET=preferences.search),
    _route(f"checkout/preferences/{ID}", GET=preferences.show, PUT=preferences.update),
    _route("merchant_orders/search", GET=orders.search),
    _route(f"merchant_orders/{ID}", GET=orders.show),
    _route("preapproval_plan", POST=plans.create),
    _route("preapproval_plan/search", GET=plans.search),
    _route(f"preapproval_plan/{ID}", GET=plans.show, PUT=plans.update),
    _route("preapproval", POST=preapprovals.create),
    _route("preapproval/search", GET=preapprovals.search),
    _route(f"preapproval/{ID}", GET=preapprovals.show, PUT=preapprovals.update),
    _route("authorized_payments/search", GET=authorized_payments.search),
    _route(f"authorized_payments/{ID}", GET=authorized_payments.show),
    _route("(?:v1/)?chargebacks/search", GET=chargebacks.search),
    _route(f"(?:v1/)?chargebacks/{ID}/documentation", POST=chargebacks.document),
    _route(f"(?:v1/)?chargebacks/{ID}", GET=chargebacks.show),
    _route(f"{CLAIMS}/search", GET=claims.search),
    _route(f"{CLAIMS}/{ID}", GET=claims.show),
    _route(f"{CLAIMS}/{ID}/status_history", GET=claims.history),
    _route(f"{CLAIMS}/{ID}/(?:messages|evidences)", GET=claims.nothing),
    *[_route(path, GET=strangers.unknown(what)) for path, what in strangers.PATHS.items()],
    re_path(r"^subscriptions/checkout/?$", subscription_pages.checkout),
    re_path(r"^(?:sandbox/)?checkout/v1/redirect/?$", pages.checkout),
    re_path(r"^payments/(?P<gid>\d{1,18})/ticket/?$", pages.ticket),
    re_path(r"", unknown_path),
]
