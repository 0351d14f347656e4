from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalqueue',
            name='calendar',
            field=models.CharField(blank=True, help_text="Its own business time; empty: the SLA policy's.", max_length=63),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='max_backdate',
            field=models.CharField(default='PT24H', help_text='How long before receipt a clock may start.', max_length=40),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='max_pause_days',
            field=models.PositiveSmallIntegerField(default=5, help_text='After so many working days a pause ends by itself.'),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='reopen',
            field=models.CharField(choices=[('fresh', 'All of it again'), ('resume', 'What was left')], default='fresh', help_text='Whether a reopened item has its whole time again, or what was left.', max_length=6),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='reopen_target',
            field=models.CharField(blank=True, help_text='To decide after a reopening; empty: as at first.', max_length=40),
        ),
        migrations.AddField(
            model_name='historicalslapolicy',
            name='start',
            field=models.CharField(choices=[('receipt', 'When the prediction was received'), ('occurred_at', 'When the prediction was made')], default='receipt', help_text='When clocks start: at receipt, or when the prediction was made.', max_length=11),
        ),
        migrations.AddField(
            model_name='outboxmessage',
            name='discarded_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='outboxmessage',
            name='started_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='queue',
            name='calendar',
            field=models.CharField(blank=True, help_text="Its own business time; empty: the SLA policy's.", max_length=63),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='max_backdate',
            field=models.CharField(default='PT24H', help_text='How long before receipt a clock may start.', max_length=40),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='max_pause_days',
            field=models.PositiveSmallIntegerField(default=5, help_text='After so many working days a pause ends by itself.'),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='reopen',
            field=models.CharField(choices=[('fresh', 'All of it again'), ('resume', 'What was left')], default='fresh', help_text='Whether a reopened item has its whole time again, or what was left.', max_length=6),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='reopen_target',
            field=models.CharField(blank=True, help_text='To decide after a reopening; empty: as at first.', max_length=40),
        ),
        migrations.AddField(
            model_name='slapolicy',
            name='start',
            field=models.CharField(choices=[('receipt', 'When the prediction was received'), ('occurred_at', 'When the prediction was made')], default='receipt', help_text='When clocks start: at receipt, or when the prediction was made.', max_length=11),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('dead_at__isnull', False)), fields=['dead_at'], name='outboxmessage_dead'),
        ),
        migrations.AddConstraint(
            model_name='outboxmessage',
            constraint=models.CheckConstraint(condition=models.Q(('done_at', None), ('dead_at', None), _connector='OR'), name='outboxmessage_done_or_dead'),
        ),
        migrations.AddConstraint(
            model_name='outboxmessage',
            constraint=models.CheckConstraint(condition=models.Q(('discarded_at', None), ('dead_at__isnull', False), _connector='OR'), name='outboxmessage_discarded_is_dead'),
        ),
    ]
