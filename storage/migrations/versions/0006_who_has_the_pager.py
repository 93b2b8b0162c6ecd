"""Who has the pager, swaps of shifts, gaps that were warned of"""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "duty",
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("primary_id", sa.Text(), nullable=True),
        sa.Column("previous_id", sa.Text(), nullable=True),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("user_group", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("schedule_id", name=op.f("pk_duty")),
    )
    op.create_table(
        "swaps",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_of", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("starts_at", types.UtcTime(), nullable=False),
        sa.Column("ends_at", types.UtcTime(), nullable=False),
        sa.Column("return_schedule_id", sa.Text(), nullable=True),
        sa.Column("return_starts_at", types.UtcTime(), nullable=True),
        sa.Column("return_ends_at", types.UtcTime(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", types.UtcTime(), nullable=False),
        sa.Column("answered_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swaps")),
    )
    op.create_index(
        "ix_swaps_open", "swaps", ["starts_at"], unique=False, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_table(
        "warned_gaps",
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("starts_at", types.UtcTime(), nullable=False),
        sa.Column("ends_at", types.UtcTime(), nullable=False),
        sa.Column("told_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "starts_at", "ends_at", name=op.f("pk_warned_gaps")),
    )


def downgrade() -> None:
    op.drop_table("warned_gaps")
    op.drop_index("ix_swaps_open", table_name="swaps")
    op.drop_table("swaps")
    op.drop_table("duty")
