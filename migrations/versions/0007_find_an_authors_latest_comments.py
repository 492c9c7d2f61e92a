"""Find an author's latest comments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

HAS_AUTHOR = sa.text("author_id IS NOT NULL")


def upgrade() -> None:
    """Find an author's latest comments."""
    op.create_index(
        "ix_comment_latest_of_author",
        "comment",
        ["author_id", "created_at", "id"],
        sqlite_where=HAS_AUTHOR,
        postgresql_where=HAS_AUTHOR,
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index("ix_comment_latest_of_author", "comment")
