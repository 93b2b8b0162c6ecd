"""An organization in which much happens in seconds: many teams, and levels that last as long as a breath."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

#: People take turns with pages, of which each gets one a second at most.
TEAMS = 24
#: Seconds that a level has before the next one follows.
LEVEL_SECONDS = 2
#: Levels that follow by themselves; the last one has all the time in the world.
LEVELS = 3
#: Teams of which the pager goes to and fro all the time, how often, and for how long: overrides, one after
#: the other.
RESTLESS, HANDOFF_SECONDS, HANDOFFS = 2, 6, 200
#: Every second team is paged by e-mail too, so many seconds later, if nobody has acknowledged.
LATER_SECONDS = 1


def write(folder: Path, now: datetime, *, is_announced: bool = True) -> Path:
    """The file, for TOCSIN_ORGANIZATION; `now` (UTC) is when the first handoff is near."""
    path = folder / "organization.yaml"
    written = yaml.safe_dump(document(now, is_announced=is_announced), sort_keys=False)
    path.write_text(written, encoding="utf-8")
    return path


def document(now: datetime, *, is_announced: bool) -> dict[str, Any]:
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
            **{name: _person(name) for name in people},
        },
        "teams": {f"team-{n}": _team(n) for n in numbers},
        "services": {f"service-{n}": {"name": f"Service {n}", "team": f"team-{n}"} for n in numbers},
        "schedules": {f"schedule-{n}": _schedule(n, now) for n in numbers},
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


def _person(name: str) -> dict[str, Any]:
    person: dict[str, Any] = {"name": name.title(), "email": f"{name}@example.com"}
    role, n = name.split("-")
    if role != "lead" and not int(n) % 2:
        later = {"channel": "email", "after": f"{LATER_SECONDS} s"}
        person["notify"] = {"high": [{"channel": "slack"}, later], "low": [{"channel": "slack"}]}
    return person


def _schedule(n: int, now: datetime) -> dict[str, Any]:
    participants = [f"first-{n}", f"second-{n}"]
    edges = [now + k * timedelta(seconds=HANDOFF_SECONDS) for k in range(1, HANDOFFS + 2)]
    turns = [
        {"person": participants[k % 2], "from": edges[k].isoformat(), "to": edges[k + 1].isoformat()}
        for k in range(HANDOFFS if n <= RESTLESS else 0)
    ]
    return {
        "name": f"Team {n} on call",
        "time_zone": "Etc/UTC",
        "every": "1 week",
        "handoff": "09:00",
        "starts_on": "2026-01-05",
        "participants": participants,
        **({"overrides": turns} if turns else {}),
    }
