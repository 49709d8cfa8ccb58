from datetime import UTC, datetime, time

from django.db import migrations
from django.db.models import DurationField, ExpressionWrapper, F


def fill(apps, schema_editor):
    """What is done had its effect when it was finished; a repeat may have moved that, so those stay unknown."""
    done = apps.get_model('webhooks', 'WebhookEvent').objects.filter(
        state='done', repeats=0, is_hint=False, finished_at__isnull=False
    )
    done.update(delay=ExpressionWrapper(F('finished_at') - F('received_at'), output_field=DurationField()))
    for row in apps.get_model('webhooks', 'RejectedNotification').objects.all().iterator():
        row.since = datetime.combine(row.day, time(), UTC)
        row.save(update_fields=['since'])


def by_day(apps, schema_editor):
    """One row for each day again."""
    rejected = apps.get_model('webhooks', 'RejectedNotification').objects
    first = {}
    for row in rejected.order_by('since').iterator():
        day = row.since.astimezone(UTC).date()
        known = first.setdefault((row.connection_id, row.reason, day), row)
        if known is not row:
            known.times += row.times
            known.last_at = max(known.last_at, row.last_at)
            row.delete()
        known.day = day
        known.save(update_fields=['day', 'times', 'last_at'])


class Migration(migrations.Migration):

    dependencies = [
        ('webhooks', '0008_figures'),
    ]

    operations = [migrations.RunPython(fill, by_day)]
