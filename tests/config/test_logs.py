"""What a database says of a row it refused never reaches a log."""

from __future__ import annotations

import io
import logging
import logging.config
from copy import deepcopy
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from payments.models import Customer
from tests.factories import make_customer

# Not as they stand in a line of this file: a traceback shows that.
DOCUMENT, NAME = str(52998224000 + 725), " ".join(("Ana", "Lima"))


def written(log: Any) -> str:
    """As the product's own handler writes an exception."""
    stream = io.StringIO()
    described = deepcopy(settings.LOGGING)
    handler = logging.StreamHandler(stream)
    configurator = logging.config.DictConfigurator(described)
    handler.setFormatter(configurator.configure_formatter(described["formatters"]["line"]))
    logger = logging.Logger("tests")
    logger.addHandler(handler)
    log(logger)
    return stream.getvalue()


DETAIL = f"DETAIL:  Key (document)=({DOCUMENT}) already exists."


def of_error(said: str, *, kind: type[Exception] = IntegrityError) -> str:
    """A log line with an exception whose cause is what the database said."""

    def log(logger: logging.Logger) -> None:
        try:
            raise RuntimeError("of the row") from kind(said)
        except RuntimeError:
            logger.exception("charge chg_1 could not be made")

    return written(log)


@pytest.mark.parametrize(
    "rest",
    [
        DETAIL,
        f"DETALHE:  Chave (document)=({DOCUMENT}) já existe.",
        f"DETALLE:  Ya existe la llave (document)=({DOCUMENT}).",
        f"DETAIL:  Failing row contains (1, CPF, Ana\n{NAME}, {DOCUMENT}).\n{NAME}",
        f"LINE 1: INSERT INTO payments_customer VALUES ('{DOCUMENT}', '{NAME}')\n        ^",
        f"HINT:  of no use\nLÍNEA 1: ... VALUES ('{DOCUMENT}')",
    ],
)
def test_a_constraint_that_names_a_row_is_told_without_it(rest: str) -> None:
    text = of_error(f'duplicate key violates unique constraint "one"\n{rest}')
    assert DOCUMENT not in text and NAME not in text
    assert 'constraint "one"' in text and "RuntimeError: of the row" in text


def test_a_value_in_the_first_line_is_left_out_and_why_nothing_connects_is_not() -> None:
    text = of_error(f'invalid input syntax for type date: "{DOCUMENT}\n{NAME}"', kind=DataError)
    assert "type date" in text and DOCUMENT not in text and NAME not in text
    away = "connection failed: to 10.0.0.9\nIs the server running on that host?"
    assert away in of_error(away, kind=OperationalError)


@pytest.mark.parametrize("form", ["%s", "%r"])
def test_an_error_that_a_message_tells_is_told_without_the_row(form: str) -> None:
    """Given as an argument, or only its words, where no exception says which of them are the database's."""
    said = f"no such row in one\n{DETAIL}\n{NAME}"
    for told in (IntegrityError(said), said):
        text = written(lambda logger, told=told: logger.warning(f"refused: {form}", told))
        assert "no such row in one" in text and DOCUMENT not in text and NAME not in text


def test_what_a_careless_formatter_left_behind_is_not_used() -> None:
    """The first handler's formatter keeps its text of an exception with the record, for all that follow."""

    def log(logger: logging.Logger) -> None:
        careless = logging.StreamHandler(io.StringIO())
        logger.handlers.insert(0, careless)
        try:
            raise IntegrityError(f"dup\n{DETAIL}")
        except IntegrityError:
            logger.exception("not made")

    text = written(log)
    assert "IntegrityError: dup" in text and DOCUMENT not in text


def test_parts_of_a_group_are_told_without_the_row() -> None:
    def log(logger: logging.Logger) -> None:
        try:
            raise ExceptionGroup("both", [IntegrityError(f"dup\n{DETAIL}\n{NAME}"), ValueError("other")])
        except ExceptionGroup:
            logger.exception("not made")

    text = written(log)
    assert "ValueError: other" in text and DOCUMENT not in text and NAME not in text


def test_a_task_that_broke_off_is_told_without_the_row() -> None:
    """Celery's own line holds the exception as written by ``repr``, before the traceback."""
    house = Celery("house", set_as_current=False)

    @house.task(name="house.breaks")
    def breaks() -> None:
        raise IntegrityError(f"dup\n{DETAIL}\n{NAME}")

    def log(logger: logging.Logger) -> None:
        celery = logging.getLogger("celery.app.trace")
        celery.addHandler(logger.handlers[0])
        try:
            breaks.apply()
        finally:
            celery.removeHandler(logger.handlers[0])

    text = written(log)
    assert "house.breaks" in text and "IntegrityError('dup" in text
    assert DOCUMENT not in text and NAME not in text


@pytest.mark.django_db
@pytest.mark.weighty
@pytest.mark.parametrize("values", [{}, {"document": "2", "email": None}])
def test_so_it_is_with_the_database_in_use(values: dict[str, Any]) -> None:
    """A key that exists already; a row that lacks something, told whole."""
    known = make_customer(document=DOCUMENT)
    wrong = {"document": DOCUMENT, "document_type": known.document_type, "country": known.country, **values}
    said = ""

    def log(logger: logging.Logger) -> None:
        nonlocal said
        try:
            with transaction.atomic():
                Customer.objects.bulk_create([Customer(name=f"{NAME}\n{NAME}", **wrong)])
        except IntegrityError as err:
            said = str(err)
            logger.exception("%r could not be kept: %r", err, err)

    text = written(log)
    assert "IntegrityError" in text
    if connection.vendor == "postgresql":
        assert DOCUMENT in said or NAME in said, "the database tells what it is about"
    assert DOCUMENT not in text and NAME not in text
