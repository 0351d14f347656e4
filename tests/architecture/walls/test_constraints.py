"""Every named constraint is broken here, and the database says no."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import CheckConstraint, F, UniqueConstraint

from governance.models import Incident
from governance.models.base import uuid7
from tests.world import World

OURS = ("governance", "reviews", "feedback")
CONSTRAINTS = {
    constraint.name: (model, constraint)
    for model in apps.get_models()
    if model._meta.app_label in OURS and not hasattr(model, "history_object")
    for constraint in model._meta.constraints
}
CHECKS = [n for n, (_, c) in CONSTRAINTS.items() if isinstance(c, CheckConstraint)]
UNIQUES = [n for n, (_, c) in CONSTRAINTS.items() if isinstance(c, UniqueConstraint)]

FAR = datetime(2999, 1, 1, tzinfo=UTC)
ENDED: dict[str, Any] = {"stopped_at": None, "outcome": "", "paused_at": None, "next_at": None}
STOPPED = ENDED | {"status": "stopped", "stopped_at": F("started_at")}
# What to change in a copy of a good row so that it breaks just this check.
BROKEN: dict[str, dict[str, Any]] = {
    "dataset_kind_valid": {"kind": "other", "filter": {}, "include": {}},
    "dataset_held_out_has_no_recipe": {"kind": "evaluation", "filter": {"tier": ["mid"]}},
    "modelversion_named": {"version": ""},
    "modelversion_digest_sha256": {"digest": "md5:0"},
    "modelversion_not_its_own_parent": {"parent_id": F("id")},
    "evaluationprediction_confidence_share": {"confidence": 1.5},
    "evaluationfinish_has_rows": {"evaluation_id": "open evaluation", "rows": 0, "correct": 0},
    "gaterun_plan_frozen_first": {"candidate_evaluated_at": datetime(2000, 1, 1, tzinfo=UTC)},
    "gaterun_verdict_valid": {"verdict": "maybe"},
    "gaterun_of_two": {"candidate_id": F("baseline_id")},
    "policyversion_kind_valid": {"kind": "other"},
    "pipeline_random_slice_is_share": {"random_slice": 1.5},
    "policyactivation_mode_valid": {"mode": "draft"},
    "tier_max_decisions_covers": {"decisions": 3, "max_decisions": 2},
    "tier_monitor_rate_is_share": {"monitor_rate": -0.1},
    "tier_agreement_min_is_share": {"agreement_min": 1.1},
    "tier_rationale_valid": {"rationale": "maybe"},
    "tier_blind_first_is_share": {"blind_first": 1.1},
    "tier_blind_has_no_draw": {"blind": True, "blind_first": 0.5},
    "user_kind_valid": {"kind": "robot"},
    "user_service_has_no_staff": {"kind": "service", "is_staff": True},
    "skill_level_positive": {"level": 0},
    "apitoken_expires_after_creation": {"expires_at": F("created_at")},
    "auditevent_sequence_positive": {"sequence": 0},
    "auditevent_action_named": {"action": ""},
    "checkpoint_size_positive": {"size": 0},
    "anchor_kind_valid": {"kind": "moon"},
    "anchor_token_iff_timestamp": {"token": "x"},
    "auditpack_has_bytes": {"size": 0},
    "outboxmessage_done_or_dead": {"done_at": F("created_at"), "dead_at": F("created_at")},
    "outboxmessage_discarded_is_dead": {"discarded_at": F("created_at")},
    "job_state_valid": {"state": "lost"},
    "job_progress_is_share": {"progress": 1.01},
    "assignment_state_valid": {"state": "lost", "ended_at": "now"},
    "assignment_ended_iff": {"state": "released", "ended_at": None},
    "assignment_lease_after_claim": {"lease_expires_at": F("claimed_at")},
    "decision_verdict_valid": {"verdict": "maybe"},
    "decision_certainty_is_share": {"certainty": -0.5},
    "decision_correction_has_answer": {"verdict": "correct", "answer": None},
    "decision_not_its_own_undo": {"undoes_id": F("id")},
    "decision_revision_has_seen": {"revises_id": F("id"), "undoes_id": F("assignment_id")},
    "resolution_kind_valid": {"kind": "auto"},
    "resolution_agreement_is_share": {"agreement": 2.0},
    "challenge_has_reason": {"reason": ""},
    "reviewernotice_has_text": {"text": ""},
    "figuredispute_figure_valid": {"figure": "rank"},
    "figuredispute_has_reason": {"reason": ""},
    "figuredisputeanswer_outcome_valid": {"outcome": "lost"},
    "figuredisputeanswer_has_text": {"text": ""},
    "figuredisputeanswer_by_another": {"judge_id": F("person_id")},
    "challengeoutcome_state_valid": {"state": "lost"},
    "challengeoutcome_has_rationale": {"rationale": ""},
    "challengeoutcome_overturned_iff": {"state": "overturned"},
    "prediction_confidence_is_share": {"confidence": 1.1},
    "prediction_propensity_is_share": {"propensity": -0.1},
    "prediction_disposition_valid": {"disposition": "maybe"},
    "prediction_sampled_valid": {"sampled": "always"},
    "withdrawal_has_reason": {"reason": ""},
    "outcome_cost_not_negative": {"cost": -1},
    "reviewitem_status_valid": {"status": "lost", "open_slots": 0},
    "reviewitem_open_slots_within": {"open_slots": 9},
    "reviewitem_resolved_iff": {"status": "resolved", "resolved_at": None, "open_slots": 0},
    "reviewitem_open_only_when_open": {"status": "escalated", "open_slots": 1},
    "reviewitem_paused_is_closed": {"paused_at": F("created_at"), "pause_reason": ""},
    "reviewitem_blind_first_is_share": {"blind_first": 0.0},
    "slaclock_of_one_thing": {"subject": "x", "item_id": "item"},
    "slaclock_kind_valid": {"kind": "lost"},
    "slaclock_status_valid": ENDED | {"status": "lost"},
    "slaclock_outcome_valid": STOPPED | {"outcome": "maybe"},
    "slaclock_stopped_iff": ENDED | {"status": "stopped"},
    "slaclock_paused_iff": ENDED | {"status": "paused", "due_at": None},
    "slaclock_breach_detected": {"breached_at": F("started_at"), "detected_at": None},
    "slaclock_next_while_open": ENDED | {"status": "cancelled", "next_at": F("started_at")},
    "slaclock_held_is_paused": {"maintenance_id": uuid7()},
    "maintenance_has_reason": {"reason": ""},
    "maintenance_ends_after_begin": {"began_at": FAR},
    "maintenance_ended_by_at_end": {"ended_at": None, "ended_by_id": "bot"},
    "clockevent_kind_valid": {"kind": "lost"},
    "clockevent_pause_has_reason": {"kind": "pause", "reason": ""},
    "escalation_level_positive": {"level": 0},
    "escalation_outcome_valid": {"outcome": "maybe"},
    "acknowledgement_how_valid": {"how": "maybe"},
    "notification_kind_valid": {"kind": "lost"},
    "notification_count_positive": {"count": 0},
    "notificationpreference_digest_valid": {"digest": "weekly", "person_id": "bot"},
    "notificationpreference_quiet_has_both_ends": {"quiet_from": time(22), "person_id": "bot"},
    "note_has_text": {"text": ""},
    "dataset_slug_named": {"slug": ""},
    "datasetversion_parent_unless_first": {"number": 2, "parent_id": None},
    "datasetversion_has_rows": {"rows": 0},
    "datasetversion_as_of_past": {"as_of": "later"},
    "datasetfile_format_valid": {"format": "xml"},
    "feedbacksignal_kind_valid": {"kind": "maybe"},
    "feedbacksignal_says_something": {"statement": ""},
    "lesson_titled": {"title": ""},
    "lesson_has_text": {"text": ""},
    "lesson_state_valid": {"state": "lost"},
    "lesson_adopted_until": {"state": "adopted", "revalidate_on": None},
    "lesson_adjustment_is_reference": {"adjustment": "x"},
    "monitoringplan_metric_valid": {"metric": "mood", "stops": False},
    "monitoringplan_stops_errors_alone": {"metric": "overdue", "stops": True},
    "stakeholderedition_publicity_valid": {"publicity": "all"},
    "stakeholderedition_number_positive": {"number": 0},
    "stakeholderedition_has_reason": {"reason": ""},
    "retrospective_titled": {"title": ""},
    "retrospective_period_runs_on": {"until": F("since")},
    "retrospective_state_valid": {"state": "lost"},
    "retrospective_held_iff": {"state": "open", "closed_at": None},
    "retrospective_closed_iff": {"state": "held", "closed_at": F("opened_at")},
    "retrospective_concluded_are_findings": {"concluded": 99, "state": "held", "closed_at": None},
    "retrospective_closed_is_concluded": {
        "state": "closed",
        "held_at": F("opened_at"),
        "closed_at": F("opened_at"),
        "findings": 9,
    },
    "retrospectiveitem_kind_valid": {"kind": "lost"},
    "retrospectiveitem_has_why": {"why": ""},
    "retrospectivefinding_has_text": {"text": ""},
    "retrospectiveconclusion_lesson_or_reason": {"lesson_id": None, "reason": ""},
    "datasetedition_format_valid": {"format": "xml"},
    "dataseterasure_has_rows": {"rows": 0},
    "datasource_basis_valid": {"basis": "whim"},
    "subjectkey_destroyed_iff": {"destroyed_at": F("created_at"), "token": "x"},
    "consentrecord_of_one": {"subject_id": None, "person_id": None},
    "consentrecord_purpose_named": {"purpose": ""},
    "consentrecord_withdrawal_refuses": {"withdraws_id": F("id"), "given": True},
    "delegation_to_another": {"holder_id": F("giver_id")},
    "delegation_ends_later": {"until": F("since")},
    "delegation_has_reason": {"reason": ""},
    "impactassessment_number_positive": {"number": 0},
    "impactassessment_has_reason": {"reason": ""},
    "assessmentsignature_not_by_author": {"signer_id": F("author_id")},
    "assessmentsignature_named": {"printed_name": ""},
    "accessreview_due_later": {"due_at": F("opened_at")},
    "accessreview_has_reason": {"reason": ""},
    "accessverdict_kind_valid": {"kind": "lost"},
    "accessverdict_has_reason": {"reason": ""},
    "accessverdict_by_somebody": {"kind": "suspended"},
    "accessverdict_not_by_holder": {"holder_id": F("actor_id")},
    "accessreviewclosing_signed": {"digest": ""},
    "incident_severity_valid": {"severity": "lost"},
    "incident_titled": {"title": ""},
    "incident_has_text": {"text": ""},
    "incident_known_before_opened": {"aware_at": FAR},
    "incident_due_iff_legal": {"severity": "other"},
    "incident_held_iff_legal": {"hold_id": None},
    "incidentstep_kind_valid": {"kind": "lost"},
    "incidentstep_has_text": {"text": ""},
    "incidentstep_thawed_by_another": {"kind": "thawed", "actor_id": F("opener_id")},
    "monitoringplan_target_is_share": {"target": 0},
    "monitoringplan_cadence_positive": {"cadence": 0},
    "monitoringplan_has_reason": {"reason": ""},
    "monitoringwindow_errors_among_audits": {"errors": 99},
    "monitoringwindow_floor_is_share": {"floor": 0},
    "webhookendpoint_state_valid": {"state": "lost"},
    "webhookendpoint_former_ends": {"former_secret": "x"},
    "webhookcursor_one": {"id": 2},
    "webhookmessage_ends_once": {"delivered_at": F("next_at"), "given_up_at": F("next_at")},
    "legalhold_of_something": {"pipeline_id": None, "subject_id": None},
    "legalhold_has_reason": {"reason": ""},
    "holdlift_has_reason": {"reason": ""},
    "retentionrule_class_valid": {"record_class": "other"},
    "retentionrule_floor": {"days": 182},
    "erasurerequest_state_valid": {"state": "lost", "ended_by_id": "bot"},
    "erasurerequest_two_people": {"ended_by_id": F("requested_by_id")},
    "erasurerequest_ended_iff": {"state": "executed", "ended_by_id": None},
    "redaction_cause_valid": {"cause": "whim"},
    "redaction_of_an_erasure": {"cause": "retention"},
    "adjustment_kind_valid": {"kind": "lost"},
    "adjustment_state_valid": {"state": "lost", "digest": "x"},
    "adjustment_risk_valid": {"risk": "lost"},
    "adjustment_digest_iff_submitted": {"state": "submitted", "digest": ""},
    "adjustment_superseded_by_another": {"superseded_by_id": F("id")},
    "adjustment_two_approvals": {"approvals_needed": 1},
    "adjustmentrevision_risk_valid": {"risk": "lost"},
    "adjustmentrevision_substantial_valid": {"substantial": "maybe", "rationale": "x"},
    "adjustmentrevision_substantial_has_reason": {"substantial": "yes", "rationale": ""},
    "signature_not_by_author": {"author_id": F("signer_id")},
    "signature_meaning_valid": {"meaning": "maybe"},
    "signature_thing_valid": {"thing": "lost"},
    "signature_named": {"printed_name": ""},
    "adjustmentchallenge_has_text": {"objection": ""},
    "adjustmentchallengeanswer_has_text": {"response": ""},
    "adjustmentactivation_act_valid": {"act": "lost"},
    "adjustmentactivation_has_reason": {"reason": ""},
    "signaturepolicy_risk_valid": {"risk": "lost"},
    "signaturepolicy_two_approvals": {"approvals": 1},
    "remedy_kind_valid": {"kind": "lost"},
    "remedy_has_reason": {"reason": ""},
    "stop_has_reason": {"reason": ""},
    "stopresumption_position_valid": {"position": 3},
    "stopresumption_by_another": {"actor_id": F("stopped_by_id")},
    "stopresumption_has_reason": {"reason": ""},
}
# Where another unique constraint would speak first: what makes the copy differ under that one.
APART: dict[str, dict[str, Any]] = {
    "ledgerleaf_event_uniq": {"position": 9999},
    "policyversion_number_uniq": {"digest": "0" * 64},
    "policyversion_digest_uniq": {"number": 9999},
    "decision_one_per_assignment": {"undoes_id": None},
    "assignment_slot_held_once": {"reviewer_id": "bot"},
    "assignment_item_once_per_reviewer": {"slot": 9},
    "slaclock_cycle_uniq": STOPPED,
    "slaclock_one_open": {"cycle": 99},
    "clockevent_breach_once": {"seq": 99},
    "clockevent_warning_once": {"seq": 99},
    "notification_one_open_digest": {"source": "another"},
    "subjectkey_token_uniq": {"destroyed_at": None},
    "datasetversion_number_uniq": {"job_id": uuid7()},
    "datasetversion_job_uniq": {"number": 2, "parent_id": F("id")},
    "datasetentry_position_uniq": {"external_id": "other"},
    "datasetentry_external_id_uniq": {"position": 9999},
    "adjustmentactivation_number_uniq": {"act": "roll_back"},
    "adjustmentactivation_once": {"number": 9999},
    "monitoredaudit_once": {"position": 9999},
    "monitoredaudit_position_uniq": {"prediction_id": "approved"},
    "monitoringalarm_once": {"incident_id": "incident"},
    "stopresumption_position_uniq": {"person": "another"},
    "stopresumption_person_uniq": {"position": 2},
}
ITSELF = ("undoes_id", "superseded_by_id", "parent_id")
# These tables are closed to rows of a version that exists: the rows point at one that does not yet.
OPENED = {
    "datasetentry_position_uniq": "version_id",
    "datasetentry_external_id_uniq": "version_id",
    "datasetfile_uniq": "version_id",
    "datasetfile_format_valid": "version_id",
    "datasetfilepart_position_uniq": "file_id",
    "modeltraining_once": "model_id",
    "evaluationprediction_once": "evaluation_id",
    "evaluationprediction_confidence_share": "evaluation_id",
    "gaterunevaluation_once": "run_id",
}


def copy_of(world: World, model: type[models.Model], rows: Any, changes: dict[str, Any]) -> Any:
    """Return an unsaved copy of a row under a new key, with changes."""
    row = rows.first()
    assert row is not None, "The world has no such row."
    copy = model(**{f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields})
    copy.pk = uuid7() if isinstance(model._meta.pk, models.UUIDField) else None
    special = {"now": row, "later": row, "bot": world.bot.pk, "item": world.item.pk}
    special["open evaluation"] = world.bench.open
    special |= {"approved": world.approved.pk, "incident": Incident.objects.earliest("pk").pk}
    for name, value in changes.items():
        if isinstance(value, F):
            value = copy.pk if value.name == "id" and name in ITSELF else getattr(row, value.name)
        elif value == "now":
            value = row.claimed_at
        elif value == "later":
            value = row.sealed_at + timedelta(seconds=1)
        elif isinstance(value, str) and value in special:
            value = special[value]
        setattr(copy, name, value)
    return copy


def insert(*copies: Any) -> str:
    """Insert rows past every guard in Python; returns what the database says against it."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        models.QuerySet(type(copies[0])).bulk_create(copies)
    return str(caught.value)


def test_every_check_is_broken_by_a_row() -> None:
    assert set(BROKEN) == set(CHECKS)
    assert set(APART) <= set(UNIQUES)


@pytest.mark.parametrize("name", CHECKS)
def test_a_row_that_breaks_a_check_is_refused(world: World, name: str) -> None:
    model, _ = CONSTRAINTS[name]
    rows = model._base_manager.order_by("pk")
    if name == "reviewitem_open_only_when_open":
        rows = rows.filter(open_slots__gt=0)
    if name in ("reviewitem_open_slots_within", "reviewitem_status_valid"):
        rows = rows.filter(status="pending")
    changes = BROKEN[name] | ({OPENED[name]: uuid7()} if name in OPENED else {})
    assert name in insert(copy_of(world, model, rows, changes))


@pytest.mark.parametrize("name", UNIQUES)
def test_a_second_row_of_what_is_unique_is_refused(world: World, name: str) -> None:
    model, constraint = CONSTRAINTS[name]
    assert isinstance(constraint, UniqueConstraint)
    rows = model._base_manager.order_by("pk")
    if constraint.condition is not None:
        rows = rows.filter(constraint.condition)
    for field in constraint.fields:
        rows = rows.exclude(**{f"{field}__isnull": True})
    apart = APART.get(name, {})
    if name in OPENED:
        later = {OPENED[name]: uuid7()}
        first = copy_of(world, model, rows, later)
        error = insert(first, copy_of(world, model, rows, later | apart))
    else:
        error = insert(copy_of(world, model, rows, apart))
    columns = {str(model._meta.get_field(f).column) for f in constraint.fields}  # type: ignore[union-attr]
    if connection.vendor == "postgresql":
        assert name in error
    else:
        assert name in error or all(f"{model._meta.db_table}.{c}" in error for c in columns)
