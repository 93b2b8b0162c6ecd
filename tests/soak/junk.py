"""Ten thousand requests that nobody should send, and a thousand connections that never finish one."""

import asyncio
import io
import random
import resource
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from aiohttp import ClientError, ClientTimeout

from tests.contract.endpoints import PAGE, WRITES
from tests.crash.trial import Trial, trial
from tests.soak import other_client
from tests.soak.report import Report, quantile

RATIO, CLOSED_SECONDS = 3.0, 30.0
CLIENTS = 8
_BODIED = [one for one in (*WRITES, PAGE) if one.body]
_PATIENCE = ClientTimeout(total=60)
_DEEP, _MILLION, _LARGEST = 10_000, 1_000_000, 1 << 20

#: What stands where a value should, as it is written.
_VALUES = (
    b'"a\\u0000b"',
    b'"a\x00b"',
    b'"\\ud83d"',
    b'"\xed\xa0\x80"',
    b'"\xff\xfe"',
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b"9" * 5000,
    b"1." + b"0" * 5000,
    b"[" * _DEEP + b"]" * _DEEP,
    b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    b"[" * _DEEP,
    b'"' + b"x" * 100_000 + b'"',
    b"null",
    b"true",
    b"{}",
    b"[null, 0, {}]",
    b"'",
    b"",
)
_HEAVY = (b"9" * _MILLION, b'"' + b"x" * (10 * _LARGEST) + b'"')


async def give(folder: Path, requests: int, sockets: int, seconds: float, seed: int) -> Report:
    report, chance = Report(), random.Random(seed)  # noqa: S311 - it must be repeatable
    where = f"sqlite:///{folder / 'tocsin.db'}"
    async with trial(folder, where, seed, is_crowded=False, is_announced=False) as one:
        await one.crowd.declare_at_once(1)
        healthy = await _calm(one, asyncio.create_task(asyncio.sleep(min(seconds, 15))))
        began = time.monotonic()
        answers: Counter[int] = Counter()
        during = await _calm(one, asyncio.create_task(_junk(one, requests, chance, answers, report)))
        took = time.monotonic() - began
        held = asyncio.create_task(_slow_loris(one, sockets, seconds))
        beside = await _calm(one, held)
        ends = await held
        verdict = await one.finish()
    # Some of it is well formed by chance, and gives the incident another title.
    report.broken += [line for line in verdict.broken if not line.startswith(("I1", "I2"))]
    report.say(f"{requests / took:.0f} hostile requests a second; answers {dict(sorted(answers.items()))}")
    is_long = seconds > CLOSED_SECONDS
    report.expect(not is_long or len(ends) == sockets, f"{len(ends)} of {sockets} connections were closed")
    was = quantile(healthy, 0.99)
    for what, seen in (("junk", during), ("connections that never ask", beside)):
        report.say(f"another's p99: {was * 1000:.1f} ms, beside {what} {quantile(seen, 0.99) * 1000:.1f} ms")
        report.figure(f"ratio beside {what}", quantile(seen, 0.99) / was, "", RATIO)
    report.figure("the last of them was closed after", max(ends, default=0), " s", CLOSED_SECONDS)
    return report


async def _calm(one: Trial, until: "asyncio.Task[object]") -> list[float]:
    """How long another client's requests take until something is over."""
    return await other_client.seconds(f"{one.processes[0].url}/api/v1/incidents", one.key, until)


async def _junk(
    one: Trial, requests: int, chance: random.Random, answers: Counter[int], report: Report
) -> None:
    (known,) = one.crowd.ledger.incidents.values()

    async def send(_: int) -> None:
        while answers.total() < requests:
            endpoint, body = _damaged(chance)
            path = endpoint.replace("INC-2026-001", known.number)
            status = await _asked(one, path, body)
            answers[status] += 1
            report.expect(status < 500, f"{path} {body[:60]!r}: {status}")
            if len(body) > _LARGEST:
                report.expect(status in (0, 413), f"{len(body)} bytes: {status}")

    await asyncio.gather(*map(send, range(CLIENTS)))


def _damaged(chance: random.Random) -> tuple[str, bytes]:
    """A path, and a body of which a field is not what it should be, or which is cut, doubled or shuffled."""
    endpoint = chance.choice(_BODIED)
    value = chance.choice(_HEAVY) if chance.random() < 0.01 else chance.choice(_VALUES)
    # What is taken all the same is one more message in a channel that takes one a second.
    victim = chance.choice([*endpoint.body])
    fields = [*endpoint.body, victim]  # the last of two of the same name counts
    if chance.random() < 0.5:
        fields.remove(victim)
    parts = [
        b'"%s": %s' % (name.encode(), value if name == victim else b'"x"' if name != "service_ids" else b"[]")
        for name in fields
    ]
    body = b"{" + b", ".join(parts) + b"}"
    if chance.random() < 0.2:
        body = body[: chance.randrange(len(body))]
    if chance.random() < 0.1:
        place = chance.randrange(len(body) + 1)
        body = body[:place] + chance.randbytes(4) + body[place:]
    return endpoint.path, body


async def _asked(one: Trial, path: str, body: bytes) -> int:
    """The status; 0 when the server hung up on a body that it had refused."""
    headers = {"Authorization": f"Bearer {one.key}", "Content-Type": "application/json"}
    method = "PATCH" if path.count("/") == 2 and path.startswith("/incidents/") else "POST"
    url = f"{one.processes[0].url}/api/v1{path}"
    with suppress(ClientError, OSError):
        content = io.BytesIO(body)
        async with one.session.request(
            method, url, data=content, headers=headers, timeout=_PATIENCE
        ) as answer:
            await answer.read()
            return answer.status
    return 0


async def _slow_loris(one: Trial, sockets: int, seconds: float) -> list[float]:
    """After how many seconds each connection was closed that sends a byte now and then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, sockets + 500), hard), hard))
    ends: list[float] = []

    async def hold() -> None:
        began = time.monotonic()
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", one.processes[0].port)
            writer.write(b"GET /api/v1/incidents HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            closed = asyncio.create_task(reader.read())
            while time.monotonic() - began < seconds and not closed.done():
                writer.write(b"a")
                await asyncio.wait({closed}, timeout=5)
            if closed.done():
                ends.append(time.monotonic() - began)
                closed.exception()
            else:
                closed.cancel()
            writer.close()

    await asyncio.gather(*(hold() for _ in range(sockets)))
    return ends
