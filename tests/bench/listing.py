"""What a list costs with many incidents, as a share of what it costs with few."""

import asyncio
import random
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations

from bot import organization_file
from bot.domain import ids
from bot.domain.organization import Organization
from storage.sqlite import writing_engine
from storage.upgrade import upgrade_sqlite
from tests.bench.server import Connection, Running
from tests.story import ORGANIZATION

FEW, MANY = 200, 200_000
ROUNDS = 60
#: The history that the incidents are spread over.
_BEGIN, _DAYS = datetime(2024, 1, 1, tzinfo=UTC), 730
_HOUR = timedelta(hours=1)
_FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)

#: Every filter of the contract, alone and as people combine them.
FILTERS = {
    "open (no filter)": "",
    "status": "status=investigating",
    "status, repeated": "status=resolved&status=closed",
    "every status": "&".join(
        f"status={one}" for one in ("new", "investigating", "fixing", "monitoring", "resolved", "closed")
    ),
    "severity": "severity=SEV1",
    "severity of closed": "severity=SEV1&severity=SEV2&status=closed",
    "assigned_to": "assigned_to=ben@example.com",
    "assigned_to of closed": "assigned_to=ben@example.com&status=closed",
    "resolved_by": "resolved_by=ben@example.com&status=closed",
    "team_name": "team_name=platform",
    "team_name of closed": "team_name=platform&status=closed",
    "created_after": "created_after=2024-02-01T10:30:00Z",
    "created_after of closed": "created_after=2024-02-01T10:30:00Z&status=closed",
    "created_before of closed": "created_before=2025-10-01T10:30:00Z&status=closed",
    "resolved_after": "resolved_after=2024-02-01T10:30:00Z&status=resolved&status=closed",
    "resolved_before": "resolved_before=2025-10-01T10:30:00Z&status=resolved&status=closed",
    "resolved within an hour": (
        "resolved_after=2025-03-01T10:00:00Z&resolved_before=2025-03-01T11:00:00Z&status=closed"
    ),
    "a far page": "status=closed&offset=100",
}


def fill(database: Path, count: int, *, are_open: bool = False) -> None:
    """A database with so many incidents: nearly all of them over, as after two years of use, or all open.

    An open one has a deadline that is far away.
    """
    upgrade_sqlite(database)
    organization = organization_file.read(ORGANIZATION)
    chance = random.Random(7)  # noqa: S311 - the same incidents each time
    with closing(sqlite3.connect(database)) as raw, raw:
        rows = list(_incidents(organization, count, chance, are_open=are_open))
        marks = ", ".join(f":{name}" for name in rows[0])
        raw.executemany(f"INSERT INTO incidents ({', '.join(rows[0])}) VALUES ({marks})", rows)  # noqa: S608
        raw.executemany(
            "INSERT INTO timeline VALUES (:id, 1, :created_at, 'Noted', '{\"text\":\"seen\"}', "
            '\'{"kind":"key","name":"bench"}\')',
            rows,
        )
        raw.executemany(
            "INSERT INTO deadlines (id, incident_id, kind, level, due_at, state) "
            "VALUES (:id || '-closure', :id, 'closure', 0, :close_by, 'armed')",
            [row for row in rows if row["resolved_at"] is None],
        )
    _count(database)


def _incidents(
    organization: Organization, count: int, chance: random.Random, *, are_open: bool
) -> Iterator[dict[str, Any]]:
    services = [one for one in organization.services.values() if one.team is not None]
    people = [one.id for one in organization.people.values() if one.is_active]
    for ordinal in range(count):
        created = _BEGIN + timedelta(days=_DAYS) * (ordinal / count) + timedelta(seconds=chance.random())
        is_over = not are_open and chance.random() < 0.995 - 20 / count
        resolved = created + chance.random() * 8 * _HOUR if is_over else None
        service, assignee = chance.choice(services), chance.choice(people)
        status = chance.choice(("resolved", "closed", "closed")) if is_over else _open(chance)
        yield {
            "id": ids.time_ordered(created),
            "number": ids.incident_number(created.year, ordinal + 1),
            "version": 1,
            "sequence": 1,
            "title": f"{service.name} is slow",
            "description": "p99 over two seconds for five minutes",
            "severity": chance.choice(("SEV0", "SEV1", "SEV2", "SEV3", "SEV4")),
            "status": status,
            "service_ids": f'["{service.id}"]',
            "team_id": service.team,
            "assignee_id": assignee,
            "created_at": _micro(created),
            "declared_by": "bench",
            "acknowledge_by": _micro(created + _HOUR),
            "close_by": _micro(created + 8 * _HOUR if is_over else _FAR_AWAY),
            "clock_started_at": _micro(created),
            "level": 1,
            "round": 1,
            "is_exhausted": 0,
            "acknowledged_at": _micro(created + timedelta(minutes=5)),
            "acknowledged_by": "bench",
            "resolved_at": _micro(resolved) if resolved else None,
            "resolved_by": assignee if resolved else None,
            "resolved_by_id": assignee if resolved else None,
            "closed_at": _micro(resolved) if resolved and status == "closed" else None,
        }


def _open(chance: random.Random) -> str:
    return chance.choice(("new", "investigating", "fixing", "monitoring"))


def _micro(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _count(database: Path) -> None:
    """The tallies, counted as the migration counts what is there."""
    migration = import_module("storage.migrations.versions.0002_the_api")
    with (
        writing_engine(database).begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        migration.count_what_is_there()


async def compare(few: Running, many: Running) -> dict[str, tuple[float, float]]:
    """For each filter, seconds with few and with many: medians of requests that take turns."""
    asking = [Connection(few), Connection(many)]
    await asyncio.gather(*(one.open() for one in asking))
    found: dict[str, tuple[float, float]] = {}
    for name, query in FILTERS.items():
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for connection, seconds in zip(asking, took, strict=True):
                began = time.perf_counter()
                status, answer = await connection.ask("GET", f"/api/v1/incidents?limit=20&{query}")
                seconds.append(time.perf_counter() - began)
                assert status == 200, answer
        found[name] = (statistics.median(took[0]), statistics.median(took[1]))
    for one in asking:
        one.close()
    return found
