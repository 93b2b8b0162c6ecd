"""Whether it lives, whether it can work, and what it counts."""

import json

from tests.api.readings import asked, value
from tests.story import Story


async def test_running_tocsin_is_alive_and_ready(story: Story) -> None:
    assert (await asked(story, "/healthz"))[0] == 200
    status, text = await asked(story, "/readyz")
    assert status == 200
    parts = {"database", "scheduler", "outbox", "housekeeping", "loop", "connections", "slack-connection"}
    parts |= {"slack", "auditor", "handoffs", "calendars"} | (
        {"leases"} if story.app.database.is_shared else set()
    )
    assert json.loads(text)["parts"] == dict.fromkeys(parts, "ok")


async def test_lost_socket_makes_it_alive_but_not_ready(story: Story) -> None:
    story.workspace.faults.add("apps.connections.open", "internal_error", http_status=500, times=1000)
    await story.workspace.cut()
    await story.workspace.until(lambda: not story.workspace.connected)
    assert (await asked(story, "/healthz"))[0] == 200
    status, text = await asked(story, "/readyz")
    assert status == 503
    assert '"slack": "the socket is closed' in text


async def test_operations_and_deliveries_are_counted(story: Story) -> None:
    ada = story.person("ada")
    await ada.types("declare checkout is down --sev SEV1 --service Checkout")
    await ada.types("ack INC-2026-001")
    await ada.types("ack INC-2026-001")
    _, text = await asked(story, "/metrics")
    assert value(text, 'tocsin_operations_total{door="slack",operation="acknowledge",result="ok"}') == 1
    twice = 'tocsin_operations_total{door="slack",operation="acknowledge",result="ALREADY_ACKNOWLEDGED"}'
    assert value(text, twice) == 1
    assert value(text, 'tocsin_deliveries_total{kind="page",method="slack",outcome="Sent"}') == 1
    assert value(text, 'tocsin_open_incidents{severity="SEV1"}') == 1
    assert value(text, 'tocsin_ready{part="slack"}') == 1


async def test_lateness_of_deadlines_is_measured(story: Story) -> None:
    await story.person("ada").types("declare checkout is down --sev SEV1 --service Checkout")
    await story.forward(minutes=16)
    _, text = await asked(story, "/metrics")
    assert value(text, "tocsin_deadline_lateness_seconds_count") == 1
    assert value(text, "tocsin_deadline_lateness_seconds_sum") >= 60
    assert value(text, "tocsin_deadline_lag_seconds") == 0


async def test_refusals_of_slack_for_haste_are_counted(story: Story) -> None:
    story.tolerated.add("ratelimited")
    story.workspace.faults.add("conversations.create", "ratelimited", http_status=429, retry_after=2, times=1)
    await story.person("ada").types("declare checkout is down")
    _, text = await asked(story, "/metrics")
    assert value(text, 'tocsin_rate_limits_total{door="slack",what="create_channel"}') == 1
