"""How coverage and timeouts are rounded."""

from datetime import timedelta

import pytest

from bot.api.oncall import in_minutes, percentage


@pytest.mark.parametrize(
    ("covered", "total", "expected"),
    [
        (0, 0, 0),
        (0, 7, 0),
        (7, 7, 100),
        (1, 3, 33),
        (2, 3, 67),
        (1, 1000, 1),
        (999, 1000, 99),
        (399, 400, 99),
    ],
)
def test_hundred_per_cent_are_all_and_none_is_zero(covered: int, total: int, expected: int) -> None:
    assert percentage(covered, total) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (1, 1), (30, 1), (60, 1), (90, 2), (150, 3)])
def test_timeout_is_rounded_up_to_minutes(seconds: int, expected: int) -> None:
    assert in_minutes(timedelta(seconds=seconds)) == expected
