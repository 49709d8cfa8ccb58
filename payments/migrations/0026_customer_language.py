from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0025_what_calls_named")]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="language",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=8, verbose_name="language"
            ),
        ),
    ]
