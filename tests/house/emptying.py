"""Empties the database after a test that committed, many times quicker than Django's ``flush``.

That one rewrites every table's file on PostgreSQL, and makes content types, permissions and groups anew
on both. Here rows are deleted, and what a migration leaves behind stays.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

_KEPT = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
}


def empty_database() -> None:
    """Delete every row that a test may have left; foreign keys are looked at when all are gone."""
    tables = set(connection.introspection.django_table_names(only_existing=False)) - _KEPT
    statements = [f"DELETE FROM {connection.ops.quote_name(table)}" for table in sorted(tables)]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(";".join(statements))
            return
        for statement in statements:
            cursor.execute(statement)


def replace_flush() -> None:
    def teardown(_test: Any) -> None:
        empty_database()

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign,attr-defined]
