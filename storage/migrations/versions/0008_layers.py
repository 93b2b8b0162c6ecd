"""Schedules of several layers"""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_organizations = sa.table("organizations", sa.column("revision"), sa.column("document"))
_NOBODYS = {"period": "week", "every": 1, "handoff": "09:00:00", "starts_on": "2026-01-05"}


def upgrade() -> None:
    """The rotation of a schedule becomes its one layer, named as that of a file without layers is."""
    _rewrite(_with_layers)


def downgrade() -> None:
    """The first rotation stays; other layers and overrides are lost."""
    _rewrite(_with_one_rotation)


def _rewrite(change: Callable[[dict[str, Any]], None]) -> None:
    """Every schedule of every organization that was ever applied, changed."""
    connection = op.get_bind()
    for revision, text in connection.execute(sa.select(_organizations)).all():
        document = json.loads(text)
        for schedule in (document.get("schedules") or {}).values():
            change(schedule)
        changed = _organizations.update().where(_organizations.c.revision == revision)
        connection.execute(changed.values(document=json.dumps(document, ensure_ascii=False)))


def _with_layers(schedule: dict[str, Any]) -> None:
    if "layers" in schedule:
        return
    rotation, people = schedule.pop("rotation"), schedule.pop("participants")
    schedule["layers"] = [{"name": "rotation", "rotation": rotation, "participants": people}]


def _with_one_rotation(schedule: dict[str, Any]) -> None:
    layers = schedule.pop("layers")
    for key in ("overrides", "user_group"):
        schedule.pop(key, None)
    first: dict[str, Any] = next((one for one in layers if _is_known(one)), {})
    schedule["rotation"] = first.get("rotation", _NOBODYS)
    schedule["participants"] = first.get("participants", [])


def _is_known(layer: dict[str, Any]) -> bool:
    """Rotations by the hour and by the month were not known then."""
    rotation = layer.get("rotation")
    return rotation is not None and rotation["period"] in ("day", "week")
