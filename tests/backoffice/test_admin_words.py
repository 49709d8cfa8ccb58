"""The admin speaks in the words of the product: fields, groups, and no page of it is a dead end."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model
from django.test import Client
from django.utils.functional import Promise

from backoffice import groups
from backoffice.site import ROOMS
from tests import factories

IN_ROOMS = {label for _title, _sentence, labels in ROOMS for label in labels}
MODELS = [model for model in admin.site._registry if model._meta.label in IN_ROOMS]


def shown(model: type[Model], reader: Any) -> list[Field]:
    """In the list and on the page of one row."""
    page = admin.site._registry[model]
    names = [str(name) for name in page.get_list_display(reader)]
    if page.opts.label != "connections.Connection":
        names += [name for _title, part in page.get_fieldsets(reader) for name in part["fields"]]
    found = []
    for name in names:
        try:
            found.append(model._meta.get_field(str(name)))
        except FieldDoesNotExist:
            continue  # a method, which has its description
    return [field for field in found if isinstance(field, Field)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_field_has_a_name_that_is_translated(model: type[Model], rf: Any, admin_user: User) -> None:
    reader = rf.get("/admin/")
    reader.user = admin_user
    assert [field.name for field in shown(model, reader) if not isinstance(field.verbose_name, Promise)] == []


def test_every_group_has_a_name_and_a_sentence() -> None:
    assert set(groups._IN_WORDS) == set(groups._MAY) == set(groups.GROUPS)


@pytest.mark.parametrize("label", sorted({model._meta.app_label for model in MODELS}))
def test_the_trail_leads_to_what_it_names(label: str, admin_client: Client) -> None:
    page = admin_client.get(f"/admin/{label}/").content.decode()
    for model in (model for model in MODELS if model._meta.app_label == label):
        assert f'href="/admin/{label}/{model._meta.model_name}/"' in page


def test_a_cell_knows_the_name_of_its_column(admin_client: Client) -> None:
    charge = factories.make_charge()
    page = admin_client.get("/admin/payments/charge/").content.decode()
    assert charge.reference in page
    assert '<th role="rowheader" data-label=' in page and '<td role="cell" data-label=' in page
