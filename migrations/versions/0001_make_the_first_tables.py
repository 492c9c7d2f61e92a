"""Make the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# SQLite counts rows up only in a column that is exactly INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "day_key",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_day_key")),
    )
    op.create_table(
        "moderator",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("removed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderator")),
        sa.UniqueConstraint("name", name=op.f("uq_moderator_name")),
    )
    op.create_table(
        "site",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("key", name=op.f("uq_site_key")),
    )
    op.create_table(
        "author",
        sa.Column("id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), server_default=sa.text("''"), nullable=False),
        sa.Column("published", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("trusted_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_author_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_author")),
        sa.UniqueConstraint("site_id", "key_hash", name=op.f("uq_author_site_id_key_hash")),
    )
    op.create_table(
        "decision",
        sa.Column("id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("moderator_id", ID, nullable=True),
        sa.Column("reverses", sa.BigInteger(), nullable=True),
        sa.Column("before_status", sa.String(length=16), nullable=False),
        sa.Column("before_revision", sa.Integer(), nullable=False),
        sa.Column("before_held_revision", sa.Integer(), nullable=True),
        sa.Column("after_status", sa.String(length=16), nullable=False),
        sa.Column("text_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["moderator.id"], name=op.f("fk_decision_moderator_id_moderator")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_decision_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("site_id", "seq", name=op.f("uq_decision_site_id_seq")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decision_comment_id_seq"), "decision", ["comment_id", "seq"], unique=False)

    op.create_table(
        "grant_of_role",
        sa.Column("id", ID, nullable=False),
        sa.Column("moderator_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.CheckConstraint("role IN ('moderator','admin')", name=op.f("ck_grant_of_role_role")),
        sa.ForeignKeyConstraint(
            ["moderator_id"],
            ["moderator.id"],
            name=op.f("fk_grant_of_role_moderator_id_moderator"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_grant_of_role_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_of_role")),
    )
    op.create_index(
        op.f("uq_grant_all_sites"),
        "grant_of_role",
        ["moderator_id"],
        unique=True,
        sqlite_where=sa.text("site_id IS NULL"),
        postgresql_where=sa.text("site_id IS NULL"),
    )
    op.create_index(op.f("uq_grant_site"), "grant_of_role", ["moderator_id", "site_id"], unique=True)

    op.create_table(
        "log_head",
        sa.Column("site_id", ID, autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_log_head_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "sign_in_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("moderator_id", ID, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["moderator_id"],
            ["moderator.id"],
            name=op.f("fk_sign_in_link_moderator_id_moderator"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_link")),
        sa.UniqueConstraint("hash", name=op.f("uq_sign_in_link_hash")),
    )
    op.create_index(op.f("ix_sign_in_link_moderator_id"), "sign_in_link", ["moderator_id"], unique=False)

    op.create_table(
        "sign_in_session",
        sa.Column("id", ID, nullable=False),
        sa.Column("moderator_id", ID, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["moderator_id"],
            ["moderator.id"],
            name=op.f("fk_sign_in_session_moderator_id_moderator"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("hash", name=op.f("uq_sign_in_session_hash")),
    )
    op.create_index(
        op.f("ix_sign_in_session_moderator_id"), "sign_in_session", ["moderator_id"], unique=False
    )

    op.create_table(
        "thread",
        sa.Column("id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("slug", sa.String(length=512), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=True),
        sa.Column("closes_at", TIME, nullable=True),
        sa.Column("slow_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_n", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("opened_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_thread_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread")),
        sa.UniqueConstraint("site_id", "slug", name=op.f("uq_thread_site_id_slug")),
    )
    op.create_index(
        op.f("ix_thread_site_id_created_at_id"), "thread", ["site_id", "created_at", "id"], unique=False
    )

    op.create_table(
        "token",
        sa.Column("id", ID, nullable=False),
        sa.Column("moderator_id", ID, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["moderator_id"],
            ["moderator.id"],
            name=op.f("fk_token_moderator_id_moderator"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_token_hash")),
    )
    op.create_index(op.f("ix_token_moderator_id"), "token", ["moderator_id"], unique=False)

    op.create_table(
        "ban",
        sa.Column("id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("bucket", sa.LargeBinary(length=16), nullable=True),
        sa.Column("bucket_day", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("moderator_id", ID, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("lifted_at", TIME, nullable=True),
        sa.CheckConstraint("(author_id IS NULL) <> (bucket IS NULL)", name=op.f("ck_ban_one_target")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["author.id"], name=op.f("fk_ban_author_id_author"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["moderator.id"], name=op.f("fk_ban_moderator_id_moderator")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_ban_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ban")),
    )
    op.create_index(op.f("ix_ban_author_id"), "ban", ["author_id"], unique=False)
    op.create_index(op.f("ix_ban_site_id_author_id"), "ban", ["site_id", "author_id"], unique=False)
    op.create_index(op.f("ix_ban_site_id_bucket_day"), "ban", ["site_id", "bucket_day"], unique=False)

    op.create_table(
        "comment",
        sa.Column("id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("root_id", ID, nullable=True),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("badge", sa.String(length=40), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("held_revision", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=True),
        sa.Column("shown", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=True),
        sa.Column("score", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ups", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("downs", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rank", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("replies_total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reviewed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("open_reports", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=16), nullable=True),
        sa.Column("bucket", sa.LargeBinary(length=16), nullable=True),
        sa.Column("bucket_day", sa.String(length=10), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.CheckConstraint(
            "status IN ('published','pending','rejected','spam','withdrawn')", name=op.f("ck_comment_status")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["author.id"], name=op.f("fk_comment_author_id_author"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["comment.id"], name=op.f("fk_comment_parent_id_comment"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["root_id"], ["comment.id"], name=op.f("fk_comment_root_id_comment"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_comment_site_id_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["thread.id"], name=op.f("fk_comment_thread_id_thread"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_comment_author"), "comment", ["author_id", "thread_id", "id"], unique=False)
    op.create_index(op.f("ix_comment_expiring_bucket"), "comment", ["bucket_day"], unique=False)
    op.create_index(
        op.f("ix_comment_fingerprint"), "comment", ["thread_id", "author_id", "fingerprint"], unique=False
    )
    op.create_index(op.f("ix_comment_parent"), "comment", ["parent_id"], unique=False)
    op.create_index(
        op.f("ix_comment_replies"),
        "comment",
        ["root_id", "n"],
        unique=False,
        sqlite_where=sa.text("shown AND root_id IS NOT NULL"),
        postgresql_where=sa.text("shown AND root_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_comment_roots"),
        "comment",
        ["thread_id", "n"],
        unique=False,
        sqlite_where=sa.text("shown AND root_id IS NULL"),
        postgresql_where=sa.text("shown AND root_id IS NULL"),
    )
    op.create_index(
        op.f("ix_comment_roots_by_rank"),
        "comment",
        ["thread_id", "rank", "n"],
        unique=False,
        sqlite_where=sa.text("shown AND root_id IS NULL"),
        postgresql_where=sa.text("shown AND root_id IS NULL"),
    )
    op.create_index(op.f("ix_comment_thread"), "comment", ["thread_id", "id"], unique=False)

    op.create_table(
        "decision_note",
        sa.Column("decision_id", ID, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
            name=op.f("fk_decision_note_decision_id_decision"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision_note")),
    )
    op.create_table(
        "thread_alias",
        sa.Column("id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("slug", sa.String(length=512), nullable=False),
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_thread_alias_site_id_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["thread.id"], name=op.f("fk_thread_alias_thread_id_thread"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_alias")),
        sa.UniqueConstraint("site_id", "slug", name=op.f("uq_thread_alias_site_id_slug")),
    )
    op.create_index(op.f("ix_thread_alias_thread_id"), "thread_alias", ["thread_id"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("id", ID, nullable=False),
        sa.Column("comment_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("check_name", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.Column("span_start", sa.Integer(), nullable=True),
        sa.Column("span_end", sa.Integer(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_evidence_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(
        op.f("ix_evidence_comment_id_revision"), "evidence", ["comment_id", "revision"], unique=False
    )

    op.create_table(
        "idempotency_key",
        sa.Column("author_id", ID, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("comment_id", ID, nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["author.id"], name=op.f("fk_idempotency_key_author_id_author"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comment.id"],
            name=op.f("fk_idempotency_key_comment_id_comment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("author_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_comment_id"), "idempotency_key", ["comment_id"], unique=False)
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)

    op.create_table(
        "report",
        sa.Column("id", ID, nullable=False),
        sa.Column("comment_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("bucket", sa.LargeBinary(length=16), nullable=True),
        sa.Column("bucket_day", sa.String(length=10), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("decision_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["author.id"], name=op.f("fk_report_author_id_author"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_report_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_report_decision_id_decision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_report_author_id"), "report", ["author_id"], unique=False)
    op.create_index(op.f("ix_report_comment_id_id"), "report", ["comment_id", "id"], unique=False)
    op.create_index(op.f("ix_report_decision_id"), "report", ["decision_id"], unique=False)
    op.create_index(op.f("ix_report_expiring_bucket"), "report", ["bucket_day"], unique=False)

    op.create_table(
        "revision",
        sa.Column("comment_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_revision_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "revision", name=op.f("pk_revision")),
    )
    op.create_table(
        "vote",
        sa.Column("comment_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.LargeBinary(length=16), nullable=True),
        sa.Column("bucket_day", sa.String(length=10), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("value IN (-1, 1)", name=op.f("ck_vote_value")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["author.id"], name=op.f("fk_vote_author_id_author"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_vote_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "author_id", name=op.f("pk_vote")),
    )
    op.create_index(op.f("ix_vote_author_id"), "vote", ["author_id"], unique=False)
    op.create_index(op.f("ix_vote_expiring_bucket"), "vote", ["bucket_day"], unique=False)


def downgrade() -> None:
    """Undo it."""
    op.drop_table("vote")
    op.drop_table("revision")
    op.drop_table("report")
    op.drop_table("idempotency_key")
    op.drop_table("evidence")
    op.drop_table("thread_alias")
    op.drop_table("decision_note")
    op.drop_table("comment")
    op.drop_table("ban")
    op.drop_table("token")
    op.drop_table("thread")
    op.drop_table("sign_in_session")
    op.drop_table("sign_in_link")
    op.drop_table("log_head")
    op.drop_table("grant_of_role")
    op.drop_table("decision")
    op.drop_table("author")
    op.drop_table("site")
    op.drop_table("moderator")
    op.drop_table("day_key")
