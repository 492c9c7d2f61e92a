"""Find near duplicates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BANDS = ("band_1", "band_2")


def upgrade() -> None:
    """Find near duplicates among what is written from now on."""
    for column in (*BANDS, "cluster_id"):
        op.add_column("comment", sa.Column(column, sa.BigInteger(), nullable=True))
    for band in BANDS:
        _index(f"ix_comment_{band}", "site_id", band, "id", where=f"{band} IS NOT NULL")
    _index("ix_comment_cluster", "site_id", "cluster_id", "id", where="cluster_id IS NOT NULL")


def downgrade() -> None:
    """Undo it; which comments are alike is not known any more."""
    op.drop_index(op.f("ix_comment_cluster"), "comment")
    for band in BANDS:
        op.drop_index(op.f(f"ix_comment_{band}"), "comment")
    for column in ("cluster_id", *reversed(BANDS)):
        op.drop_column("comment", column)


def _index(name: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        op.f(name),
        "comment",
        list(columns),
        unique=False,
        sqlite_where=condition,
        postgresql_where=condition,
    )
