import django.db.models.deletion
import governance.models.base
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0002_clocks'),
        ('reviews', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='SLAClock',
            fields=[
                ('id', models.UUIDField(default=governance.models.base.uuid7, editable=False, primary_key=True, serialize=False)),
                ('subject', models.CharField(blank=True, max_length=200)),
                ('kind', models.CharField(choices=[('claim', 'Until somebody takes it'), ('decide', 'Until it is settled'), ('adjudicate', 'Until the disagreement is settled'), ('signoff', 'Until it is signed or refused')], max_length=10)),
                ('cycle', models.PositiveSmallIntegerField(default=1)),
                ('status', models.CharField(choices=[('running', 'Running'), ('paused', 'Paused'), ('stopped', 'Stopped'), ('cancelled', 'Cancelled')], default='running', max_length=9)),
                ('target', models.DurationField(help_text='Business time; empty: not monitored.', null=True)),
                ('started_at', models.DateTimeField()),
                ('elapsed', models.DurationField()),
                ('counted_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(null=True)),
                ('next_at', models.DateTimeField(null=True)),
                ('warned', models.FloatField(default=0, help_text='The highest share that it warned at.')),
                ('breached_at', models.DateTimeField(null=True)),
                ('detected_at', models.DateTimeField(null=True)),
                ('paused_at', models.DateTimeField(null=True)),
                ('stopped_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('met', 'Met'), ('missed', 'Missed')], max_length=6)),
                ('loop', models.PositiveSmallIntegerField(default=0)),
                ('level', models.PositiveSmallIntegerField(default=0)),
                ('ladder_at', models.DateTimeField(help_text='When the next level is planned.', null=True)),
                ('acked_at', models.DateTimeField(null=True)),
                ('events_count', models.PositiveIntegerField(default=1)),
                ('calendar_version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.policyversion')),
                ('item', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='clocks', to='reviews.reviewitem')),
                ('pipeline', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='clocks', to='governance.pipeline')),
                ('policy_version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.policyversion')),
            ],
            options={
                'verbose_name': 'SLA clock',
                'indexes': [models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='slaclock_next'), models.Index(condition=models.Q(('status__in', ['running', 'paused'])), fields=['pipeline', 'kind', 'due_at'], name='slaclock_open_due'), models.Index(condition=models.Q(('breached_at__isnull', False)), fields=['pipeline', 'kind', 'breached_at'], name='slaclock_breached'), models.Index(condition=models.Q(('stopped_at__isnull', False)), fields=['pipeline', 'kind', 'stopped_at'], name='slaclock_stopped')],
                'constraints': [models.UniqueConstraint(fields=('item', 'kind', 'cycle'), name='slaclock_cycle_uniq'), models.UniqueConstraint(condition=models.Q(('subject', ''), _negated=True), fields=('subject', 'kind', 'cycle'), name='slaclock_subject_cycle_uniq'), models.UniqueConstraint(condition=models.Q(('status__in', ['running', 'paused'])), fields=('item', 'kind'), name='slaclock_one_open'), models.CheckConstraint(condition=models.Q(models.Q(('item__isnull', False), ('subject', '')), models.Q(('item__isnull', True), models.Q(('subject', ''), _negated=True)), _connector='OR'), name='slaclock_of_one_thing'), models.CheckConstraint(condition=models.Q(('kind__in', ['claim', 'decide', 'adjudicate', 'signoff'])), name='slaclock_kind_valid'), models.CheckConstraint(condition=models.Q(('status__in', ['running', 'paused', 'stopped', 'cancelled'])), name='slaclock_status_valid'), models.CheckConstraint(condition=models.Q(('outcome__in', ['', 'met', 'missed'])), name='slaclock_outcome_valid'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'stopped'), ('stopped_at__isnull', False)), models.Q(models.Q(('status', 'stopped'), _negated=True), ('outcome', ''), ('stopped_at__isnull', True)), _connector='OR'), name='slaclock_stopped_iff'), models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', True), ('paused_at__isnull', False), ('status', 'paused')), models.Q(models.Q(('status', 'paused'), _negated=True), ('paused_at__isnull', True)), _connector='OR'), name='slaclock_paused_iff'), models.CheckConstraint(condition=models.Q(models.Q(('breached_at__isnull', True), ('detected_at__isnull', True)), models.Q(('breached_at__isnull', False), ('detected_at__gte', models.F('breached_at')), ('detected_at__isnull', False)), _connector='OR'), name='slaclock_breach_detected'), models.CheckConstraint(condition=models.Q(('next_at__isnull', True), ('status__in', ['running', 'paused']), _connector='OR'), name='slaclock_next_while_open')],
            },
        ),
        migrations.CreateModel(
            name='Escalation',
            fields=[
                ('id', models.UUIDField(default=governance.models.base.uuid7, editable=False, primary_key=True, serialize=False)),
                ('cycle', models.PositiveSmallIntegerField()),
                ('loop', models.PositiveSmallIntegerField()),
                ('level', models.PositiveSmallIntegerField()),
                ('outcome', models.CharField(choices=[('fired', 'Told'), ('no_target', 'Nobody could be told'), ('final', 'End of the ladder')], max_length=9)),
                ('planned_at', models.DateTimeField()),
                ('fired_at', models.DateTimeField()),
                ('breached_at', models.DateTimeField()),
                ('overdue', models.DurationField(help_text='Business time past the target when it fired.')),
                ('targets', models.JSONField(default=list)),
                ('actions', models.JSONField(default=dict, help_text='What was done, by action.')),
                ('item', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='escalations', to='reviews.reviewitem')),
                ('pipeline', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='escalations', to='governance.pipeline')),
                ('clock', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='escalations', to='reviews.slaclock')),
            ],
            options={
                'indexes': [models.Index(fields=['fired_at'], name='escalation_by_time'), models.Index(fields=['pipeline', 'fired_at'], name='escalation_by_pipeline')],
                'constraints': [models.UniqueConstraint(fields=('clock', 'cycle', 'loop', 'level'), name='escalation_once'), models.CheckConstraint(condition=models.Q(('level__gte', 1), ('loop__gte', 1)), name='escalation_level_positive'), models.CheckConstraint(condition=models.Q(('outcome__in', ['fired', 'no_target', 'final'])), name='escalation_outcome_valid')],
            },
        ),
        migrations.CreateModel(
            name='Acknowledgement',
            fields=[
                ('id', models.UUIDField(default=governance.models.base.uuid7, editable=False, primary_key=True, serialize=False)),
                ('how', models.CharField(max_length=8)),
                ('at', models.DateTimeField()),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('escalation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='acknowledgements', to='reviews.escalation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('escalation',), name='acknowledgement_once'), models.CheckConstraint(condition=models.Q(('how__in', ['explicit', 'claim', 'reassign'])), name='acknowledgement_how_valid')],
            },
        ),
        migrations.CreateModel(
            name='ClockEvent',
            fields=[
                ('id', models.UUIDField(default=governance.models.base.uuid7, editable=False, primary_key=True, serialize=False)),
                ('seq', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('start', 'Started'), ('pause', 'Paused'), ('resume', 'Resumed'), ('stop', 'Stopped'), ('void_stop', 'Stop taken back'), ('retarget', 'Target changed'), ('cancel', 'Cancelled'), ('warn', 'At risk'), ('breach', 'Breached'), ('escalate', 'Escalated'), ('ack', 'Taken up')], max_length=9)),
                ('at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('share', models.FloatField(help_text='Of a warning: the share of the target.', null=True)),
                ('detail', models.JSONField(default=dict)),
                ('actor', models.ForeignKey(db_constraint=False, db_index=False, help_text='Empty: the system.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('clock', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='reviews.slaclock')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('clock', 'seq'), name='clockevent_seq_uniq'), models.UniqueConstraint(condition=models.Q(('kind', 'breach')), fields=('clock',), name='clockevent_breach_once'), models.UniqueConstraint(condition=models.Q(('kind', 'warn')), fields=('clock', 'share'), name='clockevent_warning_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['start', 'pause', 'resume', 'stop', 'void_stop', 'retarget', 'cancel', 'warn', 'breach', 'escalate', 'ack'])), name='clockevent_kind_valid'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'pause'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='clockevent_pause_has_reason')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.UUIDField(default=governance.models.base.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('at_risk', 'At risk'), ('breached', 'Breached'), ('escalated', 'Escalated'), ('resumed', 'Pause ended by itself'), ('assigned', 'Assigned to you'), ('expired', 'Expired unreviewed'), ('digest', 'Several at once')], max_length=9)),
                ('source', models.CharField(max_length=120)),
                ('detail', models.JSONField(default=dict, help_text='What, why and how late, as figures.')),
                ('count', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(null=True)),
                ('mail_due_at', models.DateTimeField(help_text='Empty: no mail is wanted.', null=True)),
                ('mailed_at', models.DateTimeField(null=True)),
                ('escalation', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to='reviews.escalation')),
                ('item', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to='reviews.reviewitem')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['person', '-created_at'], name='notification_inbox'), models.Index(condition=models.Q(('read_at__isnull', True)), fields=['person'], name='notification_unread'), models.Index(condition=models.Q(('mail_due_at__isnull', False), ('mailed_at__isnull', True)), fields=['mail_due_at'], name='notification_mail_due')],
                'constraints': [models.UniqueConstraint(fields=('person', 'source'), name='notification_once'), models.UniqueConstraint(condition=models.Q(('kind', 'digest'), ('mailed_at__isnull', True)), fields=('person',), name='notification_one_open_digest'), models.CheckConstraint(condition=models.Q(('kind__in', ['at_risk', 'breached', 'escalated', 'resumed', 'assigned', 'expired', 'digest'])), name='notification_kind_valid'), models.CheckConstraint(condition=models.Q(('count__gte', 1)), name='notification_count_positive')],
            },
        ),
        migrations.CreateModel(
            name='NotificationPreference',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='notification_preference', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('channels', models.JSONField(default=dict)),
                ('digest', models.CharField(default='off', max_length=8)),
                ('quiet_from', models.TimeField(null=True)),
                ('quiet_until', models.TimeField(null=True)),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('digest__in', ['off', 'hourly', 'daily'])), name='notificationpreference_digest_valid'), models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False)), _connector='OR'), name='notificationpreference_quiet_has_both_ends')],
            },
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='closed_slots',
            field=models.PositiveSmallIntegerField(default=0, help_text='The slots of earlier cycles, whose decisions count no more.'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='cycle',
            field=models.PositiveSmallIntegerField(default=1, help_text='One more at each reopening.'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='pause_reason',
            field=models.CharField(blank=True, choices=[('awaiting_submitter', 'Waiting for the submitter'), ('awaiting_policy_ruling', 'Waiting for a ruling on policy'), ('legal_hold', 'Legal hold'), ('dependency_outage', 'Something it depends on is down')], max_length=22),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='paused_at',
            field=models.DateTimeField(help_text='Set: nobody can claim it.', null=True),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('pause_reason', ''), ('paused_at__isnull', True)), models.Q(('open_slots', 0), ('paused_at__isnull', False), models.Q(('pause_reason', ''), _negated=True)), _connector='OR'), name='reviewitem_paused_is_closed'),
        ),
    ]
