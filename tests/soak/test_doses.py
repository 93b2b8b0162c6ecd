"""Short doses: what must hold on any machine, however slow. Bounds of time are for the long ones."""

from pathlib import Path

import pytest

from tests.soak import slack, steady

SEED = 4711


@pytest.mark.parametrize("fault", ["refuses connections"])
async def test_nothing_is_lost_or_doubled_while_slack_is_in_trouble(tmp_path: Path, fault: str) -> None:
    report = await slack.give(tmp_path, fault, 4, SEED)
    assert report.broken == []


async def test_steady_work_beside_a_slow_reader_loses_nothing(tmp_path: Path) -> None:
    report = await steady.give(tmp_path, 6, SEED, reader_seconds=2)
    assert report.broken == []
