"""Secrets go nowhere: not into logs at DEBUG, errors, metrics, the database or a backup, in any disguise."""

import asyncio
import base64
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, quote_plus

from aiohttp import ClientSession

from bot.domain.schedule import CalendarSource, Layer
from bot.domain.timeline import TOCSIN
from bot.engine.clock import Clock
from bot.operations import reorganize, share_calendar
from bot.workspace.server import Workspace
from storage.database import Database, Use, save
from tests.crash.trial import Trial, trial
from tests.mail.post_office import USER

SECRET = "canary-of-the-hmac-key-7d1f"
HEARTBEAT = "canary-of-the-heartbeat-91c2"
SIGNING = "canary-of-the-signatures-5e0b"
#: In an address it stands quoted.
PASSWORD = "canary/of the mail password-b3"
PROXY = "canary-of-the-proxy-4f6a"
CALENDAR = "3b8e-bird-in-the-calendar"
SETTINGS = {
    "LOG_LEVEL": "DEBUG",
    "TOCSIN_SECRET": SECRET,
    "HEARTBEAT_URL": f"http://127.0.0.1:9/{HEARTBEAT}",
    "SLACK_SIGNING_SECRET": SIGNING,
    "HTTPS_PROXY": f"http://tocsin:{PROXY}@127.0.0.1:9",
    # A mail server that is not there: its address is in every error.
    "SMTP_URL": f"smtp://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:9",
}


def disguises(secret: str) -> set[bytes]:
    """The secret, and what programs make of it. What is so short that it may be chance is left out."""
    raw = secret.encode()
    # In base64 of a longer text a secret stands in one of three forms: what is sure is its middle.
    coded = {base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)}
    return {raw, raw[:12], quote(secret, safe="").encode(), quote_plus(secret).encode(), *coded}


async def test_no_secret_is_found_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    async with trial(tmp_path, f"sqlite:///{path}", 1, is_announced=False, settings=SETTINGS) as one:
        (app,) = one.workspace.state.apps.values()
        feed = await with_calendars(f"sqlite:///{path}")
        await trouble(one, one.workspace)
        answers = await asked(one, one.session, feed)
        await asyncio.to_thread(save, path, tmp_path / "backup.db")
        await one.processes[0].terminate()
        done = len(one.crowd.ledger)
        secrets = [app.bot_token, app.app_token, one.key, SECRET, HEARTBEAT, SIGNING, PASSWORD, PROXY, feed]
    assert done > 0
    files = [path, tmp_path / "backup.db", *tmp_path.glob("*.log")]
    places = {file.name: file.read_bytes() for file in files} | {"answers": answers}
    assert b"debug" in places["tocsin-1.log"]
    found = [
        (name, disguise)
        for name, content in places.items()
        for secret in secrets
        for disguise in disguises(secret)
        if disguise in content
    ]
    assert found == []
    # Where a calendar is fetched is kept in the organization's document, and told nowhere else.
    told = [places["tocsin-1.log"], answers]
    assert b"an imported calendar cannot be read" in told[0]
    assert [disguise for disguise in disguises(CALENDAR) for text in told if disguise in text] == []


async def with_calendars(url: str) -> str:
    """The token of a feed; and a calendar that cannot be fetched is a layer."""
    now, database = Clock().now(), Database(url, Use.WRITES)
    source = CalendarSource(url=f"http://user:{CALENDAR}@127.0.0.1:9/{CALENDAR}.ics?key={CALENDAR}")
    await database.open()
    try:
        organized = await database.read(reorganize.kept)
        handle, schedule = next(iter(organized.schedules.items()))
        layers = (*schedule.layers, Layer("imported", calendar=source))
        wanted = {**organized.schedules, handle: replace(schedule, layers=layers)}
        await database.write(
            lambda tx: reorganize.apply(tx, now, TOCSIN, replace(organized, schedules=wanted))
        )
        _, token = await database.write(
            lambda tx: share_calendar.create(tx, now, TOCSIN, secret=SECRET, schedule=handle)
        )
    finally:
        await database.close()
    return token


async def trouble(one: Trial, workspace: Workspace) -> None:
    """Slack fails in ways that make libraries tell what they did, while people and machines go on."""
    for how in ({"http_status": 500}, {"drop": True}, {"error": "internal_error"}, {"error": "invalid_auth"}):
        workspace.faults.add("*", times=5, **how)
        await asyncio.sleep(1)
    await workspace.cut()
    await one.workspace.until(lambda: workspace.connected, 20)


async def asked(one: Trial, session: ClientSession, feed: str) -> bytes:
    """What is answered to good, wrong and damaged requests, and what the metrics tell."""
    url, answers = one.processes[0].url, b""
    for path, key in (
        ("/api/v1/auth/verify", one.key),
        ("/api/v1/incidents/INC-2026-999", one.key),
        ("/api/v1/incidents", one.key[:-1]),
        ("/api/v1/incidents?limit=no", one.key),
        ("/readyz", one.key),
        ("/metrics", one.key),
        (f"/calendars/{feed}.ics", one.key),
        (f"/calendars/{feed[:-1]}.ics", one.key),
    ):
        async with session.get(f"{url}{path}", headers={"Authorization": f"Bearer {key}"}) as answer:
            answers += await answer.read() + str(answer.headers).encode()
    return answers
