"""Index the moderators' queues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the moderators' queues."""
    op.create_index(
        op.f("ix_comment_awaiting"),
        "comment",
        ["site_id", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending' OR held_revision IS NOT NULL"),
        postgresql_where=sa.text("status = 'pending' OR held_revision IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_comment_published"),
        "comment",
        ["site_id", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'published'"),
        postgresql_where=sa.text("status = 'published'"),
    )
    # After `published`, which it is a part of: of two that would do, SQLite takes the later made.
    op.create_index(
        op.f("ix_comment_new"),
        "comment",
        ["site_id", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'published' AND NOT reviewed"),
        postgresql_where=sa.text("status = 'published' AND NOT reviewed"),
    )
    op.create_index(
        op.f("ix_comment_rejected"),
        "comment",
        ["site_id", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'rejected'"),
        postgresql_where=sa.text("status = 'rejected'"),
    )
    op.create_index(
        op.f("ix_comment_reported"),
        "comment",
        ["site_id", "open_reports", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("open_reports > 0"),
        postgresql_where=sa.text("open_reports > 0"),
    )
    op.create_index(
        op.f("ix_comment_spam"),
        "comment",
        ["site_id", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'spam'"),
        postgresql_where=sa.text("status = 'spam'"),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index(op.f("ix_comment_awaiting"), "comment")
    op.drop_index(op.f("ix_comment_new"), "comment")
    op.drop_index(op.f("ix_comment_published"), "comment")
    op.drop_index(op.f("ix_comment_rejected"), "comment")
    op.drop_index(op.f("ix_comment_reported"), "comment")
    op.drop_index(op.f("ix_comment_spam"), "comment")
