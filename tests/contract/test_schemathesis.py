"""Schemathesis asks whatever the OpenAPI document allows and forbids; every check is on."""

import asyncio
import sys
from pathlib import Path

from tests.bench.server import Connection, Running, running
from tests.faults.doses import dose

EXAMPLES = dose(25, 100)
CONFIGURATION = Path(__file__).with_name("schemathesis.toml").read_text(encoding="utf-8")


async def failures(server: Running, folder: Path, parameters: str = "") -> str:
    """What it says when it found something; nothing else."""
    (folder / "schemathesis.toml").write_text(parameters + CONFIGURATION)
    address = f"http://{server.host}:{server.port}/api/v1/openapi.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", address),
        *("--header", f"Authorization: Bearer {server.key}"),
        *("--checks", "all", "--continue-on-failure", "--max-examples", str(EXAMPLES)),
        *("--phases", "examples,coverage,fuzzing,stateful", "--no-color", "--seed", "7"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert b"Test cases:" in said, said.decode()
    return said.decode() if process.returncode else ""


async def test_api_does_what_its_document_says(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        found = await failures(server, tmp_path)
    assert not found, found


async def test_api_does_what_its_document_says_of_an_incident(tmp_path: Path) -> None:
    """The same, with an incident that exists: its own endpoints are reached, not only their 404."""
    async with running(tmp_path) as server:
        connection = Connection(server)
        await connection.open()
        _, services = await connection.ask("GET", "/api/v1/services?limit=1")
        key = services.decode().partition('"service_key":"')[2][:14]
        body = f'{{"title": "Checkout is down", "service_ids": ["{key}"]}}'
        status, _ = await connection.ask("POST", "/api/v1/incidents", body.encode())
        connection.close()
        assert status == 201
        parameters = f'[parameters]\n"path.id" = "INC-2026-001"\n"path.service_key" = "{key}"\n\n'
        found = await failures(server, tmp_path, parameters)
    assert not found, found
