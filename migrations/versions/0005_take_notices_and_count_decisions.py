"""Take notices, say in the log who is trusted, and index it by time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Take notices, say in the log who is trusted, and index it by time."""
    op.create_table(
        "notice",
        sa.Column("id", ID, nullable=False),
        sa.Column("report_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("receipt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_notice_report_id_report"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("receipt", name=op.f("uq_notice_receipt")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_notice_report_id"), "notice", ["report_id"], unique=False)
    op.add_column("decision", sa.Column("trusts", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(op.f("ix_decision_site_id_created_at"), "decision", ["site_id", "created_at"])


def downgrade() -> None:
    """Undo it; a log in which somebody was trusted cannot be verified any more."""
    op.drop_index(op.f("ix_decision_site_id_created_at"), "decision")
    op.drop_column("decision", "trusts")
    op.drop_table("notice")
