from django.db import migrations
from django.db.models import F


def fill(apps, schema_editor):
    """Of charges without a discount the sum before it is what they ask for."""
    charge = apps.get_model("payments", "Charge")
    charge.objects.filter(subtotal_cents=0).update(subtotal_cents=F("amount_cents"))


class Migration(migrations.Migration):

    dependencies = [("payments", "0009_lines")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
