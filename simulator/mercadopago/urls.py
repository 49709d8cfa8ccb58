from django.urls import re_path

from simulator.mercadopago import account, orders, pages, payment_search, payments, preferences, refunds
from simulator.mercadopago.auth import api, unknown_path

ID = r"(?P<gid>[^/]+)"


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
    re_path(r"^(?:sandbox/)?checkout/v1/redirect/?$", pages.checkout),
    re_path(r"^payments/(?P<gid>\d{1,18})/ticket/?$", pages.ticket),
    re_path(r"", unknown_path),
]
