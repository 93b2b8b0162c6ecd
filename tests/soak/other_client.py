"""Another client, in a process of its own: how long its requests take until its input ends.

Whoever sends thousands of requests from one loop is late itself, and would take that for the server's delay.
"""

import asyncio
import json
import os
import sys
import time

from aiohttp import ClientSession, ClientTimeout

_PATIENCE = ClientTimeout(total=60)


async def seconds(url: str, key: str, until: "asyncio.Task[object]", every: float = 0.1) -> list[float]:
    """How long it takes to get `url`, so many seconds after one another, until something is over."""
    asking = [sys.executable, "-m", "tests.soak.other_client", url, str(every)]
    pipe, environment = asyncio.subprocess.PIPE, {**os.environ, "API_KEY": key}  # noqa: TID251 - for the child
    client = await asyncio.create_subprocess_exec(*asking, stdin=pipe, stdout=pipe, env=environment)
    await until
    said, _ = await client.communicate(b"")  # its input ends
    assert client.returncode == 0
    found: list[float] = json.loads(said)
    return found


async def _ask(url: str, key: str, every: float) -> list[float]:
    took: list[float] = []
    over = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    async with ClientSession(headers={"Authorization": f"Bearer {key}"}, timeout=_PATIENCE) as session:
        while not over.done():
            began = time.monotonic()
            async with session.get(url) as answer:
                await answer.read()
                assert answer.status == 200
            took.append(time.monotonic() - began)
            await asyncio.wait({over}, timeout=every)
    return took


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_ask(sys.argv[1], os.environ["API_KEY"], float(sys.argv[2])))))  # noqa: TID251
