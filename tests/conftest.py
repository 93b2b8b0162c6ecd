"""Fixtures that several rooms of tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.story import Story, opened


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    """The app by Socket Mode in a workspace of its own; its promises are checked at the end."""
    async with opened(tmp_path) as story:
        yield story
