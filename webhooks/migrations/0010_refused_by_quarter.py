from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('webhooks', '0009_fill_figures'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='rejectednotification',
            name='one_row_per_rejection',
        ),
        migrations.AlterField(
            model_name='rejectednotification',
            name='since',
            field=models.DateTimeField(verbose_name='from'),
        ),
        migrations.RemoveField(
            model_name='rejectednotification',
            name='day',
        ),
        migrations.AddConstraint(
            model_name='rejectednotification',
            constraint=models.UniqueConstraint(fields=('connection', 'reason', 'since'), name='one_row_per_rejection'),
        ),
        migrations.AddIndex(
            model_name='rejectednotification',
            index=models.Index(fields=['since'], name='rejection_by_time'),
        ),
    ]
