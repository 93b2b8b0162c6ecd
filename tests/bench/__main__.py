"""`make bench`: what is promised of speed, taken in one run on this machine.

`python -m tests.bench creating` runs one of them.
"""

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests import collecting
from tests.bench import creating, listing, scheduling, standing, viewing
from tests.bench.server import Running, running
from tests.postgres import Server

INCIDENTS = 3000
#: Between the turns Slack gets what it is owed and the disk its pages.
SETTLE_SECONDS = 3
ROUNDS = 3
PROMISED_RATE, PROMISED_COST = 0.8, 2.0
#: Seconds for a year of shifts, cold; how much longer it takes when the rotation began thirty years ago.
PROMISED_YEAR, PROMISED_AGE = 0.05, 1.5
#: Megabytes; seconds.
PROMISED_MEMORY, PROMISED_START, PROMISED_LATENESS = 200, 3.0, 0.25


async def _creating(folder: Path, console: Console) -> bool:
    """HTTP and raw sqlite3 take turns, so that a slow minute of the machine slows both."""
    http, raw = [], []
    async with running(folder, "creating.db") as server:
        await creating.over_http([server], INCIDENTS // 2)
        creating.by_raw_sqlite3(server.database, folder / "warm.db", 1000)
        for turn in range(ROUNDS):
            target = folder / f"raw{turn}.db"
            raw.append(await asyncio.to_thread(creating.by_raw_sqlite3, server.database, target, 1000))
            await asyncio.sleep(SETTLE_SECONDS)
            http.append(await creating.over_http([server], INCIDENTS))
    ratio = sum(http) / sum(raw)
    table = Table("", "a second", title="Creating incidents", title_justify="left", box=None)
    table.add_row("raw sqlite3, one commit each", ", ".join(f"{one:.0f}" for one in raw))
    table.add_row(f"HTTP, {creating.CONNECTIONS} connections", ", ".join(f"{one:.0f}" for one in http))
    console.print(table)
    console.print(f"HTTP / raw: [bold]{ratio:.2f}[/bold] (promised: at least {PROMISED_RATE})\n")
    return ratio >= PROMISED_RATE


async def _listing(folder: Path, console: Console) -> bool:
    for name, count in (("few.db", listing.FEW), ("many.db", listing.MANY)):
        await asyncio.to_thread(listing.fill, folder / name, count)
    async with AsyncExitStack() as stack:
        few = await stack.enter_async_context(running(folder, "few.db"))
        many = await stack.enter_async_context(running(folder, "many.db"))
        found = await listing.compare(few, many)
    return _compared(console, "Listing 20 of them", found)


async def _viewing(folder: Path, console: Console) -> bool:
    for name, count in (("few-seen.db", listing.FEW), ("many-seen.db", listing.MANY)):
        await asyncio.to_thread(listing.fill, folder / name, count)
    async with AsyncExitStack() as stack:
        few = await stack.enter_async_context(running(folder, "few-seen.db"))
        many = await stack.enter_async_context(running(folder, "many-seen.db"))
        found = await viewing.compare(few, many)
    return _compared(console, "Slack commands", found)


async def _standing(folder: Path, console: Console) -> bool:
    found = await standing.measure(folder)
    late = found.lateness
    middle, most = late[len(late) // 2], late[int(len(late) * 0.99)]
    table = Table(
        "", "", "promised", title=f"With {standing.OPEN:,} open incidents", title_justify="left", box=None
    )
    rows = [
        ("from start to ready", f"{found.ready:.1f} s", f"below {PROMISED_START:g} s"),
        ("memory", f"{found.with_open:.0f} MB", f"below {PROMISED_MEMORY} MB"),
        ("memory with none, idle", f"{found.idle:.0f} MB", f"below {PROMISED_MEMORY} MB"),
        ("from deadline to page, median", f"{middle * 1000:.0f} ms", ""),
        ("from deadline to page, p99", f"{most * 1000:.0f} ms", f"below {PROMISED_LATENESS * 1000:.0f} ms"),
    ]
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"{standing.DEADLINES:,} deadlines, spread over {standing.SPREAD_SECONDS} s\n")
    is_small = max(found.idle, found.with_open) < PROMISED_MEMORY
    return is_small and found.ready < PROMISED_START and most < PROMISED_LATENESS


async def _scheduling(folder: Path, console: Console) -> bool:
    found = await asyncio.to_thread(scheduling.measure)
    age = found.began_long_ago / found.began_just_now
    title = f"A year of a schedule of five layers: {found.shifts:,} shifts"
    table = Table("", "", "promised", title=title, title_justify="left", box=None)
    rows = [
        ("cold", f"{found.cold * 1000:.1f} ms", f"below {PROMISED_YEAR * 1000:.0f} ms"),
        ("with the clocks known", f"{found.warm * 1000:.1f} ms", ""),
        ("begun 30 years ago / last week", f"{age:.2f}", f"below {PROMISED_AGE}"),
        ("who is on call, in another shift", f"{found.anew * 1_000_000:.0f} µs", ""),
        ("who is on call, in the same shift", f"{found.again * 1_000_000:.1f} µs", ""),
    ]
    for row in rows:
        table.add_row(*row)
    console.print(table, "")
    return found.cold < PROMISED_YEAR and age < PROMISED_AGE


async def _postgresql(folder: Path, console: Console) -> bool:
    """How much faster several processes are than one; told, not promised: it is the machine's matter."""
    table = Table(
        "processes",
        "a second",
        "to one",
        title="Creating incidents on PostgreSQL",
        title_justify="left",
        box=None,
    )
    rates: list[float] = []
    server = Server(is_durable=True)
    try:
        for processes in (1, 2, 3):
            url = await server.fresh()
            async with AsyncExitStack() as stack:
                servers: list[Running] = []
                for _ in range(processes):
                    first = servers[0] if servers else None
                    servers.append(await stack.enter_async_context(running(folder, url=url, beside=first)))
                await creating.over_http(servers, INCIDENTS // 6)
                rates.append(await creating.over_http(servers, INCIDENTS // 2))
            table.add_row(str(processes), f"{rates[-1]:.0f}", f"{rates[-1] / rates[0]:.2f}")
    finally:
        server.stop()
    console.print(table, "")
    return True


def _compared(console: Console, what: str, found: dict[str, tuple[float, float]]) -> bool:
    title = f"{what}: {listing.MANY:,} incidents against {listing.FEW} (promised: at most {PROMISED_COST})"
    table = Table("", "few", "many", "many / few", title=title, title_justify="left", box=None)
    for name, (small, large) in found.items():
        ratio = large / small
        mark = "bold" if ratio <= PROMISED_COST else "bold red"
        table.add_row(
            name, f"{small * 1000:.1f} ms", f"{large * 1000:.1f} ms", f"[{mark}]{ratio:.2f}[/{mark}]"
        )
    console.print(table, "")
    return all(large / small <= PROMISED_COST for small, large in found.values())


BENCHES = {
    "creating": _creating,
    "listing": _listing,
    "viewing": _viewing,
    "standing": _standing,
    "scheduling": _scheduling,
    "postgresql": _postgresql,
}


async def bench(folder: Path, console: Console, names: list[str]) -> bool:
    """Whether every promise was kept."""
    return all([await BENCHES[name](folder, console) for name in names])


def main() -> None:
    console = Console()
    names = sys.argv[1:] or list(BENCHES)
    if unknown := [name for name in names if name not in BENCHES]:
        sys.exit(f"There is no {', '.join(unknown)}; there are {', '.join(BENCHES)}.")
    collecting.only_when_told()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-", dir=".") as folder:
        is_kept = asyncio.run(bench(Path(folder).resolve(), console, names))
    sys.exit(0 if is_kept else 1)


if __name__ == "__main__":
    main()
