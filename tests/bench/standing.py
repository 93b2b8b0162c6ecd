"""What Tocsin needs while 100,000 incidents are open: time to start, memory, and how late a page comes."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.bench import listing
from tests.bench.server import Connection, Running, running

OPEN = 100_000
DEADLINES, SPREAD_SECONDS = 1000, 60
#: From the declaration to the deadline: by then everything that a declaration owes has gone out.
ACKNOWLEDGE_SECONDS = 75
#: One person gets a page a second at most: these are enough for none to have to wait for another.
TEAMS = 120


@dataclass(frozen=True)
class Standing:
    """Megabytes and seconds."""

    idle: float
    with_open: float
    ready: float
    #: From each deadline to its page being received.
    lateness: list[float]


async def measure(folder: Path) -> Standing:
    organization = _organization(folder)
    async with running(folder, "idle.db", organization, is_limited=False) as server:
        await asyncio.sleep(2)
        idle = server.resident_megabytes
    await asyncio.to_thread(listing.fill, folder / "open.db", OPEN, are_open=True)
    async with running(folder, "open.db", organization, is_limited=False) as server:
        ready = server.ready_seconds
        await _declare(server)
        await asyncio.sleep(ACKNOWLEDGE_SECONDS + 5)
        lateness = _lateness(server)
        for _ in range(50):
            await _ask_for_lists(server)
        return Standing(idle, server.resident_megabytes, ready, lateness)


async def _declare(server: Running) -> None:
    """One incident after the other, evenly over the time, each of another team than the ones before it."""
    connection = Connection(server)
    await connection.open()
    _, found = await connection.ask("GET", "/api/v1/services?limit=100&offset=0")
    services = [one["service_key"] for one in json.loads(found)["data"]["items"]]
    loop = asyncio.get_running_loop()
    began = loop.time()
    for n in range(DEADLINES):
        await asyncio.sleep(max(began + n * SPREAD_SECONDS / DEADLINES - loop.time(), 0))
        body = {"title": f"trouble {n}", "severity": "SEV1", "service_ids": [services[n % len(services)]]}
        status, answer = await connection.ask("POST", "/api/v1/incidents", json.dumps(body).encode())
        assert status == 201, answer
    connection.close()


def _lateness(server: Running) -> list[float]:
    """By what the workspace received, and when; by when the deadlines were due, in the database."""
    with closing(sqlite3.connect(server.database)) as raw:
        due = dict(
            raw.execute("SELECT incident_id, due_at FROM deadlines WHERE kind = 'acknowledge'").fetchall()
        )
        levels = raw.execute(
            "SELECT incident_id, sequence FROM timeline "
            "WHERE kind = 'Escalated' AND json_extract(facts, '$.level') = 2"
        ).fetchall()
    received = {
        (incident_id, int(sequence)): float(message["ts"])
        for channel in server.workspace.state.channels.values()
        for message in channel.posts
        for kind, incident_id, sequence in [_key(message)]
        if kind == "page"
    }
    assert len(levels) == DEADLINES, f"{len(levels)} of {DEADLINES} escalated"
    return sorted(received[incident_id, n] - due[incident_id] / 1e6 for incident_id, n in levels)


def _key(message: dict[str, Any]) -> tuple[str, str, str]:
    delivery = message.get("metadata", {}).get("event_payload", {}).get("delivery", "")
    parts = [*delivery.split(":"), "", "", ""]
    return parts[0], parts[1], parts[2]


async def _ask_for_lists(server: Running) -> None:
    connection = Connection(server)
    await connection.open()
    for query in listing.FILTERS.values():
        status, answer = await connection.ask("GET", f"/api/v1/incidents?limit=20&{query}")
        assert status == 200, answer
    connection.close()


def _organization(folder: Path) -> Path:
    numbers = range(TEAMS)
    level = {"timeout": "8 h"}
    document = {
        "organization": {"name": "Northwind", "default_severity": "SEV1", "default_service": "s0"},
        "people": {
            "admin": {"name": "Ada", "email": "admin@example.com", "role": "admin"},
            **{
                f"{role}{n}": {"name": f"{role} {n}", "email": f"{role}{n}@example.com"}
                for n in numbers
                for role in ("a", "b")
            },
        },
        "teams": {
            f"t{n}": {"name": f"Team {n}", "lead": f"a{n}", "manager": f"b{n}", "members": [f"a{n}", f"b{n}"]}
            for n in numbers
        },
        "services": {f"s{n}": {"name": f"Service {n}", "team": f"t{n}"} for n in numbers},
        "escalation_policies": {
            "default": {"levels": [{"role": "team_lead", **level}, {"role": "manager", **level}]}
        },
        "severities": {
            f"SEV{n}": {"acknowledge": f"{ACKNOWLEDGE_SECONDS} s", "close": "72 h"} for n in range(5)
        },
    }
    path = folder / "organization.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path
