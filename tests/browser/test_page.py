"""The workspace's page in a real browser: from declaring to acknowledging, and an escalation by itself."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.story import Story

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"
    ),
]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def page_of(story: Story, browser: Browser, name: str) -> Page:
    page = await browser.new_page(viewport={"width": 1200, "height": 800})
    page.set_default_timeout(15_000)
    await page.goto(f"{story.workspace.url}/?user={story.ids[name]}")
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    return page


async def test_from_declaring_in_the_form_to_acknowledging(story: Story, browser: Browser) -> None:
    page = await page_of(story, browser, "ada")
    box = page.get_by_role("textbox", name="Message")
    await box.press_sequentially("/incident dec")
    await expect(page.get_by_role("option", name="declare")).to_be_visible()
    await box.press("Tab")
    await box.press("Enter")
    form = page.get_by_role("dialog", name="Declare an incident")
    await form.get_by_label("What is wrong?").fill("Checkout <!channel> & friends")
    await form.get_by_role("combobox", name="Services").click()
    await page.get_by_role("listbox", name="Services").get_by_role("option", name="Checkout").click()
    await form.get_by_role("button", name="Declare", exact=True).click()
    await expect(form).to_be_hidden()
    await story.settle()
    await page.get_by_role("link", name="inc-2026-001-checkout-channel-friends").click()
    log = page.get_by_role("log")
    await expect(log.get_by_role("heading", name="Checkout <!channel> & friends")).to_be_visible()
    await log.get_by_role("button", name="Acknowledge").click()
    await expect(log.get_by_role("button", name="Acknowledge")).to_be_hidden()
    await story.settle()
    await expect(log.get_by_text("acknowledged after")).to_be_visible()
    assert (await story.overview()).incident.acknowledged_by == "Ada Okafor"


async def test_what_was_typed_is_sent_though_suggestions_are_slower(story: Story, browser: Browser) -> None:
    page = await page_of(story, browser, "ada")
    box = page.get_by_role("textbox", name="Message")
    await box.press_sequentially("/incident d")
    await expect(page.get_by_role("option", name="declare")).to_be_visible()
    await page.route("**/completions*", lambda route: None)  # from here on they never come
    await box.press_sequentially("eclare Oh no")
    await box.press("Enter")
    await expect(page.get_by_role("log").get_by_text("Declared.")).to_be_visible()
    assert (await story.overview()).incident.title == "Oh no"
    await story.settle()


async def test_escalation_arrives_in_the_next_levels_messages(story: Story, browser: Browser) -> None:
    page = await page_of(story, browser, "ada")
    box = page.get_by_role("textbox", name="Message")
    await box.fill("/incident declare Checkout is down --sev SEV1 --service Checkout")
    await box.press("Enter")
    await expect(page.get_by_role("log").get_by_text("Declared.")).to_be_visible()
    await story.settle()
    await story.forward(minutes=15)
    await page.get_by_role("region", name="Apps").get_by_role("link", name="Tocsin").click()
    log = page.get_by_role("log")
    await expect(log.get_by_text("Nobody acknowledged in time")).to_be_visible()
    await log.get_by_role("button", name="Escalate").click()
    await page.get_by_role("alertdialog", name="Escalate now?").get_by_role("button", name="Escalate").click()
    await story.workspace.until(lambda: story.person("emi").pages)
    await story.settle()
    assert (await story.overview()).incident.level == 3


async def test_resolving_shows_what_is_missing_in_the_form(story: Story, browser: Browser) -> None:
    await story.person("ada").types("declare Oh no")
    page = await page_of(story, browser, "ada")
    await page.get_by_role("link", name="inc-2026-001").click()
    await page.get_by_role("log").get_by_role("button", name="Resolve").click()
    form = page.get_by_role("dialog", name="Resolve")
    await form.get_by_role("button", name="Resolve").click()
    await expect(form.get_by_role("alert").first).to_have_text("Please complete this required field.")
    await form.get_by_label("What fixed it?").fill("rolled back")
    await form.get_by_role("button", name="Resolve").click()
    await expect(form).to_be_hidden()
    await story.settle()
    await expect(page.get_by_role("log").get_by_role("button", name="Reopen")).to_be_visible()


async def test_nothing_that_is_written_becomes_markup(story: Story, browser: Browser) -> None:
    page = await page_of(story, browser, "ada")
    problems: list[str] = []
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    box = page.get_by_role("textbox", name="Message")
    await box.fill("/incident declare <img src=x onerror=alert(1)> *bold* `code`")
    await box.press("Enter")
    await expect(page.get_by_role("log").get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
    await story.settle()
    assert problems == []
    assert await page.locator("#log img").count() == 0


async def test_page_is_usable_on_a_phone(story: Story, browser: Browser) -> None:
    await story.person("ada").types("declare Checkout is down --service Checkout")
    page = await page_of(story, browser, "farid")
    await page.set_viewport_size({"width": 390, "height": 780})
    await page.get_by_role("button", name="Open sidebar").click()
    await page.get_by_role("region", name="Apps").get_by_role("link", name="Tocsin").click()
    await page.get_by_role("log").get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_text("Acknowledged by Farid Haddad")).to_be_visible()
    await story.settle()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
