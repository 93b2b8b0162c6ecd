"""How long somebody waits for what comes of a page."""

from bot.api.outcomes import Outcomes
from bot.domain.ids import PersonId
from bot.domain.timeline import TOCSIN
from bot.operations import look_up, page
from storage.database import Connection
from tests.story import Story

AT_ONCE = 0.001


async def test_patience_begins_anew_with_each_turn_that_was_waited_for(story: Story) -> None:
    outcomes = Outcomes(story.app.database)
    ahead = iter([3, 2, 1, 0])
    found = await outcomes.wait_for(
        lambda tx: next(ahead), is_done=lambda found: found == 0, ahead=lambda found: found, seconds=AT_ONCE
    )
    assert found == 0


async def test_queue_that_stands_still_is_not_waited_for(story: Story) -> None:
    outcomes = Outcomes(story.app.database)
    ahead = iter([3, 2, 2, 1, 0])
    found = await outcomes.wait_for(
        lambda tx: next(ahead), is_done=lambda found: found == 0, ahead=lambda found: found, seconds=AT_ONCE
    )
    assert found == 2


async def test_page_knows_how_many_go_to_the_person_before_it(story: Story) -> None:
    await story.person("ada").types("declare Oh no --sev SEV1 --service Checkout")
    now = story.clock.now()

    def operation(tx: Connection) -> list[int]:
        asked = [page.page(tx, now, TOCSIN, "INC-2026-001", PersonId("emi")) for _ in range(3)]
        receipts = [look_up.page_receipts(tx, one.id, one.sequence) for one in asked]
        return [receipt.ahead for (receipt,) in receipts]

    assert await story.app.database.write(operation) == [0, 1, 2]
    await story.settle()
