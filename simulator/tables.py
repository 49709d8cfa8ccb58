"""Creates what is missing in the simulator's database at start."""

from django.apps import apps
from django.db import connection

from simulator.models import write


def create_missing() -> None:
    existing = set(connection.introspection.table_names())
    models = apps.get_app_config("simulator").get_models()
    missing = [model for model in models if model._meta.db_table not in existing]
    if not missing:
        return
    with connection.schema_editor() as editor:
        for model in missing:
            editor.create_model(model)


def empty() -> None:
    with write(), connection.cursor() as cursor:
        cursor.execute("PRAGMA defer_foreign_keys=ON")
        for model in apps.get_app_config("simulator").get_models():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
