"""The README's walk through the API, run as it stands there."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.bench.server import running

README = Path("README.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_walk_of_the_readme_ends_with_a_closed_incident(tmp_path: Path) -> None:
    found = re.search(r"runs this block.*?```sh\n(.*?)```", README, re.DOTALL)
    assert found is not None
    async with running(tmp_path) as server:
        walk = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", found[1]),
            env={
                "PATH": "/usr/bin:/bin",
                "KEY": server.key,
                "TOCSIN": f"http://{server.host}:{server.port}",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await walk.communicate()
    assert walk.returncode == 0, said.decode()
    last = said.decode().strip().splitlines()[-1]
    assert '"status":"closed"' in last
    assert '"event_type":"POSTMORTEM_CREATED"' in last
