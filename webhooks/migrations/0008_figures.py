from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('webhooks', '0007_what_a_subscription_became'),
    ]

    operations = [
        migrations.AddField(
            model_name='webhookevent',
            name='delay',
            field=models.DurationField(null=True),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(fields=['received_at', 'connection', 'state', 'repeats', 'delay'], name='event_figures'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(condition=models.Q(('repeats__gt', 0)), fields=['-received_at', '-id'], name='event_repeated'),
        ),
        migrations.AddField(
            model_name='rejectednotification',
            name='since',
            field=models.DateTimeField(null=True, verbose_name='from'),
        ),
        migrations.AlterField(
            model_name='rejectednotification',
            name='day',
            field=models.DateField(null=True, verbose_name='day'),
        ),
    ]
