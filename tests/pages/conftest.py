from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from backoffice.groups import keep_groups
from payments.models import Charge
from tests.pages import sample


@pytest.fixture
def people(db: None) -> tuple[User, User]:
    keep_groups()
    return sample.make_people()


@pytest.fixture
def charges(people: tuple[User, User]) -> dict[str, Charge]:
    return sample.make_charges(people[1])


@pytest.fixture
def operator(people: tuple[User, User]) -> Client:
    """A browser in which Carla, who creates charges, is signed in."""
    client = Client()
    client.force_login(people[1])
    return client


@pytest.fixture
def admin(people: tuple[User, User]) -> Client:
    client = Client()
    client.force_login(people[0])
    return client
