"""Who is limited to a connection sees nothing of another, and cannot undo the limit."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.management import call_command
from django.db.models import ProtectedError
from django.urls import reverse

from backoffice.groups import ADMINISTRATOR, AUDITOR, FINANCE, GROUPS, OPERATOR
from connections.models import Connection, ConnectionAccess
from payments.models import Charge
from tests.backoffice.people import House, make_person


def page(house: House, who: str, address: str) -> str:
    answer = house.browser(who).get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def person_form(user: User, **values: Any) -> dict[str, Any]:
    """The user's page of the admin, as a browser would send it."""
    inline = "connection_accesses"
    form: dict[str, Any] = {
        "username": user.username,
        "is_active": "on",
        "date_joined_0": "2026-11-21",
        "date_joined_1": "12:00:00",
        f"{inline}-TOTAL_FORMS": "0",
        f"{inline}-INITIAL_FORMS": "0",
    }
    return {**form, **values}


def change(user: User) -> str:
    return reverse("admin:auth_user_change", args=[user.pk])


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("limited operator", "/charges/"),
        ("limited operator", "/charges/new/"),
        ("limited operator", "/subscriptions/"),
        ("limited operator", "/plans/"),
        ("limited administrator", "/charges/"),
        ("limited administrator", "/admin/connections/connection/"),
        ("limited administrator", "/admin/payments/charge/"),
        ("limited administrator", "/admin/webhooks/webhookevent/"),
        ("limited administrator", "/admin/webhooks/rejectednotification/"),
    ],
)
def test_lists_show_their_connection_only(house: House, who: str, address: str) -> None:
    shown = page(house, who, address)
    assert "Loja Centro" in shown and "Loja Online" not in shown
    everything = page(house, who.removeprefix("limited "), address)
    assert "Loja Centro" in everything and "Loja Online" in everything


def test_search_finds_nothing_on_another_connection(house: House) -> None:
    hidden = house.other.charge.reference
    assert f'data-reference="{hidden}"' not in page(house, "limited operator", f"/charges/?q={hidden}")
    assert f'data-reference="{hidden}"' in page(house, "operator", f"/charges/?q={hidden}")


def test_customers_are_those_charged_on_their_connection(house: House) -> None:
    address = "/admin/payments/customer/"
    hidden = reverse("admin:payments_customer_change", args=[house.other.charge.customer_id])
    assert hidden not in page(house, "limited administrator", address)
    assert hidden in page(house, "administrator", address)


def test_a_charge_on_another_connection_is_refused(house: House) -> None:
    form = {
        "submission": str(uuid.uuid4()),
        "connection": str(house.other.connection.pk),
        "method": "pix",
        "name": "Ana Lima",
        "document": "52998224725",
        "email": "ana@example.com",
        "amount": "10,00",
        "description": "Pedido",
        "due_date": "2099-01-01",
    }
    answer = house.browser("limited operator").post("/charges/new/", form)
    assert answer.status_code == 422 and "connection" in answer.context["form"].errors
    assert Charge.objects.count() == 2


def test_who_stands_outside_sees_nothing(house: House) -> None:
    gone = User.objects.create_user("gone", is_active=False)
    for user in (AnonymousUser(), gone):
        assert not Charge.objects.visible_to(user) and not Connection.objects.visible_to(user)


def test_superusers_see_all(house: House) -> None:
    root = User.objects.create_superuser("root")
    ConnectionAccess.objects.create(user=root, connection=house.theirs.connection)
    assert Charge.objects.visible_to(root).count() == Connection.objects.visible_to(root).count() == 2


def test_limits_cost_no_further_query(house: House, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        list(Charge.objects.for_lists().visible_to(house.people["limited operator"]))


def test_a_limit_outlives_no_deletion_of_its_connection(house: House) -> None:
    """With its last line gone, the person would see everything."""
    alone = Connection.objects.create(gateway="asaas", name="Nova")
    make_person("sole", OPERATOR, limited_to=alone)
    with pytest.raises(ProtectedError):
        alone.delete()


def test_an_administrator_limits_a_person(house: House) -> None:
    form = person_form(
        house.colleague,
        **{
            "groups": str(house.group.pk),
            "connection_accesses-TOTAL_FORMS": "1",
            "connection_accesses-0-connection": str(house.theirs.connection.pk),
        },
    )
    answer = house.browser("administrator").post(change(house.colleague), form)
    assert answer.status_code == 302, answer.context["errors"]
    assert list(Connection.objects.visible_to(house.colleague)) == [house.theirs.connection]


def test_an_administrator_makes_no_superuser(house: House) -> None:
    form = person_form(house.colleague, is_superuser="on", user_permissions=["1"])
    assert house.browser("administrator").post(change(house.colleague), form).status_code == 302
    house.colleague.refresh_from_db()
    assert not house.colleague.is_superuser and not house.colleague.user_permissions.exists()


@pytest.mark.parametrize("page_name", ["auth_user_change", "auth_user_password_change"])
def test_an_administrator_does_not_touch_a_superuser(house: House, page_name: str) -> None:
    root = User.objects.create_superuser("root", password="another long phrase")
    form = {"password1": "mine mine mine mine", "password2": "mine mine mine mine", "usable_password": "true"}
    address = reverse(f"admin:{page_name}", args=[root.pk])
    assert house.browser("administrator").post(address, form).status_code == 403
    root.refresh_from_db()
    assert root.check_password("another long phrase")


def test_operators_do_not_become_staff(house: House) -> None:
    form = person_form(house.colleague, groups=str(house.group.pk), is_staff="on")
    answer = house.browser("administrator").post(change(house.colleague), form)
    assert answer.status_code == 200 and answer.context["adminform"].form.non_field_errors()
    house.colleague.refresh_from_db()
    assert not house.colleague.is_staff


def test_migrate_puts_the_groups_right(house: House) -> None:
    operators = Group.objects.get(name=OPERATOR)
    operators.permissions.set(Permission.objects.filter(codename="delete_connection"))
    Permission.objects.filter(codename="view_webhookevent").delete()
    call_command("migrate", verbosity=0)
    for name, wanted in GROUPS.items():
        held = Group.objects.get(name=name).permissions.select_related("content_type")
        assert {f"{one.content_type.app_label}.{one.codename}" for one in held} == set(wanted)


CHANGES = {
    FINANCE: {
        "payments.review_charge",
        "payments.run_reconciliation",
        "payments.refund_charge",
        "payments.ask_charge",
        "payments.note_charge",
        "payments.send_charge",
        "payments.change_customer",
        "payments.merge_customer",
        "payments.export_customer",
        "payments.cancel_charge",
        "payments.receive_cash",
        "payments.change_agreement",
        "payments.export_charge",
        "webhooks.replay_webhookevent",
        "webhooks.ignore_webhookevent",
    },
    OPERATOR: {
        "payments.add_charge",
        "payments.ask_charge",
        "payments.note_charge",
        "payments.send_charge",
        "payments.change_customer",
        "payments.cancel_charge",
        "payments.add_subscription",
        "payments.change_agreement",
        "payments.add_plan",
        "payments.change_plan",
    },
    AUDITOR: {"payments.export_charge"},
}


def test_only_administrators_change_connections_and_people() -> None:
    for name in (FINANCE, OPERATOR, AUDITOR):
        changing = {text for text in GROUPS[name] if ".view_" not in text}
        assert changing == CHANGES[name]
    assert not any("delete_user" in text for text in GROUPS[ADMINISTRATOR])


def test_navigation_shows_what_one_may_open(house: House) -> None:
    operator, finance = (page(house, who, "/charges/") for who in ("operator", "finance"))
    assert "/charges/new/" in operator and "/charges/new/" not in finance
    assert 'href="/admin/"' not in operator + finance
    assert 'href="/admin/"' in page(house, "auditor", "/charges/")


def test_who_may_not_enter_is_told_in_words(house: House) -> None:
    for address in ("/admin/", "/admin/auth/user/", "/admin/payments/charge/"):
        answer = house.browser("operator").get(address)
        assert answer.status_code == 403 and "administrador" in answer.content.decode()


def test_the_admin_shows_amounts_as_amounts(house: House) -> None:
    charge = house.theirs.charge
    shown = page(house, "auditor", reverse("admin:payments_charge_change", args=[charge.pk]))
    assert "R$\xa0100,00" in shown and "_cents" not in shown and charge.pay_token not in shown
    assert "R$\xa0100,00" in page(house, "auditor", "/admin/payments/charge/")
