from django.db import migrations
from django.db.models import Exists, OuterRef


def keep_the_oldest(apps, schema_editor):
    """An id of a gateway names one customer; the others look theirs up anew."""
    rows = apps.get_model("payments", "CustomerAtGateway").objects
    older = rows.filter(
        connection=OuterRef("connection"), gateway_id=OuterRef("gateway_id"), pk__lt=OuterRef("pk")
    )
    over = list(rows.filter(Exists(older)).values_list("pk", flat=True))
    rows.filter(pk__in=over).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0027_sending'),
    ]

    operations = [
        migrations.RunPython(keep_the_oldest, migrations.RunPython.noop),
    ]
