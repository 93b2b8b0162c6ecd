"""The tests that take a short dose in `make test`, with the whole of it."""

import asyncio
import os
import sys

from tests.soak.report import Report

#: What each is about, and where it stands.
TESTS = {
    "an acknowledgement races the escalation, 10,000 times on each database": ("tests/faults/test_race.py",),
    "10,000 deadlines at once, on each database": ("tests/faults/test_storm.py",),
    "a log that is cut anywhere, 500 times": ("tests/faults/test_torn_write.py",),
    "an answer that is lost, 200 times; 1,000 messages held back; a channel with 5,000 events": (
        "tests/faults/test_slack_in_trouble.py",
    ),
    "the same request again, 1,000 times": ("tests/slack/test_hostile_requests.py",),
    "a clock that is set, 20 times": ("tests/faults/test_time.py", "tests/faults/test_clock_of_a_process.py"),
    "a disk that is full, read-only or broken, a database that is locked, 3 times each": (
        "tests/faults/test_disk.py",
    ),
    "hostile words, 500 and generated": ("tests/views",),
    "10,000 generated calendars for each rule": ("tests/domain",),
}


async def give(names: tuple[str, ...]) -> Report:
    report = Report()
    environment = {**os.environ, "TOCSIN_DOSE": "full"}  # noqa: TID251 - what pytest needs is the caller's
    arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *names)
    running = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await running.communicate()
    lines = output.decode().strip().splitlines()
    report.say(lines[-1] if lines else "nothing was said")
    report.broken += [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    report.expect(running.returncode == 0, "the tests failed")
    return report
