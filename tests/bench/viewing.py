"""What Slack commands cost with many incidents, as a share of what they cost with few."""

import statistics

from tests.bench.server import Running

ROUNDS = 40
#: A card is drawn by `show`, from the incident, its people and its last events.
COMMANDS = {
    "list": "list",
    "list mine": "list mine",
    "list of closed ones": "list all",
    "show, with its card": "show INC-2024-007",
    "timeline": "timeline INC-2024-007",
}


async def compare(few: Running, many: Running) -> dict[str, tuple[float, float]]:
    """For each command, seconds to its answer with few and with many: medians of turns."""
    found: dict[str, tuple[float, float]] = {}
    for name, command in COMMANDS.items():
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for server, seconds in zip((few, many), took, strict=True):
                seconds.append(await _typed(server, command))
        found[name] = (statistics.median(took[0]), statistics.median(took[1]))
    return found


async def _typed(server: Running, command: str) -> float:
    workspace = server.workspace
    ada = next(one.id for one in workspace.state.users.values() if one.name == "ada")
    ack = await workspace.command(ada, workspace.channel("general").id, "/incident", command)
    assert ack.ok, ack
    assert isinstance(ack.body, dict), ack.body
    assert ack.body["blocks"], ack.body
    return ack.elapsed
