"""An organization in which much happens in seconds: many teams, and levels that last as long as a breath."""

from pathlib import Path
from typing import Any

import yaml

#: People take turns with pages, of which each gets one a second at most.
TEAMS = 24
#: Seconds that a level has before the next one follows.
LEVEL_SECONDS = 2
#: Levels that follow by themselves; the last one has all the time in the world.
LEVELS = 3


def write(folder: Path, *, is_announced: bool = True) -> Path:
    """The file, for TOCSIN_ORGANIZATION."""
    path = folder / "organization.yaml"
    path.write_text(yaml.safe_dump(document(is_announced=is_announced), sort_keys=False), encoding="utf-8")
    return path


def document(*, is_announced: bool) -> dict[str, Any]:
    numbers = range(1, TEAMS + 1)
    people = [f"{role}-{n}" for n in numbers for role in ("first", "second", "lead")]
    timeout = f"{LEVEL_SECONDS} s"
    return {
        "organization": {
            "name": "Northwind Outfitters",
            "default_severity": "SEV1",
            "default_service": "service-1",
            **({"announcement_channel": "incidents"} if is_announced else {}),
        },
        "people": {
            "admin": {"name": "Ada Admin", "email": "admin@example.com", "role": "admin"},
            **{name: {"name": name.title(), "email": f"{name}@example.com"} for name in people},
        },
        "teams": {f"team-{n}": _team(n) for n in numbers},
        "services": {f"service-{n}": {"name": f"Service {n}", "team": f"team-{n}"} for n in numbers},
        "schedules": {f"schedule-{n}": _schedule(n) for n in numbers},
        "escalation_policies": {
            "default": {
                "levels": [
                    {"role": "primary", "timeout": timeout},
                    {"role": "secondary", "timeout": timeout, "channels": ["slack", "email"]},
                    {"role": "team_lead", "timeout": "8 h"},
                ]
            }
        },
        "severities": {
            f"SEV{n}": {"acknowledge": timeout if n < 4 else "8 h", "close": "72 h"} for n in range(5)
        },
    }


def _team(n: int) -> dict[str, Any]:
    members = [f"first-{n}", f"second-{n}"]
    return {"name": f"Team {n}", "lead": f"lead-{n}", "members": members, "schedule": f"schedule-{n}"}


def _schedule(n: int) -> dict[str, Any]:
    return {
        "name": f"Team {n} on call",
        "time_zone": "Etc/UTC",
        "every": "1 week",
        "handoff": "09:00",
        "starts_on": "2026-01-05",
        "participants": [f"first-{n}", f"second-{n}"],
    }
