"""Who gets which answer from every address there is. A new address fails until it stands in the table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from django.contrib.admindocs.views import simplify_regex
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import URLPattern, get_resolver

from tests.backoffice.people import WHO, House, Place

# L to the login, o page, r redirect, x 403, n 404, m 405, u 422 (form with errors), s 401, g "is not there".
# Columns: anonymous, Administrator, Finance, Operator, Auditor, and an operator and an administrator who are
# limited to one connection and ask about another. First GET, then POST. Finance and Operator are not staff.
TABLE = """
/                                                         Loooooo mmmmmmm
/login/                                                   orrrrrr orrrrrr
/logout/                                                  mmmmmmm LLLLLLL
/i18n/setlang/                                            rrrrrrr rrrrrrr
/charges/                                                 Loooooo mmmmmmm
/charges/totals/                                          Loooooo mmmmmmm
/charges/export/                                          Looxoxo mmmmmmm
/charges/cancel/                                          Loooxoo Lrrrxrr
/charges/cancellations/<cancellation_id>/                 Loooonn mmmmmmm
/charges/cancellations/<cancellation_id>/state/           Loooonn mmmmmmm
/charges/cancellations/<cancellation_id>/stop/            mmmmmmm Lrrrxnn
/charges/new/                                             Lxxoxox Lxxoxox
/charges/new/check/                                       mmmmmmm Lxxoxox
/charges/import/                                          Lxxoxox Lxxuxux
/charges/import/template/                                 Lxxoxox mmmmmmm
/charges/import/<batch_id>/                               Lxxoxnx mmmmmmm
/charges/import/<batch_id>/state/                         Lxxoxnx mmmmmmm
/charges/import/<batch_id>/create/                        mmmmmmm Lxxrxnx
/charges/import/<batch_id>/stop/                          mmmmmmm Lxxrxnx
/charges/import/<batch_id>/go-on/                         mmmmmmm Lxxrxnx
/charges/import/<batch_id>/not-made/                      Lxxoxnx mmmmmmm
/charges/<reference>/                                     Loooonn mmmmmmm
/charges/<reference>/ask/                                 mmmmmmm Lrrrxnn
/charges/<reference>/note/                                Lrrrxnn Luuuxnn
/charges/<reference>/review/                              Lxrxxxx Lxrxxxx
/charges/<reference>/refund/                              Looxxxn Luuxxxn
/charges/<reference>/refund/check/                        mmmmmmm Looxxxn
/charges/<reference>/refunds/<refund_id>/                 Looxxxn Luuxxxn
/charges/<reference>/cancel/                              Loooxnn Luuuxnn
/charges/<reference>/due-date/                            Loooxnn Luuuxnn
/charges/<reference>/amount/                              Loooxnn Luuuxnn
/charges/<reference>/description/                         Loooxnn Luuuxnn
/charges/<reference>/cash/                                Looxxxn Luuxxxn
/charges/<reference>/undo-cash/                           Looxxxn Luuxxxn
/charges/<reference>/restore/                             Loooxnn Luuuxnn
/charges/<reference>/sent/                                mmmmmmm Luuuxnn
/charges/<reference>/send-again/                          mmmmmmm Lxxrxnx
/charges/<reference>/new-code/                            mmmmmmm Lxxrxnx
/charges/<reference>/new-link/                            mmmmmmm Lxxrxnx
/charges/<reference>/simulate-payment/                    mmmmmmm Lxxrxnx
/charges/<reference>/simulate-overdue/                    mmmmmmm Lxxrxnx
/customers/                                               Loooooo mmmmmmm
/customers/search/                                        Loooooo mmmmmmm
/customers/<public_id>/                                   Loooonn mmmmmmm
/customers/<public_id>/change/                            Loooxnn Luuuxnn
/customers/<public_id>/merge/                             Looxxxn Luuxxxn
/customers/<public_id>/export/                            Looxxxn Looxxxn
/customers/<public_id>/anonymise/                         Loxxxxn Luxxxxn
/subscriptions/                                           Loooooo mmmmmmm
/subscriptions/new/                                       Lxxoxox Lxxoxox
/subscriptions/new/check/                                 mmmmmmm Lxxoxox
/subscriptions/<reference>/                               Loooonn mmmmmmm
/subscriptions/<reference>/state/                         Loooonn mmmmmmm
/subscriptions/<reference>/sent/                          mmmmmmm Luuuxnn
/subscriptions/<reference>/send-again/                    mmmmmmm Lxxrxnx
/subscriptions/<reference>/review/                        Lxrxxxx Lxrxxxx
/subscriptions/<reference>/pause/                         Loooxnn Luuuxnn
/subscriptions/<reference>/resume/                        Loooxnn Luuuxnn
/subscriptions/<reference>/cancel/                        Loooxnn Luuuxnn
/subscriptions/<reference>/amount/                        Loooxnn Luuuxnn
/subscriptions/<reference>/description/                   Loooxnn Luuuxnn
/plans/                                                   Loooooo mmmmmmm
/plans/new/                                               Loxoxoo Loxoxoo
/plans/<reference>/                                       Loooonn mmmmmmm
/plans/<reference>/state/                                 Loooonn mmmmmmm
/plans/<reference>/send-again/                            mmmmmmm Lrxrxnn
/plans/<reference>/close/                                 Loxoxnn Lrxrxnn
/disputes/                                                Loooooo mmmmmmm
/events/                                                  Looxoxo mmmmmmm
/events/accounts/                                         Looxoxo mmmmmmm
/events/simulate/                                         Loxxxxo Luxxxxu
/events/simulations/<public_id>/                          Loxxxxn mmmmmmm
/events/simulations/<public_id>/state/                    Loxxxxn mmmmmmm
/events/replay/                                           Looxxxo Lrrxxxr
/events/replays/<public_id>/                              Looxoxn mmmmmmm
/events/replays/<public_id>/state/                        Looxoxn mmmmmmm
/events/<public_id>/                                      Looxoxn mmmmmmm
/events/<public_id>/state/                                Looxoxn mmmmmmm
/events/<public_id>/replay/                               mmmmmmm Lrrxxxn
/events/<public_id>/ignore/                               mmmmmmm Luuxxxn
/reports/reconciliation/                                  Looxoxo mmmmmmm
/reports/reconciliation/<public_id>/                      Looxoxn mmmmmmm
/reports/reconciliation/of/<connection_id>/now/           mmmmmmm Lrrxxxn
/reports/settlements/                                     Looxoxo mmmmmmm
/reports/settlements/csv/                                 Looxoxo mmmmmmm
/doctor/                                                  Loxxoxo mmmmmmm
/doctor/look/                                             mmmmmmm Lrxxxxr
/doctor/mend/<public_id>/                                 mmmmmmm Lrxxxxn
/doctor/help/<code>/                                      Loxxoxo mmmmmmm
/doctor/echo/<nonce>/                                     ooooooo mmmmmmm
/imports/of/<connection_id>/                              Loxxxxn Luxxxxn
/imports/<public_id>/                                     Loxxxxn mmmmmmm
/imports/<public_id>/state/                               Loxxxxn mmmmmmm
/pay/<token>/                                             ooooooo mmmmmmm
/pay/<token>/state/                                       ooooooo mmmmmmm
/pay/<token>/code/                                        mmmmmmm xxxxxxx
/brand/<public_id>/<mark>.css                             ooooooo mmmmmmm
/api/v1/charges/<reference>/                              xoooonn xmmmmmm
/webhooks/<token>/                                        mmmmmmm sssssss
/admin/                                                   Loxxoxo Loxxoxo
/admin/login/                                             LLLLLLL LLLLLLL
/admin/logout/                                            gmxxmxm gLxxLxL
/admin/password_change/                                   Loxxoxo Loxxoxo
/admin/password_change/done/                              Loxxoxo Lmxxmxm
/admin/autocomplete/                                      Lxxxxxx Lmxxmxm
/admin/jsi18n/                                            Loxxoxo Lmxxmxm
/admin/payments/charge/                                   Loxxoxo Loxxoxo
/admin/payments/charge/add/                               Lxxxxxx Lxxxxxx
/admin/payments/charge/<object_id>/history/               Loxxoxg Loxxoxg
/admin/payments/charge/<object_id>/delete/                Lxxxxxx Lxxxxxx
/admin/payments/charge/<object_id>/change/                Loxxoxg Lxxxxxx
/admin/payments/charge/<object_id>/                       Lrxxrxr Lrxxrxr
/admin/payments/subscription/                             Loxxoxo Loxxoxo
/admin/payments/subscription/add/                         Lxxxxxx Lxxxxxx
/admin/payments/subscription/<object_id>/history/         Loxxoxg Loxxoxg
/admin/payments/subscription/<object_id>/delete/          Lxxxxxx Lxxxxxx
/admin/payments/subscription/<object_id>/change/          Loxxoxg Lxxxxxx
/admin/payments/subscription/<object_id>/                 Lrxxrxr Lrxxrxr
/admin/payments/plan/                                     Loxxoxo Loxxoxo
/admin/payments/plan/add/                                 Lxxxxxx Lxxxxxx
/admin/payments/plan/<object_id>/history/                 Loxxoxg Loxxoxg
/admin/payments/plan/<object_id>/delete/                  Lxxxxxx Lxxxxxx
/admin/payments/plan/<object_id>/change/                  Loxxoxg Lxxxxxx
/admin/payments/plan/<object_id>/                         Lrxxrxr Lrxxrxr
/admin/payments/customer/                                 Loxxoxo Loxxoxo
/admin/payments/customer/add/                             Lxxxxxx Lxxxxxx
/admin/payments/customer/<object_id>/history/             Loxxoxg Loxxoxg
/admin/payments/customer/<object_id>/delete/              Lxxxxxx Lxxxxxx
/admin/payments/customer/<object_id>/change/              Loxxoxg Lxxxxxx
/admin/payments/customer/<object_id>/                     Lrxxrxr Lrxxrxr
/admin/auth/user/<id>/password/                           Loxxxxx Loxxxxx
/admin/auth/user/                                         Loxxoxo Loxxoxo
/admin/auth/user/add/                                     Loxxxxx Loxxxxx
/admin/auth/user/<object_id>/history/                     Loxxoxo Loxxoxo
/admin/auth/user/<object_id>/delete/                      Lxxxxxx Lxxxxxx
/admin/auth/user/<object_id>/change/                      Loxxoxo Loxxxxx
/admin/auth/user/<object_id>/                             Lrxxrxr Lrxxrxr
/admin/auth/group/                                        Loxxoxo Loxxoxo
/admin/auth/group/add/                                    Lxxxxxx Lxxxxxx
/admin/auth/group/<object_id>/history/                    Loxxoxo Loxxoxo
/admin/auth/group/<object_id>/delete/                     Lxxxxxx Lxxxxxx
/admin/auth/group/<object_id>/change/                     Loxxoxo Lxxxxxx
/admin/auth/group/<object_id>/                            Lrxxrxr Lrxxrxr
/admin/connections/connection/<pk>/state/                 Loxxoxn Lmxxmxm
/admin/connections/connection/<pk>/check/                 Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/disable/               Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/enable/                Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/enable-webhook/        Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/new-token/             Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/new-address/           Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/drop-old-secrets/      Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/drop-old-address/      Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/reveal-token/          Lmxxmxm Lrxxxxn
/admin/connections/connection/<pk>/confirm/               Loxxxxn Loxxxxn
/admin/connections/connection/                            Loxxoxo Loxxoxo
/admin/connections/connection/add/                        Loxxxxx Loxxxxx
/admin/connections/connection/<object_id>/history/        Loxxoxg Loxxoxg
/admin/connections/connection/<object_id>/delete/         Lxxxxxg Lxxxxxg
/admin/connections/connection/<object_id>/change/         Loxxoxg Loxxxxg
/admin/connections/connection/<object_id>/                Lrxxrxr Lrxxrxr
/admin/connections/brand/                                 Loxxoxo Loxxoxo
/admin/connections/brand/add/                             Loxxxxo Loxxxxo
/admin/connections/brand/<object_id>/history/             Loxxoxg Loxxoxg
/admin/connections/brand/<object_id>/delete/              Loxxxxg Loxxxxg
/admin/connections/brand/<object_id>/change/              Loxxoxg Loxxxxg
/admin/connections/brand/<object_id>/                     Lrxxrxr Lrxxrxr
/admin/webhooks/webhookevent/                             Loxxoxo Loxxoxo
/admin/webhooks/webhookevent/add/                         Lxxxxxx Lxxxxxx
/admin/webhooks/webhookevent/<object_id>/history/         Loxxoxg Loxxoxg
/admin/webhooks/webhookevent/<object_id>/delete/          Lxxxxxx Lxxxxxx
/admin/webhooks/webhookevent/<object_id>/change/          Loxxoxg Lxxxxxx
/admin/webhooks/webhookevent/<object_id>/                 Lrxxrxr Lrxxrxr
/admin/webhooks/rejectednotification/                     Loxxoxo Loxxoxo
/admin/webhooks/rejectednotification/add/                 Lxxxxxx Lxxxxxx
/admin/webhooks/rejectednotification/<object_id>/history/ Loxxoxg Loxxoxg
/admin/webhooks/rejectednotification/<object_id>/delete/  Lxxxxxx Lxxxxxx
/admin/webhooks/rejectednotification/<object_id>/change/  Loxxoxg Lxxxxxx
/admin/webhooks/rejectednotification/<object_id>/         Lrxxrxr Lrxxrxr
/admin/<app_label>/                                       Loxxoxo Loxxoxo
/admin/<url>                                              Lnxxnxn Lnxxnxn
/password/                                                Loooooo Loooooo
/healthz                                                  ooooooo mmmmmmm
/readyz                                                   ooooooo mmmmmmm
"""
_WRITES = re.compile(r'(INSERT INTO|UPDATE|DELETE FROM) "(?!django_session)')
_LETTERS = {200: "o", 302: "r", 403: "x", 404: "n", 405: "m", 422: "u", 401: "s"}


def table() -> dict[str, tuple[str, str]]:
    rows = (line.split() for line in TABLE.strip().splitlines())
    return {route: (get, post) for route, get, post in rows}


def routes() -> Iterator[str]:
    """Every address, as written in the urls; a pattern of the admin in its readable form."""
    yield from _walk(get_resolver().url_patterns, "/")


def _walk(patterns: list[Any], before: str) -> Iterator[str]:
    for found in patterns:
        text = str(found.pattern)
        written = simplify_regex(text).lstrip("/") if text.startswith(("^", "(")) else text
        if isinstance(found, URLPattern):
            yield re.sub(r"<\w+:", "<", before + written)
        else:
            yield from _walk(found.url_patterns, before + written)


def address(route: str, house: House, place: Place) -> str:
    """The route with what it names filled in."""
    model = route.split("/")[3] if route.count("/") > 3 else ""
    rows: dict[str, Any] = {
        "charge": place.charge.pk,
        "customer": place.charge.customer_id,
        "subscription": place.subscription.pk,
        "plan": place.plan.pk,
        "user": house.colleague.pk,
        "group": house.group.pk,
        "connection": place.connection.pk,
        "brand": place.brand.pk,
        "webhookevent": place.event.pk,
        "rejectednotification": place.rejection.pk,
    }
    token = place.connection.path_token if route.startswith("/webhooks/") else place.charge.pay_token
    values = {
        "reference": _reference(route, place),
        "public_id": _public_id(route, place),
        "refund_id": place.refund.public_id,
        "batch_id": place.batch.public_id,
        "cancellation_id": place.cancellation.public_id,
        "connection_id": place.connection.public_id,
        "token": token,
        "code": "no_pix_key",
        "mark": "any",
        "nonce": place.run.public_id,
        "pk": place.connection.pk,
        "app_label": "payments",
        "url": "nothing-here/",
    }
    found = re.sub(r"<([^>]+)>", lambda match: str(values.get(match[1], rows.get(model))), route)
    assert "None" not in found, f"no value for {route}"
    return found


def _reference(route: str, place: Place) -> str:
    if route.startswith("/plans/"):
        return place.plan.reference
    return (place.subscription if route.startswith("/subscriptions/") else place.charge).reference


def _public_id(route: str, place: Place) -> Any:
    if route.startswith("/events/replays/"):
        return place.replay.public_id
    if route.startswith("/events/simulations/"):
        return place.simulation.public_id
    if route.startswith("/customers/"):
        return place.charge.customer.public_id
    if route.startswith("/doctor/"):
        return place.connection.public_id
    if route.startswith("/brand/"):
        return place.brand.public_id
    if route.startswith("/imports/"):
        return place.imported.public_id
    return place.event.public_id if route.startswith("/events/") else place.run.public_id


def ask(house: House, who: str, method: str, path: str) -> str:
    """The letter of the answer. Only a POST that is let in writes; what it wrote is taken back."""
    written: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if _WRITES.match(sql):
            written.append(sql)
        return execute(sql, *rest)

    with transaction.atomic():
        with connection.execute_wrapper(note):
            answer = house.browser(who).generic(method, path)
        transaction.set_rollback(True)
    letter = _letter(answer, path)
    assert not written or (method == "POST" and letter in "orus"), f"{method} by {who}: {letter} {written}"
    return letter


def _letter(answer: HttpResponse, path: str) -> str:
    target = answer.headers.get("Location", "")
    if answer.status_code == 302 and target.startswith(("/login/", "/admin/login/")):
        return "L"
    if answer.status_code == 302 and target == "/admin/" and path.startswith("/admin/"):
        return "g"
    return _LETTERS.get(answer.status_code, str(answer.status_code))


@pytest.fixture(autouse=True)
def no_gateway() -> Iterator[None]:
    with responses.RequestsMock(assert_all_requests_are_fired=False):
        yield


def test_every_address_is_in_the_table() -> None:
    assert sorted(set(routes()) - set(table())) == [], "say in TABLE who may open it"
    assert sorted(set(table()) - set(routes())) == [], "no longer there"


@pytest.mark.once
def test_answers_as_the_table_says(house: House) -> None:
    given = {}
    for route in table():
        path = address(route, house, house.other)
        given[route] = tuple(
            "".join(ask(house, who, method, path) for who in WHO) for method in ("GET", "POST")
        )
    assert given == table()


@pytest.mark.once
@pytest.mark.full
def test_other_methods_do_nothing(house: House) -> None:
    """Refused, or answered like a GET, as the admin does."""
    wrong = set()
    for route, (shown, _post) in table().items():
        path = address(route, house, house.other)
        for method in ("PUT", "DELETE"):
            for who, looked in zip(WHO, shown, strict=True):
                letter = ask(house, who, method, path)
                if letter not in (looked, *"mxLs"):
                    wrong.add((method, route, who, letter))
    assert wrong == set()


def test_limits_change_nothing_on_their_own_connection(house: House) -> None:
    wrong = set()
    for route in (route for route in table() if "<" in route and "/auth/" not in route):
        path = address(route, house, house.theirs)
        for method in ("GET", "POST"):
            for group in ("operator", "administrator"):
                limited, free = (ask(house, who, method, path) for who in (f"limited {group}", group))
                if limited != free:
                    wrong.add((method, route, group, limited, free))
    assert wrong == set()
