"""Calendar feeds, and calendars that are a schedule's layers"""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("revoked_at", types.UtcTime(), nullable=True),
        sa.Column("last_used_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("digest", name=op.f("uq_feeds_digest")),
    )
    op.create_table(
        "calendars",
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("fetched_at", types.UtcTime(), nullable=True),
        sa.Column("next_at", types.UtcTime(), nullable=False),
        sa.Column("starts_at", types.UtcTime(), nullable=True),
        sa.Column("ends_at", types.UtcTime(), nullable=True),
        sa.Column("occurrences", types.Json(), nullable=True),
        sa.Column("skipped", types.Json(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("failing_since", types.UtcTime(), nullable=True),
        sa.Column("changed_at", types.UtcTime(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "layer", name=op.f("pk_calendars")),
    )


def downgrade() -> None:
    op.drop_table("calendars")
    op.drop_table("feeds")
