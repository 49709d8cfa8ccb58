"""Write about open problems to the people who can act: each problem once, to each of them once."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.db.models import Exists, OuterRef, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from config import clock
from connections.models import ConnectionAccess, Problem

logger = logging.getLogger(__name__)

# Waits after a failure, in minutes; after the last one only the pages tell.
WAITS = (1, 5, 15, 60, 360, 1440)
_NOBODY_WAIT = timedelta(hours=1)
_MOST = 20
_NO_EMAIL = "django.core.mail.backends.dummy.EmailBackend"
_BACKEND = "django.contrib.auth.backends.ModelBackend"


def is_set_up() -> bool:
    """Whether e-mails go anywhere at all."""
    return settings.EMAIL_BACKEND != _NO_EMAIL


def tell() -> int:
    """Write about every problem that is due; returns how many everybody has now been told of."""
    if not is_set_up():
        return 0
    waiting = Problem.objects.open().filter(told_at=None, tell_due_at__lte=clock.now())
    return sum(_tell(pk) for pk in list(waiting.order_by("tell_due_at").values_list("pk", flat=True)[:_MOST]))


def recipients(problem: Problem) -> list[User]:
    """Active people with an address who may change the connection, and all connections for the house."""
    able = User.objects.with_perm(
        "connections.change_connection", is_active=True, include_superusers=True, backend=_BACKEND
    )
    limits = ConnectionAccess.objects.filter(user=OuterRef("pk"))
    theirs = limits.filter(connection=problem.connection_id)
    reaches = Q(is_superuser=True) | Q(~Exists(limits)) | Q(Exists(theirs))
    return list(able.filter(reaches).exclude(email="").order_by("pk").distinct())


def _tell(pk: int) -> bool:
    problem = _claim(pk)
    if problem is None:
        return False
    mine = Problem.objects.filter(pk=pk)
    people = recipients(problem)
    if not people:
        mine.update(tell_due_at=clock.now() + _NOBODY_WAIT, tell_tries=0)
        return False
    told = _send(problem, (person for person in people if person.pk not in problem.told_to))
    told_to = [*problem.told_to, *told]
    is_done = {person.pk for person in people} <= set(told_to)
    mine.update(told_to=told_to, told_at=clock.now() if is_done else None)
    return is_done


def _claim(pk: int) -> Problem | None:
    """One process sends; should it die meanwhile, the row comes up again by its time."""
    sealed = ("connection__credentials", "connection__webhook_secrets")
    found = Problem.objects.select_related("connection").defer(*sealed).filter(pk=pk).first()
    if found is None:
        return None
    wait = WAITS[found.tell_tries] if found.tell_tries < len(WAITS) else None
    now = clock.now()
    free = Problem.objects.open().filter(pk=pk, told_at=None, tell_due_at__lte=now)
    is_mine = free.filter(tell_tries=found.tell_tries).update(
        tell_due_at=now + timedelta(minutes=wait) if wait else None, tell_tries=found.tell_tries + 1
    )
    return found if is_mine else None


def _send(problem: Problem, people: Iterable[User]) -> list[int]:
    """Who could be told. Of a failure only the kind is logged: its text may name addresses."""
    told = []
    try:
        with translation.override(settings.LANGUAGE_CODE), get_connection() as mailer:
            subject, body = _words(problem)
            for person in people:
                try:
                    EmailMessage(subject, body, to=[person.email], connection=mailer).send()
                except smtplib.SMTPRecipientsRefused:
                    logger.warning("problem %s: the e-mail server refuses a recipient", problem.pk)
                else:
                    told.append(person.pk)
    except (smtplib.SMTPException, OSError, ValueError) as err:
        logger.warning("problem %s: the e-mail could not be sent (%s)", problem.pk, type(err).__name__)
    return told


def _words(problem: Problem) -> tuple[str, str]:
    """Subject and text, in the language in force."""
    connection = problem.connection
    where = connection.name if connection else gettext("Back-office")
    with timezone.override(settings.TIME_ZONE):
        body = render_to_string(
            "connections/problem.txt", {"problem": problem, "connection": connection, "link": link(problem)}
        )
    return " ".join(f"{where}: {problem.kind.title}".split()), body


def link(problem: Problem) -> str:
    """The page where something can be done about it."""
    if problem.connection_id is None:
        return settings.PUBLIC_URL + reverse("dashboard")
    return settings.PUBLIC_URL + reverse("admin:connections_connection_change", args=[problem.connection_id])
