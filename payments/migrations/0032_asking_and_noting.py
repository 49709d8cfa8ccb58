from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0031_customer_name_search")]

    operations = [
        migrations.AlterModelOptions(
            name="charge",
            options={
                "permissions": [
                    ("review_charge", "Can decide about charges to review"),
                    ("send_charge", "Can send charges and subscriptions to customers"),
                    ("export_charge", "Can export charges"),
                    ("ask_charge", "Can have the gateway asked about charges"),
                    ("note_charge", "Can write internal notes about charges"),
                ],
                "verbose_name": "charge",
                "verbose_name_plural": "charges",
            },
        ),
    ]
