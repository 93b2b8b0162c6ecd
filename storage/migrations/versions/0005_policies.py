"""Policies that begin again, and levels of several targets"""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_organizations = sa.table("organizations", sa.column("revision"), sa.column("document"))


def upgrade() -> None:
    op.add_column(
        "incidents", sa.Column("repeats", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("outbox", sa.Column("subject", sa.Text(), nullable=True))
    op.create_table(
        "user_groups",
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("members", types.Json(), nullable=False),
        sa.Column("seen_at", types.UtcTime(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_user_groups")),
    )
    _rewrite(_with_targets)


def downgrade() -> None:
    """What levels could not name then is lost, and levels of nothing else page the admins."""
    _rewrite(_with_a_role_or_people)
    op.drop_table("user_groups")
    op.drop_column("outbox", "subject")
    op.drop_column("incidents", "repeats")


def _rewrite(change: Callable[[dict[str, Any]], None]) -> None:
    """Every level of every organization that was ever applied, changed."""
    connection = op.get_bind()
    for revision, text in connection.execute(sa.select(_organizations)).all():
        document = json.loads(text)
        for policy in (document.get("policies") or {}).values():
            for level in policy["levels"]:
                change(level)
        changed = _organizations.update().where(_organizations.c.revision == revision)
        connection.execute(changed.values(document=json.dumps(document, ensure_ascii=False)))


def _with_targets(level: dict[str, Any]) -> None:
    role, people = level.pop("role", None), level.pop("people", None) or ()
    roles = [{"kind": "role", "name": role}] if role else []
    level["targets"] = [*roles, *({"kind": "person", "name": one} for one in people)]


def _with_a_role_or_people(level: dict[str, Any]) -> None:
    level.pop("branches", None)
    named: dict[str, list[str]] = {"role": [], "person": []}
    for target in level.pop("targets"):
        named.setdefault(target["kind"], []).append(target["name"])
    level["people"] = named["person"]
    level["role"] = None if named["person"] else next(iter(named["role"]), "org_admin")
