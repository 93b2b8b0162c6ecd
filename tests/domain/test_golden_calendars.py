"""Calendars around the days on which clocks do something, as text files beside this one, read by people."""

import pytest

from tests.domain import golden


@pytest.mark.parametrize("name", list(golden.files()))
def test_calendar_is_as_it_was_read(name: str) -> None:
    """When it is meant to change: `python -m tests.domain.golden`, and read the difference."""
    assert golden.files()[name] == (golden.FOLDER / f"{name}.txt").read_text("utf-8")
