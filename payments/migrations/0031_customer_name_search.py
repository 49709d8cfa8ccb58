from django.db import DatabaseError, migrations, transaction

NAME = "customer_name_search"


def make(apps, schema_editor):
    """Finding a part of a name needs an index of trigrams; without the extension it is only slower."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        try:
            with transaction.atomic(using=schema_editor.connection.alias):
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError:
            return
        # As Django's icontains asks: UPPER(name) LIKE UPPER('%…%').
        cursor.execute(
            f"CREATE INDEX {NAME} ON payments_customer USING gin (UPPER(name) gin_trgm_ops)"
        )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {NAME}")


class Migration(migrations.Migration):

    dependencies = [("payments", "0030_charge_list")]

    operations = [migrations.RunPython(make, drop)]
