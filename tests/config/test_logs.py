"""What a database says of a row it refused never reaches a log."""

from __future__ import annotations

import io
import logging
import logging.config
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

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


def test_a_constraint_that_names_a_row_is_told_without_it() -> None:
    said = f'duplicate key violates unique constraint "one"\nDETAIL:  Key (document)=({DOCUMENT}) exists.'

    def log(logger: logging.Logger) -> None:
        try:
            raise RuntimeError("of the row") from IntegrityError(said)
        except RuntimeError:
            logger.exception("charge chg_1 could not be made")

    text = written(log)
    assert DOCUMENT not in text and 'constraint "one"' in text and "RuntimeError: of the row" in text


@pytest.mark.django_db
@pytest.mark.weighty
def test_so_it_is_with_the_database_in_use() -> None:
    known = make_customer(document=DOCUMENT)

    def log(logger: logging.Logger) -> None:
        try:
            with transaction.atomic():
                Customer.objects.bulk_create([Customer(pk=known.pk, name=NAME, document=DOCUMENT)])
        except IntegrityError:
            logger.exception("a customer could not be kept")

    text = written(log)
    assert "IntegrityError" in text, connection.vendor
    assert DOCUMENT not in text and NAME not in text
