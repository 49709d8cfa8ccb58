"""What is told of a connection: one open row for each problem, one e-mail for each person who can act."""

from __future__ import annotations

import smtplib
import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, connections
from django.test import Client
from django.urls import reverse
from django.utils import translation

from config import clock as product_clock
from connections.gateways.base import Notice
from connections.models import Connection, ConnectionAccess, ConnectionState, Problem
from connections.problem_kinds import KINDS, kind_of
from connections.services import keeping, problems, telling
from tests.factories import make_connection

SEVERAL = 6


@pytest.fixture
def connection(db: None, clock: time_machine.Traveller) -> Connection:
    return make_connection(name="Loja Centro")


@pytest.fixture
def ana(db: None) -> User:
    return make_person("ana")


def make_person(name: str, *, may: bool = True, **values: Any) -> User:
    user = User.objects.create_user(name, **{"email": f"{name}@example.com", **values})
    if may:
        user.user_permissions.add(Permission.objects.get(codename="change_connection"))
    return user


def addresses() -> list[str]:
    return sorted(address for message in mail.outbox for address in message.to)


# -- rows -----------------------------------------------------------------------------------------


def test_saying_it_again_changes_nothing_but_when_it_was_seen(
    connection: Connection, clock: time_machine.Traveller
) -> None:
    first = problems.raise_(connection, "key_refused", says="no")
    clock.shift(60)
    problems.raise_(connection, "key_refused", says="never")
    [row] = Problem.objects.all()
    assert row.since == first.since and row.last_seen_at == first.since + timedelta(seconds=60)
    assert row.data == {"says": "never"}


def test_what_comes_back_is_another_row(connection: Connection) -> None:
    problems.raise_(connection, "key_refused")
    assert problems.clear(connection, "key_refused", repair="resumed")
    assert not problems.clear(connection, "key_refused")
    problems.raise_(connection, "key_refused")
    assert [row.repair for row in Problem.objects.exclude(cleared_at=None)] == ["resumed"]
    assert Problem.objects.open().count() == 1


def test_what_was_over_long_ago_is_forgotten(connection: Connection, clock: time_machine.Traveller) -> None:
    for code in ("key_refused", "key_sealed"):
        problems.raise_(connection, code)
    problems.clear(connection, "key_refused")
    clock.shift(timedelta(days=89))
    assert problems.forget() == 0
    clock.shift(timedelta(days=2))
    assert (problems.forget(), problems.forget()) == (1, 0)
    assert [row.code for row in Problem.objects.all()] == ["key_sealed"]


@pytest.mark.parametrize("of_house", [False, True])
def test_the_database_takes_one_open_row_of_a_kind(connection: Connection, of_house: bool) -> None:
    where = None if of_house else connection
    row = problems.raise_(where, "key_sealed")
    row.pk = None
    with pytest.raises(IntegrityError):
        row.save(force_insert=True)


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of_house", [False, True])
def test_many_processes_raise_one_problem(of_house: bool) -> None:
    where = None if of_house else make_connection()
    start, failures = threading.Barrier(SEVERAL), []

    def say() -> None:
        try:
            start.wait()
            problems.raise_(where, "key_refused")
        except Exception as err:
            failures.append(err)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=say) for _number in range(SEVERAL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and Problem.objects.open().count() == 1


def test_a_webhook_is_followed_apart_from_the_key(connection: Connection) -> None:
    connection.state = ConnectionState.REFUSED
    problems.follow_key(connection)
    keeping.take_missing(connection)
    assert {row.code for row in Problem.objects.open()} == {"key_refused", "webhook_missing"}
    connection.state = ConnectionState.READY
    problems.follow_key(connection)
    assert {row.code for row in Problem.objects.open()} == {"webhook_missing"}


def test_a_notice_we_have_no_words_for_brings_its_own(connection: Connection) -> None:
    connection.notices = [{"code": "made_up", "text": "Conta em análise"}]
    problems.follow_key(connection)
    row = Problem.objects.get()
    assert (row.code, row.kind) == ("made_up", kind_of("nobody knows")) and "Conta em análise" in row.advice


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_kind_says_what_it_is_and_what_to_do(code: str) -> None:
    with translation.override("en"):
        kind = kind_of(code)
        advice = kind.advise({"times": 3, "day": "2026-12-24", "says": "não"})
    assert kind.title and advice and "%" not in advice
    assert "12/24/2026" in advice and "“não”" in advice


def test_every_notice_of_the_adapters_has_words() -> None:
    from connections.gateways.asaas import account, webhook
    from connections.gateways.mercadopago import client

    told = [value for module in (account, webhook, client) for value in vars(module).values()]
    codes = {notice.code for notice in told if isinstance(notice, Notice)}
    assert len(codes) > 8 and codes <= set(KINDS)


# -- e-mail ---------------------------------------------------------------------------------------


def test_writes_once_to_each_who_can_act(connection: Connection, ana: User) -> None:
    make_person("bruno")
    make_person("without rights", may=False)
    make_person("gone", is_active=False)
    make_person("no address", email="")
    problems.raise_(connection, "key_refused")
    assert (telling.tell(), telling.tell()) == (1, 0)
    assert addresses() == ["ana@example.com", "bruno@example.com"]
    assert all(len(message.to) == 1 for message in mail.outbox)


def test_says_what_since_when_what_to_do_and_where(connection: Connection, ana: User, settings: Any) -> None:
    settings.PUBLIC_URL = "https://pay.example.com"
    problems.raise_(connection, "key_refused", says="A chave de API fornecida é inválida")
    with translation.override("en"):
        telling.tell()
    [message] = mail.outbox
    page = reverse("admin:connections_connection_change", args=[connection.pk])
    with translation.override(settings.LANGUAGE_CODE):
        row = Problem.objects.get()
        assert message.subject == f"Loja Centro: {row.kind.title}" and row.advice in message.body
    assert f"https://pay.example.com{page}" in message.body
    assert "21/11/2026 09:00" in message.body and "fornecida é inválida" in message.body
    assert "&" not in message.body and "{" not in message.body


def test_the_limited_hear_of_their_connections_only(connection: Connection, ana: User) -> None:
    ConnectionAccess.objects.create(user=ana, connection=connection)
    root = User.objects.create_superuser("root", email="root@example.com")
    ConnectionAccess.objects.create(user=root, connection=connection)
    problems.raise_(make_connection(), "key_refused")
    problems.raise_(None, "key_sealed")
    telling.tell()
    assert addresses() == ["root@example.com"] * 2
    problems.raise_(connection, "key_refused")
    telling.tell()
    assert addresses() == ["ana@example.com"] + ["root@example.com"] * 3


def test_writes_again_only_when_it_came_back(connection: Connection, ana: User) -> None:
    for _time in range(2):
        problems.raise_(connection, "key_refused")
        telling.tell()
        problems.raise_(connection, "key_refused")
        telling.tell()
        problems.clear(connection, "key_refused")
    assert len(mail.outbox) == 2


def test_what_mends_itself_is_not_worth_an_e_mail_and_what_lasts_is(
    connection: Connection, ana: User, clock: time_machine.Traveller
) -> None:
    problems.raise_(connection, "webhook_interrupted")
    assert telling.tell() == 0
    problems.clear(connection, "webhook_interrupted", repair="resumed")
    problems.raise_(connection, "webhook_missing")
    clock.shift(timedelta(minutes=16))
    assert telling.tell() == 1
    assert len(mail.outbox) == 1


class Refusing(EmailBackend):
    """Refuses whom it is told to, or everybody."""

    refused: set[str] = set()
    is_down = False

    def send_messages(self, messages: Any) -> int:
        if self.is_down:
            raise ConnectionRefusedError("mail.example.com")
        for message in messages:
            if message.to[0] in self.refused:
                raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no such user")})
        return super().send_messages(messages)


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> type[Refusing]:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    monkeypatch.setattr(Refusing, "refused", set())
    monkeypatch.setattr(Refusing, "is_down", False)
    return Refusing


def test_a_failure_waits_longer_each_time_and_stops_nothing(
    connection: Connection, ana: User, clock: time_machine.Traveller, server: type[Refusing], caplog: Any
) -> None:
    problems.raise_(connection, "key_refused")
    server.is_down = True
    waits = []
    for _time in telling.WAITS:
        now = product_clock.now()
        assert telling.tell() == 0
        due = Problem.objects.get().tell_due_at
        assert due is not None
        waits.append(round((due - now).total_seconds() / 60))
        clock.shift(due - now)
    assert waits == list(telling.WAITS) == sorted(waits)
    assert telling.tell() == 0 and Problem.objects.get().tell_due_at is None
    assert "ana@" not in caplog.text and "ConnectionRefusedError" in caplog.text


def test_one_refused_recipient_keeps_nobody_waiting_and_nobody_is_told_twice(
    connection: Connection, clock: time_machine.Traveller, server: type[Refusing], caplog: Any
) -> None:
    make_person("ana")
    make_person("bruno")
    server.refused = {"ana@example.com"}
    problems.raise_(connection, "key_refused")
    assert telling.tell() == 0 and addresses() == ["bruno@example.com"]
    server.refused = set()
    clock.shift(timedelta(minutes=2))
    assert telling.tell() == 1 and addresses() == ["ana@example.com", "bruno@example.com"]
    assert "ana@" not in caplog.text


def test_two_workers_send_one_e_mail(
    connection: Connection, ana: User, server: type[Refusing], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes while the first is about to send."""
    problems.raise_(connection, "key_refused")
    once, original = [True], Refusing.send_messages

    def meanwhile(self: Refusing, messages: Any) -> int:
        if once:
            once.clear()
            telling.tell()
        return original(self, messages)

    monkeypatch.setattr(Refusing, "send_messages", meanwhile)
    telling.tell()
    assert len(mail.outbox) == 1


def test_two_workers_that_saw_the_same_row_do_not_both_take_it(connection: Connection) -> None:
    problem = problems.raise_(connection, "key_refused")
    assert telling._claim(problem.pk) and not telling._claim(problem.pk)


def test_waits_for_somebody_to_write_to(connection: Connection, clock: time_machine.Traveller) -> None:
    problems.raise_(connection, "key_refused")
    assert telling.tell() == 0
    make_person("ana")
    clock.shift(timedelta(minutes=61))
    assert telling.tell() == 1


def test_without_e_mail_nothing_breaks_and_the_admin_says_so(
    connection: Connection, ana: User, settings: Any, person: Client
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    problems.raise_(connection, "key_refused")
    assert telling.tell() == 0 and Problem.objects.get().told_at is None
    pages = [reverse("admin:connections_connection_changelist")]
    pages.append(reverse("admin:connections_connection_change", args=[connection.pk]))
    for address in pages:
        assert 'id="no-email"' in person.get(address).content.decode()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert all('id="no-email"' not in person.get(address).content.decode() for address in pages)
    assert telling.tell() == 1


# -- in the admin ---------------------------------------------------------------------------------


def test_the_admin_shows_what_is_open_and_what_was_mended(connection: Connection, person: Client) -> None:
    problems.raise_(connection, "webhook_interrupted")
    problems.clear(connection, "webhook_interrupted", repair="resumed")
    problems.raise_(connection, "no_pix_key")
    page = person.get(reverse("admin:connections_connection_change", args=[connection.pk])).content.decode()
    assert 'data-problem="no_pix_key"' in page and 'data-problem="webhook_interrupted"' not in page
    assert str(kind_of("webhook_interrupted").title) in page.partition('id="past-problems"')[2]


def test_the_list_of_connections_shows_problems_in_one_query(
    connection: Connection, person: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        problems.raise_(make_connection(name=f"Loja {number}"), "key_refused")
    with django_assert_max_num_queries(12):
        page = person.get(reverse("admin:connections_connection_changelist")).content.decode()
    assert page.count(str(kind_of("key_refused").title)) == 5
