"""Several processes"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("leased_by", sa.Text(), nullable=True))
    op.create_index(
        "ix_outbox_leased",
        "outbox",
        ["leased_until"],
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_leased", table_name="outbox")
    op.drop_column("outbox", "leased_by")
