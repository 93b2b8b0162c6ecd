"""`make bench`: what is promised of speed, as ratios taken in one run on this machine."""

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import creating, listing
from tests.bench.server import running

INCIDENTS = 3000
#: Between the turns Slack gets what it is owed and the disk its pages.
SETTLE_SECONDS = 3
ROUNDS = 3
PROMISED_RATE, PROMISED_COST = 0.8, 2.0


async def bench(folder: Path, console: Console) -> bool:
    """Whether every promise was kept."""
    return all([await _creating(folder, console), await _listing(folder, console)])


async def _creating(folder: Path, console: Console) -> bool:
    """HTTP and raw sqlite3 take turns, so that a slow minute of the machine slows both."""
    http, raw = [], []
    async with running(folder, "creating.db") as server:
        await creating.over_http(server, INCIDENTS // 2)
        creating.by_raw_sqlite3(server.database, folder / "warm.db", 1000)
        for turn in range(ROUNDS):
            target = folder / f"raw{turn}.db"
            raw.append(await asyncio.to_thread(creating.by_raw_sqlite3, server.database, target, 1000))
            await asyncio.sleep(SETTLE_SECONDS)
            http.append(await creating.over_http(server, INCIDENTS))
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
    title = (
        f"Listing 20 incidents: {listing.MANY:,} against {listing.FEW} (promised: at most {PROMISED_COST})"
    )
    table = Table("filter", "few", "many", "many / few", title=title, title_justify="left", box=None)
    for name, (small, large) in found.items():
        ratio = large / small
        mark = "bold" if ratio <= PROMISED_COST else "bold red"
        table.add_row(
            name, f"{small * 1000:.1f} ms", f"{large * 1000:.1f} ms", f"[{mark}]{ratio:.2f}[/{mark}]"
        )
    console.print(table)
    return all(large / small <= PROMISED_COST for small, large in found.values())


def main() -> None:
    console = Console()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-", dir=".") as folder:
        is_kept = asyncio.run(bench(Path(folder).resolve(), console))
    sys.exit(0 if is_kept else 1)


if __name__ == "__main__":
    main()
