"""The schema of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "alarm_thresholds",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alarm_thresholds")),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=True),
        sa.Column("sound", sa.LargeBinary(), nullable=True),
        sa.Column("lines", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("from_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(prompt IS NULL) <> (sound IS NULL)", name=op.f("ck_announcements_one_sound")
        ),
        sa.CheckConstraint(
            "until_at > from_at", name=op.f("ck_announcements_ends_after_it_begins")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_index("ix_announcements_until", "announcements", ["until_at"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("detail_digest", sa.String(), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_log_hash")),
    )
    op.create_index(op.f("ix_audit_log_action"), "audit_log", ["action"], unique=False)
    op.create_index(op.f("ix_audit_log_actor"), "audit_log", ["actor"], unique=False)
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"], unique=False)
    op.create_index(op.f("ix_audit_log_target"), "audit_log", ["target"], unique=False)
    op.create_table(
        "backups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
    )
    op.create_index("ix_backups_made", "backups", ["made_at"], unique=False)
    op.create_table(
        "calendars",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("loaded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_calendars_name")),
    )
    op.create_index(
        "uq_calendars_active", "calendars", ["name"], unique=True, postgresql_where="is_active"
    )
    op.create_table(
        "call_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("to_number", sa.String(), nullable=False),
        sa.Column("flow", sa.String(), nullable=False),
        sa.Column("variables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "claimed",
                "dialling",
                "done",
                "unknown",
                "expired",
                name="orderstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("placed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("process_id", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "result",
            sa.Enum(
                "answered",
                "busy",
                "no_answer",
                "failed",
                "unknown",
                name="callresult",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_orders")),
        sa.UniqueConstraint("key", name=op.f("uq_call_orders_key")),
    )
    op.create_index(
        "ix_call_orders_open",
        "call_orders",
        ["state", "placed_at"],
        unique=False,
        postgresql_where="state IN ('queued', 'claimed', 'dialling')",
    )
    op.create_table(
        "case_alarms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("case_key", sa.String(), nullable=True),
        sa.Column("raised_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_alarms")),
        sa.UniqueConstraint("key", name=op.f("uq_case_alarms_key")),
    )
    op.create_index(
        "ix_case_alarms_open",
        "case_alarms",
        ["raised_at"],
        unique=False,
        postgresql_where="settled_at IS NULL",
    )
    op.create_table(
        "case_comparisons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("compared_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("links", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_comparisons")),
    )
    op.create_index("ix_case_comparisons_at", "case_comparisons", ["compared_at"], unique=False)
    op.create_table(
        "case_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_case_days")),
    )
    op.create_table(
        "case_differences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column(
            "trouble",
            sa.Enum(
                "not_sent",
                "not_answered",
                "not_heard",
                "not_matched",
                "not_told",
                "not_reachable",
                "state_differs",
                "not_ours",
                "not_there",
                name="trouble",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_found_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_found_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_differences")),
    )
    op.create_index(
        "ix_case_differences_found", "case_differences", ["last_found_at", "id"], unique=False
    )
    op.create_index(
        "uq_case_differences_open",
        "case_differences",
        ["platform", "trouble", "what"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "case_facts",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("moved_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("over_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "hotline",
                "inspector",
                "video",
                "media",
                "superior",
                "transfer",
                "leader",
                "web",
                "visit",
                name="casesource",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("community", sa.String(), nullable=True),
        sa.Column("district_id", sa.Uuid(), nullable=True),
        sa.Column("reported_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("verify_asked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("verified_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("verified_by", sa.Uuid(), nullable=True),
        sa.Column("filed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("filed_by", sa.Uuid(), nullable=True),
        sa.Column("dispatch_asked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("declined_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("voided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("merged_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("first_dispatched_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("dispatched_by", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("handled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("check_asked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("checked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("returned_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("returned_by", sa.Uuid(), nullable=True),
        sa.Column("rework_at", postgresql.ARRAY(sa.TIMESTAMP(timezone=True)), nullable=False),
        sa.Column("extended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("deferred_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("shelved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("unshelved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("supervised_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_in_time", sa.Boolean(), nullable=True),
        sa.Column("filed_in_time", sa.Boolean(), nullable=True),
        sa.Column("dispatched_in_time", sa.Boolean(), nullable=True),
        sa.Column("verified_in_time", sa.Boolean(), nullable=True),
        sa.Column("checked_in_time", sa.Boolean(), nullable=True),
        sa.Column("returned_in_time", sa.Boolean(), nullable=True),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "round", "known_from", name=op.f("pk_case_facts")),
    )
    op.create_index("ix_case_facts_moved", "case_facts", ["moved_at"], unique=False)
    op.create_index("ix_case_facts_over", "case_facts", ["over_at"], unique=False)
    op.create_index(
        "ix_case_facts_reported", "case_facts", ["reported_at", "case_id", "round"], unique=False
    )
    op.create_table(
        "case_links",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "submitted",
                "failed",
                "declined",
                "filed",
                "in_hand",
                "checking",
                "done",
                "voided",
                name="crossingstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("case_key", sa.String(), nullable=True),
        sa.Column("case_number", sa.String(), nullable=True),
        sa.Column("case_round", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reopen_reason", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'failed') OR case_key IS NOT NULL",
            name=op.f("ck_case_links_submitted_has_case"),
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_case_links_round_from_one")),
        sa.PrimaryKeyConstraint("ticket_id", "round", name=op.f("pk_case_links")),
    )
    op.create_index("ix_case_links_case", "case_links", ["case_key", "case_round"], unique=False)
    op.create_index(op.f("ix_case_links_case_number"), "case_links", ["case_number"], unique=False)
    op.create_index(
        "ix_case_links_pending",
        "case_links",
        ["changed_at"],
        unique=False,
        postgresql_where="state = 'pending'",
    )
    op.create_table(
        "case_progress",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("case_key", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "filed",
                "declined",
                "dispatched",
                "returned",
                "handled",
                "reworked",
                "closed",
                "voided",
                name="progresskind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "fate",
            sa.Enum(
                "applied",
                "late",
                "waiting",
                "refused",
                name="progressfate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_case_progress")),
    )
    op.create_index(
        "ix_case_progress_case", "case_progress", ["case_key", "round", "sequence"], unique=False
    )
    op.create_table(
        "case_reconciliations",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("compared_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("platform", name=op.f("pk_case_reconciliations")),
    )
    op.create_table(
        "case_rules",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("loaded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_case_rules")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "registered",
                "verifying",
                "verified",
                "refuted",
                "settled",
                "declined",
                "filed",
                "handed_down",
                "dispatched",
                "handling",
                "returned",
                "disputed",
                "deferred",
                "shelved",
                "handled",
                "inspecting",
                "ready_to_close",
                "closed",
                "voided",
                "merged",
                name="casestate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "hotline",
                "inspector",
                "video",
                "media",
                "superior",
                "transfer",
                "leader",
                "web",
                "visit",
                name="casesource",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("grid_code", sa.String(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("facility", "incident", name="categorykind", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("category_scheme", sa.String(), nullable=True),
        sa.Column("category_version", sa.String(), nullable=True),
        sa.Column("category_code", sa.String(), nullable=True),
        sa.Column("category_name", sa.String(), nullable=True),
        sa.Column("condition", sa.String(), nullable=True),
        sa.Column("limit_text", sa.String(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("district_id", sa.Uuid(), nullable=True),
        sa.Column("order_text", sa.String(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("registered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("filed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("dispatched_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("handled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("clock_started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("clock_stopped_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(longitude IS NULL) = (latitude IS NULL)", name=op.f("ck_cases_position_is_whole")
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_cases_round_from_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index(
        "ix_cases_district",
        "cases",
        ["district_id", "state"],
        unique=False,
        postgresql_where="district_id IS NOT NULL",
    )
    op.create_index(
        "ix_cases_due",
        "cases",
        ["due_at"],
        unique=False,
        postgresql_where="clock_stopped_at IS NULL",
    )
    op.create_index("ix_cases_listed", "cases", ["registered_at", "id"], unique=False)
    op.create_index(
        "ix_cases_of_category", "cases", ["category_code", "registered_at", "id"], unique=False
    )
    op.create_index(
        "ix_cases_of_district",
        "cases",
        ["district_id", "registered_at", "id"],
        unique=False,
        postgresql_where="district_id IS NOT NULL",
    )
    op.create_index("ix_cases_of_source", "cases", ["source", "registered_at", "id"], unique=False)
    op.create_index("ix_cases_of_unit", "cases", ["unit_id", "registered_at", "id"], unique=False)
    op.create_index(
        "ix_cases_running",
        "cases",
        ["due_at", "id"],
        unique=False,
        postgresql_where="clock_stopped_at IS NULL AND closed_at IS NULL",
    )
    op.create_index("ix_cases_state", "cases", ["state", "registered_at", "id"], unique=False)
    op.create_index("ix_cases_unit", "cases", ["unit_id", "state"], unique=False)
    op.create_table(
        "categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("facility", "incident", name="categorykind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("major_name", sa.String(), nullable=False),
        sa.Column("pinyin", sa.String(), nullable=False),
        sa.Column("initials", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("key", name=op.f("uq_categories_key")),
        sa.UniqueConstraint("scheme", "version", "kind", "code", name=op.f("uq_categories_scheme")),
    )
    op.create_table(
        "citizens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("first_seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizens")),
    )
    op.create_table(
        "closing_delegations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing_delegations")),
    )
    op.create_index("ix_closing_delegations_user", "closing_delegations", ["user_id"], unique=False)
    op.create_table(
        "components",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "intact",
                "damaged",
                "lost",
                "abandoned",
                name="componentstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("competent_code", sa.String(), nullable=False),
        sa.Column("competent_name", sa.String(), nullable=False),
        sa.Column("owner_code", sa.String(), nullable=False),
        sa.Column("owner_name", sa.String(), nullable=False),
        sa.Column("maintainer_code", sa.String(), nullable=False),
        sa.Column("maintainer_name", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column(
            "accuracy",
            sa.Enum("A", "B", "C", name="accuracy", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("grid_code", sa.String(), nullable=True),
        sa.Column("registered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_components")),
        sa.UniqueConstraint("code", name=op.f("uq_components_code")),
    )
    op.create_index(op.f("ix_components_grid_code"), "components", ["grid_code"], unique=False)
    op.create_index("ix_components_place", "components", ["latitude", "longitude"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "voice",
                "web",
                "mail",
                "sms",
                "telegram",
                "wechat",
                "open311",
                "chat",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "stored",
                "live",
                "parsed",
                "automatic",
                "unparsable",
                name="contactstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("understood_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("channel", "provider_id", name=op.f("uq_contacts_channel")),
    )
    op.create_index("ix_contacts_listed", "contacts", ["received_at", "id"], unique=False)
    op.create_index(
        "ix_contacts_pending",
        "contacts",
        ["received_at"],
        unique=False,
        postgresql_where="state = 'stored'",
    )
    op.create_table(
        "directory_entries",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "seat",
                "queue",
                "department",
                "emergency",
                "number",
                name="targetkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_directory_entries")),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column(
            "object_kind",
            sa.Enum(
                "unit",
                "department",
                "district",
                "region",
                "community",
                "post",
                "inspector",
                "contractor",
                "centre",
                name="objectkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("grading", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("inputs_hash", sa.String(), nullable=False),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "revision = 1 OR reason <> ''", name=op.f("ck_evaluations_a_correction_has_a_reason")
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_evaluations_revision_from_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        sa.UniqueConstraint(
            "period", "object_kind", "revision", name="uq_evaluations_period_kind_revision"
        ),
    )
    op.create_table(
        "exchange_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum(
                "report",
                "unit",
                "inspector",
                "centre",
                name="evidenceorigin",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("wanted", "kept", "refused", name="filestate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "size BETWEEN 1 AND 8388608", name=op.f("ck_exchange_files_of_bounded_size")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_files")),
        sa.UniqueConstraint("peer", "case_ref", "sha256", name="uq_exchange_files_file"),
    )
    op.create_index(
        "ix_exchange_files_troubled",
        "exchange_files",
        ["recorded_at"],
        unique=False,
        postgresql_where="state <> 'kept'",
    )
    op.create_index(
        "ix_exchange_files_wanted",
        "exchange_files",
        ["peer", "recorded_at"],
        unique=False,
        postgresql_where="state = 'wanted'",
    )
    op.create_table(
        "exchange_links",
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("merged_id", sa.Uuid(), nullable=True),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column(
            "asked",
            sa.Enum(
                "registration",
                "verify_order",
                "verify_answer",
                "filing",
                "dispatch",
                "feedback",
                "check_order",
                "check_answer",
                "evaluation",
                "closing",
                name="formkind",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("gap_since", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("gap_asked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("peer", "case_ref", name=op.f("pk_exchange_links")),
    )
    op.create_index("ix_exchange_links_case", "exchange_links", ["case_id"], unique=False)
    op.create_index(
        "ix_exchange_links_merged",
        "exchange_links",
        ["merged_id"],
        unique=False,
        postgresql_where="merged_id IS NOT NULL",
    )
    op.create_table(
        "exchange_messages",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column(
            "direction",
            sa.Enum("in", "out", name="direction", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "delivered",
                "stored",
                "held",
                "applied",
                "duplicate",
                "refused",
                "unreadable",
                name="messagestate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("case_ref", sa.String(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column(
            "form",
            sa.Enum(
                "registration",
                "verify_order",
                "verify_answer",
                "filing",
                "dispatch",
                "feedback",
                "check_order",
                "check_answer",
                "evaluation",
                "closing",
                name="formkind",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_messages")),
    )
    op.create_index(
        "ix_exchange_messages_case",
        "exchange_messages",
        ["peer", "case_ref", "direction", "sequence"],
        unique=False,
    )
    op.create_index(
        "ix_exchange_messages_id",
        "exchange_messages",
        ["peer", "direction", "message_id"],
        unique=False,
    )
    op.create_index(
        "ix_exchange_messages_open",
        "exchange_messages",
        ["state", "id"],
        unique=False,
        postgresql_where="state IN ('waiting', 'stored', 'held', 'refused', 'unreadable')",
    )
    op.create_table(
        "exchange_nonces",
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("peer", "nonce", name=op.f("pk_exchange_nonces")),
    )
    op.create_index("ix_exchange_nonces_seen", "exchange_nonces", ["seen_at"], unique=False)
    op.create_table(
        "exchange_peers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("compared_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("looked_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reported_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exchange_peers")),
    )
    op.create_table(
        "field_tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("verify", "inspect", name="taskkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("open", "done", name="taskstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("order_text", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("grid_code", sa.String(), nullable=True),
        sa.Column("inspector_id", sa.Uuid(), nullable=True),
        sa.Column("inspector_name", sa.String(), nullable=True),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("submission_key", sa.String(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("found_longitude", sa.Double(), nullable=True),
        sa.Column("found_latitude", sa.Double(), nullable=True),
        sa.Column("submitted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'done') = (submitted_at IS NOT NULL)",
            name=op.f("ck_field_tasks_done_when_submitted"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_tasks")),
        sa.UniqueConstraint("submission_key", name=op.f("uq_field_tasks_submission_key")),
    )
    op.create_index(
        "ix_field_tasks_inspector", "field_tasks", ["inspector_id", "state"], unique=False
    )
    op.create_index(
        "uq_field_tasks_open",
        "field_tasks",
        ["case_id"],
        unique=True,
        postgresql_where="state = 'open'",
    )
    op.create_table(
        "flow_texts",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("first_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_flow_texts")),
    )
    op.create_index("ix_flow_texts_name", "flow_texts", ["name"], unique=False)
    op.create_table(
        "grid_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("imported_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_imports")),
    )
    op.create_table(
        "inspectors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("trained_on", sa.Date(), nullable=True),
        sa.Column("suspended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("suspension_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_inspectors")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("trace", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "voice",
                "web",
                "mail",
                "sms",
                "telegram",
                "wechat",
                "open311",
                "chat",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "failed",
                "unknown",
                "lost",
                "returned",
                "withdrawn",
                name="messagestate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sending_since", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_messages_attempts_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_messages_key")),
        sa.UniqueConstraint("trace", name=op.f("uq_messages_trace")),
    )
    op.create_index("ix_messages_address", "messages", ["address", "created_at"], unique=False)
    op.create_index("ix_messages_reference", "messages", ["reference"], unique=False)
    op.create_index(
        "ix_messages_unfinished",
        "messages",
        ["created_at"],
        unique=False,
        postgresql_where="state IN ('queued', 'sending', 'unknown')",
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum("pending", "done", "dead", name="outboxstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index(
        "ix_outbox_dead", "outbox", ["id"], unique=False, postgresql_where="state = 'dead'"
    )
    op.create_index(
        "ix_outbox_done", "outbox", ["done_at"], unique=False, postgresql_where="state = 'done'"
    )
    op.create_index(
        "ix_outbox_due", "outbox", ["due_at"], unique=False, postgresql_where="state = 'pending'"
    )
    op.create_table(
        "phone_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "act",
            sa.Enum(
                "answer",
                "decline",
                "rejoin",
                "hang_up",
                "hold",
                "resume",
                "pause_recording",
                "resume_recording",
                "transfer",
                "join",
                "complete",
                "back",
                "park",
                "pick_up",
                "listen",
                "whisper",
                "barge",
                "take_over",
                "leave",
                name="phoneact",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending", "done", "refused", name="requeststate", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_requests")),
    )
    op.create_index("ix_phone_requests_expires", "phone_requests", ["expires_at"], unique=False)
    op.create_index(
        "ix_phone_requests_open",
        "phone_requests",
        ["made_at"],
        unique=False,
        postgresql_where="state = 'pending'",
    )
    op.create_table(
        "place_names",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "street",
                "community",
                "road",
                "crossing",
                "address",
                "poi",
                name="namekind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("aliases", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_names")),
        sa.UniqueConstraint("kind", "name", "street", name="uq_place_names_name"),
    )
    op.create_index(op.f("ix_place_names_changed_at"), "place_names", ["changed_at"], unique=False)
    op.create_table(
        "processes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("disk_free", sa.BigInteger(), nullable=False),
        sa.Column("disk_total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
    )
    op.create_table(
        "queue_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("number_hash", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "offered",
                "answered",
                "abandoned",
                "timed_out",
                "dropped",
                "called_back",
                name="queuedstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("enqueued_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "rank_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "needs",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("last_seat_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entries")),
    )
    op.create_index("ix_queue_entries_call", "queue_entries", ["call_id"], unique=False)
    op.create_index("ix_queue_entries_enqueued", "queue_entries", ["enqueued_at"], unique=False)
    op.create_index(
        "ix_queue_entries_number", "queue_entries", ["number_hash", "ended_at"], unique=False
    )
    op.create_index(
        "ix_queue_entries_rank",
        "queue_entries",
        ["queue", "rank_at", "id"],
        unique=False,
        postgresql_where="state = 'waiting'",
    )
    op.create_index(
        "uq_queue_entries_open_call",
        "queue_entries",
        ["call_id"],
        unique=True,
        postgresql_where="state IN ('waiting', 'offered')",
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "inbound",
                "outbound",
                "message",
                name="recordingclass",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "running", "sealed", "missing", name="recordingstate", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sealed') = (sha256 IS NOT NULL)",
            name=op.f("ck_recordings_sealed_has_a_hash"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("path", name=op.f("uq_recordings_path")),
    )
    op.create_index("ix_recordings_call", "recordings", ["call_id"], unique=False)
    op.create_index(
        "ix_recordings_running",
        "recordings",
        ["started_at"],
        unique=False,
        postgresql_where="state = 'running'",
    )
    op.create_table(
        "recordings_proofs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("unproven", sa.Integer(), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings_proofs")),
    )
    op.create_index("ix_recordings_proofs_made", "recordings_proofs", ["made_at"], unique=False)
    op.create_table(
        "reward_rates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=9, scale=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_reward_rates_rate_above_nought")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_rates")),
        sa.UniqueConstraint("category", "valid_from", name=op.f("uq_reward_rates_category")),
    )
    op.create_table(
        "seats",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("extension", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "signed_out",
                "available",
                "offered",
                "talking",
                "wrap_up",
                "on_break",
                name="seatstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("idle_since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("break_reason", sa.String(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column(
            "skills",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("handled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("offered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("sip_ha1_md5", sa.String(), nullable=False),
        sa.Column("sip_ha1_sha256", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(state = 'signed_out') = (user_id IS NULL)",
            name=op.f("ck_seats_signed_in_has_a_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seats")),
        sa.UniqueConstraint("extension", name=op.f("uq_seats_extension")),
    )
    op.create_index(
        "ix_seats_idle",
        "seats",
        ["queue", "idle_since"],
        unique=False,
        postgresql_where="state = 'available'",
    )
    op.create_index(
        "uq_seats_user", "seats", ["user_id"], unique=True, postgresql_where="user_id IS NOT NULL"
    )
    op.create_table(
        "service_levels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("begins_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("abandoned", sa.Integer(), nullable=False),
        sa.Column("ignored", sa.Integer(), nullable=False),
        sa.Column("announced", sa.Integer(), server_default="0", nullable=False),
        sa.Column("window_ends_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_levels")),
    )
    op.create_index("ix_service_levels_begins", "service_levels", ["begins_at"], unique=False)
    op.create_index(
        "uq_service_levels",
        "service_levels",
        ["name", "version", "queue", "begins_at"],
        unique=True,
    )
    op.create_table(
        "shared_resources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "map",
                "command",
                "video",
                "traffic",
                "pipes",
                name="resourcekind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("key_hash", sa.String(), nullable=True),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("added_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("retired_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("retired_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(longitude IS NULL) = (latitude IS NULL)",
            name=op.f("ck_shared_resources_both_or_neither"),
        ),
        sa.CheckConstraint(
            "(retired_at IS NULL) = (retired_by IS NULL)",
            name=op.f("ck_shared_resources_retired_by_somebody"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_resources")),
        sa.UniqueConstraint("code", name=op.f("uq_shared_resources_code")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_shared_resources_key_hash")),
    )
    op.create_table(
        "standards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "checked",
                "scheduled",
                "in_force",
                "replaced",
                name="standardstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("imported_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["standards.id"], name=op.f("fk_standards_replaces_id_standards")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standards")),
        sa.UniqueConstraint("scheme", "version", name=op.f("uq_standards_scheme")),
    )
    op.create_index(
        "uq_standards_in_force",
        "standards",
        ["state"],
        unique=True,
        postgresql_where="state = 'in_force'",
    )
    op.create_index(
        "uq_standards_scheduled",
        "standards",
        ["state"],
        unique=True,
        postgresql_where="state = 'scheduled'",
    )
    op.create_table(
        "supervision_grids",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("members", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from",
            name=op.f("ck_supervision_grids_valid_for_a_while"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_grids")),
        sa.UniqueConstraint("code", "valid_from", name="uq_supervision_grids_code_day"),
    )
    op.create_index(
        "ix_supervision_grids_members",
        "supervision_grids",
        ["members"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "unit_grids",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("ring", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("cells", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from",
            name=op.f("ck_unit_grids_valid_for_a_while"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_grids")),
        sa.UniqueConstraint("code", "valid_from", name="uq_unit_grids_code_day"),
    )
    op.create_index(
        "ix_unit_grids_cells", "unit_grids", ["cells"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "units",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "unit_class",
            sa.Enum(
                "first",
                "second",
                "third",
                "frontage",
                name="unitclass",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("contact_name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("is_utility", sa.Boolean(), nullable=False),
        sa.Column("competent_code", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("seat_id", sa.Uuid(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("failed_tries >= 0", name=op.f("ck_users_failed_tries_not_negative")),
        sa.CheckConstraint("login = lower(login)", name=op.f("ck_users_login_is_lower_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
        sa.UniqueConstraint("seat_id", name=op.f("uq_users_seat_id")),
    )
    op.create_table(
        "voice_processes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("beat_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("doubted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_processes")),
    )
    op.create_table(
        "abuse_flags",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("number_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("flagged_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("rested_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["seat_id"], ["seats.id"], name=op.f("fk_abuse_flags_seat_id_seats")
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_abuse_flags")),
    )
    op.create_index("ix_abuse_flags_number", "abuse_flags", ["number_hash"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mime", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_attachments_contact_id_contacts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("contact_id", "position", name=op.f("uq_attachments_contact_id")),
    )
    op.create_table(
        "browser_phones",
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("page_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["seat_id"], ["seats.id"], name=op.f("fk_browser_phones_seat_id_seats")
        ),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_browser_phones")),
    )
    op.create_table(
        "call_transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=True),
        sa.Column(
            "mode",
            sa.Enum("blind", "consult", "join", name="transfermode", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "seat",
                "queue",
                "department",
                "emergency",
                "number",
                name="targetkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "calling",
                "consulting",
                "joined",
                "connected",
                "ended",
                name="transferstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "result",
            sa.Enum(
                "connected",
                "queued",
                "busy",
                "no_answer",
                "declined",
                "unreachable",
                "not_allowed",
                "over_budget",
                "no_trunk",
                "not_staffed",
                "far_end_left",
                "taken_back",
                "citizen_left",
                "failed",
                "lost",
                name="transferresult",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "card",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["seat_id"], ["seats.id"], name=op.f("fk_call_transfers_seat_id_seats")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_transfers")),
    )
    op.create_index("ix_call_transfers_asked", "call_transfers", ["asked_at"], unique=False)
    op.create_index(op.f("ix_call_transfers_call_id"), "call_transfers", ["call_id"], unique=False)
    op.create_index(
        "uq_call_transfers_open",
        "call_transfers",
        ["call_id"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("process_id", sa.Uuid(), nullable=False),
        sa.Column(
            "direction",
            sa.Enum("inbound", "outbound", name="calldirection", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("number_hash", sa.String(), nullable=True),
        sa.Column("to_number", sa.String(), nullable=False),
        sa.Column("sip_call_id", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ringing",
                "ivr",
                "waiting",
                "talking",
                "ended",
                "lost",
                name="callstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("connected_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "end",
            sa.Enum(
                "caller_hung_up",
                "seat_hung_up",
                "flow_ended",
                "not_answered",
                "busy",
                "failed",
                "media_lost",
                "timed_out",
                "shutdown",
                "crashed",
                name="callend",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("seat_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("notice_version", sa.String(), nullable=True),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("flow", sa.String(), nullable=True),
        sa.Column("flow_digest", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["process_id"], ["voice_processes.id"], name=op.f("fk_calls_process_id_voice_processes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index("ix_calls_contact", "calls", ["contact_id"], unique=False)
    op.create_index("ix_calls_number_hash", "calls", ["number_hash"], unique=False)
    op.create_index(
        "ix_calls_open", "calls", ["process_id"], unique=False, postgresql_where="ended_at IS NULL"
    )
    op.create_index("ix_calls_started", "calls", ["started_at"], unique=False)
    op.create_table(
        "case_aparts",
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_case_aparts_in_order")),
        sa.ForeignKeyConstraint(
            ["first_id"], ["cases.id"], name=op.f("fk_case_aparts_first_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["cases.id"], name=op.f("fk_case_aparts_second_id_cases")
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_case_aparts")),
    )
    op.create_table(
        "case_disputes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("met_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("present", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("minutes", sa.String(), nullable=True),
        sa.Column(
            "decision",
            sa.Enum(
                "agreed",
                "substitute",
                "specialist",
                "ownerless",
                name="decisionkind",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("decided_unit_id", sa.Uuid(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_disputes_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_disputes")),
    )
    op.create_index("ix_case_disputes_case", "case_disputes", ["case_id"], unique=False)
    op.create_index(
        "uq_case_disputes_open",
        "case_disputes",
        ["case_id"],
        unique=True,
        postgresql_where="decided_at IS NULL",
    )
    op.create_table(
        "case_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum(
                "report",
                "unit",
                "inspector",
                "centre",
                name="evidenceorigin",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_evidence_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_evidence")),
    )
    op.create_index("ix_case_evidence_case", "case_evidence", ["case_id", "sequence"], unique=False)
    op.create_table(
        "case_form_keys",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("sent_by", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_form_keys_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("key", "sent_by", name=op.f("pk_case_form_keys")),
    )
    op.create_table(
        "case_helpers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_helpers_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_helpers")),
        sa.UniqueConstraint("case_id", "round", "unit_id", name="uq_case_helpers_unit"),
    )
    op.create_index(
        "ix_case_helpers_unit",
        "case_helpers",
        ["unit_id"],
        unique=False,
        postgresql_where="done_at IS NULL",
    )
    op.create_table(
        "case_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "trigger",
            sa.Enum(
                "verify",
                "confirm",
                "refute",
                "settle",
                "file",
                "decline",
                "hand_down",
                "hand_up",
                "dispatch",
                "accept",
                "guard",
                "return",
                "handle",
                "pass_up",
                "send_back",
                "dispute",
                "meet",
                "decide",
                "extend",
                "defer",
                "resume",
                "shelve",
                "unshelve",
                "urge",
                "supervise",
                "order",
                "circulate",
                "reckon",
                "refer",
                "inspect",
                "pass",
                "rework",
                "close",
                "force_close",
                "reopen",
                "void",
                "force_void",
                "merge",
                "unmerge",
                "merge_filed",
                "unmerge_filed",
                name="casetrigger",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "registered",
                "verifying",
                "verified",
                "refuted",
                "settled",
                "declined",
                "filed",
                "handed_down",
                "dispatched",
                "handling",
                "returned",
                "disputed",
                "deferred",
                "shelved",
                "handled",
                "inspecting",
                "ready_to_close",
                "closed",
                "voided",
                "merged",
                name="casestate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("actor_roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_history_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_history")),
        sa.UniqueConstraint("case_id", "sequence", name="uq_case_history_case_sequence"),
    )
    op.create_index("ix_case_history_occurred", "case_history", ["occurred_at", "id"], unique=False)
    op.create_table(
        "case_marks",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("alarm_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("extension", sa.String(), nullable=True),
        sa.Column("is_absolute", sa.Boolean(), nullable=False),
        sa.Column("guarded_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("is_deferred", sa.Boolean(), nullable=False),
        sa.Column("is_ownerless", sa.Boolean(), nullable=False),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.Column("binding_unit_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_marks_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_marks")),
    )
    op.create_index("ix_case_marks_alarm", "case_marks", ["alarm_at"], unique=False)
    op.create_table(
        "case_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("merged_by", sa.String(), nullable=False),
        sa.Column("merged_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("undone_reason", sa.String(), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("merged_id <> kept_id", name=op.f("ck_case_merges_two_cases")),
        sa.ForeignKeyConstraint(
            ["kept_id"], ["cases.id"], name=op.f("fk_case_merges_kept_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["cases.id"], name=op.f("fk_case_merges_merged_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_merges")),
    )
    op.create_index("ix_case_merges_kept", "case_merges", ["kept_id"], unique=False)
    op.create_index(
        "uq_case_merges_open",
        "case_merges",
        ["merged_id"],
        unique=True,
        postgresql_where="undone_at IS NULL",
    )
    op.create_table(
        "case_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "near_due",
                "urge",
                "supervise",
                "order",
                "circulate",
                "inform",
                "phone",
                "superior_ended",
                "merged",
                name="noticekind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reply_by", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_notices_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_case_notices_key")),
    )
    op.create_index("ix_case_notices_case", "case_notices", ["case_id", "issued_at"], unique=False)
    op.create_index(
        "ix_case_notices_open",
        "case_notices",
        ["unit_id"],
        unique=False,
        postgresql_where="answered_at IS NULL",
    )
    op.create_table(
        "case_pauses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "deferral", "shelving", "merging", name="pausekind", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("begun_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= begun_at",
            name=op.f("ck_case_pauses_ends_after_it_begins"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_pauses_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_pauses")),
    )
    op.create_index(
        "ix_case_pauses_until",
        "case_pauses",
        ["until"],
        unique=False,
        postgresql_where="ended_at IS NULL",
    )
    op.create_index(
        "uq_case_pauses_open",
        "case_pauses",
        ["case_id"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "case_proposals",
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("compared_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_case_proposals_in_order")),
        sa.ForeignKeyConstraint(
            ["first_id"], ["cases.id"], name=op.f("fk_case_proposals_first_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["cases.id"], name=op.f("fk_case_proposals_second_id_cases")
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_case_proposals")),
    )
    op.create_index("ix_case_proposals_second", "case_proposals", ["second_id"], unique=False)
    op.create_table(
        "case_referrals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("referred_by", sa.String(), nullable=False),
        sa.Column("referred_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("receipt_number", sa.String(), nullable=True),
        sa.Column("received_by", sa.String(), nullable=True),
        sa.Column("receipted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_referrals_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_referrals")),
    )
    op.create_index("ix_case_referrals_case", "case_referrals", ["case_id"], unique=False)
    op.create_table(
        "case_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("case_round", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_number", sa.String(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "hotline",
                "inspector",
                "video",
                "media",
                "superior",
                "transfer",
                "leader",
                "web",
                "visit",
                name="casesource",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("reported_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_reports_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_reports")),
        sa.UniqueConstraint("ticket_id", "round", name="uq_case_reports_ticket_round"),
    )
    op.create_index("ix_case_reports_case", "case_reports", ["case_id"], unique=False)
    op.create_table(
        "case_stages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "stage",
            sa.Enum(
                "accept",
                "verify",
                "dispatch",
                "return",
                "check",
                "close",
                name="stage",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("begun_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "ended_by",
            sa.Enum(
                "verify",
                "confirm",
                "refute",
                "settle",
                "file",
                "decline",
                "hand_down",
                "hand_up",
                "dispatch",
                "accept",
                "guard",
                "return",
                "handle",
                "pass_up",
                "send_back",
                "dispute",
                "meet",
                "decide",
                "extend",
                "defer",
                "resume",
                "shelve",
                "unshelve",
                "urge",
                "supervise",
                "order",
                "circulate",
                "reckon",
                "refer",
                "inspect",
                "pass",
                "rework",
                "close",
                "force_close",
                "reopen",
                "void",
                "force_void",
                "merge",
                "unmerge",
                "merge_filed",
                "unmerge_filed",
                name="casetrigger",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_stages_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_stages")),
    )
    op.create_index("ix_case_stages_case", "case_stages", ["case_id", "sequence"], unique=False)
    op.create_index(
        "ix_case_stages_due",
        "case_stages",
        ["due_at"],
        unique=False,
        postgresql_where="ended_at IS NULL",
    )
    op.create_index(
        "uq_case_stages_open",
        "case_stages",
        ["case_id"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "case_words",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("registered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_words_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_words")),
    )
    op.create_index("ix_case_words", "case_words", ["words"], unique=False, postgresql_using="gin")
    op.create_table(
        "citizen_identifiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("citizen_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("phone", "mail", name="identifierkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("blind_index", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.Column(
            "number_kind",
            sa.Enum(
                "mobile",
                "fixed",
                "toll_free",
                "short",
                "foreign",
                "unknown",
                name="numberkind",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("is_short", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["citizens.id"], name=op.f("fk_citizen_identifiers_citizen_id_citizens")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen_identifiers")),
        sa.UniqueConstraint("kind", "blind_index", name=op.f("uq_citizen_identifiers_kind")),
    )
    op.create_index(
        "ix_citizen_identifiers_citizen", "citizen_identifiers", ["citizen_id"], unique=False
    )
    op.create_table(
        "component_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("component_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"],
            ["components.id"],
            name=op.f("fk_component_changes_component_id_components"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_changes")),
        sa.UniqueConstraint("component_id", "version", name="uq_component_changes"),
    )
    op.create_table(
        "condition_limits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("limit_text", sa.String(), nullable=False),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["categories.id"],
            name=op.f("fk_condition_limits_category_id_categories"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_limits")),
        sa.UniqueConstraint(
            "category_id", "position", name=op.f("uq_condition_limits_category_id")
        ),
    )
    op.create_table(
        "evaluation_results",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("object_name", sa.String(), nullable=False),
        sa.Column(
            "unit_class",
            sa.Enum(
                "first",
                "second",
                "third",
                "frontage",
                name="unitclass",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("counters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("score", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("remark", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name=op.f("fk_evaluation_results_evaluation_id_evaluations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_results")),
        sa.UniqueConstraint(
            "evaluation_id", "object_key", name="uq_evaluation_results_evaluation_object"
        ),
    )
    op.create_table(
        "extraordinary_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "solve",
                "responsibility",
                "money",
                "done",
                name="step",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("is_major", sa.Boolean(), nullable=False),
        sa.Column("marked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("marked_by", sa.String(), nullable=False),
        sa.Column("responsible", sa.String(), nullable=True),
        sa.Column("grounds", sa.String(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("cost", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("payer", sa.String(), nullable=True),
        sa.Column("recovered", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "cost IS NULL OR cost >= 0", name=op.f("ck_extraordinary_cases_cost_not_negative")
        ),
        sa.CheckConstraint(
            "recovered <= coalesce(cost, 0)",
            name=op.f("ck_extraordinary_cases_no_more_than_it_cost"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_extraordinary_cases_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extraordinary_cases")),
        sa.UniqueConstraint("case_id", name=op.f("uq_extraordinary_cases_case_id")),
    )
    op.create_index(
        "ix_extraordinary_cases_step", "extraordinary_cases", ["step", "marked_at"], unique=False
    )
    op.create_table(
        "flow_activations",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest"], ["flow_texts.digest"], name=op.f("fk_flow_activations_digest_flow_texts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_activations")),
    )
    op.create_index("ix_flow_activations_name", "flow_activations", ["name", "id"], unique=False)
    op.create_table(
        "frontage_agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("duties", sa.String(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on > signed_on",
            name=op.f("ck_frontage_agreements_lasts_for_a_while"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_frontage_agreements_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frontage_agreements")),
        sa.UniqueConstraint("number", name=op.f("uq_frontage_agreements_number")),
    )
    op.create_index(
        op.f("ix_frontage_agreements_unit_id"), "frontage_agreements", ["unit_id"], unique=False
    )
    op.create_table(
        "inspector_duties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= began_at",
            name=op.f("ck_inspector_duties_ends_after_it_began"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["inspectors.user_id"], name=op.f("fk_inspector_duties_user_id_inspectors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_duties")),
    )
    op.create_index(
        op.f("ix_inspector_duties_began_at"), "inspector_duties", ["began_at"], unique=False
    )
    op.create_index(
        "uq_inspector_duties_open",
        "inspector_duties",
        ["user_id"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "inspector_grids",
        sa.Column("supervision_code", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["inspectors.user_id"], name=op.f("fk_inspector_grids_user_id_inspectors")
        ),
        sa.PrimaryKeyConstraint("supervision_code", "user_id", name=op.f("pk_inspector_grids")),
    )
    op.create_table(
        "inspector_threats",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "hindrance",
                "insult",
                "threat",
                "injury",
                "theft",
                "robbery",
                "damage",
                name="threatkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("happened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("inspector_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("told_to", sa.String(), nullable=True),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("told_by", sa.String(), nullable=True),
        sa.Column("receipt_number", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(told_at IS NULL) = (told_to IS NULL)",
            name=op.f("ck_inspector_threats_told_to_somebody"),
        ),
        sa.CheckConstraint(
            "receipt_number IS NULL OR told_at IS NOT NULL",
            name=op.f("ck_inspector_threats_receipt_after_told"),
        ),
        sa.ForeignKeyConstraint(
            ["inspector_id"],
            ["inspectors.user_id"],
            name=op.f("fk_inspector_threats_inspector_id_inspectors"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_threats")),
    )
    op.create_index(
        "ix_inspector_threats_at", "inspector_threats", ["happened_at", "id"], unique=False
    )
    op.create_table(
        "inspector_track",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["inspectors.user_id"], name=op.f("fk_inspector_track_user_id_inspectors")
        ),
        sa.PrimaryKeyConstraint("user_id", "at", name=op.f("pk_inspector_track")),
    )
    op.create_index(op.f("ix_inspector_track_at"), "inspector_track", ["at"], unique=False)
    op.create_table(
        "later_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "extension", "deferral", "shelving", name="laterkind", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "applied",
                "verified",
                "approved",
                "refused",
                "withdrawn",
                name="requeststate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("unit_leader", sa.String(), nullable=False),
        sa.Column("extension", sa.String(), nullable=True),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("warning", sa.String(), nullable=False),
        sa.Column("applied_by", sa.Uuid(), nullable=True),
        sa.Column("applied_name", sa.String(), nullable=False),
        sa.Column("applied_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("verified_name", sa.String(), nullable=True),
        sa.Column("verified_words", sa.String(), nullable=True),
        sa.Column("verified_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_name", sa.String(), nullable=True),
        sa.Column("signature", sa.String(), nullable=True),
        sa.Column("decision_words", sa.String(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'extension') = (extension IS NOT NULL)",
            name=op.f("ck_later_requests_extension_has_length"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_later_requests_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_later_requests")),
    )
    op.create_index(
        "ix_later_requests_unit", "later_requests", ["unit_id", "kind", "applied_at"], unique=False
    )
    op.create_index(
        "uq_later_requests_open",
        "later_requests",
        ["case_id"],
        unique=True,
        postgresql_where="state IN ('applied', 'verified')",
    )
    op.create_table(
        "list_exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("list_name", sa.String(), nullable=False),
        sa.Column(
            "file_format",
            sa.Enum("csv", "xlsx", name="fileformat", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("is_unmasked", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "writing",
                "ready",
                "failed",
                "expired",
                name="exportstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_list_exports_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_exports")),
    )
    op.create_index(
        "ix_list_exports_kept",
        "list_exports",
        ["asked_at"],
        unique=False,
        postgresql_where="state <> 'expired'",
    )
    op.create_index("ix_list_exports_user", "list_exports", ["user_id", "asked_at"], unique=False)
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ringing",
                "answered",
                "finished",
                "missed",
                "withdrawn",
                name="offerstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("candidates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("others", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "needs",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["queue_entries.id"], name=op.f("fk_offers_entry_id_queue_entries")
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_offers_seat_id_seats")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index("ix_offers_call", "offers", ["call_id"], unique=False)
    op.create_index("ix_offers_entry", "offers", ["entry_id"], unique=False)
    op.create_index(
        "ix_offers_ringing",
        "offers",
        ["expires_at"],
        unique=False,
        postgresql_where="state = 'ringing'",
    )
    op.create_index(
        "uq_offers_answered_entry",
        "offers",
        ["entry_id"],
        unique=True,
        postgresql_where="state = 'answered'",
    )
    op.create_index(
        "uq_offers_open_entry",
        "offers",
        ["entry_id"],
        unique=True,
        postgresql_where="state IN ('ringing', 'answered') AND NOT is_shared",
    )
    op.create_index(
        "uq_offers_open_seat",
        "offers",
        ["seat_id"],
        unique=True,
        postgresql_where="state IN ('ringing', 'answered')",
    )
    op.create_table(
        "parked_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("parked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "result",
            sa.Enum(
                "picked_up",
                "returned",
                "queued",
                "citizen_left",
                "lost",
                name="parkresult",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["seat_id"], ["seats.id"], name=op.f("fk_parked_calls_seat_id_seats")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked_calls")),
    )
    op.create_index(op.f("ix_parked_calls_call_id"), "parked_calls", ["call_id"], unique=False)
    op.create_index(
        "uq_parked_calls_open",
        "parked_calls",
        ["call_id"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_index(
        "uq_parked_calls_slot",
        "parked_calls",
        ["slot"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "recording_disposals",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("disposed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recordings.id"],
            name=op.f("fk_recording_disposals_recording_id_recordings"),
        ),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recording_disposals")),
    )
    op.create_table(
        "recording_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recordings.id"],
            name=op.f("fk_recording_holds_recording_id_recordings"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_holds")),
    )
    op.create_index(
        "uq_recording_holds_open",
        "recording_holds",
        ["recording_id"],
        unique=True,
        postgresql_where="lifted_at IS NULL",
    )
    op.create_table(
        "recording_listenings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recordings.id"],
            name=op.f("fk_recording_listenings_recording_id_recordings"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_listenings")),
    )
    op.create_index(
        "ix_recording_listenings_recording",
        "recording_listenings",
        ["recording_id", "opened_at"],
        unique=False,
    )
    op.create_table(
        "recording_pauses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("paused_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("resumed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recordings.id"],
            name=op.f("fk_recording_pauses_recording_id_recordings"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_pauses")),
    )
    op.create_index(
        "ix_recording_pauses_recording", "recording_pauses", ["recording_id"], unique=False
    )
    op.create_table(
        "refused_calls",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("process_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "direction",
            sa.Enum("inbound", "outbound", name="calldirection", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "line_full",
                "house_full",
                "no_such_line",
                "not_allowed",
                "closing",
                "no_way",
                name="refusalreason",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["process_id"],
            ["voice_processes.id"],
            name=op.f("fk_refused_calls_process_id_voice_processes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_calls")),
    )
    op.create_index("ix_refused_calls_at", "refused_calls", ["at"], unique=False)
    op.create_index("ix_refused_calls_place", "refused_calls", ["place", "at"], unique=False)
    op.create_table(
        "responsibilities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column(
            "duty",
            sa.Enum("maintainer", "manager", "owner", name="duty", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from",
            name=op.f("ck_responsibilities_valid_for_a_while"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_responsibilities_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibilities")),
        sa.UniqueConstraint(
            "scheme",
            "category",
            "area",
            "unit_id",
            "duty",
            "valid_from",
            name="uq_responsibilities_rule",
        ),
    )
    op.create_table(
        "return_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("number_hash", sa.String(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "dropped", "missed", "requested", name="returnreason", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "dialling",
                "reached",
                "cancelled",
                "not_reached",
                "told",
                "unclear",
                name="returnstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rank_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("dialled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["queue_entries.id"], name=op.f("fk_return_calls_entry_id_queue_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_calls")),
    )
    op.create_index("ix_return_calls_made", "return_calls", ["made_at"], unique=False)
    op.create_index(
        "ix_return_calls_owed",
        "return_calls",
        ["number_hash"],
        unique=False,
        postgresql_where="state = 'waiting'",
    )
    op.create_index(
        "ix_return_calls_place",
        "return_calls",
        ["queue", "rank_at"],
        unique=False,
        postgresql_where="state = 'waiting'",
    )
    op.create_index(
        "uq_return_calls_open_number",
        "return_calls",
        ["number"],
        unique=True,
        postgresql_where="state IN ('waiting', 'dialling')",
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("list_name", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("user_id", "list_name", "name", name=op.f("uq_saved_views_user_id")),
    )
    op.create_index(
        "ix_saved_views_shared",
        "saved_views",
        ["list_name", "role"],
        unique=False,
        postgresql_where="role IS NOT NULL",
    )
    op.create_table(
        "seat_phones",
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("contact_uri", sa.String(), nullable=False),
        sa.Column("source_host", sa.String(), nullable=False),
        sa.Column("source_port", sa.Integer(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("sip_call_id", sa.String(), nullable=False),
        sa.Column("cseq", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("path", postgresql.ARRAY(sa.String()), nullable=False),
        sa.ForeignKeyConstraint(
            ["seat_id"], ["seats.id"], name=op.f("fk_seat_phones_seat_id_seats")
        ),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_seat_phones")),
    )
    op.create_table(
        "standard_acts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column(
            "trigger",
            sa.Enum(
                "schedule",
                "withdraw",
                "activate",
                "replace",
                name="standardtrigger",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "checked",
                "scheduled",
                "in_force",
                "replaced",
                name="standardstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["standard_id"], ["standards.id"], name=op.f("fk_standard_acts_standard_id_standards")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard_acts")),
    )
    op.create_index("ix_standard_acts_at", "standard_acts", ["at"], unique=False)
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "serial",
            sa.Integer(),
            sa.Identity(always=False, start=1, minvalue=1, maxvalue=999999, cycle=True),
            nullable=False,
        ),
        sa.Column("number", sa.String(length=14), nullable=False),
        sa.Column("origin_key", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "transferred",
                "resolved",
                "closed",
                "cancelled",
                name="ticketstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("history_length", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "voice",
                "web",
                "mail",
                "sms",
                "telegram",
                "wechat",
                "open311",
                "chat",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("citizen_id", sa.Uuid(), nullable=True),
        sa.Column("related_ticket_id", sa.Uuid(), nullable=True),
        sa.Column(
            "request_kind",
            sa.Enum(
                "inquiry",
                "assistance",
                "complaint",
                "report",
                "suggestion",
                "praise",
                "other",
                name="requestkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("condition", sa.String(), nullable=True),
        sa.Column(
            "urgency",
            sa.Enum("normal", "urgent", "critical", name="urgency", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column(
            "reply_channel",
            sa.Enum(
                "voice",
                "web",
                "mail",
                "sms",
                "telegram",
                "wechat",
                "open311",
                "chat",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reply_to", sa.String(), nullable=True),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("transferred_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "deadline", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "outcome",
            sa.Enum("solved", "declined", "answered", name="outcome", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column(
            "close_reason",
            sa.Enum(
                "confirmed",
                "not_reached",
                "answered",
                name="closereason",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("code_generation", sa.Integer(), nullable=False),
        sa.Column("code_failures", sa.Integer(), nullable=False),
        sa.Column("code_locked_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'resolved' OR outcome IS NOT NULL",
            name=op.f("ck_tickets_resolved_has_outcome"),
        ),
        sa.CheckConstraint(
            "(longitude IS NULL) = (latitude IS NULL)", name=op.f("ck_tickets_whole_position")
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_tickets_round_from_one")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_tickets_category_id_categories")
        ),
        sa.ForeignKeyConstraint(
            ["related_ticket_id"], ["tickets.id"], name=op.f("fk_tickets_related_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
        sa.UniqueConstraint("origin_key", name=op.f("uq_tickets_origin_key")),
    )
    op.create_index(
        "ix_tickets_call",
        "tickets",
        ["call_id"],
        unique=False,
        postgresql_where="call_id IS NOT NULL",
    )
    op.create_index(
        "ix_tickets_category", "tickets", ["category_id", "opened_at", "id"], unique=False
    )
    op.create_index("ix_tickets_channel", "tickets", ["channel", "opened_at", "id"], unique=False)
    op.create_index("ix_tickets_citizen", "tickets", ["citizen_id", "opened_at"], unique=False)
    op.create_index("ix_tickets_contact", "tickets", ["contact_id"], unique=False)
    op.create_index(
        "ix_tickets_due",
        "tickets",
        ["due_at", "id"],
        unique=False,
        postgresql_where="state = 'transferred'",
    )
    op.create_index("ix_tickets_listed", "tickets", ["opened_at", "id"], unique=False)
    op.create_index("ix_tickets_state", "tickets", ["state", "opened_at", "id"], unique=False)
    op.create_table(
        "unit_districts",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("district_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id"], ["units.id"], name=op.f("fk_unit_districts_district_id_units")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_districts_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_unit_districts")),
    )
    op.create_index(
        op.f("ix_unit_districts_district_id"), "unit_districts", ["district_id"], unique=False
    )
    op.create_table(
        "unit_looks",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_looks_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("unit_id", "day", name=op.f("pk_unit_looks")),
    )
    op.create_table(
        "unit_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("emergency", "daily", name="plankind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("rehearsed_on", sa.Date(), nullable=True),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_plans_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_plans")),
    )
    op.create_index(
        "uq_unit_plans_in_force",
        "unit_plans",
        ["unit_id", "kind", "category"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "unit_terminals",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["units.id"], name=op.f("fk_unit_terminals_parent_id_units")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_terminals_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_unit_terminals")),
    )
    op.create_index(
        op.f("ix_unit_terminals_parent_id"), "unit_terminals", ["parent_id"], unique=False
    )
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_sessions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_user_sessions_token_digest")),
    )
    op.create_index(
        "ix_user_sessions_user",
        "user_sessions",
        ["user_id"],
        unique=False,
        postgresql_where="revoked_at IS NULL",
    )
    op.create_table(
        "voice_reports",
        sa.Column("process_id", sa.Uuid(), nullable=False),
        sa.Column("reported_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["process_id"],
            ["voice_processes.id"],
            name=op.f("fk_voice_reports_process_id_voice_processes"),
        ),
        sa.PrimaryKeyConstraint("process_id", name=op.f("pk_voice_reports")),
    )
    op.create_table(
        "announcement_hearings",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("announcement_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("heard_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "choice",
            sa.Enum("none", "enough", "person", name="choice", native_enum=False, length=32),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcements.id"],
            name=op.f("fk_announcement_hearings_announcement_id_announcements"),
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_announcement_hearings_call_id_calls")
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_announcement_hearings")),
    )
    op.create_index(
        "ix_announcement_hearings_announcement",
        "announcement_hearings",
        ["announcement_id"],
        unique=False,
    )
    op.create_table(
        "call_dispositions",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column(
            "disposition",
            sa.Enum(
                "ticket_opened",
                "answered_directly",
                "progress_enquiry",
                "further_facts",
                "other_body",
                "emergency_referred",
                "wrong_number",
                "silent",
                "harassment",
                "dropped",
                name="disposition",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_call_dispositions_call_id_calls")
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_dispositions")),
    )
    op.create_index(
        "ix_call_dispositions_disposition", "call_dispositions", ["disposition"], unique=False
    )
    op.create_table(
        "call_events",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_call_events_call_id_calls")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_events")),
    )
    op.create_index("ix_call_events_call", "call_events", ["call_id", "id"], unique=False)
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "scheduled",
                "attempting",
                "unknown",
                "awaiting",
                "answered",
                "not_reached",
                "cancelled",
                name="callbackstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ladder", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("attempts_made", sa.Integer(), nullable=False),
        sa.Column("unknown_results", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("scheduled_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("solved", sa.Integer(), nullable=True),
        sa.Column("satisfaction", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(), server_default="", nullable=False),
        sa.Column("spoken_id", sa.Uuid(), nullable=True),
        sa.Column("correct_by", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "correct_by_receipt",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("corrected_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("corrected_by", sa.String(), nullable=True),
        sa.Column("correction", sa.String(), nullable=True),
        sa.CheckConstraint(
            "satisfaction IS NULL OR satisfaction BETWEEN 1 AND 5",
            name=op.f("ck_callbacks_satisfaction_is_1_to_5"),
        ),
        sa.CheckConstraint(
            "solved IS NULL OR solved IN (1, 2)", name=op.f("ck_callbacks_solved_is_1_or_2")
        ),
        sa.ForeignKeyConstraint(
            ["spoken_id"], ["recordings.id"], name=op.f("fk_callbacks_spoken_id_recordings")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_callbacks_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sa.UniqueConstraint("ticket_id", "round", name=op.f("uq_callbacks_ticket_id")),
    )
    op.create_index(
        "ix_callbacks_correct_by",
        "callbacks",
        ["correct_by"],
        unique=False,
        postgresql_where="correct_by IS NOT NULL AND corrected_at IS NULL",
    )
    op.create_index(
        "ix_callbacks_unfinished",
        "callbacks",
        ["due_at"],
        unique=False,
        postgresql_where="state NOT IN ('answered', 'not_reached', 'cancelled')",
    )
    op.create_table(
        "rewards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "approved",
                "refused",
                "paid",
                name="rewardstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.Numeric(precision=9, scale=2), nullable=False),
        sa.Column("rate", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("paid_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("paid_by", sa.String(), nullable=True),
        sa.Column("paid_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'paid') = (paid_at IS NOT NULL)", name=op.f("ck_rewards_paid_when_paid")
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR reason <> ''", name=op.f("ck_rewards_a_refusal_has_a_reason")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_rewards_reward_above_nought")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> proposed_by_id",
            name=op.f("ck_rewards_nobody_approves_their_own"),
        ),
        sa.CheckConstraint(
            "paid_by_id IS NULL OR paid_by_id <> decided_by_id", name=op.f("ck_rewards_two_to_pay")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_rewards_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_rewards_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rewards")),
        sa.UniqueConstraint("case_id", name=op.f("uq_rewards_case_id")),
    )
    op.create_index("ix_rewards_state", "rewards", ["state", "proposed_at", "id"], unique=False)
    op.create_table(
        "ticket_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "trigger",
            sa.Enum(
                "amend",
                "remind",
                "transfer",
                "return",
                "answer",
                "cancel",
                "resolve",
                "reopen",
                "close",
                "confirm",
                name="tickettrigger",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "transferred",
                "resolved",
                "closed",
                "cancelled",
                name="ticketstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_history_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_history")),
        sa.UniqueConstraint("ticket_id", "position", name=op.f("uq_ticket_history_ticket_id")),
    )
    op.create_table(
        "ticket_words",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_words_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_words")),
    )
    op.create_index(
        "ix_ticket_words", "ticket_words", ["words"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "callback_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("callback_id", sa.Uuid(), nullable=False),
        sa.Column(
            "question",
            sa.Enum("solved", "satisfaction", name="question", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("answer", sa.Integer(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["callback_id"],
            ["callbacks.id"],
            name=op.f("fk_callback_answers_callback_id_callbacks"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_answers")),
    )
    op.create_index(
        "ix_callback_answers_callback", "callback_answers", ["callback_id", "at"], unique=False
    )
    op.create_table(
        "callback_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("callback_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "voice",
                "web",
                "mail",
                "sms",
                "telegram",
                "wechat",
                "open311",
                "chat",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_repeat", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "result",
            sa.Enum(
                "answered",
                "busy",
                "no_answer",
                "failed",
                "unknown",
                "delivered",
                name="attemptresult",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["callback_id"],
            ["callbacks.id"],
            name=op.f("fk_callback_attempts_callback_id_callbacks"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_attempts")),
        sa.UniqueConstraint("callback_id", "number", name=op.f("uq_callback_attempts_callback_id")),
    )
    op.create_table(
        "untold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "outcome",
                "answer",
                "cancellation",
                "receipt",
                name="untoldkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("callback_id", sa.Uuid(), nullable=True),
        sa.Column("noted_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name=op.f("fk_untold_callback_id_callbacks")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_untold_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_untold")),
        sa.UniqueConstraint("key", name=op.f("uq_untold_key")),
    )
    op.create_index(
        "ix_untold_open",
        "untold",
        ["noted_at", "id"],
        unique=False,
        postgresql_where="settled_at IS NULL",
    )
    op.create_index("ix_untold_ticket", "untold", ["ticket_id"], unique=False)
