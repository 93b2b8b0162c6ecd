"""Who may import whom is held by `.importlinter`; what loading costs is held here."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("bot.operations.declare", ("slack_bolt", "aiohttp", "slack_sdk")),
        ("bot.domain.consequences", ("sqlalchemy", "pydantic", "aiohttp")),
        ("bot.workspace", ("slack_bolt", "slack_sdk", "sqlalchemy", "bot.domain.incident")),
    ],
)
def test_room_loads_without_what_it_must_not_know(module: str, never: tuple[str, ...]) -> None:
    asked = f"import sys, {module}; print([one for one in {never!r} if one in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
