"""How a moment is said to a person."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.time import when

AT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (timedelta(seconds=-2), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "at 23:30 UTC"),
        (timedelta(minutes=30), "on 2026-03-02 at 23:30 UTC"),
        (timedelta(days=1), "on 2026-03-02 at 23:30 UTC"),
    ],
)
def test_moment_of_another_day_has_its_date(later: timedelta, said: str) -> None:
    assert when(AT, AT + later) == said
