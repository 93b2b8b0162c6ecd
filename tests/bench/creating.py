"""How fast incidents are created over HTTP, as a share of what raw sqlite3 can commit."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench.server import Connection, Running

CONNECTIONS = 16
BODY = {
    "title": "Database connection pool exhaustion",
    "description": "API returning 500s due to connection limit",
    "severity": "SEV1",
}
#: Rows that an incident is created with, and how they are found again.
_TABLES = {
    "incidents": "id",
    "timeline": "incident_id",
    "deadlines": "incident_id",
    "outbox": "incident_id",
}
#: Counters that a creation moves: the table, its key, and the column that counts.
_COUNTERS = (
    ("numbers", {"year": 2026}, "last"),
    (
        "tallies",
        {"status": "new", "severity": "SEV1", "team_id": "t", "assignee_id": "p", "resolved_by_id": ""},
        "n",
    ),
    ("day_tallies", {"clock": "created", "status": "new", "day": 20_000}, "n"),
)


async def over_http(servers: Sequence[Running], incidents: int) -> float:
    """Incidents created a second by 16 connections, spread over the servers of one database."""
    connections = [Connection(servers[n % len(servers)]) for n in range(CONNECTIONS)]
    await asyncio.gather(*(one.open() for one in connections))
    _, found = await connections[0].ask("GET", "/api/v1/services?search=checkout")
    service_key = json.loads(found)["data"]["items"][0]["service_key"]
    body = json.dumps(BODY | {"service_ids": [service_key]}).encode()
    numbers = count()

    async def create(connection: Connection) -> None:
        while next(numbers) < incidents:
            status, answer = await connection.ask("POST", "/api/v1/incidents", body)
            assert status == 201, answer

    began = time.perf_counter()
    await asyncio.gather(*map(create, connections))
    took = time.perf_counter() - began
    for one in connections:
        one.close()
    return incidents / took


def by_raw_sqlite3(source: Path, target: Path, most: int) -> float:
    """Incidents a second that sqlite3 alone commits, one at a time, with the rows they have in `source`."""
    schema, creations = _creations(source, most)
    raw = sqlite3.connect(target, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    for statement in schema:
        raw.execute(statement)
    counters = [_counter(*one) for one in _COUNTERS]
    began = time.perf_counter()
    for rows in creations:
        raw.execute("BEGIN IMMEDIATE")
        for statement, values in counters:
            raw.execute(statement, values)
        for statement, row in rows:
            raw.execute(statement, row)
        raw.execute("COMMIT")
    took = time.perf_counter() - began
    raw.close()
    return len(creations) / took


def _creations(source: Path, most: int) -> tuple[list[str], list[list[tuple[str, tuple[Any, ...]]]]]:
    """The schema, and for each incident the rows with which it was created."""
    kept = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    kept.row_factory = sqlite3.Row
    schema = [
        row["sql"]
        for row in kept.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        )
    ]
    newest = kept.execute("SELECT id, created_at FROM incidents ORDER BY id DESC LIMIT ?", (most,))
    created = {row["id"]: row["created_at"] for row in newest}
    found: dict[str, list[tuple[str, tuple[Any, ...]]]] = {one: [] for one in created}
    for table, key in _TABLES.items():
        for row in kept.execute(f"SELECT * FROM {table} WHERE {key} IS NOT NULL"):  # noqa: S608 - ours
            is_of_creation = table != "outbox" or row["owed_at"] == created.get(row[key])
            if row[key] in created and is_of_creation:
                marks = ", ".join("?" * len(row))
                found[row[key]].append((f"INSERT INTO {table} VALUES ({marks})", tuple(row)))  # noqa: S608
    kept.close()
    return schema, list(found.values())


def _counter(table: str, key: Mapping[str, Any], column: str) -> tuple[str, tuple[Any, ...]]:
    names, marks = ", ".join(key), ", ".join("?" * len(key))
    statement = (
        f"INSERT INTO {table} ({names}, {column}) VALUES ({marks}, 1) "  # noqa: S608 - ours
        f"ON CONFLICT ({names}) DO UPDATE SET {column} = {column} + 1"
    )
    return statement, tuple(key.values())
