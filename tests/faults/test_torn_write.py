"""A log that ends anywhere, as after a power failure: it opens, is whole, and has what was answered."""

import asyncio
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bot import organization_file
from bot.domain.timeline import TOCSIN
from bot.operations import declare, look_up, reorganize
from storage.backup import check
from storage.database import Connection, Database
from tests.crash.trial import trial
from tests.faults.doses import dose
from tests.story import ORGANIZATION

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SIDE_BY_SIDE = 8


async def test_log_that_is_cut_anywhere_loses_nothing_that_was_on_the_disk(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    chance = random.Random(seed)  # noqa: S311 - it must be repeatable
    path, log = tmp_path / "tocsin.db", tmp_path / "tocsin.db-wal"
    database = Database(f"sqlite:///{path}")
    await database.open()
    wanted = organization_file.read(ORGANIZATION)
    await database.write(lambda tx: reorganize.apply(tx, NOW, TOCSIN, wanted))
    begin = log.stat().st_size
    #: For each incident that was answered for, how long the log was then.
    answered: dict[str, int] = {}

    async def work() -> None:
        for _ in range(15):
            number = await database.write(_declare)
            answered[number] = log.stat().st_size

    await asyncio.gather(*(work() for _ in range(SIDE_BY_SIDE)))
    base, whole = tmp_path / "base.db", tmp_path / "whole-wal"
    shutil.copy(path, base)
    shutil.copy(log, whole)
    await database.close()
    cuts = [chance.randrange(begin, whole.stat().st_size) for _ in range(dose(40, 500))]
    for n, cut in enumerate(cuts):
        torn = tmp_path / f"torn-{n}.db"
        shutil.copy(base, torn)
        Path(f"{torn}-wal").write_bytes(whole.read_bytes()[:cut])
        found = await _found(torn)
        lost = [number for number, size in answered.items() if size <= cut and number not in found]
        assert lost == [], f"seed {seed}, cut at {cut}"
        check(torn)
        for one in tmp_path.glob(f"torn-{n}.*"):
            one.unlink()
    assert len(answered) == 15 * SIDE_BY_SIDE


def _declare(tx: Connection) -> str:
    ada = look_up.as_actor(look_up.organization(tx).people["ada"])  # type: ignore[index]
    return declare.declare(tx, NOW, ada, title="Oh no", services=["checkout"]).number


async def _found(path: Path) -> set[str]:
    """The incidents in there; each is whole: its events, its deadlines, and what it owes."""
    whole = text(
        "SELECT number, sequence = (SELECT count(*) FROM timeline WHERE incident_id = incidents.id) "
        "AND 3 = (SELECT count(*) FROM deadlines WHERE incident_id = incidents.id) "
        "AND 0 < (SELECT count(*) FROM outbox WHERE incident_id = incidents.id) FROM incidents"
    )
    database = Database(f"sqlite:///{path}")
    await database.open()
    try:
        rows = await database.read(lambda tx: tx.execute(whole).all())
    finally:
        await database.close()
    assert all(is_whole for _, is_whole in rows), rows
    return {number for number, _ in rows}


async def test_files_as_they_are_at_any_moment_hold_all_that_was_answered(tmp_path: Path) -> None:
    """The process stands still for each picture, so that it is one that a failure could leave."""
    seed = random.SystemRandom().randrange(1_000_000)
    path, pictures = tmp_path / "tocsin.db", list[tuple[Path, set[str]]]()
    async with trial(tmp_path, f"sqlite:///{path}", seed, is_announced=False) as one:
        (tocsin,) = one.processes
        for n in range(dose(5, 100)):
            await asyncio.sleep(one.random.uniform(0.05, 0.5))
            tocsin.pause()
            picture = tmp_path / f"picture-{n}.db"
            for ending in ("", "-wal"):
                shutil.copy(f"{path}{ending}", f"{picture}{ending}")
            pictures.append((picture, {known.number for known in one.crowd.ledger.incidents.values()}))
            tocsin.resume()
    for picture, answered in pictures:
        assert answered <= await _numbers(picture), f"seed {seed}, {picture.name}"
        check(picture)
    assert pictures[-1][1]


async def _numbers(path: Path) -> set[str]:
    database = Database(f"sqlite:///{path}")
    await database.open()
    try:
        found = await database.read(
            lambda tx: tx.execute(text("SELECT number FROM incidents")).scalars().all()
        )
    finally:
        await database.close()
    return set(found)
